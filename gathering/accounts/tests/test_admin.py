import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone

from gathering.accounts import tokens
from gathering.accounts.models import Token, User

USERS = "/admin/accounts/user/"
TOKENS = "/admin/accounts/token/"


@pytest.fixture
def admin(client: Client, root: User) -> Client:
    client.force_login(root)
    return client


def act(client: Client, path: str, action: str, *rows: Any) -> Any:
    body = {"action": action, "_selected_action": [row.pk for row in rows]}
    return client.post(path, body, follow=True)


@pytest.mark.parametrize("path", [USERS, USERS + "add/", TOKENS, TOKENS + "add/"])
def test_every_page_opens(admin: Client, path: str, ada: User) -> None:
    tokens.mint(ada)
    assert admin.get(path).status_code == 200


def test_the_list_counts_tokens_and_finds_names(admin: Client, ada: User, bob: User) -> None:
    for _ in range(2):
        tokens.mint(ada)
    page = admin.get(USERS, {"q": "ada"}).content.decode()
    assert re.findall(r'field-token_count">(\d+)<', page) == ["2"]


def test_an_agent_is_made_without_a_password(admin: Client) -> None:
    body = {"username": "robo", "kind": "agent", "display_name": "", "usable_password": "false"}
    admin.post(USERS + "add/", body)
    robo = User.objects.get(username="robo")
    assert robo.is_agent
    assert not robo.has_usable_password()


def test_a_wrong_name_is_refused_with_a_sentence(admin: Client) -> None:
    body = {"username": "Eve!", "kind": "agent", "display_name": "", "usable_password": "false"}
    assert "begins with a letter" in admin.post(USERS + "add/", body).content.decode()


def test_a_name_is_read_only_once_made(admin: Client, ada: User) -> None:
    body = {"username": "eve", "kind": "agent", "display_name": "New", "is_active": "on"}
    assert admin.post(f"{USERS}{ada.pk}/change/", body).status_code == 302
    ada.refresh_from_db()
    assert (ada.username, ada.kind, ada.display_name) == ("ada", "person", "New")


def test_users_are_deactivated_and_activated_but_never_oneself(admin: Client, root: User, ada: User) -> None:
    act(admin, USERS, "deactivate", root, ada)
    assert [User.objects.get(pk=each.pk).is_active for each in (root, ada)] == [True, False]
    act(admin, USERS, "activate", ada)
    assert User.objects.get(pk=ada.pk).is_active


def test_tokens_of_users_are_revoked(admin: Client, ada: User, bob: User) -> None:
    for user in (ada, ada, bob):
        tokens.mint(user)
    page = act(admin, USERS, "revoke_tokens", ada).content.decode()
    assert "Tokens revoked: 2." in page
    assert Token.objects.get().user == bob


def test_a_new_token_is_shown_once(admin: Client, ada: User) -> None:
    body = {"user": ada.pk, "name": "laptop", "expiry_0": "", "expiry_1": ""}
    page = admin.post(TOKENS + "add/", body, follow=True).content.decode()
    text = re.search(r"not shown again: ([0-9a-f]{64})", page)[1]
    token = Token.objects.get()
    assert tokens.verify(text).token_id == token.digest
    for path in (TOKENS, f"{TOKENS}{token.pk}/change/"):
        assert text not in admin.get(path).content.decode()


def test_a_token_can_be_looked_at_and_not_changed(admin: Client, ada: User) -> None:
    token, _ = tokens.mint(ada, name="laptop")
    path = f"{TOKENS}{token.pk}/change/"
    assert "laptop" in admin.get(path).content.decode()
    assert admin.post(path, {"name": "other"}).status_code == 403


def test_tokens_say_how_they_stand_and_are_found_by_it(admin: Client, ada: User) -> None:
    lives = {"lasting": None, "later": 30, "soon": 2, "ended": 1}
    for name, days in lives.items():
        tokens.mint(ada, name=name, expires_in=days and timedelta(days=days))
    Token.objects.filter(name="ended").update(expiry=timezone.now())
    Token.objects.filter(name="later").update(created=timezone.now() - timedelta(days=100))

    def found(**query: str) -> dict[str, str]:
        page = admin.get(TOKENS, query).content.decode()
        return dict(re.findall(r'field-name">(\w+)<.*?class="state is-(\w+)"', page, re.DOTALL))

    assert found() == {"lasting": "good", "later": "good", "soon": "soon", "ended": "ended"}
    assert set(found(state="good")) == {"lasting", "later", "soon"}
    assert set(found(state="soon")) == {"soon"}
    assert set(found(state="ended")) == {"ended"}
    assert set(found(state="ever")) == {"lasting"}
    assert set(found(state="unused")) == {"later"}
    assert set(found(q=Token.objects.get(name="soon").public_id)) == {"soon"}


def test_the_list_of_users_says_when_a_token_was_used(admin: Client, ada: User) -> None:
    text = tokens.mint(ada)[1]
    assert "never" in admin.get(USERS, {"q": "ada"}).content.decode()
    tokens.verify(text)
    page = admin.get(USERS, {"q": "ada"}).content.decode()
    assert re.findall(r'field-token_used nowrap">([^<]+)<', page) != ["never"]


def test_tokens_are_revoked(admin: Client, ada: User) -> None:
    first, second = (tokens.mint(ada)[0] for _ in range(2))
    act(admin, TOKENS, "revoke", first)
    assert Token.objects.get() == second


def test_staff_cannot_become_superusers_by_a_token(client: Client, ada: User, root: User) -> None:
    ada.is_staff = True
    ada.save()
    ada.user_permissions.set(Permission.objects.filter(content_type__app_label="accounts"))
    client.force_login(ada)
    body = {"name": "", "expiry_0": "", "expiry_1": ""}
    assert client.post(TOKENS + "add/", {**body, "user": root.pk}).status_code == 200
    assert not Token.objects.exists()
    assert client.post(TOKENS + "add/", {**body, "user": ada.pk}).status_code == 302


def test_tickets_are_not_in_the_admin(admin: Client) -> None:
    assert admin.get("/admin/accounts/ticket/").status_code == 404
