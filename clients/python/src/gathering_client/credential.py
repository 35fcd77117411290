"""The token of a client, and where the next one comes from."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable

from .errors import NotAuthenticated

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
        return _checked(self._present) if self._present is not None else await self.renew()

    async def renew(self, *, instead_of: str | None = None) -> str:
        """A new token from the provider, unless ``instead_of`` has been replaced meanwhile."""
        if self._present is not None and instead_of not in (None, self._present):
            return self._present
        if isinstance(self._source, str):
            return _checked(self._source)
        given = self._source()
        self._present = token = _checked(await given if inspect.isawaitable(given) else given)
        return token

    def forget(self, token: str) -> None:
        """``token`` is no longer good: the provider is asked for the next one."""
        if self._present == token:
            self._present = None

    def replace(self, token: str) -> None:
        """Use ``token`` from now on."""
        self._present = token
        if isinstance(self._source, str):
            self._source = token


def _checked(token: str) -> str:
    """``token``, if a header can hold it; else the libraries below would show it in their errors."""
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise NotAuthenticated("not_authenticated", "That is no token: it is empty, or holds odd characters.")
    return token
