"""What a handshake carries, and who the door says it is.  No test here has a database."""

from typing import Any

import pytest

from gathering.accounts import tokens
from gathering.accounts.tokens import Credential
from gathering.auth import Door
from gathering.protocol.errors import OriginRefused

OWN = {"origin": "https://hub.example", "host": "hub.example"}
EVIL = {"origin": "https://evil.example", "host": "hub.example"}
COOKIE = {"cookie": "a=b; sessionid=abcdefgh; c=d"}

TOKEN = Credential("token", "T")
QUERY = Credential("query", "Q")
SESSION = Credential("session", "abcdefgh")


@pytest.fixture(autouse=True)
def hosts(settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["hub.example"]
    settings.GATHERING_ALLOWED_ORIGINS = []


async def through_the_door(
    headers: Any = (), query: str = "", protocols: Any = (), **more: Any
) -> dict[str, Any]:
    """The scope that is served behind the door."""
    pairs = headers.items() if isinstance(headers, dict) else headers
    scope = {
        "type": "websocket",
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in pairs],
        "query_string": query.encode(),
        "subprotocols": list(protocols),
        **more,
    }
    seen: list[dict[str, Any]] = []

    async def inner(scope: dict[str, Any], receive: Any, send: Any) -> None:
        seen.append(scope)

    await Door(inner)(scope, None, None)
    return seen[0]


@pytest.mark.parametrize(
    ("headers", "query", "protocols", "expected"),
    [
        # nothing
        ({}, "", [], None),
        ({}, "since=0&tokens=Q", ["gathering.v1", "other"], None),
        # one of each
        ({"authorization": "Bearer T"}, "", [], TOKEN),
        ({}, "", ["gathering.v1", "gathering.bearer.T"], TOKEN),
        ({}, "since=0&token=Q", [], QUERY),
        ({**OWN, **COOKIE}, "", [], SESSION),
        # the first that is there decides
        ({"authorization": "Bearer T", **OWN, **COOKIE}, "token=Q", ["gathering.bearer.X"], TOKEN),
        ({**OWN, **COOKIE}, "token=Q", ["gathering.bearer.T"], TOKEN),
        ({**OWN, **COOKIE}, "token=Q", [], QUERY),
        # ... even when it is wrong
        ({"authorization": "Basic YTpi"}, "token=Q", [], Credential("token", "")),
        ({"authorization": ""}, "token=Q", [], Credential("token", "")),
        ({"authorization": "Bearer"}, "token=Q", [], Credential("token", "")),
        ({"authorization": "Bearer "}, "token=Q", [], Credential("token", "")),
        ({"authorization": "Bearer T T"}, "token=Q", [], Credential("token", "T T")),
        ({"authorization": "T"}, "token=Q", [], Credential("token", "")),
        ({}, "token=Q", ["gathering.bearer."], Credential("token", "")),
        ({}, "token=Q", ["gathering.bearer.T", "gathering.bearer.U"], Credential("token", "")),
        ({**OWN, **COOKIE}, "token=", [], Credential("query", "")),
        ({}, "token=Q&token=R", [], Credential("query", "")),
        # spelling
        ({"authorization": "bEARER  T "}, "", [], TOKEN),
        ({"Authorization": "Bearer T"}, "", [], TOKEN),
        ({}, "token=%51", [], QUERY),
        ({}, "token=%ff", [], Credential("query", "\ufffd")),
        ({}, "token=a%00b", [], Credential("query", "a\0b")),
        ({"authorization": "Bearer \xff"}, "", [], Credential("token", "\xff")),
        # twice
        (
            [("authorization", "Bearer T"), ("authorization", "Bearer T")],
            "",
            [],
            Credential("token", "T,Bearer T"),
        ),
        ([*OWN.items(), ("cookie", "a=b"), ("cookie", "sessionid=abcdefgh")], "", [], SESSION),
        # a cookie counts only with an Origin that is ours
        ({"host": "hub.example", **COOKIE}, "", [], None),
        ({**OWN, "cookie": "sessionid="}, "", [], None),
        ({**OWN, "cookie": "other=abcdefgh"}, "", [], None),
    ],
)
async def test_the_door_finds_the_credential(
    headers: Any, query: str, protocols: list[str], expected: Credential | None
) -> None:
    scope = await through_the_door(headers, query, protocols)
    assert scope["credential"] == expected
    assert scope["origin_error"] is None


@pytest.mark.parametrize(
    "headers",
    [
        {**EVIL, **COOKIE},
        {**EVIL, "authorization": "Bearer T"},
        {"origin": "null", "host": "hub.example"},
        {"origin": "https://hub.example"},
        {"origin": "", "host": "hub.example"},
        {"origin": "https://evil.example", "host": "evil.example"},
        [*OWN.items(), *OWN.items()],
        [*OWN.items(), ("origin", "https://hub.example")],
        [*OWN.items(), ("host", "hub.example")],
        {"origin": "https://hub.example\xe9", "host": "hub.example"},
    ],
)
async def test_another_site_is_refused_whatever_it_brings(headers: Any) -> None:
    scope = await through_the_door(headers, "token=Q", ["gathering.v1", "gathering.bearer.T"])
    assert isinstance(scope["origin_error"], OriginRefused)
    assert scope["credential"] is None
    assert scope["subprotocol"] == "gathering.v1"


async def test_a_star_admits_any_site_without_its_cookie(settings: Any) -> None:
    settings.GATHERING_ALLOWED_ORIGINS = ["*"]
    scope = await through_the_door({**EVIL, **COOKIE})
    assert scope["origin_error"] is None
    assert scope["credential"] is None
    assert (await through_the_door({**EVIL, **COOKIE}, "token=Q"))["credential"] == QUERY


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        (["gathering.v1", "gathering.bearer.T"], "gathering.v1"),
        (["gathering.bearer.T", "gathering.v1"], "gathering.v1"),
        (["gathering.bearer.T"], None),
        (["graphql-ws"], None),
        ([], None),
    ],
)
async def test_the_token_is_never_the_chosen_subprotocol(offered: list[str], chosen: str | None) -> None:
    assert (await through_the_door(protocols=offered))["subprotocol"] == chosen


async def test_the_doors_functions_are_those_of_the_authority() -> None:
    scope = await through_the_door()
    assert scope["authenticate"] is tokens.identify
    assert scope["recheck"] is tokens.recheck


# HTTP


@pytest.mark.parametrize(
    ("method", "headers", "expected"),
    [
        ("GET", {"authorization": "Bearer T"}, TOKEN),
        ("GET", COOKIE, SESSION),
        ("HEAD", COOKIE, SESSION),
        ("POST", COOKIE, None),
        ("POST", {**OWN, **COOKIE}, SESSION),
    ],
)
async def test_over_http_a_cookie_counts_for_reading_or_from_our_own_site(
    method: str, headers: dict[str, str], expected: Credential | None
) -> None:
    scope = await through_the_door(headers, type="http", method=method)
    assert scope["credential"] == expected


async def test_over_http_another_site_is_refused() -> None:
    scope = await through_the_door({**EVIL, **COOKIE}, type="http", method="GET")
    assert isinstance(scope["origin_error"], OriginRefused)


async def test_the_servers_own_scopes_pass_untouched() -> None:
    scope = await through_the_door(type="lifespan")
    assert "credential" not in scope
