"""The client for programs that are not async: the same names, without ``await``.

::

    with connect("https://gathering.example", token) as client:
        client.circle("dev-team").post("Built.")
        for event in client.circle("dev-team").events(since=0):
            print(event.seq, event.type)

One thread in the background runs the async client, so the connection lives on while your code does
something else.  An object may be used by several threads.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Coroutine, Iterator
from types import TracebackType
from typing import Any, TypeVar

from . import client as asynchronous
from . import connecting
from .circles import Circle as AsyncCircle
from .circles import Posted
from .credential import Token
from .cursor import Position, Snapshot
from .events import Events as AsyncEvents
from .frames import Event
from .streams import Stream as AsyncStream
from .workspaces import Workspace as AsyncWorkspace

T = TypeVar("T")


class Loop:
    """A loop in a thread of its own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="gathering-client", daemon=True)
        self._thread.start()

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        """What ``work`` returns, or raises; it is cancelled if the waiting is interrupted."""
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def iterate(self, items: AsyncIterator[T]) -> Iterator[T]:
        """The items, one by one."""

        async def step() -> tuple[bool, T | None]:
            try:
                return True, await items.__anext__()
            except StopAsyncIteration:
                return False, None

        while True:
            more, item = self.wait(step())
            if not more:
                return
            yield item  # type: ignore[misc]

    def close(self) -> None:
        """End the loop and its thread."""
        self.wait(self._loop.shutdown_asyncgens())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


class Events:
    """The events of one stream, as ``for`` takes them; see :class:`gathering_client.Events`."""

    def __init__(self, loop: Loop, events: AsyncEvents) -> None:
        self._loop, self._events = loop, events

    @property
    def position(self) -> Position | None:
        """Where the last event that has come is; it need not be handled yet."""
        return self._events.position

    def __iter__(self) -> Iterator[Event]:
        return self._loop.iterate(self._events)

    def __enter__(self) -> Events:
        self._loop.wait(self._events.__aenter__())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.wait(self._events.aclose())

    def handled(self) -> None:
        """Say that the event that was given last has been handled: store its cursor now."""
        self._loop.wait(self._events.handled())


class Stream:
    """One stream; see :class:`gathering_client.streams.Stream`."""

    def __init__(self, loop: Loop, stream: AsyncStream) -> None:
        self._loop, self._stream = loop, stream
        self.key, self.channel = stream.key, stream.channel

    def events(self, since: int | Position | None = None) -> Events:
        """Its events, from where the store says, or after ``since``, or from now on."""
        return Events(self._loop, self._stream.events(since))

    def snapshot(self) -> Snapshot:
        """How it is now, and the position at which that is true."""
        return self._loop.wait(self._stream.snapshot())


class Circle(Stream):
    """A circle; see :class:`gathering_client.Circle`."""

    def __init__(self, loop: Loop, circle: AsyncCircle) -> None:
        super().__init__(loop, circle)
        self._circle = circle

    def post(self, content: str, *, reply_to: int | None = None, id: str | None = None) -> Posted:
        """Say ``content``, once; returns when the server has acknowledged it."""
        return self._loop.wait(self._circle.post(content, reply_to=reply_to, id=id))

    def members(self) -> list[dict[str, Any]]:
        """Who is in it, by name."""
        return self._loop.wait(self._circle.members())

    def messages(
        self, *, before: int | None = None, after: int | None = None, limit: int = 50
    ) -> list[dict[str, Any]]:
        """A page of messages, oldest first."""
        return self._loop.wait(self._circle.messages(before=before, after=after, limit=limit))

    def history(self, after: int = 0) -> Iterator[dict[str, Any]]:
        """Every message with an ``id`` beyond ``after``, oldest first."""
        return self._loop.iterate(self._circle.history(after))


class Workspace(Stream):
    """A workspace; see :class:`gathering_client.Workspace`."""

    def __init__(self, loop: Loop, workspace: AsyncWorkspace) -> None:
        super().__init__(loop, workspace)
        self._workspace = workspace

    def files(self) -> Iterator[dict[str, Any]]:
        """All files and folders that are not ignored, by path."""
        return self._loop.iterate(self._workspace.files())

    def read(self, path: str) -> dict[str, Any]:
        """A file: its ``text`` (None if it is none), ``encoding`` and ``hash``."""
        return self._loop.wait(self._workspace.read(path))

    def write(self, path: str, content: str | bytes, seen: str | None) -> dict[str, Any]:
        """Write a file whole, over what you have ``seen``."""
        return self._loop.wait(self._workspace.write(path, content, seen))

    def git_status(self) -> dict[str, Any]:
        """Branch, commit and changed files, as they are now."""
        return self._loop.wait(self._workspace.git_status())


class Client:
    """Speaks to one server for one token; see :class:`gathering_client.Client`.

    ``asynchronous`` is that client, and ``wait`` runs whatever of it has no name here.
    """

    def __init__(self, loop: Loop, client: asynchronous.Client) -> None:
        self._loop, self.asynchronous = loop, client

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        """What ``work``, of the async client, returns."""
        return self._loop.wait(work)

    def circle(self, name: str) -> Circle:
        """The circle ``name``."""
        return Circle(self._loop, self.asynchronous.circle(name))

    def workspace(self, id: int | str) -> Workspace:
        """The workspace ``id``."""
        return Workspace(self._loop, self.asynchronous.workspace(id))

    def agent(self, id: int | str) -> Stream:
        """The agent ``id``."""
        return Stream(self._loop, self.asynchronous.agent(id))

    def me(self) -> dict[str, Any]:
        """Who the token speaks for."""
        return self._loop.wait(self.asynchronous.me())

    def circles(self) -> Iterator[dict[str, Any]]:
        """The circles that you may see, by name."""
        return self._loop.iterate(self.asynchronous.circles())

    def get(self, path: str, **query: object) -> Any:
        """What REST has at ``path``."""
        return self._loop.wait(self.asynchronous.rest.get(path, **query))

    def close(self) -> None:
        """Close the socket, all that waits on it, and the thread."""
        self._loop.wait(self.asynchronous.close())
        self._loop.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def connect(url: str, token: Token, **options: Any) -> Client:
    """Connect as :class:`gathering_client.connect` does, and with its options; blocks until it is."""
    loop = Loop()
    try:
        return Client(loop, loop.wait(_connect(url, token, options)))
    except BaseException:
        loop.close()
        raise


async def _connect(url: str, token: Token, options: dict[str, Any]) -> asynchronous.Client:
    return await connecting.connect(url, token, **options)
