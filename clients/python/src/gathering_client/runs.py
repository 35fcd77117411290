"""A run of an agent: what it does and says, told as it happens, in events of AG-UI 1.0.

What begins and ends is acknowledged by the server before the next line of your code; the text between is
streamed, and comes again as a whole with its end, so nothing of it is lost if a delta is.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from types import TracebackType
from typing import TYPE_CHECKING, Any

from .asks import new_id
from .circles import Circle, Posted
from .errors import Conflict, GatheringError
from .frames import Event

if TYPE_CHECKING:
    from .agents import Agent

BEAT = 0.1  # seconds between two deltas: smooth for a reader, and far below what a server takes
LONGEST = 4000  # characters of one delta
STOP = "gathering.stop_requested"


class Run:
    """Made by :meth:`Agent.run`; tell it inside of ``async with``.

    The run begins with the block and ends with it: as finished, as failed with the exception that left
    it, or as cancelled if somebody asked the agent to stop.  Then the block is left at its next await,
    what was being written is taken back, and ``stopped`` is True.
    """

    def __init__(self, agent: Agent, circle: Circle, *, speaks: bool, reply_to: int | None, take_over: bool):
        self.agent, self.circle, self.id, self.stopped = agent, circle, new_id(), False
        self._speaks, self._reply_to, self._take_over = speaks, reply_to, take_over
        self._draft: _Draft | None = None
        self._body: asyncio.Task[Any] | None = None

    # What it says

    async def text(self, delta: str) -> None:
        """Write on: others see the message grow.  It is posted by :meth:`post`, before a tool is called,
        or with the end of the run."""
        if self._draft is None:
            self._draft = _Draft(self, reply_to=self._reply_to)
            await self._draft.begin()
        self._draft.write(delta)

    async def post(self, *, id: str | None = None) -> Posted | None:
        """Post what was written; None if nothing was.  With an ``id`` of your own it is said once,
        whenever and however often you say it."""
        draft, self._draft = self._draft, None
        if draft is None:
            return None
        self._reply_to = None  # the first message is the answer
        return await draft.end(id)

    async def say(self, content: str, *, id: str | None = None) -> Posted | None:
        """Post a whole message; nobody sees it grow."""
        await self.post()
        self._draft = _Draft(self, content, reply_to=self._reply_to)
        await self._draft.begin()
        return await self.post(id=id)

    # What it does

    async def tool_call(self, name: str, arguments: Any = None) -> ToolCall:
        """Tell that a tool is called; give what comes of it to :meth:`ToolCall.result`.

        ``arguments`` are a text, or what JSON can hold.
        """
        await self.post()
        call = ToolCall(self, new_id(), name)
        text = arguments if isinstance(arguments, str) else json.dumps(arguments or {}, ensure_ascii=False)
        about = {"toolCallId": call.id}
        await self.event("TOOL_CALL_START", **about, toolCallName=name)
        await self.event("TOOL_CALL_END", **about, content=text)
        return call

    def step(self, name: str) -> Step:
        """``async with run.step("look around"):`` a part of the run with a name."""
        return Step(self, name)

    async def event(self, type: str, **fields: Any) -> None:
        """Tell one event of AG-UI; returns once it is acknowledged."""
        await self.agent.activity({"type": type, **fields})

    # Its life

    async def __aenter__(self) -> Run:
        try:
            await self._start()
        except Conflict:
            if not self._take_over:
                raise
            await self.event("RUN_ERROR", message="The process of this run has ended.", code="abandoned")
            await self._start()
        await self.agent.status("working")
        self._body = asyncio.current_task()
        self.agent.client.overhear(self.agent.channel, self._hear)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        self.agent.client.overhear(self.agent.channel, None)
        self._body = None
        if self.stopped and isinstance(error, asyncio.CancelledError):
            _uncancel()
            error = None
        try:
            await self._end(error)
        except GatheringError:
            if error is None:
                raise
        return self.stopped and error is None

    async def _start(self) -> None:
        await self.event("RUN_STARTED", threadId=self.circle.key, runId=self.id)

    async def _end(self, error: BaseException | None) -> None:
        run = {"threadId": self.circle.key, "runId": self.id}
        if error is None and not self.stopped:
            try:
                await self.post()
            except GatheringError as refused:
                await self._fail(refused)
                raise
            await self.event("RUN_FINISHED", **run)
            await self.agent.status("idle")
            return
        await self._drop_draft()
        if error is None or isinstance(error, asyncio.CancelledError):
            await self.event("RUN_FINISHED", **run, outcome={"type": "cancelled"})
            await self.agent.status("idle")
        else:
            await self._fail(error)

    async def _fail(self, error: BaseException) -> None:
        await self._drop_draft()
        await self.event("RUN_ERROR", message=str(error)[:1000] or type(error).__name__)
        await self.agent.status("error")

    async def _drop_draft(self) -> None:
        draft, self._draft = self._draft, None
        if draft is not None:
            await draft.drop()

    def _hear(self, event: Event) -> None:
        """Somebody may ask for the end of this run."""
        value = event.get("value")
        if event.get("name") != STOP or not isinstance(value, dict) or value.get("run_id") != self.id:
            return
        if self._body is not None and not self.stopped:
            self.stopped = True
            self._body.cancel()


class ToolCall:
    """A tool that was called in a run."""

    def __init__(self, run: Run, id: str, name: str) -> None:
        self.id, self.name = id, name
        self._run = run

    async def result(self, content: Any, *, failed: bool = False) -> None:
        """Tell what came of it: a text, or what JSON can hold; and whether it failed."""
        text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
        about = {"messageId": new_id(), "toolCallId": self.id, "metadata": {"failed": failed}}
        await self._run.event("TOOL_CALL_RESULT", content=text, **about)


class Step:
    """A part of a run."""

    def __init__(self, run: Run, name: str) -> None:
        self._run, self._name = run, name

    async def __aenter__(self) -> Step:
        await self._run.event("STEP_STARTED", stepName=self._name)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:  # what is open when a run fails is ended with it
            await self._run.post()
            await self._run.event("STEP_FINISHED", stepName=self._name)


class _Draft:
    """A message that is being written: in the circle, and in the agent's own stream."""

    def __init__(self, run: Run, text: str = "", *, reply_to: int | None = None) -> None:
        self.id = new_id()
        self._run, self._reply_to = run, reply_to
        self._text, self._told = text, 0
        self._telling: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        await self._run.event("TEXT_MESSAGE_START", messageId=self.id, role="assistant")

    def write(self, delta: str) -> None:
        self._text += delta
        if self._telling is None or self._telling.done():
            self._telling = asyncio.create_task(self._tell())

    async def end(self, id: str | None) -> Posted | None:
        await self._quiet()
        posted = None
        if self._run._speaks and self._text.strip():
            posted = await self._run.circle.post(self._text, reply_to=self._reply_to, id=id, draft=self.id)
        await self._run.event("TEXT_MESSAGE_END", messageId=self.id, content=self._text)
        return posted

    async def drop(self) -> None:
        await self._quiet()
        if self._run._speaks:
            await self._run.circle.tell({"type": "message_delta", "draft": self.id, "ended": True})

    async def _tell(self) -> None:
        """Tell what is new, until nothing is."""
        while self._told < len(self._text):
            delta = self._text[self._told : self._told + LONGEST]
            with contextlib.suppress(GatheringError):  # it is ephemeral; the end brings all of it
                await self._tell_delta(delta)
            self._told += len(delta)
            await asyncio.sleep(BEAT)

    async def _tell_delta(self, delta: str) -> None:
        about = {"type": "TEXT_MESSAGE_CONTENT", "messageId": self.id, "delta": delta}
        await self._run.agent.tell({"type": "agent_activity", "data": about})
        if self._run._speaks:
            answers = {} if self._reply_to is None else {"reply_to": self._reply_to}
            frame = {"type": "message_delta", "draft": self.id, "delta": delta, "offset": self._told}
            await self._run.circle.tell({**frame, **answers})

    async def _quiet(self) -> None:
        if self._telling is not None:
            self._telling.cancel()
            await asyncio.gather(self._telling, return_exceptions=True)


def _uncancel() -> None:
    """The cancellation was ours; from Python 3.11 on tasks count them."""
    task = asyncio.current_task()
    if task is not None and hasattr(task, "uncancel"):
        task.uncancel()
