import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from gathering.accounts import tickets, tokens
from gathering.accounts.models import Ticket, User
from gathering.accounts.tokens import Credential, Identity
from gathering.protocol.errors import NotAuthenticated, TokenExpired

from .conftest import expire, take_over


@pytest.fixture
def identity(ada: User) -> Identity:
    return tokens.verify(tokens.mint(ada, expires_in=timedelta(hours=1))[1])


@pytest.fixture
def by_session(session_key: str) -> Identity:
    return tokens.identify(Credential("session", session_key))


def test_a_ticket_carries_the_token_that_made_it(identity: Identity) -> None:
    text, _ = tickets.issue(identity)
    assert tickets.redeem(text) == identity


def test_a_ticket_carries_the_session_that_made_it(by_session: Identity) -> None:
    text, _ = tickets.issue(by_session)
    assert tickets.redeem(text) == by_session


def test_a_ticket_works_once(identity: Identity) -> None:
    text, _ = tickets.issue(identity)
    tickets.redeem(text)
    with pytest.raises(NotAuthenticated, match="used already"):
        tickets.redeem(text)


def test_a_ticket_ends_after_half_a_minute(identity: Identity) -> None:
    text, ends = tickets.issue(identity)
    assert timedelta(seconds=29) < ends - timezone.now() <= timedelta(seconds=30)
    Ticket.objects.update(expires_at=timezone.now())
    with pytest.raises(NotAuthenticated, match="too old"):
        tickets.redeem(text)


def test_a_setting_can_shorten_its_life_and_not_lengthen_it(identity: Identity, settings: Any) -> None:
    settings.GATHERING_TICKET_SECONDS = 5
    assert tickets.issue(identity)[1] - timezone.now() <= timedelta(seconds=5)
    settings.GATHERING_TICKET_SECONDS = 3600
    assert tickets.issue(identity)[1] - timezone.now() <= timedelta(seconds=30)


def test_a_ticket_does_not_outlive_its_token(ada: User) -> None:
    token, text = tokens.mint(ada, expires_in=timedelta(seconds=3))
    assert tickets.issue(tokens.verify(text))[1] == token.expiry


def test_a_ticket_is_text_for_an_address_and_its_digest_alone_is_kept(identity: Identity) -> None:
    text, _ = tickets.issue(identity)
    assert quote(text, safe="") == text
    assert text not in str(Ticket.objects.values().get())


def test_a_ticket_goes_with_its_token(identity: Identity) -> None:
    text, _ = tickets.issue(identity)
    tokens.revoke_all(identity.user)
    assert not Ticket.objects.exists()
    with pytest.raises(NotAuthenticated):
        tickets.redeem(text)


def test_a_ticket_goes_with_its_session(by_session: Identity, client: Client) -> None:
    text, _ = tickets.issue(by_session)
    client.logout()
    with pytest.raises(NotAuthenticated):
        tickets.redeem(text)


def test_a_ticket_does_not_become_another_users(by_session: Identity, session_key: str, bob: User) -> None:
    text, _ = tickets.issue(by_session)
    take_over(session_key, bob)
    with pytest.raises(NotAuthenticated):
        tickets.redeem(text)


def test_a_ticket_of_an_expired_token_says_so(identity: Identity) -> None:
    text, _ = tickets.issue(identity)
    expire(Ticket.objects.get().token)
    with pytest.raises(TokenExpired):
        tickets.redeem(text)


def test_a_ticket_of_an_inactive_user_is_refused(identity: Identity) -> None:
    text, _ = tickets.issue(identity)
    User.objects.update(is_active=False)
    with pytest.raises(NotAuthenticated):
        tickets.redeem(text)


@pytest.mark.parametrize(
    "text",
    ["", "gt1.", "gt1." + "A" * 42, "gt1." + "A" * 43 + "\n", "gt1." + "é" * 43, None, 7, b""],
)
def test_what_cannot_be_a_ticket_is_refused_without_a_query(
    text: object, django_assert_num_queries: Any, db: None
) -> None:
    with django_assert_num_queries(0), pytest.raises(NotAuthenticated):
        tickets.redeem(text)


def test_there_is_no_ticket_without_a_credential(ada: User) -> None:
    with pytest.raises(NotAuthenticated):
        tickets.issue(Identity(ada))


def test_old_tickets_are_swept_when_one_is_made(identity: Identity) -> None:
    tickets.issue(identity)
    Ticket.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    tickets.issue(identity)
    assert Ticket.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_many_who_redeem_at_once_one_wins(identity: Identity) -> None:
    text, _ = tickets.issue(identity)
    together = threading.Barrier(8)

    def redeem(_: int) -> bool:
        together.wait()
        try:
            return tickets.redeem(text) == identity
        except NotAuthenticated:
            return False
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(redeem, range(8))) == 1
