from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from gathering.accounts import tickets, tokens
from gathering.accounts.models import Token, User

from .conftest import PASSWORD, expire

Request = Callable[..., Any]


def test_me_says_who_a_token_belongs_to(as_ada: Request, ada: User) -> None:
    assert as_ada("get", "/api/me/").json() == {
        "id": ada.pk,
        "name": "ada",
        "kind": "person",
        "display_name": "Ada L.",
        "is_staff": False,
    }


def test_me_says_who_a_session_belongs_to(client: Client, ada: User) -> None:
    client.force_login(ada)
    assert client.get("/api/me/").json()["name"] == "ada"


@pytest.mark.parametrize("path", ["/api/me/", "/api/tokens/"])
def test_without_a_credential_there_is_no_answer(path: str, client: Client, db: None) -> None:
    answer = client.get(path)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert answer.json()["code"] == "not_authenticated"


@pytest.mark.parametrize(
    "header", ["Bearer", "Bearer x", "Basic YTpi", "Bearer " + "0" * 64, "", "Bearer a b"]
)
def test_a_wrong_header_is_not_skipped_for_the_session(header: str, client: Client, ada: User) -> None:
    client.force_login(ada)
    answer = client.get("/api/me/", headers={"authorization": header})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_an_expired_token_is_told_apart(as_ada: Request, ada: User) -> None:
    expire(ada.auth_token_set.get())
    answer = as_ada("get", "/api/me/")
    assert (answer.status_code, answer.json()["code"]) == (401, "token_expired")


# Tokens


def test_a_made_token_is_shown_once_and_works(as_ada: Request) -> None:
    answer = as_ada("post", "/api/tokens/", {"name": "laptop", "expires_in": 60})
    made = answer.json()
    assert answer.status_code == 201
    assert answer.headers["Cache-Control"] == "no-store"
    assert made["name"] == "laptop"
    assert tokens.verify(made["token"]).token_id.startswith(made["id"])
    assert made["token"] not in as_ada("get", "/api/tokens/").content.decode()


def test_a_token_that_ends_makes_none_that_outlives_it(ada: User) -> None:
    text = tokens.mint(ada, expires_in=timedelta(hours=1))[1]
    client = Client(headers={"authorization": f"Bearer {text}"})

    def make(**body: int) -> Any:
        return client.post("/api/tokens/", body, content_type="application/json")

    ends = parse_datetime(make().json()["expires_at"])
    assert timedelta(0) < ends - timezone.now() <= timedelta(hours=1)
    assert make(expires_in=60).status_code == 201
    longer = make(expires_in=7200)
    assert (longer.status_code, longer.json()["code"]) == (400, "bad_field")
    assert list(longer.json()["fields"]) == ["expires_in"]


def test_the_list_has_ones_own_tokens_and_marks_the_current(as_ada: Request, bob: User) -> None:
    tokens.mint(bob)
    made = as_ada("post", "/api/tokens/", {"name": "second"}).json()
    listed = as_ada("get", "/api/tokens/").json()
    assert [(each["name"], each["current"]) for each in listed] == [
        ("second", False),
        ("first", True),
    ]
    assert listed[0] == {name: value for name, value in made.items() if name != "token"}
    assert listed[1]["last_used_at"] is not None


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"expires_in": 0}, "expires_in"),
        ({"expires_in": -1}, "expires_in"),
        ({"expires_in": 10**12}, "expires_in"),
        ({"expires_in": "soon"}, "expires_in"),
        ({"name": "x" * 101}, "name"),
        ({"name": "a\0b"}, "name"),
        ({"name": []}, "name"),
        ({"agent": "a\0b"}, "agent"),
    ],
)
def test_a_wrong_field_is_named(as_ada: Request, body: dict[str, Any], field: str) -> None:
    answer = as_ada("post", "/api/tokens/", body)
    assert answer.status_code == 400
    assert answer.json()["code"] == "bad_field"
    assert list(answer.json()["fields"]) == [field]


def test_a_revoked_token_is_gone(as_ada: Request) -> None:
    made = as_ada("post", "/api/tokens/").json()
    assert as_ada("delete", f"/api/tokens/{made['id']}/").status_code == 204
    assert as_ada("delete", f"/api/tokens/{made['id']}/").status_code == 404


@pytest.mark.parametrize("public_id", ["0" * 16, "0" * 15, "%00", "A" * 16, "%25", "_" * 16])
def test_an_unknown_token_is_not_found(as_ada: Request, public_id: str) -> None:
    answer = as_ada("delete", f"/api/tokens/{public_id}/")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_another_persons_token_is_not_found(as_ada: Request, bob: User) -> None:
    token, _ = tokens.mint(bob)
    assert as_ada("delete", f"/api/tokens/{token.public_id}/").status_code == 404
    assert Token.objects.filter(pk=token.pk).exists()


def test_an_owner_makes_lists_and_revokes_an_agents_tokens(
    as_ada: Request, robo: User, ada_owns_robo: None
) -> None:
    made = as_ada("post", "/api/tokens/", {"agent": "robo"}).json()
    assert tokens.verify(made["token"]).user == robo
    listed = as_ada("get", "/api/tokens/", {"agent": "robo"}).json()
    assert [each["id"] for each in listed] == [made["id"]]
    assert as_ada("delete", f"/api/tokens/{made['id']}/").status_code == 204


@pytest.mark.parametrize("name", ["robo", "bob", "nobody"])
def test_what_is_not_ones_own_agent_is_not_found(as_ada: Request, name: str, robo: User, bob: User) -> None:
    for method in ("get", "post"):
        answer = as_ada(method, "/api/tokens/", {"agent": name})
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert not Token.objects.exclude(name="first").exists()


def test_staff_make_tokens_for_agents_and_not_for_people(as_ada: Request, ada: User, robo: User) -> None:
    ada.is_staff = True
    ada.save()
    User.objects.create_user("bob")
    assert as_ada("post", "/api/tokens/", {"agent": "robo"}).status_code == 201
    assert as_ada("post", "/api/tokens/", {"agent": "bob"}).status_code == 404


# Tickets


def test_a_token_makes_a_ticket(as_ada: Request, ada: User) -> None:
    answer = as_ada("post", "/api/tickets/")
    assert answer.status_code == 201
    assert answer.headers["Cache-Control"] == "no-store"
    assert tickets.redeem(answer.json()["ticket"]).token_id == ada.auth_token_set.get().digest


def test_a_session_makes_a_ticket(client: Client, ada: User) -> None:
    client.force_login(ada)
    identity = tickets.redeem(client.post("/api/tickets/").json()["ticket"])
    assert (identity.user, identity.session_key) == (ada, client.session.session_key)


def test_another_site_cannot_make_a_ticket_with_a_session(ada: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.login(username="ada", password=PASSWORD)
    answer = client.post("/api/tickets/")
    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")
