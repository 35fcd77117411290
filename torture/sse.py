"""Server-Sent Events, read as plainly as can be: HTTP/1.1, a body in chunks, a line at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from . import wire

KEEPALIVE = 15 + wire.PATIENCE  # the server sends a comment every 15 seconds


async def events(address: str, path: str, token: str) -> AsyncIterator[str]:
    """The ``data`` of each event; ends when the stream does, and raises OSError for what is none."""
    socket = await wire.small_socket(address)
    reader, writer = await asyncio.open_connection(sock=socket, limit=wire.BUFFER)
    try:
        writer.write(_request(address, path, token))
        async with asyncio.timeout(wire.PATIENCE):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
        if " 200 " not in head.partition("\r\n")[0]:
            raise OSError(head)
        rest = b""
        async for chunk in _chunks(reader):
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                if line.startswith(b"data: "):
                    yield line[6:].decode()
    finally:
        writer.transport.abort()


async def _chunks(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    while True:
        async with asyncio.timeout(KEEPALIVE):
            size = int(await reader.readline() or b"0", 16)
            chunk = await reader.readexactly(size + 2)
        if size == 0:
            return
        yield chunk[:-2]


def _request(address: str, path: str, token: str) -> bytes:
    lines = [
        f"GET {path} HTTP/1.1",
        f"Host: {address}",
        "Accept: text/event-stream",
        f"Authorization: Bearer {token}",
    ]
    return "\r\n".join([*lines, "", ""]).encode()
