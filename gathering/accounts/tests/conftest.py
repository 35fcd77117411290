"""The cast: Ada, who owns Robo; Bob, who does not; Robo, an agent."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from gathering.accounts import tokens
from gathering.accounts.models import Token, User

PASSWORD = "correct horse battery staple"


@pytest.fixture(autouse=True)
def quick_passwords(settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def ada(db: None) -> User:
    return User.objects.create_user("ada", PASSWORD, display_name="Ada L.")


@pytest.fixture
def bob(db: None) -> User:
    return User.objects.create_user("bob", PASSWORD)


@pytest.fixture
def robo(db: None) -> User:
    return User.objects.create_agent("robo")


@pytest.fixture
def root(db: None) -> User:
    return User.objects.create_superuser("root", PASSWORD)


@pytest.fixture
def session_key(client: Client, ada: User) -> str:
    """Of a browser in which Ada is logged in."""
    client.force_login(ada)
    return client.session.session_key or ""


@pytest.fixture
def ada_owns_robo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "_managers", [])
    tokens.register_manager(lambda user, other: (user.username, other.username) == ("ada", "robo"))


@pytest.fixture
def as_ada(ada: User) -> Callable[..., Any]:
    """``as_ada("post", "/api/tokens/", {...})``: a request with a token of Ada's."""
    _, text = tokens.mint(ada, name="first")
    client = Client(headers={"authorization": f"Bearer {text}"})

    def request(method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        if method == "get":
            return client.get(path, body)
        return getattr(client, method)(path, body or {}, content_type="application/json")

    return request


def take_over(session_key: str, user: User) -> None:
    """Let the session be another user's, as no login of Django's would."""
    session = SessionStore(session_key)
    session[SESSION_KEY] = str(user.pk)
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()


def expire(row: Token | Session) -> None:
    """Let the time of ``row`` be up."""
    field = "expiry" if isinstance(row, Token) else "expire_date"
    past = timezone.now() - timedelta(seconds=1)
    type(row).objects.filter(pk=row.pk).update(**{field: past})
