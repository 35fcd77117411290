from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.db.models.signals import post_delete, post_save
from django.test import Client
from django.utils import timezone

from gathering.accounts import tickets, tokens
from gathering.accounts.models import Token, User
from gathering.accounts.tokens import Credential, Identity
from gathering.protocol.errors import AccessWithdrawn, NotAuthenticated, TokenExpired

from .conftest import expire, take_over

GARBAGE = [
    "",
    " ",
    "x",
    "0" * 63,
    "0" * 65,
    "A" * 64,
    "0" * 63 + "\n",
    "0" * 63 + "\0",
    "\0" * 64,
    "\ud800" * 64,
    "\u0660" * 64,
    "0" * 1_000_000,
    "gt1." + "A" * 43,
    None,
    7,
    b"0" * 64,
    ["0" * 64],
    {"token": "0" * 64},
]


@contextmanager
def heard(signal: Any, sender: type) -> Iterator[list[Any]]:
    """The instances that ``signal`` tells of meanwhile."""
    seen: list[Any] = []

    def listen(instance: Any, **_: Any) -> None:
        seen.append(instance)

    signal.connect(listen, sender=sender)
    try:
        yield seen
    finally:
        signal.disconnect(listen, sender=sender)


def test_a_minted_token_proves_its_user(ada: User) -> None:
    token, text = tokens.mint(ada, name="laptop")
    assert tokens.verify(text) == Identity(ada, token_id=token.digest)
    assert token.name == "laptop"


def test_the_plaintext_is_not_kept(ada: User) -> None:
    token, text = tokens.mint(ada)
    kept = Token.objects.filter(pk=token.pk).values().get()
    assert text not in str(kept)
    assert kept["token_key"] == text[:15]


def test_a_token_lasts_as_long_as_it_was_made_for(ada: User) -> None:
    token, text = tokens.mint(ada, expires_in=timedelta(hours=1))
    assert tokens.verify(text).expires_at == token.expiry
    assert timedelta(minutes=59) < token.expiry - timezone.now() <= timedelta(hours=1)


@pytest.mark.parametrize("text", GARBAGE, ids=lambda text: repr(text)[:20])
def test_what_cannot_be_a_token_is_refused_without_a_query(
    text: object, django_assert_num_queries: Any, db: None
) -> None:
    with django_assert_num_queries(0), pytest.raises(NotAuthenticated):
        tokens.verify(text)


def test_an_unknown_token_is_refused(ada: User) -> None:
    tokens.mint(ada)
    with pytest.raises(NotAuthenticated):
        tokens.verify("0" * 64)


def test_a_token_with_a_known_beginning_is_refused(ada: User) -> None:
    _, text = tokens.mint(ada)
    with pytest.raises(NotAuthenticated):
        tokens.verify(text[:15] + "0" * 49)


def test_an_expired_token_is_refused_as_such(ada: User) -> None:
    token, text = tokens.mint(ada)
    expire(token)
    with pytest.raises(TokenExpired):
        tokens.verify(text)


def test_the_token_of_an_inactive_user_is_refused(ada: User) -> None:
    _, text = tokens.mint(ada)
    User.objects.filter(pk=ada.pk).update(is_active=False)
    with pytest.raises(NotAuthenticated):
        tokens.verify(text)


def test_to_verify_a_used_token_is_one_query(ada: User, django_assert_num_queries: Any) -> None:
    _, text = tokens.mint(ada)
    tokens.verify(text)
    with django_assert_num_queries(1):
        tokens.verify(text)


def test_use_is_noted_once_in_five_minutes_and_silently(ada: User) -> None:
    token, text = tokens.mint(ada)
    with heard(post_save, Token) as saved:
        tokens.verify(text)
        token.refresh_from_db()
        first = token.last_used_at
        tokens.verify(text)
        token.refresh_from_db()
        assert token.last_used_at == first
        Token.objects.update(last_used_at=first - timedelta(minutes=6))
        tokens.verify(text)
    token.refresh_from_db()
    assert token.last_used_at > first - timedelta(minutes=1)
    assert saved == []


def test_a_refused_use_is_not_noted(ada: User) -> None:
    token, text = tokens.mint(ada)
    expire(token)
    with pytest.raises(TokenExpired):
        tokens.verify(text)
    token.refresh_from_db()
    assert token.last_used_at is None


def test_a_revoked_token_is_refused_and_told_of(ada: User) -> None:
    token, text = tokens.mint(ada)
    with heard(post_delete, Token) as gone:
        tokens.revoke(token)
    assert gone == [token]
    with pytest.raises(NotAuthenticated):
        tokens.verify(text)


def test_all_tokens_of_a_user_are_revoked_and_told_of(ada: User, bob: User) -> None:
    mine = [tokens.mint(ada)[0] for _ in range(3)]
    _, his = tokens.mint(bob)
    tickets.issue(Identity(ada, token_id=mine[0].digest))
    with heard(post_delete, Token) as gone:
        assert tokens.revoke_all(ada) == 3
    assert {token.user for token in gone} == {ada}
    assert len(gone) == 3
    assert tokens.revoke_all(ada) == 0
    assert tokens.verify(his).user == bob


# What a request carried


def test_a_bare_string_is_a_token(ada: User) -> None:
    _, text = tokens.mint(ada)
    assert tokens.identify(text) == tokens.identify(Credential("token", text))


def test_a_query_holds_a_token_or_a_ticket(ada: User) -> None:
    token, text = tokens.mint(ada)
    ticket, _ = tickets.issue(tokens.verify(text))
    assert tokens.identify(Credential("query", text)).token_id == token.digest
    assert tokens.identify(Credential("query", ticket)).token_id == token.digest


def test_a_ticket_is_no_token(ada: User) -> None:
    ticket, _ = tickets.issue(tokens.verify(tokens.mint(ada)[1]))
    with pytest.raises(NotAuthenticated):
        tokens.identify(Credential("token", ticket))


def test_tokens_in_the_query_can_be_switched_off(ada: User, settings: Any) -> None:
    settings.GATHERING_QUERY_TOKENS = False
    _, text = tokens.mint(ada)
    ticket, _ = tickets.issue(tokens.verify(text))
    with pytest.raises(NotAuthenticated, match="make a ticket"):
        tokens.identify(Credential("query", text))
    assert tokens.identify(Credential("query", ticket)).user == ada


# Sessions


def test_a_session_proves_its_user(ada: User, session_key: str) -> None:
    identity = tokens.identify(Credential("session", session_key))
    stored = Session.objects.get(pk=session_key)
    assert identity == Identity(ada, session_key=session_key, expires_at=stored.expire_date)


@pytest.mark.parametrize("engine", ["db", "cached_db", "cache", "file", "signed_cookies"])
def test_every_session_engine_of_django_proves_its_user(
    engine: str, client: Client, ada: User, settings: Any, tmp_path: Any
) -> None:
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{engine}"
    settings.SESSION_FILE_PATH = str(tmp_path)
    client.force_login(ada)
    key = client.cookies[settings.SESSION_COOKIE_NAME].value
    identity = tokens.identify(Credential("session", key))
    assert identity.user == ada
    assert identity.expires_at > timezone.now()


@pytest.mark.parametrize("key", ["", "x", "0" * 32, "a b" * 9, "é" * 32, "\0" * 32, "x" * 5000])
def test_an_unknown_session_is_refused(key: str, db: None) -> None:
    with pytest.raises(NotAuthenticated):
        tokens.identify(Credential("session", key))


def test_a_session_of_nobody_is_refused(client: Client, db: None) -> None:
    session = client.session
    session["a"] = 1
    session.save()
    with pytest.raises(NotAuthenticated):
        tokens.identify(Credential("session", session.session_key))


def test_a_session_outlives_a_new_secret_key_unchanged(session_key: str, settings: Any) -> None:
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another"
    assert tokens.identify(Credential("session", session_key)).session_key == session_key
    assert Session.objects.filter(pk=session_key).exists()


def test_an_inactive_users_session_is_refused_whatever_the_backend(
    client: Client, ada: User, settings: Any
) -> None:
    settings.AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.AllowAllUsersModelBackend"]
    client.force_login(ada)
    User.objects.update(is_active=False)
    with pytest.raises(NotAuthenticated):
        tokens.identify(Credential("session", client.session.session_key or ""))


# Is it still good?


@pytest.fixture
def by_token(ada: User) -> Identity:
    return tokens.verify(tokens.mint(ada, expires_in=timedelta(hours=1))[1])


@pytest.fixture
def by_session(session_key: str) -> Identity:
    return tokens.identify(Credential("session", session_key))


@pytest.fixture(params=["by_token", "by_session"])
def identity(request: pytest.FixtureRequest) -> Identity:
    return request.getfixturevalue(request.param)


def test_what_still_holds_is_read_afresh(identity: Identity) -> None:
    User.objects.filter(pk=identity.user.pk).update(is_staff=True)
    fresh = tokens.recheck(identity)
    assert fresh == identity
    assert fresh.user.is_staff


def test_to_recheck_a_token_is_one_query(by_token: Identity, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        tokens.recheck(by_token)


def test_a_deactivated_user_loses_access(identity: Identity) -> None:
    User.objects.filter(pk=identity.user.pk).update(is_active=False)
    with pytest.raises(AccessWithdrawn):
        tokens.recheck(identity)


def test_a_deleted_user_loses_access(identity: Identity) -> None:
    User.objects.filter(pk=identity.user.pk).delete()
    with pytest.raises(AccessWithdrawn):
        tokens.recheck(identity)


def test_a_revoked_token_loses_access(by_token: Identity) -> None:
    tokens.revoke_all(by_token.user)
    with pytest.raises(AccessWithdrawn):
        tokens.recheck(by_token)


def test_an_expired_token_has_expired(by_token: Identity) -> None:
    expire(Token.objects.get(pk=by_token.token_id))
    with pytest.raises(TokenExpired):
        tokens.recheck(by_token)


def test_a_prolonged_token_is_read_afresh(by_token: Identity) -> None:
    Token.objects.update(expiry=None)
    assert tokens.recheck(by_token).expires_at is None


def test_a_logout_withdraws_access(by_session: Identity, client: Client) -> None:
    client.logout()
    with pytest.raises(AccessWithdrawn):
        tokens.recheck(by_session)


def test_a_new_password_withdraws_access_of_sessions_only(by_session: Identity, by_token: Identity) -> None:
    ada = by_session.user
    ada.set_password("another")
    ada.save()
    with pytest.raises(AccessWithdrawn):
        tokens.recheck(by_session)
    assert tokens.recheck(by_token).user == ada


def test_a_session_that_is_now_another_users_withdraws_access(
    by_session: Identity, session_key: str, bob: User
) -> None:
    take_over(session_key, bob)
    with pytest.raises(AccessWithdrawn):
        tokens.recheck(by_session)


def test_an_expired_session_has_expired(by_session: Identity) -> None:
    session = Session.objects.get(pk=by_session.session_key)
    expire(session)
    session.refresh_from_db()
    late = Identity(by_session.user, None, by_session.session_key, session.expire_date)
    with pytest.raises(TokenExpired):
        tokens.recheck(late)


# Who may manage whose


def test_everybody_manages_their_own_tokens(ada: User, robo: User) -> None:
    assert tokens.may_manage(ada, ada)
    assert tokens.may_manage(robo, robo)


def test_nobody_manages_another_persons_tokens(root: User, ada: User, bob: User) -> None:
    assert not tokens.may_manage(root, ada)
    assert not tokens.may_manage(bob, ada)


def test_staff_and_the_registered_manage_agents(
    root: User, ada: User, bob: User, robo: User, ada_owns_robo: None
) -> None:
    assert tokens.may_manage(root, robo)
    assert tokens.may_manage(ada, robo)
    assert not tokens.may_manage(bob, robo)
    assert not tokens.may_manage(robo, ada)
