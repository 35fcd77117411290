"""How large a body may be, before anybody reads it: Django writes what comes to the disk, without a limit."""

from collections.abc import Awaitable, Callable
from typing import Any

import orjson

from gathering.protocol.errors import TooLarge

PATIENCE = 4  # times the limit is read, and thrown away, so that the refusal can be heard

App = Callable[[dict[str, Any], Any, Any], Awaitable[Any]]


class LimitedBody:
    """ASGI middleware: answers 413 to a request that says, or turns out, to be larger than ``most`` bytes."""

    def __init__(self, inner: App, most: int) -> None:
        self.inner, self.most = inner, most

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> Any:
        if scope["type"] != "http":
            return await self.inner(scope, receive, send)
        if _announced(scope) > self.most:
            await self._discard(receive)
            return await _refuse(send)
        came, begun = 0, False

        async def count() -> dict[str, Any]:
            nonlocal came
            message: dict[str, Any] = await receive()
            came += len(message.get("body", b""))
            # To whoever reads it is a client that hung up; the answer is ours.
            return message if came <= self.most else {"type": "http.disconnect"}

        async def answer(message: dict[str, Any]) -> None:
            nonlocal begun
            begun = True
            await send(message)

        await self.inner(scope, count, answer)
        if came > self.most and not begun:
            await self._discard(receive)
            await _refuse(send)

    async def _discard(self, receive: Any) -> None:
        """Read on, up to a point: a client that is still writing when we hang up never sees the answer."""
        left = PATIENCE * self.most
        while left > 0 and (message := await receive()).get("more_body"):
            left -= len(message["body"])


def _announced(scope: dict[str, Any]) -> int:
    length = dict(scope["headers"]).get(b"content-length", b"")
    return int(length) if length.isdigit() else 0


async def _refuse(send: Any) -> None:
    error = TooLarge("The body is larger than this server takes.")
    body = orjson.dumps({"code": error.code, "detail": error.detail, "retryable": error.retryable})
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": error.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
