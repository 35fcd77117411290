"""A TCP proxy between client and server that cuts, stalls and delays."""

from __future__ import annotations

import asyncio
import contextlib

from tests.processes import HOST, free_port

CHUNK = 4096  # small, so that a cut leaves half a frame behind
ROOM = 16 * 1024  # what it holds for a side that does not read


class Proxy:
    """Listens on ``port`` and passes on to ``target``, both ways."""

    def __init__(self, target: int) -> None:
        self.target = target
        self.port = free_port()
        self.delay = 0.0  # seconds that each chunk takes longer
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._open: set[asyncio.StreamWriter] = set()
        self._connections: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Begin to listen."""
        self._server = await asyncio.start_server(self._connected, HOST, self.port, limit=ROOM)

    async def close(self) -> None:
        """Listen no more, and cut all connections."""
        self._flowing.set()
        if self._server is not None:
            self._server.close()
        self.cut()
        if self._connections:
            await asyncio.wait(self._connections)

    def cut(self) -> None:
        """Break every connection at once, wherever in a frame it is."""
        for writer in tuple(self._open):
            writer.transport.abort()

    def stall(self) -> None:
        """Pass on nothing, and keep every connection, until :meth:`flow`."""
        self._flowing.clear()

    def flow(self) -> None:
        """Pass on again."""
        self._flowing.set()

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = asyncio.create_task(self._serve(reader, writer))
        self._connections.add(connection)
        connection.add_done_callback(self._connections.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, beyond = await asyncio.open_connection(HOST, self.target, limit=ROOM)
        except OSError:
            writer.transport.abort()
            return
        self._open |= {writer, beyond}
        pumps = [self._pump(reader, beyond), self._pump(there, writer)]
        try:
            await asyncio.wait(map(asyncio.ensure_future, pumps), return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._open -= {writer, beyond}
            writer.transport.abort()
            beyond.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.set_write_buffer_limits(ROOM)
        with contextlib.suppress(OSError):
            while chunk := await reader.read(CHUNK):
                await self._flowing.wait()
                if self.delay:
                    await asyncio.sleep(self.delay)
                writer.write(chunk)
                await writer.drain()
