"""Django's pages and REST behind ASGI, as they run best: on threads that stay.

Django's own handler gives every request a new thread, however many there are, whose database connection
is new, too; and each of its hops between the loop and that thread costs as much as a small answer.  Here
one thread does all of a request, as under WSGI, and keeps its connection for the next one.  What waits or
streams for long (sockets, events) does not come here: ``routing.py`` has it.
"""

import asyncio
import contextvars
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ParamSpec, TypeVar

from django.core import signals
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler, get_script_prefix
from django.core.handlers.base import BaseHandler
from django.http import FileResponse
from django.urls import set_script_prefix

P = ParamSpec("P")
R = TypeVar("R")


class ThreadedHandler(ASGIHandler):
    """An ASGI application: at most ``threads`` requests are answered at once, the others wait for theirs."""

    def __init__(self, threads: int) -> None:
        BaseHandler.__init__(self)  # not its own, which would load everything for the loop
        self.load_middleware(is_async=False)
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="http")

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            body = await self.read_body(receive)
        except RequestAborted:  # the client hung up, or sent more than it may
            return
        # Whoever hangs up from here on is not waited for, and what was begun is done all the same.
        response = await self._run(self._answer, scope, body)
        try:
            await self.send_response(response, send)
        finally:
            if response.streaming:
                await self._run(response.close)

    def _answer(self, scope: Any, body: Any) -> Any:
        """All of a request, in one thread: also what is done at its end, unless its body is still read."""
        set_script_prefix(get_script_prefix(scope))
        signals.request_started.send(sender=self.__class__, scope=scope)
        request, refused = self.create_request(scope, body)
        response: Any = refused or self.get_response(request)
        response._resource_closers.append(body.close)
        response._handler_class = self.__class__
        if not response.streaming:
            response.close()
        else:
            self._prepare(response)
        return response

    def _prepare(self, response: Any) -> None:
        if isinstance(response, FileResponse):
            response.block_size = self.chunk_size
        if not response.is_async:
            response.streaming_content = self._pieces(iter(response.streaming_content))

    async def _pieces(self, pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
        """A body that is read as it is sent, off the loop."""
        while (piece := await self._run(next, pieces, b"")) != b"":
            yield piece

    async def _run(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        context = contextvars.copy_context()
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, lambda: context.run(function, *args, **kwargs))
