from typing import Any

import pytest

from gathering.accounts import origins

SAME = [
    ("http://hub.example", "hub.example"),
    ("https://hub.example", "hub.example"),
    ("HTTPS://Hub.Example", "hub.EXAMPLE"),
    ("https://hub.example:443", "hub.example"),
    ("https://hub.example", "hub.example:443"),
    ("http://hub.example:80", "hub.example"),
    ("http://hub.example:8000", "hub.example:8000"),
    ("https://hub.example.", "hub.example."),
    ("http://[::1]:8000", "[::1]:8000"),
    ("http://[0:0:0:0:0:0:0:1]:8000", "[::1]:8000"),
    ("http://127.0.0.1:8000", "127.0.0.1:8000"),
]
OTHER = [
    ("https://evil.example", "hub.example"),
    ("https://hub.example.evil.example", "hub.example"),
    ("https://evil-hub.example", "hub.example"),
    ("https://sub.hub.example", "hub.example"),
    ("https://hub.example:8443", "hub.example"),
    ("http://hub.example", "hub.example:8000"),
    ("http://hub.example:443", "hub.example"),
    ("https://hub.example.", "hub.example"),
    ("https://hub.example", ""),
    ("https://evil.example", "evil.example"),  # a Host that is not one of ours
    ("null", "hub.example"),
    ("", "hub.example"),
    ("hub.example", "hub.example"),
    ("//hub.example", "hub.example"),
    ("https:hub.example", "hub.example"),
    ("https://hub.example/", "hub.example"),
    ("https://hub.example/path", "hub.example"),
    ("https://hub.example?q", "hub.example"),
    ("https://hub.example#f", "hub.example"),
    ("https://ada@hub.example", "hub.example"),
    ("https://hub.example@evil.example", "hub.example"),
    ("https://hub.example:", "hub.example"),
    ("https://hub.example:65536", "hub.example:65536"),
    ("https://hub.example:443443443", "hub.example"),
    ("https://hub.example https://hub.example", "hub.example"),
    ("https://hub.example,https://hub.example", "hub.example"),
    (" https://hub.example", "hub.example"),
    ("https://hub.example\n", "hub.example"),
    ("https://\u212aub.example", "kub.example"),
    ("https://[::1", "[::1]"),
    ("https://[::1]evil", "[::1]"),
    ("https://[:::1]", "[:::1]"),
    ("https://[fe80::1%25eth0]", "[fe80::1]"),
    ("https://hub.example", "hub.example,hub.example"),
    ("https://hub.example", "ada@hub.example"),
    ("chrome-extension://hub.example", "hub.example"),
    ("file://", "hub.example"),
]


@pytest.fixture(autouse=True)
def hosts(settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["hub.example", "kub.example", "127.0.0.1", "[::1]"]
    settings.GATHERING_ALLOWED_ORIGINS = []


@pytest.mark.parametrize(("origin", "host"), SAME)
def test_the_site_that_the_host_serves_may_connect(origin: str, host: str) -> None:
    assert origins.is_own(origin, host)
    assert origins.is_allowed(origin, host)


@pytest.mark.parametrize(("origin", "host"), OTHER)
def test_another_site_may_not(origin: str, host: str) -> None:
    assert not origins.is_own(origin, host)
    assert not origins.is_allowed(origin, host)


@pytest.mark.parametrize("origin", ["https://app.example", "HTTPS://APP.example:443"])
def test_a_named_site_may_connect(origin: str, settings: Any) -> None:
    settings.GATHERING_ALLOWED_ORIGINS = ["https://app.example"]
    assert origins.is_own(origin, "hub.example")


@pytest.mark.parametrize("origin", ["http://app.example", "https://app.example:8443", "null"])
def test_a_named_site_is_named_with_scheme_and_port(origin: str, settings: Any) -> None:
    settings.GATHERING_ALLOWED_ORIGINS = ["https://app.example"]
    assert not origins.is_allowed(origin, "hub.example")


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "chrome-extension://abc"])
def test_a_star_admits_any_site_but_makes_none_our_own(origin: str, settings: Any) -> None:
    settings.GATHERING_ALLOWED_ORIGINS = ["*"]
    assert origins.is_allowed(origin, "hub.example")
    assert not origins.is_own(origin, "hub.example")


def test_a_star_does_not_admit_what_is_no_origin(settings: Any) -> None:
    settings.GATHERING_ALLOWED_ORIGINS = ["*"]
    assert not origins.is_allowed("https://a.example,https://b.example", "hub.example")


def test_without_named_hosts_a_debug_server_serves_this_machine(settings: Any) -> None:
    settings.DEBUG, settings.ALLOWED_HOSTS = True, []
    assert origins.is_own("http://localhost:8000", "localhost:8000")
    assert not origins.is_own("http://hub.example", "hub.example")
