"""A run, told once more: nothing twice, nothing left out, whatever was heard of it before."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from agents.retelling import Retelling

from .test_activity import FINISHED, STARTED, text, tool


def content(delta: str) -> dict[str, Any]:
    return text("CONTENT", delta=delta)


def test_what_is_past_is_one_content() -> None:
    run = Retelling()
    told = [*run.kept(STARTED, None), *run.kept(text("START"), None), *run.kept(text("END"), "Hello")]
    assert [*told, *run.kept(FINISHED, None)] == [
        STARTED,
        text("START"),
        content("Hello"),
        text("END"),
        FINISHED,
    ]
    assert (run.count, run.ended) == (4, True)


def test_an_empty_text_has_no_content() -> None:
    run = Retelling()
    run.kept(text("START"), None)
    assert run.kept(text("END"), "") == [text("END")]


def test_a_delta_that_was_told_in_part_is_told_for_the_rest() -> None:
    run = Retelling()
    run.kept(text("START"), None)
    assert run.so_far("text", "m1", "Hel", 3) == [content("Hel")]
    assert run.delta(content("el"), 1) == []
    assert run.delta(content("llo"), 2) == [content("lo")]
    assert run.kept(text("END"), "Hello") == [text("END")]


def test_a_gap_waits_for_what_is_stored_or_for_the_end() -> None:
    run = Retelling()
    run.kept(text("START"), None)
    assert run.delta(content("lo"), 3) == []
    assert run.behind
    assert run.so_far("text", "m1", "Hello", 5) == [content("Hello")]
    assert not run.behind
    assert run.delta(content("."), 7) == []
    assert run.kept(text("END"), "Hello you.") == [content(" you."), text("END")]


def test_a_text_of_which_not_all_is_kept_goes_on() -> None:
    run = Retelling()
    run.kept(text("START"), None)
    assert run.so_far("text", "m1", "Hel", 5) == [content("Hel")]
    assert run.delta(content("."), 5) == [content(".")]
    assert run.kept(text("END"), "Hel") == [text("END")]


def test_chunks_are_told_as_what_they_stand_for() -> None:
    run = Retelling()
    run.kept(text("START"), None)
    chunk = {"type": "TEXT_MESSAGE_CHUNK", "messageId": "m1", "role": "assistant", "delta": "Hel"}
    assert run.delta(chunk, 0) == [content("Hel")]
    assert run.delta({"type": "TEXT_MESSAGE_CHUNK", "delta": "lo"}, 3) == [content("lo")]
    run.kept(tool("START", toolCallName="read"), None)
    assert run.delta({"type": "TOOL_CALL_CHUNK", "delta": "{}"}, 0) == [tool("ARGS", delta="{}")]


@given(st.lists(st.text("ab", min_size=1, max_size=3), max_size=6), st.data())
def test_whatever_is_heard_the_whole_is_told_once(deltas: list[str], data: st.DataObject) -> None:
    run, whole = Retelling(), "".join(deltas)
    said = run.kept(text("START"), None)
    offset = 0
    for delta in deltas:
        if data.draw(st.booleans(), "heard"):
            said += run.delta(content(delta), offset)
        offset += len(delta)
        if data.draw(st.booleans(), "looked"):
            said += run.so_far("text", "m1", whole[:offset], offset)
    said += run.kept(text("END"), whole)
    assert "".join(event.get("delta", "") for event in said) == whole
    assert said[-1] == text("END")
