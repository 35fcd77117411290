import logging
from typing import Any

import pytest

from gathering.accounts.scrub import ScrubTokens, scrub

SECRET = "s3cr3t-._~%41"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (f"/ws/?token={SECRET}", "/ws/?token=***"),
        (f"/ws/?since=0&token={SECRET}&epoch=x", "/ws/?since=0&token=***&epoch=x"),
        (f"/ws/?TICKET={SECRET} HTTP/1.1", "/ws/?TICKET=*** HTTP/1.1"),
        (f"gathering.v1, gathering.bearer.{SECRET}", "gathering.v1, gathering.bearer.***"),
        (
            f"['gathering.v1', 'gathering.bearer.{SECRET}']",
            "['gathering.v1', 'gathering.bearer.***']",
        ),
        (f"(b'authorization', b'Bearer {SECRET}')", "(b'authorization', b'Bearer ***')"),
        (f'{{"type":"auth","token":"{SECRET}"}}', '{"type":"auth","token":"***"}'),
        (f"{{'ticket': '{SECRET}'}}", "{'ticket': '***'}"),
        ("/ws/circles/dev-team?since=4", "/ws/circles/dev-team?since=4"),
        ("a token is needed", "a token is needed"),
    ],
)
def test_credentials_are_struck_out(before: str, after: str) -> None:
    assert scrub(before) == after
    assert scrub(after) == after


def line(msg: Any, *args: Any) -> str:
    """What is written of a record that went through the filter."""
    record = logging.LogRecord("test", logging.INFO, __file__, 1, msg, args, None)
    assert ScrubTokens().filter(record)
    return record.getMessage()


def test_a_tuple_of_arguments_stays_one() -> None:
    args = ("127.0.0.1:4", "GET", f"/ws/?token={SECRET}", "1.1", 101)
    record = logging.LogRecord("uvicorn.access", 20, "", 1, '%s - "%s %s HTTP/%s" %d', args, None)
    ScrubTokens().filter(record)
    assert record.args == ("127.0.0.1:4", "GET", "/ws/?token=***", "1.1", 101)


def test_a_dictionary_of_arguments_stays_one() -> None:
    assert line("%(method)s %(path)s", {"method": "GET", "path": f"/?ticket={SECRET}"}) == (
        "GET /?ticket=***"
    )


def test_an_object_is_struck_out_by_what_it_would_show() -> None:
    assert line("%s %s", ValueError(f"bad ?token={SECRET}"), 1.5) == "bad ?token=*** 1.5"
    assert line("%r", [b"gathering.bearer." + SECRET.encode()]).endswith("""bearer.***']\"""")


def test_a_message_without_arguments_is_struck_out() -> None:
    assert line(f"GET /?token={SECRET}") == "GET /?token=***"
    assert line(ValueError(f"?token={SECRET}")) == "?token=***"


def test_a_clean_object_stays_itself() -> None:
    record = logging.LogRecord("test", 20, "", 1, "%s", (path := ["a"],), None)
    ScrubTokens().filter(record)
    assert record.args[0] is path
