"""``connect``: how a client is made."""

from __future__ import annotations

from collections.abc import Generator
from types import TracebackType
from typing import Any

from .client import Client
from .credential import Token
from .errors import Closed


class connect:
    """Connect to the server at ``url`` (http, https, ws or wss) and speak for ``token``.

    ``await connect(url, token)`` gives the :class:`Client`, and so does ``async with``, which closes it
    in the end.  ``token`` is a text, or a function (plain or async) that returns one and is called again
    when one has expired.  The first connection is tried for ``patience`` seconds (None: for ever); a later
    one for ever.  Options: ``store`` (a :class:`CursorStore`), ``on_state`` (told each :class:`State`),
    ``on_other`` (told frames about nothing that is followed), ``timing``, ``backoff``, ``trust_env``
    (whether proxies of the environment count).

    Raises :class:`Refused` for a token that is not taken, :class:`NotGathering` where something else
    answers, :class:`Unreachable` where nothing does.
    """

    def __init__(self, url: str, token: Token, *, patience: float | None = 10.0, **options: Any) -> None:
        self._url, self._token = url, token
        self._patience, self._options = patience, options
        self._client: Client | None = None

    def __await__(self) -> Generator[Any, None, Client]:
        return self._connect().__await__()

    async def __aenter__(self) -> Client:
        self._client = await self._connect()
        return self._client

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._client is None:
            raise Closed("It was never connected.")
        await self._client.close()

    async def _connect(self) -> Client:
        client = Client(self._url, self._token, **self._options)
        try:
            await client.ready(self._patience)
        except BaseException:
            await client.close()
            raise
        return client
