"""One run as Server-Sent Events of pure AG-UI: ``/api/agents/<id>/runs/<run>/events``.

What is past comes as the start, one content with all of the text, and the end; what is going on as it
comes, until the run ends.  So a client of AG-UI works unchanged; it asks by POST, which is taken as GET is.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import orjson

from gathering.hub import log
from gathering.hub.feed import Feed
from gathering.hub.frame import Frame
from gathering.hub.waiting import KEEPALIVE, WaitingFace
from gathering.protocol import agui, frames, names
from gathering.protocol.agui import Event
from gathering.protocol.cursor import Position, ResetReason
from gathering.protocol.errors import GatheringError

from . import actions, activity
from .models import ACTIVITY, Activity, Part, Run
from .retelling import Retelling

PAGE = 200
MOST_WAITING = 1000  # frames that a slow reader leaves here; beyond, it reads the database again
PATIENCE = 1.0  # seconds until what is missing of a text is stored


@dataclass(frozen=True)
class Look:
    """A run as it is at ``head`` of its agent's stream: a page of its events, and its open parts."""

    head: int
    rows: Sequence[Activity]
    parts: Sequence[Part]
    ended: bool

    @property
    def is_whole(self) -> bool:
        return len(self.rows) < PAGE


class Tail:
    """A live subscriber of the agent's stream, which keeps what comes until it is taken."""

    def __init__(self, feed: Feed) -> None:
        self.feed = feed
        self.frames: deque[Frame] = deque()
        self.broken = False  # frames were dropped: the database knows
        self._news = asyncio.Event()

    def __enter__(self) -> "Tail":
        self.feed.followers += 1
        self.feed.live.add(self)
        return self

    def __exit__(self, *_: object) -> None:
        self.feed.followers -= 1
        self.feed.live.discard(self)

    def take(self, frames_: Sequence[Frame]) -> bool:
        if len(self.frames) + len(frames_) > MOST_WAITING:
            self.restart()
        else:
            self.frames += frames_
        self._news.set()
        return True

    def restart(self, *_: Position | ResetReason) -> None:
        self.frames.clear()
        self.broken = True
        self._news.set()

    async def news(self, seconds: float) -> bool:
        """Wait until there is something, at most for ``seconds``; returns whether there is."""
        try:
            async with asyncio.timeout(seconds):
                await self._news.wait()
        except TimeoutError:
            return False
        self._news.clear()
        return True


class RunFace(WaitingFace):
    methods: ClassVar = ("GET", "HEAD", "POST")

    def __init__(self, scope: Any, receive: Any, send: Any) -> None:
        asked = scope["url_route"]["kwargs"]
        self._key, self._run_id = asked["key"], asked["run"]
        super().__init__(scope, receive, send, str(names.join("agents", self._key)))

    def find(self) -> Run:
        return actions.find_run(actions.find_agent(self._identity.user, self._key), self._run_id)

    async def respond(self) -> None:
        position = await self._admit(lambda: log.position(self._channel), waits=True)
        feed = await self._process.feed(self._channel, position)
        await self._start_sse()
        retelling = Retelling()
        with Tail(feed) as tail:
            while not retelling.ended:
                head = await self._catch_up(retelling, tail)
                await self._follow(retelling, tail, head)
        await self._send({"type": "http.response.body", "body": b""})

    async def say_end(self, error: GatheringError) -> None:
        await self._tell({"type": "RUN_ERROR", "message": error.detail, "code": error.code})

    async def _catch_up(self, retelling: Retelling, tail: Tail) -> int:
        """Tell what the database knows; returns the head of the stream at which that is all."""
        tail.broken = False
        while True:
            look = await self._process.database.read(self._look, retelling.count)
            for row in look.rows:
                await self._tell(*retelling.kept(row.event, row.content))
            if look.is_whole:
                for part in look.parts:
                    await self._tell(*retelling.so_far(part.kind, part.key, part.text, part.length))
                retelling.ended |= look.ended
                return look.head

    def _look(self, skip: int) -> Look:
        with log.snapshot(self._channel):
            run = self.find()
            rows = list(run.activities.order_by("pk")[skip : skip + PAGE])
            parts = activity.open_parts([run]).get(run.pk, [])
            head = log.position(self._channel).head
        return Look(head, rows, parts, run.status != Run.Status.RUNNING)

    async def _follow(self, retelling: Retelling, tail: Tail, head: int) -> None:
        """Tell what comes, until the run ends or something is missing."""
        patience: float | None = None  # until when what is missing may still come
        clock = asyncio.get_running_loop().time
        while not (retelling.ended or tail.broken or (patience and clock() >= patience)):
            if retelling.behind and patience is None:
                patience = clock() + PATIENCE
            if not await tail.news(patience - clock() if patience else KEEPALIVE) and patience is None:
                await self._send_more(b": still here\n\n")
            while tail.frames and not tail.broken:
                await self._pass_on(retelling, tail.frames.popleft(), head)

    async def _pass_on(self, retelling: Retelling, frame: Frame, head: int) -> None:
        if frame.seq is not None and frame.seq <= head:  # it was in the database already
            return
        said = orjson.loads(frame.text)
        if said["type"] == ACTIVITY and not retelling.ended:
            if frame.seq is None:
                await self._tell(*retelling.delta(said["data"], said["offset"]))
            else:
                await self._tell(*retelling.kept(said["data"], said.get("content")))

    async def _tell(self, *events: Event) -> None:
        for event in events:
            await self._send_more(f"data: {frames.dumps(agui.omit_nulls(event))}\n\n".encode())


async def events(scope: Any, receive: Any, send: Any) -> None:
    """The ASGI application of it; mounted by ``routing.py``."""
    await RunFace(scope, receive, send).answer()
