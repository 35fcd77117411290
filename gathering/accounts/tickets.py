"""Tickets: a credential for places where a long-lived one must not stand, such as an address.

A ticket opens one socket, within half a minute, with the rights of the credential that made it.
"""

import hashlib
import re
import secrets
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from gathering.protocol.errors import NotAuthenticated

from . import sessions
from .identity import Identity, by_token
from .models import Ticket

PREFIX = "gt1."  # no token begins so: a token is hexadecimal
LONGEST_LIFE = 30  # seconds; the protocol's promise, which a setting can only shorten

_SHAPE = re.compile(re.escape(PREFIX) + r"[A-Za-z0-9_-]{43}")


def issue(identity: Identity) -> tuple[str, datetime]:
    """Make a ticket for ``identity``: its text, shown once, and the time (UTC) at which it ends.

    The text is legal in a query as it stands.  It lives for ``GATHERING_TICKET_SECONDS``, but not
    longer than 30 s or than the credential.  Raises ``NotAuthenticated`` if there is no credential.
    """
    if not (identity.token_id or identity.session_key):
        raise NotAuthenticated("A ticket is made with a token or a session.")
    sweep()
    text = PREFIX + secrets.token_urlsafe(32)
    ends = _end(identity)
    Ticket.objects.create(
        digest=_digest(text),
        user=identity.user,
        token_id=identity.token_id,
        session_key=identity.session_key or "",
        expires_at=ends,
    )
    return text, ends


def redeem(text: object) -> Identity:
    """Use a ticket up: the identity of the credential that made it, as that stands now.

    Of several concurrent calls exactly one succeeds.  Raises ``NotAuthenticated`` for a ticket that
    is unknown, used or too old, or whose session is gone; ``TokenExpired`` if its token ran out.
    """
    ticket = _take(text)
    identity = by_token(ticket.token) if ticket.token else sessions.identify(ticket.session_key)
    if identity.user.pk != ticket.user_id:
        raise NotAuthenticated
    return identity


def sweep() -> int:
    """Delete the tickets that nobody used in time; how many there were."""
    return Ticket.objects.filter(expires_at__lte=timezone.now()).delete()[0]


def _take(text: object) -> Ticket:
    if not isinstance(text, str) or not _SHAPE.fullmatch(text):
        raise NotAuthenticated
    rows = Ticket.objects.filter(pk=_digest(text), expires_at__gt=timezone.now())
    ticket = rows.select_related("token__user").first()
    # Two may have read the row.  The database lets one of them delete it.
    if ticket is None or rows.delete()[0] == 0:
        raise NotAuthenticated("The ticket was used already, or is too old.")
    return ticket


def _end(identity: Identity) -> datetime:
    ends = timezone.now() + timedelta(seconds=min(settings.GATHERING_TICKET_SECONDS, LONGEST_LIFE))
    return min(ends, identity.expires_at) if identity.expires_at else ends


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
