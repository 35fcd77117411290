"""The client runs the vectors that the server runs: both read the same from the same."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from gathering_client import codes, cursor, errors, frames, names
from gathering_client.follower import Follower, Verdict
from gathering_client.frames import Event

VECTORS = Path(__file__).parents[3] / "gathering" / "protocol" / "vectors"


def cases(file: str, call: str | None = None) -> list[Any]:
    found = json.loads((VECTORS / file).read_text("utf-8"))["cases"]
    return [pytest.param(case, id=case["name"]) for case in found if call in (None, case.get("call"))]


@pytest.mark.parametrize("case", cases("names.json"))
def test_a_name(case: dict[str, Any]) -> None:
    text = bytes.fromhex(case["in_hex"]).decode("utf-8", "surrogatepass") if "in_hex" in case else case["in"]
    if "error" not in case:
        assert asdict(names.parse(text)) == case["out"]
        return
    with pytest.raises(errors.BadName) as refused:
        names.parse(text)
    assert refused.value.code == case["error"]


@pytest.mark.parametrize("case", cases("cursor.json", "judge"))
def test_a_judgement(case: dict[str, Any]) -> None:
    assert cursor.judge(**case["in"]).value == case["out"]


@pytest.mark.parametrize("case", cases("cursor.json", "apply"))
def test_a_clients_loop(case: dict[str, Any]) -> None:
    asked = case["in"]
    follower = Follower(asked["channel"], asked["cursor"], asked["epoch"])
    assert follow(follower, [frames.parse(json.dumps(frame)) for frame in asked["frames"]]) == case["out"]


@pytest.mark.parametrize("case", cases("frames-out.json"))
def test_a_frame_of_a_server(case: dict[str, Any]) -> None:
    event = asdict(frames.parse(case["in"]))
    assert {name: event[name] for name in case["out"]} == case["out"]


@pytest.mark.parametrize("case", cases("codes.json"))
def test_the_advice_after_a_close(case: dict[str, Any]) -> None:
    assert codes.advice(case["in"]).value == case["out"]


@pytest.mark.parametrize("case", cases("errors.json"))
def test_every_code_of_an_error_is_known(case: dict[str, Any]) -> None:
    data = {"code": case["in"], "detail": "Why.", "retryable": case["out"]["retryable"]}
    error = errors.refusal(data)
    assert type(error) is not errors.Refused
    assert (error.code, error.detail, error.retryable) == (case["in"], "Why.", data["retryable"])
    unnamed = errors.refusal({"code": "lost_in_time"}, case["out"]["status"])
    assert type(unnamed) is not errors.Refused
    assert isinstance(error, type(unnamed))


def follow(follower: Follower, sent: list[Event]) -> dict[str, Any]:
    """What the vectors say of a loop over ``sent``, which ends at the first gap."""
    seen: dict[str, Any] = {"applied": [], "dropped": [], "ephemeral": 0, "resets": 0, "gap": None}
    for event in sent:
        if event.type == frames.PING:
            follower.beat(event.data)
            continue
        verdict = follower.take(event)
        if verdict is Verdict.REPAIR:
            seen["gap"] = event.seq
            break
        seen["applied"] += [event.seq] if verdict is Verdict.APPLY else []
        seen["dropped"] += [event.seq] if verdict is Verdict.DROP else []
        seen["ephemeral"] += verdict is Verdict.PASS
        seen["resets"] += verdict is Verdict.RESET
    return {**seen, "cursor": follower.cursor, "epoch": follower.epoch, "behind": follower.behind}
