"""Every way in which GatheRing says no.

A class is a code, a sentence and whether trying again can help.  The same code travels in a socket's
``error`` frame, in the body of a REST answer and on standard error of a command::

    GatheringError
    |-- BadInput           bad_input           not understood; sending it again cannot help
    |   |-- BadFrame         bad_frame           not one JSON object of a known shape
    |   |   |-- FrameTooLarge    frame_too_large
    |   |   `-- UnknownType      unknown_type
    |   |-- BadField         bad_field           one field has the wrong kind, size or characters
    |   |-- BadName          bad_name            not a stream's name
    |   |-- BadCursor        bad_cursor          ``since`` is not a position
    |   |-- BadRange         bad_range           the file has no bytes in that range
    |   `-- TooLarge         too_large           more than is read or written at once
    |-- NotAuthenticated     not_authenticated   nobody, or nobody in time
    |   |-- TokenExpired     token_expired
    |   `-- AuthTimeout      auth_timeout
    |-- NotAllowed           not_allowed         somebody, but not for this
    |   |-- OriginRefused    origin_refused
    |   `-- AccessWithdrawn  access_withdrawn
    |-- NotFound             not_found           absent, or not yours to see: never says which
    |-- Conflict             conflict            the present state does not admit it
    |   |-- CirclePaused     circle_paused
    |   |-- CircleArchived   circle_archived
    |   |-- ChangedMeanwhile changed_meanwhile   a file is not what the writer has seen
    |   `-- HashNeeded       hash_needed         a writer must say what it has seen
    |-- RateLimited          rate_limited
    |   `-- TooManySockets   too_many_sockets
    |-- Unavailable          unavailable         a part is away (database, restart); nothing was done
    `-- InternalError        internal_error      our fault, and logged
"""

from __future__ import annotations

from typing import ClassVar

from . import codes


class GatheringError(Exception):
    """The root of the tree.

    ``code`` names the kind for programs and is stable, ``detail`` is one sentence for people,
    ``retryable`` says whether the same request can succeed later, ``status`` is the HTTP status and
    ``close`` the WebSocket close code for the cases in which a socket cannot stay open.
    """

    code: ClassVar[str] = "error"
    default_detail: ClassVar[str] = "Something went wrong."
    retryable: ClassVar[bool] = False
    status: ClassVar[int] = 500
    close: ClassVar[int] = codes.GOING_AWAY

    def __init__(self, detail: str | None = None, *, field: str | None = None) -> None:
        self.detail = detail or self.default_detail
        self.field = field
        super().__init__(self.detail)

    def as_data(self, ref: str | None = None) -> dict[str, object]:
        """The ``data`` of an ``error`` frame: ``{"code", "detail", "ref", "retryable"[, "field"]}``."""
        data: dict[str, object] = {
            "code": self.code,
            "detail": self.detail,
            "ref": ref,
            "retryable": self.retryable,
        }
        if self.field is not None:
            data["field"] = self.field
        return data


class BadInput(GatheringError):
    code = "bad_input"
    default_detail = "That could not be understood."
    status = 400


class BadFrame(BadInput):
    code = "bad_frame"
    default_detail = "A frame is one JSON object with a 'type'."


class FrameTooLarge(BadFrame):
    code = "frame_too_large"
    default_detail = "The frame is larger than this server takes."
    status = 413
    close = codes.TOO_LARGE


class UnknownType(BadFrame):
    code = "unknown_type"
    default_detail = "This stream takes no frame of that type."


class BadField(BadInput):
    code = "bad_field"
    default_detail = "A field has the wrong kind, size or characters."


class BadName(BadInput):
    code = "bad_name"
    default_detail = "That is not the name of a stream."
    close = codes.NO_SUCH_CHANNEL


class BadCursor(BadInput):
    code = "bad_cursor"
    default_detail = "'since' is a whole number from 0 to 9223372036854775807."


class BadRange(BadInput):
    code = "bad_range"
    default_detail = "The file has no bytes in that range."
    status = 416


class TooLarge(BadInput):
    code = "too_large"
    default_detail = "That is more than this server reads or writes at once."
    status = 413


class NotAuthenticated(GatheringError):
    code = "not_authenticated"
    default_detail = "A valid token is needed."
    status = 401
    close = codes.NOT_AUTHENTICATED


class TokenExpired(NotAuthenticated):
    code = "token_expired"
    default_detail = "The token has expired."
    close = codes.TOKEN_EXPIRED


class AuthTimeout(NotAuthenticated):
    code = "auth_timeout"
    default_detail = "No 'auth' frame came in time."


class NotAllowed(GatheringError):
    code = "not_allowed"
    default_detail = "You may not do that."
    status = 403
    close = codes.ACCESS_WITHDRAWN


class OriginRefused(NotAllowed):
    code = "origin_refused"
    default_detail = "This site may not connect here."


class AccessWithdrawn(NotAllowed):
    code = "access_withdrawn"
    default_detail = "Your access was withdrawn."


class NotFound(GatheringError):
    code = "not_found"
    default_detail = "There is no such thing, or it is not yours to see."
    status = 404
    close = codes.NO_SUCH_CHANNEL


class Conflict(GatheringError):
    code = "conflict"
    default_detail = "The present state does not admit that."
    status = 409


class CirclePaused(Conflict):
    code = "circle_paused"
    default_detail = "The circle is paused and takes no messages until it is resumed."
    retryable = True


class CircleArchived(Conflict):
    code = "circle_archived"
    default_detail = "The circle is archived and can only be read."


class ChangedMeanwhile(Conflict):
    code = "changed_meanwhile"
    default_detail = "The file is not what you have seen any more: read it again."
    status = 412


class HashNeeded(Conflict):
    code = "hash_needed"
    default_detail = "Say which content you have seen: its hash, in If-Match."
    status = 428


class RateLimited(GatheringError):
    code = "rate_limited"
    default_detail = "Too many frames in too short a time."
    retryable = True
    status = 429
    close = codes.TOO_MANY


class TooManySockets(RateLimited):
    code = "too_many_sockets"
    default_detail = "You have too many connections open."


class Unavailable(GatheringError):
    code = "unavailable"
    default_detail = "A part of the server is away for the moment; try again."
    retryable = True
    status = 503
    close = codes.RESTARTING


class InternalError(GatheringError):
    code = "internal_error"
    default_detail = "The server failed and has logged it."
    close = codes.RESTARTING
