"""Handlers for types of events, for those who like them better than a loop."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from .frames import Event

logger = logging.getLogger("gathering_client")

Handler = Callable[[Event], Awaitable[None] | None]
Mishap = Callable[[Event, Exception], Awaitable[None] | None]
H = TypeVar("H", bound=Callable[..., Any])


class Handlers:
    """A table of type -> handler, and one handler for every other type."""

    def __init__(self) -> None:
        self._handlers: dict[str, Handler] = {}
        self._default: Handler = _say_once()

    def on(self, *types: str) -> Callable[[H], H]:
        """Decorate the handler of events of ``types``; a type has one handler."""

        def register(handler: H) -> H:
            self._handlers.update(dict.fromkeys(types, handler))
            return handler

        return register

    def otherwise(self, handler: H) -> H:
        """Decorate the handler of every type that has none of its own, types of the future included.

        Without one, the first event of each such type is logged.
        """
        self._default = handler
        return handler

    async def handle(self, event: Event, mishap: Mishap | None = None) -> None:
        """Give ``event`` to its handler.

        What the handler raises goes to ``mishap``, and the event counts as handled if that returns;
        without a ``mishap`` it is raised.
        """
        handler = self._handlers.get(event.type, self._default)
        try:
            await call(handler, event)
        except Exception as error:
            if mishap is None:
                raise
            await call(mishap, event, error)


async def call(function: Callable[..., Any], *arguments: Any) -> None:
    """Call a function that may be async."""
    result = function(*arguments)
    if inspect.isawaitable(result):
        await result


def _say_once() -> Handler:
    said: set[str] = set()

    def default(event: Event) -> None:
        if event.type not in said:
            said.add(event.type)
            logger.info("no handler takes events of the type '%s'", event.type)

    return default
