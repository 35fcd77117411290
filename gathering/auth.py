"""The doors: what a request carries, made into who somebody is.

Two adapters, for ASGI and for REST, on one authority: ``accounts.tokens``.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from django.conf import settings
from django.http import parse_cookie
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from gathering.accounts import origins, tokens
from gathering.accounts.models import User
from gathering.accounts.tokens import Credential, Identity
from gathering.protocol.errors import GatheringError, OriginRefused

SUBPROTOCOL = "gathering.v1"
BEARER_SUBPROTOCOL = "gathering.bearer."
MALFORMED = ""  # the value of a credential that is there and cannot be read: it fails like a wrong one

App = Callable[[dict[str, Any], Any, Any], Awaitable[Any]]


class Door:
    """ASGI middleware: finds the credential of a socket or a request, without asking the database.

    It adds to the scope ``credential`` (:class:`Credential` or None), ``origin_error``
    (:class:`OriginRefused` or None; with it there is no credential), ``subprotocol``
    (``"gathering.v1"`` or None), and the synchronous functions ``authenticate``
    (:func:`tokens.identify`), ``authenticate_all`` (:func:`tokens.identify_all`) and ``recheck``
    (:func:`tokens.recheck`).  It refuses nothing: who serves the scope does, in its own words.
    """

    def __init__(self, inner: App) -> None:
        self.inner = inner

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> Any:
        if scope["type"] in ("websocket", "http"):
            scope = {**scope, **_found(scope)}
        return await self.inner(scope, receive, send)


class TokenAuthentication(BaseAuthentication):
    """REST's side: ``Authorization: Bearer <token>``; ``request.auth`` is the :class:`Identity`."""

    def authenticate(self, request: Request) -> tuple[User, Identity] | None:
        header = request.headers.get("authorization")
        if header is None:
            return None
        try:
            identity = tokens.verify(_bearer(header))
        except GatheringError as error:
            raise AuthenticationFailed(error.detail, code=error.code) from error
        return identity.user, identity

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class TokenScheme(OpenApiAuthenticationExtension):
    """How :class:`TokenAuthentication` is told of in the description of the API."""

    target_class = TokenAuthentication
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer"}


@dataclass(frozen=True, slots=True)
class Carried:
    """What came with a scope, as text.  A header that came twice is joined, and matches nothing."""

    headers: dict[str, str]
    query: str
    subprotocols: Sequence[str]
    safe: bool  # a GET or HEAD over HTTP, which changes nothing

    @property
    def own_site(self) -> bool:
        """Whether a cookie counts: a page of ours sent it, or at least no other site's page."""
        if (origin := self.headers.get("origin")) is None:
            return self.safe
        return origins.is_own(origin, self.headers.get("host", ""))


def _found(scope: dict[str, Any]) -> dict[str, Any]:
    carried = _carried(scope)
    refused = _origin_error(carried)
    return {
        "credential": None if refused else _credential(carried),
        "origin_error": refused,
        "subprotocol": SUBPROTOCOL if SUBPROTOCOL in carried.subprotocols else None,
        "authenticate": tokens.identify,
        "authenticate_all": tokens.identify_all,
        "recheck": tokens.recheck,
    }


def _carried(scope: dict[str, Any]) -> Carried:
    headers: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1").strip()
        # HTTP/2 may split cookies over several headers (RFC 9113, section 8.2.3).
        glue = "; " if name == "cookie" else ","
        headers[name] = f"{headers[name]}{glue}{value}" if name in headers else value
    return Carried(
        headers,
        query=scope.get("query_string", b"").decode("latin-1"),
        subprotocols=scope.get("subprotocols") or (),
        safe=scope.get("method") in ("GET", "HEAD"),
    )


def _origin_error(carried: Carried) -> OriginRefused | None:
    origin = carried.headers.get("origin")
    if origin is None or origins.is_allowed(origin, carried.headers.get("host", "")):
        return None
    return OriginRefused()


def _credential(carried: Carried) -> Credential | None:
    """The first that is there, in the protocol's order; a wrong one is not skipped."""
    for look in (_in_header, _in_subprotocol, _in_query, _in_cookie):
        if (found := look(carried)) is not None:
            return found
    return None


def _in_header(carried: Carried) -> Credential | None:
    header = carried.headers.get("authorization")
    return None if header is None else Credential("token", _bearer(header))


def _in_subprotocol(carried: Carried) -> Credential | None:
    offered = [each for each in carried.subprotocols if each.startswith(BEARER_SUBPROTOCOL)]
    return _only(offered, "token", BEARER_SUBPROTOCOL)


def _in_query(carried: Carried) -> Credential | None:
    pairs = parse_qsl(carried.query, keep_blank_values=True)
    return _only([value for name, value in pairs if name == "token"], "query")


def _in_cookie(carried: Carried) -> Credential | None:
    key = parse_cookie(carried.headers.get("cookie", "")).get(settings.SESSION_COOKIE_NAME)
    return Credential("session", key) if key and carried.own_site else None


def _only(values: list[str], kind: Any, prefix: str = "") -> Credential | None:
    if not values:
        return None
    return Credential(kind, values[0].removeprefix(prefix) if len(values) == 1 else MALFORMED)


def _bearer(header: str) -> str:
    """The token of an Authorization header (RFC 6750, section 2.1)."""
    scheme, _, token = header.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else MALFORMED
