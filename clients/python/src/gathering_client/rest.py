"""GatheRing over HTTP: snapshots, lists, and whatever no socket is needed for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx

from . import __version__
from .backoff import Backoff
from .credential import Credential
from .errors import GatheringError, NotGathering, TokenExpired, Unavailable, Unreachable, refusal

PAGE = 200


class Rest:
    """Requests that speak for the client's token.

    Each returns what the answer's JSON holds, or raises one of the errors of ``errors.py``.  What may be
    repeated (a GET, or a POST with an id) is, until ``patience`` seconds are over.
    """

    def __init__(
        self, url: str, credential: Credential, *, patience: float = 30.0, trust_env: bool = True
    ) -> None:
        self._url, self._credential = url, credential
        self._patience, self._trust_env = patience, trust_env
        self._http: httpx.AsyncClient | None = None

    async def get(self, path: str, /, **query: object) -> Any:
        """What is at ``path``; a query's None is left out."""
        return (await self.request("GET", path, query=query, again=True)).json()

    async def post(self, path: str, body: Mapping[str, Any] | list[Any] | None = None) -> Any:
        """The answer to ``body``.  It is repeated only if ``body`` has an ``id``, which makes that safe."""
        again = isinstance(body, Mapping) and "id" in body
        return _json(await self.request("POST", path, body=body, again=again))

    async def patch(self, path: str, body: Mapping[str, Any]) -> Any:
        """The answer to a change."""
        return _json(await self.request("PATCH", path, body=body))

    async def delete(self, path: str) -> None:
        """Take away what is at ``path``."""
        await self.request("DELETE", path)

    async def pages(
        self, path: str, key: str, /, *, inside: str | None = None, turn: str = "after", **query: object
    ) -> AsyncIterator[dict[str, Any]]:
        """Every item of a list, page by page.

        ``key`` is the field by which it is in order, ``inside`` the member of the answer that holds the
        items (None if the answer is the list), and ``turn`` the query that asks for the next page.
        """
        last: object = None
        while True:
            page = await self.get(path, **{turn: last}, limit=PAGE, **query)
            items = page if inside is None else page[inside]
            for item in items:
                yield item
            if not (len(items) == PAGE if inside is None else page["has_more"]):
                return
            last = items[-1][key]

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, object] | None = None,
        body: Any = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        again: bool = False,
    ) -> httpx.Response:
        """One request, and its good answer; ``again`` if it may be repeated."""
        loop = asyncio.get_running_loop()
        backoff, deadline = Backoff(), loop.time() + self._patience
        asked = {name: str(value) for name, value in (query or {}).items() if value is not None}
        while True:
            try:
                return await self._once(
                    method, path, params=asked, json=body, content=content, headers=headers
                )
            except GatheringError as error:
                wait = backoff.next()
                if not (again and error.retryable) or loop.time() + wait > deadline:
                    raise
                await asyncio.sleep(wait)

    async def close(self) -> None:
        """Close its connections."""
        if self._http is not None:
            await self._http.aclose()

    async def _once(self, method: str, path: str, **content: Any) -> httpx.Response:
        token = await self._credential.get()
        try:
            return await self._ask(method, path, token, **content)
        except TokenExpired:
            if not self._credential.can_renew:
                raise
        return await self._ask(method, path, await self._credential.renew(instead_of=token), **content)

    async def _ask(
        self, method: str, path: str, token: str, *, headers: Mapping[str, str] | None, **content: Any
    ) -> httpx.Response:
        if content["json"] is None:
            del content["json"]
        bearer = {"Authorization": f"Bearer {token}", **(headers or {})}
        try:
            answer = await self._client().request(method, path, headers=bearer, **content)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Unreachable(f"No server answers at {self._url}: {error!r}") from None
        _raise_for(answer)
        return answer

    def _client(self) -> httpx.AsyncClient:
        if self._http is None:
            agent = {"User-Agent": f"gathering-client/{__version__}", "Accept": "application/json"}
            self._http = httpx.AsyncClient(
                base_url=self._url, headers=agent, timeout=30, trust_env=self._trust_env
            )
        return self._http


def _raise_for(answer: httpx.Response) -> None:
    """Raise what ``answer`` says went wrong, if it does; and that it is no answer of GatheRing, if so."""
    status, is_json = answer.status_code, "json" in answer.headers.get("Content-Type", "")
    where = f"{answer.request.method} {answer.request.url.path}"
    if status >= 400 and is_json and isinstance(body := _json(answer), dict) and "code" in body:
        raise refusal(body, status)
    if status >= 500 or status == 429:
        raise Unavailable("unavailable", f"{where} was answered with {status}.", retryable=True)
    if status >= 300 or answer.headers.get("Content-Type", "").startswith("text/html"):
        kind = answer.headers.get("Content-Type", "no type")
        raise NotGathering(f"{where} was answered with {status} ({kind}), not by a GatheRing server.")


def _json(answer: httpx.Response) -> Any:
    if not answer.content:
        return None
    try:
        return answer.json()
    except ValueError:
        raise NotGathering(f"{answer.request.url.path} was answered with what is not JSON.") from None
