"""The one authority on credentials: whom a token, ticket or session proves, and if it still does.

Everything here is synchronous and asks the database.  Errors of the database itself pass through.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from hmac import compare_digest
from typing import cast

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone
from knox.crypto import hash_token
from knox.settings import CONSTANTS
from rest_framework.request import Request

from gathering.protocol.errors import AccessWithdrawn, GatheringError, NotAuthenticated, TokenExpired

from . import sessions, tickets
from .identity import Credential, Identity, by_token
from .models import Token, User

__all__ = [
    "Credential",
    "Identity",
    "identify",
    "identify_all",
    "identity_of",
    "may_manage",
    "mint",
    "recheck",
    "register_manager",
    "revoke",
    "revoke_all",
    "verify",
    "verify_all",
]

USE_IS_NOTED_EVERY = timedelta(minutes=5)

_SHAPE = re.compile(r"[0-9a-f]{64}")  # knox: 32 random bytes in hexadecimal
_managers: list[Callable[[User, User], bool]] = []


def mint(user: User, *, name: str = "", expires_in: timedelta | None = None) -> tuple[Token, str]:
    """Make a token: its row, and the plaintext, which is nowhere else and cannot be shown again.

    ``name`` (up to 100 characters) is for people.  Without ``expires_in`` the token lasts until it
    is revoked.
    """
    token, text = Token.objects.create(user, expiry=expires_in, name=name)
    return token, text


def verify(text: object) -> Identity:
    """Whose token ``text`` is: one query, and none when it cannot be a token at all.

    Raises ``TokenExpired``, or ``NotAuthenticated`` for anything else, an inactive user included.
    """
    (result,) = verify_all([text])
    if isinstance(result, GatheringError):
        raise result
    return result


def verify_all(texts: Sequence[object]) -> list[Identity | GatheringError]:
    """:func:`verify` for many in one query; an error stands in its place."""
    shaped = {text for text in texts if isinstance(text, str) and _SHAPE.fullmatch(text)}
    # The index is asked for the keys, which are no secret; the secret is compared in constant time.
    keys = {text[: CONSTANTS.TOKEN_KEY_LENGTH] for text in shaped}
    rows: defaultdict[str, list[Token]] = defaultdict(list)
    for row in _tokens().filter(token_key__in=keys) if keys else ():
        rows[row.token_key].append(row)
    known = {text: _match(text, rows[text[: CONSTANTS.TOKEN_KEY_LENGTH]]) for text in shaped}
    return [known[text] if isinstance(text, str) and text in known else NotAuthenticated() for text in texts]


def revoke(token: Token) -> None:
    """Delete a token, and the tickets made with it.  Sends ``post_delete``."""
    token.delete()


def revoke_all(user: User) -> int:
    """Revoke every token of ``user``; how many there were.  Sends ``post_delete`` for each."""
    return Token.objects.filter(user=user).delete()[1].get(Token._meta.label, 0)


def identify(credential: Credential | str) -> Identity:
    """Whose credential it is.  A bare string is a token, as an ``auth`` frame carries it.

    Raises ``TokenExpired`` or ``NotAuthenticated``.  A ticket is used up by this.
    """
    if isinstance(credential, str):
        return verify(credential)
    return _BY_KIND[credential.kind](credential.value)


def identify_all(credentials: Sequence[Credential | str]) -> list[Identity | GatheringError]:
    """:func:`identify` for many: one query for all tokens; an error stands in its place."""
    tokens = {
        place: text for place, each in enumerate(credentials) if (text := _token_text(each)) is not None
    }
    verified = dict(zip(tokens, verify_all(list(tokens.values())), strict=True))
    return [verified[place] if place in verified else _try(each) for place, each in enumerate(credentials)]


def recheck(identity: Identity) -> Identity:
    """Read again whether ``identity`` still holds, and return it as it stands now.

    A session is prolonged by use and a user's rights change, so keep what is returned.  Raises
    ``TokenExpired`` when its time is up, ``AccessWithdrawn`` when the token or session is gone, the
    password changed, or the user was deactivated or deleted.
    """
    try:
        fresh = _read_again(identity)
    except TokenExpired:
        raise
    except NotAuthenticated as gone:
        if identity.expires_at is not None and identity.expires_at <= timezone.now():
            raise TokenExpired from gone
        raise AccessWithdrawn from gone
    if fresh.user.pk != identity.user.pk:
        raise AccessWithdrawn
    return fresh


def identity_of(request: Request) -> Identity:
    """The identity behind an authenticated REST request, by token or by session."""
    if isinstance(request.auth, Identity):
        return request.auth
    user, session = cast(User, request.user), request.session
    if not session.session_key:
        return Identity(user)
    return Identity(user, session_key=session.session_key, expires_at=sessions.expires_at(session))


def may_manage(user: User, other: User) -> bool:
    """May ``user`` make, list and revoke tokens of ``other``?

    Everybody their own; those of another person nobody; those of an agent staff, and whoever a
    registered function says, such as the agent's owner.
    """
    if user.pk == other.pk:
        return True
    return other.is_agent and (user.is_staff or any(says(user, other) for says in _managers))


def register_manager(says: Callable[[User, User], bool]) -> Callable[[User, User], bool]:
    """Let ``says(user, agent)`` allow more in ``may_manage``: for apps above, when they start."""
    if says not in _managers:
        _managers.append(says)
    return says


def _tokens() -> QuerySet[Token]:
    return Token.objects.select_related("user").order_by()


def _match(text: str, rows: Iterable[Token]) -> Identity | GatheringError:
    digest = hash_token(text)
    for token in rows:
        if compare_digest(token.digest, digest):
            try:
                identity = by_token(token)
            except GatheringError as error:
                return error
            _note_use(token)
            return identity
    return NotAuthenticated()


def _token_text(credential: Credential | str) -> str | None:
    """The text of a plain token; None for what is looked up in another way."""
    if isinstance(credential, str):
        return credential
    return credential.value if credential.kind == "token" else None


def _try(credential: Credential | str) -> Identity | GatheringError:
    try:
        return identify(credential)
    except GatheringError as error:
        return error


def _note_use(token: Token) -> None:
    now = timezone.now()
    if token.last_used_at is None or token.last_used_at <= now - USE_IS_NOTED_EVERY:
        # An update, because a save would tell every listener of a change that is none.
        Token.objects.filter(pk=token.pk).update(last_used_at=now)


def _verify_query(text: str) -> Identity:
    if text.startswith(tickets.PREFIX):
        return tickets.redeem(text)
    if not settings.GATHERING_QUERY_TOKENS:
        raise NotAuthenticated("This server takes no token in an address: make a ticket instead.")
    return verify(text)


def _read_again(identity: Identity) -> Identity:
    if identity.session_key is not None:
        return sessions.identify(identity.session_key)
    if identity.token_id is None:
        raise NotAuthenticated
    token = _tokens().filter(pk=identity.token_id).first()
    if token is None:
        raise NotAuthenticated
    return by_token(token)


_BY_KIND: dict[str, Callable[[str], Identity]] = {
    "token": verify,
    "query": _verify_query,
    "session": sessions.identify,
}
