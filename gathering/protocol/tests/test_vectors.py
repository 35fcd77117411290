"""Python runs the vectors that every client runs."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from gathering.protocol import codes, cursor, errors, frames, names
from gathering.protocol.cursor import Judgement, Position, ResetReason, Since
from gathering.protocol.errors import GatheringError

from .reader import Reader
from .vectors import Case, cases, files, given, load

ENVELOPE = ("type", "data", "timestamp", "channel", "seq")
KEYS = {"name", "call", "in", "in_hex", "in_long", "out", "error", "ref"}


@pytest.mark.parametrize("path", files(), ids=lambda path: path.name)
def test_a_file_says_what_it_is_about_and_names_each_case_once(path: Path) -> None:
    content = load(path)
    named = [(case.get("call"), case["name"]) for case in content["cases"]]
    assert set(content) == {"about", "cases"}
    assert content["about"].endswith(".")
    assert len(named) == len(set(named))


@pytest.mark.parametrize("path", files(), ids=lambda path: path.name)
def test_a_case_has_one_question_and_one_answer(path: Path) -> None:
    for case in load(path)["cases"]:
        assert set(case) <= KEYS
        assert len({"in", "in_hex", "in_long"} & set(case)) == 1
        assert len({"out", "error"} & set(case)) == 1


@pytest.mark.parametrize("case", cases("names.json"))
def test_a_name(case: Case) -> None:
    value = given(case)
    text = value.decode("utf-8", "surrogatepass") if isinstance(value, bytes) else value
    answers(case, lambda: asdict(names.parse(text)))


@pytest.mark.parametrize("case", cases("cursor.json", "judge"))
def test_a_judgement(case: Case) -> None:
    assert cursor.judge(**case["in"]) is Judgement(case["out"])


@pytest.mark.parametrize("case", cases("cursor.json", "why_refused"))
def test_a_refusal_of_a_position(case: Case) -> None:
    since, position = Since(**case["in"]["since"]), Position(**case["in"]["position"])
    assert cursor.why_refused(since, position) == case["out"]


@pytest.mark.parametrize("case", cases("cursor.json", "parse_since"))
def test_what_is_asked_as_since(case: Case) -> None:
    def ask() -> object:
        since = cursor.parse_since(**case["in"])
        return None if since is None else asdict(since)

    answers(case, ask)


@pytest.mark.parametrize("case", cases("cursor.json", "apply"))
def test_a_clients_loop(case: Case) -> None:
    asked = case["in"]
    reader = Reader(asked["channel"], asked["cursor"], asked["epoch"])
    reader.read(asked["frames"])
    assert reader.report() == case["out"]


@pytest.mark.parametrize("case", cases("frames-in.json"))
def test_a_frame_of_a_client(case: Case) -> None:
    text = given(case)

    def ask() -> object:
        command = asdict(frames.parse(text))
        return {name: command[name] for name in case["out"]}

    answers(case, ask)
    assert "error" not in case or frames.reference(text) == case["ref"]


@pytest.mark.parametrize("case", cases("frames-out.json"))
def test_a_frame_of_a_server(case: Case) -> None:
    read = json.loads(case["in"])
    beside = {name: value for name, value in read.items() if name not in ENVELOPE}
    assert {**{name: read.get(name) for name in ENVELOPE}, "beside": beside} == case["out"]


@pytest.mark.parametrize("case", cases("frames-out.json"))
def test_the_server_writes_what_the_vectors_read(case: Case, monkeypatch: Any) -> None:
    wanted = {**case["out"], "timestamp": case["out"]["timestamp"] or "2026-01-31T12:00:00Z"}
    monkeypatch.setattr(frames, "timestamp", lambda *_: wanted["timestamp"])
    assert json.loads(written(wanted)).items() >= json.loads(case["in"]).items()


@pytest.mark.parametrize("case", cases("codes.json"))
def test_the_advice_after_a_close(case: Case) -> None:
    assert codes.advice(case["in"]) == case["out"]


@pytest.mark.parametrize("case", cases("errors.json"))
def test_what_an_error_code_means(case: Case) -> None:
    (kind,) = [each for each in tree(GatheringError) if each.code == case["in"]]
    assert case["out"] == {
        "retryable": kind.retryable,
        "status": kind.status,
        "close": kind.close,
    }


def test_the_vectors_know_every_error_and_every_close_code() -> None:
    known = {case.values[0]["in"] for case in cases("errors.json")}
    closes = {case.values[0]["in"] for case in cases("codes.json")}
    assert known == {kind.code for kind in tree(GatheringError) if kind is not GatheringError}
    assert set(codes.ADVICE) <= closes


def test_the_vectors_know_every_reason_of_a_reset() -> None:
    texts = [json.loads(case.values[0]["in"]) for case in cases("frames-out.json")]
    shown = {text["data"]["reason"] for text in texts if text["type"] == frames.RESET}
    assert shown == {reason.value for reason in ResetReason}


def answers(case: Case, ask: Any) -> None:
    """``ask()`` is the case's ``out``, or raises the error whose code is the case's ``error``."""
    if "out" in case:
        assert ask() == case["out"]
        return
    with pytest.raises(GatheringError) as raised:
        ask()
    assert raised.value.code == case["error"]


def written(wanted: dict[str, Any]) -> str:
    """The frame with the content of ``wanted``, as the server builds it."""
    kind, data, channel = wanted["type"], wanted["data"], wanted["channel"]
    if kind == frames.ACK:
        return frames.ack(data["ref"], data["seq"], channel)
    if kind == frames.PONG:
        return frames.pong(channel)
    if kind == frames.RESET:
        position = Position(data["epoch"], data["head"], data["floor"])
        return frames.reset(channel, position, ResetReason(data["reason"]))
    if kind == frames.WELCOME:
        position = Position(data["epoch"], data["head"], data["floor"])
        return frames.welcome(channel, position, data["actor"], resumed=data["resumed"])
    if kind in (frames.PING, frames.ERROR):
        return frames.control(kind, data, channel)
    moment = datetime.fromisoformat(wanted["timestamp"])
    beside = frames.dumps(wanted["beside"])
    return frames.event(kind, frames.dumps(data), channel, moment, seq=wanted["seq"], beside=beside)


def tree(root: type[GatheringError]) -> list[type[GatheringError]]:
    """``root`` and every class below it that the protocol itself defines."""
    found = [root]
    for kind in root.__subclasses__():
        if kind.__module__ == errors.__name__:
            found += tree(kind)
    return found
