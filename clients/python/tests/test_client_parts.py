"""The parts that need no server: stores, backoff, credentials, handlers, the rule about a late head."""

from __future__ import annotations

import logging
import os
import random
from pathlib import Path
from typing import Any

import pytest

from gathering_client import Backoff, Event, FileStore, MemoryStore, NotGathering, Position, connect, frames
from gathering_client.credential import Credential
from gathering_client.follower import Follower
from gathering_client.handlers import Handlers

HERE = Position(7, "a1")


@pytest.mark.parametrize("make", [lambda path: MemoryStore(), FileStore], ids=["memory", "file"])
async def test_a_store_gives_back_what_it_was_given(make: Any, tmp_path: Path) -> None:
    store = make(tmp_path / "new" / "cursors.json")
    assert await store.load("circles.dev") is None
    await store.save("circles.dev", HERE)
    await store.save("circles.ops", Position(1))
    assert (await store.load("circles.dev"), await store.load("circles.ops")) == (HERE, Position(1))


async def test_a_file_is_read_by_the_next_process(tmp_path: Path) -> None:
    await FileStore(tmp_path / "cursors").save("circles.dev", HERE)
    assert await FileStore(tmp_path / "cursors").load("circles.dev") == HERE


async def test_a_save_that_fails_leaves_the_old_file_and_no_other(tmp_path: Path, monkeypatch: Any) -> None:
    store = FileStore(tmp_path / "cursors")
    await store.save("circles.dev", HERE)

    def fail(*_: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="full"):
        await store.save("circles.dev", Position(8, "a1"))
    assert os.listdir(tmp_path) == ["cursors"]
    assert await FileStore(tmp_path / "cursors").load("circles.dev") == HERE


async def test_the_new_file_is_on_the_disk_before_it_takes_the_place(
    tmp_path: Path, monkeypatch: Any
) -> None:
    done: list[str] = []
    fsync, rename = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda file: (done.append("fsync"), fsync(file)))
    monkeypatch.setattr(os, "replace", lambda *paths: (done.append("rename"), rename(*paths)))
    await FileStore(tmp_path / "cursors").save("circles.dev", HERE)
    assert done == ["fsync", "rename", "fsync"]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"circles.dev": 7}', '{"circles.dev": ["x", "a"]}'])
async def test_a_file_that_holds_no_cursors_is_not_taken_for_an_empty_one(tmp_path: Path, text: str) -> None:
    (tmp_path / "cursors").write_text(text)
    with pytest.raises(ValueError, match="holds no cursors"):
        await FileStore(tmp_path / "cursors").load("circles.dev")


def test_the_backoff_has_full_jitter_under_a_bound_that_doubles() -> None:
    waits = [Backoff(first=1, longest=10, dice=random.Random(seed)) for seed in range(500)]
    for bound in (1, 2, 4, 8, 10, 10):
        tries = [backoff.next() for backoff in waits]
        assert min(tries) < bound / 10
        assert bound * 0.9 < max(tries) <= bound


def test_the_backoff_begins_anew_after_a_success() -> None:
    backoff = Backoff(first=1, longest=10)
    for _ in range(9):
        backoff.next()
    backoff.succeeded()
    assert backoff.next() <= 1
    assert backoff.next(at_least=5) >= 5


async def test_a_provider_is_asked_once_for_each_token() -> None:
    tokens = iter(["one", "two"])
    credential = Credential(lambda: next(tokens))
    assert [await credential.get(), await credential.get()] == ["one", "one"]
    assert [await credential.renew(instead_of="one"), await credential.renew(instead_of="one")] == ["two"] * 2


async def test_a_provider_may_be_async() -> None:
    async def fetch() -> str:
        return "fetched"

    assert await Credential(fetch).get() == "fetched"


def test_a_head_that_is_late_by_one_ping_is_under_way_and_by_two_is_lost() -> None:
    follower = Follower("circles.dev", 3)
    assert not follower.beat({"head": 5})
    assert follower.behind
    assert follower.beat({"heads": {"circles.dev": 5}})
    follower.rejoin()
    assert not follower.beat({"head": 5})


def test_a_head_that_was_reached_in_time_is_no_loss() -> None:
    follower = Follower("circles.dev", 3)
    assert not follower.beat({"head": 4})
    follower.take(Event("user_message", {}, "circles.dev", 4))
    assert not follower.beat({"head": 6})
    assert follower.beat({"head": 6})


async def test_each_type_goes_to_its_handler_and_the_rest_to_the_default() -> None:
    handlers, seen = Handlers(), []
    handlers.on("user_message", "agent_message")(lambda event: seen.append(("message", event.type)))
    handlers.otherwise(lambda event: seen.append(("other", event.type)))
    for kind in ("user_message", "agent_message", "news_of_tomorrow"):
        await handlers.handle(Event(kind))
    assert seen == [("message", "user_message"), ("message", "agent_message"), ("other", "news_of_tomorrow")]


async def test_a_type_without_any_handler_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "gathering_client")
    handlers = Handlers()
    for _ in range(3):
        await handlers.handle(Event("news_of_tomorrow"))
    assert [record.getMessage().count("news_of_tomorrow") for record in caplog.records] == [1]


async def test_what_a_handler_raises_is_raised_or_goes_to_the_mishap() -> None:
    handlers, mishaps = Handlers(), []

    @handlers.on("user_message")
    async def fail(event: Event) -> None:
        raise LookupError(event.type)

    with pytest.raises(LookupError):
        await handlers.handle(Event("user_message"))
    await handlers.handle(Event("user_message"), lambda event, error: mishaps.append((event.type, error)))
    assert [(kind, type(error)) for kind, error in mishaps] == [("user_message", LookupError)]


@pytest.mark.parametrize(
    "text",
    ["", "<html>", "[]", "7", "null", "{}", '{"type":7}', '{"type":"x","seq":"1"}', '{"type":"x","seq":true}',
     '{"type":"x","channel":7}'],
)  # fmt: skip
def test_what_no_server_sends_is_no_frame(text: str) -> None:
    with pytest.raises(NotGathering):
        frames.parse(text)


@pytest.mark.parametrize("url", ["", "gathering.example", "ftp://gathering.example", "https://"])
async def test_what_is_no_address_is_said_to_be_none(url: str) -> None:
    with pytest.raises(NotGathering, match="no address"):
        await connect(url, "token")


def test_the_examples_are_as_short_as_they_say() -> None:
    examples = Path(__file__).parent.parent / "examples"
    for name in ("chat.py", "agent.py", "notify.py"):
        code = [line for line in (examples / name).read_text().split('"""', 2)[2].splitlines() if line]
        assert len(code) <= 20, name
