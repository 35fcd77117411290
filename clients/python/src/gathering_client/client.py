"""The client: one socket for all that it follows, and REST beside it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from types import TracebackType
from typing import Any

from . import frames
from .agents import Agent
from .asks import Asks, new_id
from .backoff import Backoff
from .circles import Circle
from .connection import Connection
from .credential import Credential, Token
from .cursor import Position, Snapshot
from .errors import Conflict, GatheringError, NotGathering, Refused, Unreachable
from .events import Events
from .frames import Event
from .rest import Rest
from .stores import CursorStore
from .subscription import Subscription
from .timing import State, Timing
from .workspaces import Workspace

logger = logging.getLogger("gathering_client")


class Client:
    """Speaks to one server for one token; made by ``connect``.

    Everything that it follows shares one WebSocket, at ``/ws/``.  It keeps that open by itself: use it as
    if nothing could break.
    """

    def __init__(
        self,
        url: str,
        token: Token,
        *,
        store: CursorStore | None = None,
        on_state: Callable[[State], None] | None = None,
        on_other: Callable[[Event], None] | None = None,
        timing: Timing | None = None,
        backoff: Backoff | None = None,
        trust_env: bool = True,
    ) -> None:
        self.url = _http(url)
        self.store = store
        self._credential = Credential(token)
        self._on_other = on_other
        self._subscriptions: dict[str, Subscription] = {}
        self.rest = Rest(self.url, self._credential, trust_env=trust_env)
        self._connection = Connection(
            f"ws{self.url[4:]}/ws/",
            self._credential,
            self,
            timing=timing or Timing(),
            backoff=backoff or Backoff(),
            on_state=on_state,
            options={} if trust_env else {"proxy": None},
        )
        self._asks = Asks(self._connection)

    # What there is

    def circle(self, name: str) -> Circle:
        """The circle ``name``; raises :class:`BadName` if that can be none."""
        return Circle(self, name)

    def workspace(self, id: int | str) -> Workspace:
        """The workspace ``id``."""
        return Workspace(self, id)

    def agent(self, id: int | str) -> Agent:
        """The agent ``id``."""
        return Agent(self, id)

    async def me(self) -> dict[str, Any]:
        """Who the token speaks for: ``{"id", "name", "kind", ...}``."""
        found: dict[str, Any] = await self.rest.get("/api/me/")
        return found

    def circles(self) -> AsyncIterator[dict[str, Any]]:
        """The circles that you may see, by name."""
        return self.rest.pages("/api/circles/", "name")

    def agents(self) -> AsyncIterator[dict[str, Any]]:
        """The agents that you may see, by name."""
        return self.rest.pages("/api/agents/", "agent")

    def workspaces(self) -> AsyncIterator[dict[str, Any]]:
        """The workspaces that you may see."""
        return self.rest.pages("/api/workspaces/", "id")

    def approvals(self) -> AsyncIterator[dict[str, Any]]:
        """What waits for somebody's yes: calls of tools, the newest first."""
        return self.rest.pages("/api/approvals/", "id", inside="approvals", turn="before")

    async def decide(self, approval: int, *, approve: bool) -> None:
        """Say yes or no to what waits."""
        decision = "approve" if approve else "reject"
        await self.rest.post(f"/api/approvals/{approval}/", {"decision": decision})

    # The connection

    @property
    def state(self) -> State:
        """How it stands with its server now; ``on_state`` is told of every change."""
        return self._connection.state

    async def ready(self, patience: float | None = None) -> None:
        """Wait until the server answers and knows the token.

        Raises :class:`Refused` or :class:`NotGathering` if it cannot be; and after ``patience`` seconds
        what stood in the way, while trying goes on.
        """
        try:
            await asyncio.wait_for(self._connection.live(), patience)
        except asyncio.TimeoutError:
            raise self._connection.problem or Unreachable(f"No server answers at {self.url}.") from None

    async def refresh(self, token: str | None = None) -> None:
        """Give the live socket a new token, without a reconnect: ``token``, or the provider's next.

        Raises :class:`NotAuthenticated` if the server does not take it; the old one then still counts.
        """
        if token is None:
            token = await self._credential.renew()
        if self.state is State.LIVE:
            with contextlib.suppress(Unreachable):  # then the next handshake brings it
                await self._asks.once({"type": "refresh", "token": token}, new_id())
        self._credential.replace(token)

    async def close(self) -> None:
        """Close the socket and all that waits on it; safe to call twice."""
        await self._connection.close()
        await self.rest.close()

    async def __aenter__(self) -> Client:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    # For streams

    def follow(
        self, channel: str, snapshot: Callable[[], Awaitable[Snapshot]], since: Position | None
    ) -> Events:
        """The events of ``channel``."""
        return Events(self._subscription(channel), self._connection, self.store, snapshot, since)

    async def ask(self, channel: str, frame: Mapping[str, Any], id: str | None) -> Mapping[str, Any]:
        """Send ``frame`` about ``channel`` until it is acknowledged."""
        frames.dumps(frame)  # what JSON cannot hold is the caller's error, and raised before it waits
        subscription, backoff = self._subscription(channel), Backoff()
        ref = new_id() if id is None else id
        subscription.keep()
        while True:
            await subscription.ready()
            try:
                return await self._asks.once({**frame, "channel": channel}, ref)
            except Unreachable:
                continue
            except Refused as error:
                if not error.retryable or isinstance(error, Conflict):
                    raise  # a circle may be paused for days: when to try again is not ours to say
            await asyncio.sleep(backoff.next())

    async def tell(self, channel: str, frame: Mapping[str, Any]) -> None:
        """Send ``frame`` about ``channel`` if that can be done now."""
        if self.state is not State.LIVE:
            return
        subscription = self._subscription(channel)
        subscription.keep()
        await subscription.ready()
        with contextlib.suppress(Unreachable):
            await self._connection.send({**frame, "channel": channel})

    def overhear(self, channel: str, hear: Callable[[Event], None] | None) -> None:
        """Have ``hear`` told what comes of ``channel``, whether anybody reads it or not; one at a time."""
        self._subscription(channel).overheard = hear

    # For the connection

    async def opened(self) -> None:
        for subscription in self._subscriptions.values():
            subscription.opened()

    async def heard(self, event: Event) -> None:
        if event.type in (frames.ACK, frames.ERROR) and event.get("ref") is not None:
            self._asks.answered(event)
        elif event.type == frames.PING:
            for subscription in tuple(self._subscriptions.values()):
                await subscription.heard(event)
        elif event.channel in self._subscriptions:
            await self._subscriptions[event.channel].heard(event)
        elif event.type not in frames.CONTROL:
            self._other(event)

    def lost(self) -> None:
        self._asks.fail(Unreachable("The connection broke."))
        for subscription in self._subscriptions.values():
            subscription.lost()

    def too_large(self, error: Refused) -> bool:
        return self._asks.fail_largest(error)

    def ended(self, error: GatheringError) -> None:
        self._asks.fail(error)
        for subscription in self._subscriptions.values():
            subscription.end(error)

    # Inside

    def _subscription(self, channel: str) -> Subscription:
        if channel not in self._subscriptions:
            self._subscriptions[channel] = Subscription(channel, self._connection, self._asks)
        return self._subscriptions[channel]

    def _other(self, event: Event) -> None:
        """A frame that is about nothing we follow: of a version of the future, say."""
        if self._on_other is None:
            logger.info("a frame of the type '%s' was about nothing that is followed", event.type)
            return
        try:
            self._on_other(event)
        except Exception:
            logger.exception("on_other failed at a frame of the type '%s'", event.type)


def _http(url: str) -> str:
    """The base address for HTTP of what the user gave."""
    scheme, _, rest = url.partition("://")
    known = {"http": "http", "https": "https", "ws": "http", "wss": "https"}
    if scheme.lower() not in known or not rest:
        raise NotGathering(f"'{url}' is no address such as https://gathering.example.")
    return f"{known[scheme.lower()]}://{rest.rstrip('/')}"
