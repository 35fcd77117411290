"""What publishers and clients share: addresses, sockets that expect the worst, and REST."""

from __future__ import annotations

import asyncio
import json
import random
import socket
import urllib.request
from collections.abc import Mapping
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote, urlsplit

import websockets
from websockets.asyncio.client import ClientConnection

Frame = dict[str, Any]

HEARTBEAT = 1.0  # seconds between the servers' pings in a torture
SILENCE = 3.5 * HEARTBEAT  # after which a connection that brings nothing is dead
PATIENCE = 3.0  # seconds to wait for a handshake, an answer or an ack
BUFFER = 64 * 1024  # what the kernel holds for a client that does not read; much less makes it a slow one
AWAY = (OSError, TimeoutError, EOFError, websockets.WebSocketException)


async def connect(address: str, path: str, token: str) -> ClientConnection:
    """A socket at ``path`` of the server at ``address`` ("host:port")."""
    return await websockets.connect(
        f"ws://{address}{path}",
        additional_headers={"Authorization": f"Bearer {token}"},
        sock=await small_socket(address),
        compression=None,
        ping_interval=None,
        open_timeout=PATIENCE,
        close_timeout=0.2,
        max_size=None,
        max_queue=4,
        proxy=None,
    )


async def small_socket(address: str) -> socket.socket:
    """A connected TCP socket for which the kernel holds little."""
    parts = urlsplit(f"//{address}")
    narrow = socket.socket()
    try:
        narrow.setblocking(False)
        narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
        async with asyncio.timeout(PATIENCE):
            await asyncio.get_running_loop().sock_connect(narrow, (parts.hostname, parts.port))
    except BaseException:
        narrow.close()
        raise
    return narrow


async def ask(address: str, path: str, token: str, body: object = None, ref: str = "") -> Frame:
    """The JSON that REST answers: to a GET, or to a POST of ``body``.  A refusal raises HTTPError."""
    return await asyncio.to_thread(_ask, address, path, token, body, ref)


def error_of(refusal: HTTPError) -> Frame:
    """The error in the body of a refusal; one that is none of ours is worth another try."""
    try:
        error: Frame = json.loads(refusal.read())
        return {"code": error["code"], "retryable": error["retryable"]}
    except (*AWAY, ValueError, KeyError, TypeError):
        return {"code": str(refusal.code), "retryable": True}


async def breath() -> None:
    """Wait a moment before the next try; not all of them the same."""
    await asyncio.sleep(random.uniform(0.02, 0.2))


def part(text: str) -> str:
    """``text`` as one part of a path."""
    return quote(text, safe="")


def key_of(channel: str) -> str:
    """The key of a circle's stream, as part of a path."""
    return part(channel.partition(".")[2])


def ref_of(frame_or_message: Mapping[str, Any]) -> str:
    """Which message it is: the first word of what it says."""
    words = str(frame_or_message.get("content", "")).split(None, 1)
    return words[0] if words else "(no message)"


def _ask(address: str, path: str, token: str, body: object, ref: str) -> Frame:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    headers |= {"Idempotency-Key": ref} if ref else {}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"http://{address}{path}", data, headers)
    with _opener.open(request, timeout=PATIENCE) as answer:
        found: Frame = json.load(answer)
    return found


_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
