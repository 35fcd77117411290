"""Who somebody is, and what says so."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from django.utils import timezone

from gathering.protocol.errors import NotAuthenticated, TokenExpired

from .models import Token, User


@dataclass(frozen=True, slots=True)
class Identity:
    """Who, and by which credential: small enough to keep for each socket.

    Exactly one of ``token_id`` (the digest of a token) and ``session_key`` is set: it names what
    must still be there for the identity to hold.  ``expires_at`` (UTC) is when it ends by itself;
    None is never.
    """

    user: User
    token_id: str | None = None
    session_key: str | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Credential:
    """What a request carried, as it was: nothing has been checked, and ``value`` may be anything.

    ``"query"`` is a token or ticket in the query string, ``"session"`` the session cookie's value.
    """

    kind: Literal["token", "query", "session"]
    value: str


def by_token(token: Token) -> Identity:
    """The identity that a token's row proves.  Raises ``TokenExpired`` and ``NotAuthenticated``."""
    if not token.user.is_active:
        raise NotAuthenticated
    if token.expiry is not None and token.expiry <= timezone.now():
        raise TokenExpired
    return Identity(token.user, token_id=token.digest, expires_at=token.expiry)
