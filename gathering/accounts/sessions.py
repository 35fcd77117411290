"""The session cookie as a credential, judged as ``django.contrib.auth.get_user`` would, only read.

``get_user`` flushes or renames a session that it doubts, which needs a response that can carry the
new cookie: a socket has none, so the browser would be logged out.
"""

import re
from datetime import datetime
from importlib import import_module

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, load_backend
from django.contrib.sessions.backends.base import SessionBase
from django.utils.crypto import constant_time_compare

from gathering.protocol.errors import NotAuthenticated

from .identity import Identity
from .models import User

# A random name, or with the signed_cookies engine the whole signed session; browsers stop at 4096.
_KEY = re.compile(r"[\x21-\x7e]{8,4096}")


def identify(key: str) -> Identity:
    """Whose session ``key`` names.  Raises ``NotAuthenticated``, also for an inactive user's."""
    if not _KEY.fullmatch(key):
        raise NotAuthenticated
    session = import_module(settings.SESSION_ENGINE).SessionStore(key)
    user = _user_of(session)
    if user is None or not user.is_active:
        raise NotAuthenticated
    return Identity(user, session_key=key, expires_at=expires_at(session))


def expires_at(session: SessionBase) -> datetime:
    """When the session ends unless it is saved again before.

    ``get_expiry_date`` alone counts from now; engines with a table know when it really is.
    """
    if (model := getattr(session, "model", None)) is not None:
        rows = model.objects.filter(session_key=session.session_key)
        if (stored := rows.values_list("expire_date", flat=True).first()) is not None:
            return stored
    return session.get_expiry_date()


def _user_of(session: SessionBase) -> User | None:
    path = session.get(BACKEND_SESSION_KEY, "")
    if path not in settings.AUTHENTICATION_BACKENDS:
        return None
    user = load_backend(path).get_user(session.get(SESSION_KEY))
    return user if user is not None and _hash_holds(session, user) else None


def _hash_holds(session: SessionBase, user: User) -> bool:
    """False once the password was changed: that ends a user's other sessions."""
    stored = session.get(HASH_SESSION_KEY) or ""
    known = (user.get_session_auth_hash(), *user.get_session_auth_fallback_hash())
    return any(constant_time_compare(stored, each) for each in known)
