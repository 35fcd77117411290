"""The token of a client, and where the next one comes from."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable

# A token, or a function (plain or async) that returns one; it is called again when one has expired.
Token = str | Callable[[], str | Awaitable[str]]


class Credential:
    """Gives the present token, and a new one when that has ended."""

    def __init__(self, source: Token) -> None:
        self._source = source
        self._present = source if isinstance(source, str) else None

    @property
    def can_renew(self) -> bool:
        """Whether there is a provider to ask."""
        return not isinstance(self._source, str)

    async def get(self) -> str:
        """The present token; the provider is asked if there is none."""
        return self._present if self._present is not None else await self.renew()

    async def renew(self, *, instead_of: str | None = None) -> str:
        """A new token from the provider, unless ``instead_of`` has been replaced meanwhile."""
        if self._present is not None and instead_of not in (None, self._present):
            return self._present
        if isinstance(self._source, str):
            return self._source
        given = self._source()
        self._present = token = await given if inspect.isawaitable(given) else given
        return token

    def replace(self, token: str) -> None:
        """Use ``token`` from now on."""
        self._present = token
        if isinstance(self._source, str):
            self._source = token
