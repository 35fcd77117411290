"""Every way in which this client says that something did not work::

    GatheringError
    |-- Refused               the server said no: ``code``, ``detail``, ``retryable``, ``field``
    |   |-- BadInput          bad_input, bad_field, bad_frame, unknown_type, frame_too_large, bad_cursor,
    |   |   |                 bad_range, too_large
    |   |   `-- BadName       bad_name
    |   |-- NotAuthenticated  not_authenticated, auth_timeout
    |   |   `-- TokenExpired  token_expired
    |   |-- NotAllowed        not_allowed, origin_refused, access_withdrawn
    |   |-- NotFound          not_found: absent, or not yours to see
    |   |-- Conflict          conflict, circle_paused, circle_archived
    |   |   `-- ChangedMeanwhile  changed_meanwhile, hash_needed: a file is not what you have seen
    |   |-- RateLimited       rate_limited, too_many_sockets
    |   |-- Unavailable       unavailable: a part of the server is away
    |   `-- ServerFailed      internal_error
    |-- Unreachable           nobody answered, or the connection broke
    |   `-- NotGathering      somebody answered who is no GatheRing server (a page of HTML, say)
    |-- Busy                  this client already does what only one may do
    `-- Closed                this client was closed

A ``Refused`` whose code this version does not know is a plain ``Refused``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class GatheringError(Exception):
    """The root of the tree.  ``retryable`` says whether the same request can succeed later."""

    retryable = False


class Refused(GatheringError):
    """The server said no.

    ``code`` names the kind for programs, ``detail`` is one sentence for people, ``field`` the field that
    is wrong, if one is.
    """

    def __init__(
        self, code: str, detail: str = "", *, retryable: bool = False, field: str | None = None
    ) -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code, self.detail, self.field = code, detail, field
        self.retryable = retryable


class BadInput(Refused):
    """A field, a frame or a position that makes no sense; sending it again cannot help."""


class BadName(BadInput):
    """Not the name of a stream."""


class NotAuthenticated(Refused):
    """The token is wrong, revoked, or somebody else's: a new one is needed."""


class TokenExpired(NotAuthenticated):
    """The token was right once; a token provider is asked for another by itself."""


class NotAllowed(Refused):
    """Known, but not allowed to do that."""


class NotFound(Refused):
    """Absent, or not yours to see; the server never says which."""


class Conflict(Refused):
    """The present state does not admit it."""


class ChangedMeanwhile(Conflict):
    """A file is not what you have seen any more, or you did not say what you have seen: read it again."""


class RateLimited(Refused):
    """Too much in too short a time."""


class Unavailable(Refused):
    """A part of the server is away; nothing was done."""


class ServerFailed(Refused):
    """The server failed, and has logged it."""


class Unreachable(GatheringError):
    """Nobody answered, or the connection broke before there was an answer."""

    retryable = True


class NotGathering(Unreachable):
    """Somebody answered who is no GatheRing server: a proxy's page, say, or a wrong address."""

    retryable = False


class Busy(GatheringError):
    """This client follows that stream already; a second reader wants a client of its own."""


class Closed(GatheringError):
    """This client was closed."""


_BY_CODE: dict[str, type[Refused]] = {
    "bad_input": BadInput,
    "bad_field": BadInput,
    "bad_frame": BadInput,
    "unknown_type": BadInput,
    "frame_too_large": BadInput,
    "bad_cursor": BadInput,
    "bad_range": BadInput,
    "too_large": BadInput,
    "bad_name": BadName,
    "not_authenticated": NotAuthenticated,
    "auth_timeout": NotAuthenticated,
    "token_expired": TokenExpired,
    "not_allowed": NotAllowed,
    "origin_refused": NotAllowed,
    "access_withdrawn": NotAllowed,
    "not_found": NotFound,
    "conflict": Conflict,
    "circle_paused": Conflict,
    "circle_archived": Conflict,
    "changed_meanwhile": ChangedMeanwhile,
    "hash_needed": ChangedMeanwhile,
    "rate_limited": RateLimited,
    "too_many_sockets": RateLimited,
    "unavailable": Unavailable,
    "internal_error": ServerFailed,
}
_BY_STATUS: dict[int, type[Refused]] = {
    400: BadInput,
    401: NotAuthenticated,
    403: NotAllowed,
    404: NotFound,
    409: Conflict,
    412: Conflict,
    413: BadInput,
    416: BadInput,
    428: Conflict,
    429: RateLimited,
    500: ServerFailed,
    503: Unavailable,
}


def refusal(data: Mapping[str, Any], status: int = 0) -> Refused:
    """The error that ``{"code", "detail", "retryable"[, "field"]}`` tells of; ``status`` is of HTTP."""
    code = str(data.get("code", "error"))
    kind = _BY_CODE.get(code) or _BY_STATUS.get(status, Refused)
    return kind(
        code,
        str(data.get("detail", "")),
        retryable=data.get("retryable") is True,
        field=data.get("field") or next(iter(data.get("fields") or ()), None),
    )
