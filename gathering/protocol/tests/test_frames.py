"""Frames, whatever comes in and whatever goes out."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gathering.protocol import frames
from gathering.protocol.cursor import Position, ResetReason
from gathering.protocol.errors import (
    BadField,
    BadFrame,
    FrameTooLarge,
    GatheringError,
    TokenExpired,
)
from gathering.protocol.frames import Command

numbers = st.integers() | st.floats() | st.sampled_from([2**63, -(2**63) - 1, 2**64, 10**400])
scalars = st.none() | st.booleans() | numbers | st.text(st.characters())
json_values: st.SearchStrategy[Any] = st.recursive(
    scalars,
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)
known = st.sampled_from(["type", "id", "channel", "data", "content", "since"])
objects = st.dictionaries(known | st.text(max_size=3), json_values, max_size=6)
edges = st.sampled_from(["ping", "", "x" * 64, "x" * 65, "\x00", "\u200b", "\ud800", "é" * 200])
plausible = st.fixed_dictionaries(
    {"type": edges | scalars},
    optional={"id": edges | scalars, "channel": edges | scalars, "data": json_values},
)

# What the server itself can write: 64-bit integers, finite floats, no half surrogates.
texts = st.text(st.characters(exclude_categories=["Cs"]))
writable: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner) | st.dictionaries(texts, inner),
    max_leaves=10,
)
moments = st.datetimes(
    datetime(2, 1, 1),
    datetime(9998, 1, 1),
    timezones=st.integers(-1439, 1439).map(lambda m: timezone(timedelta(minutes=m))),
)


def parsed(text: str | bytes) -> Command | None:
    """The command in ``text``, which is within its limits; None if it was refused by our errors."""
    try:
        command = frames.parse(text)
    except (BadFrame, BadField) as error:
        frames.error(error, frames.reference(text))
        return None
    assert 0 < len(command.type) <= frames.MAX_TYPE
    assert command.ref is None or 0 < len(command.ref) <= frames.MAX_ID
    assert command.channel is None or 0 < len(command.channel) <= 200
    assert command.ref == frames.reference(text)
    frames.ack(command.ref or "", None, command.channel)
    return command


@given(st.text(st.characters()) | st.binary())
def test_any_text_is_parsed_or_refused(text: str | bytes) -> None:
    parsed(text)


@given(json_values | objects | plausible)
def test_any_json_value_is_parsed_or_refused(value: Any) -> None:
    parsed(json.dumps(value))
    parsed(json.dumps(value, ensure_ascii=False))


@given(plausible, st.data())
def test_a_mutated_frame_is_parsed_or_refused(value: Any, data: st.DataObject) -> None:
    raw = bytearray(json.dumps(value).encode())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(raw)))
        raw[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    parsed(bytes(raw))


@given(
    st.sampled_from(["[", '{"a":', '{"type":"x","data":', '{"data":[', "[[", '{"a":[']),
    st.integers(0, 70_000),
    st.sampled_from(["", "1", "]", "}", '"']),
)
def test_a_deep_nest_is_parsed_or_refused(head: str, depth: int, tail: str) -> None:
    parsed(head * depth + tail * depth)


@given(st.integers(1, 30_000), st.sampled_from(["", ".5", "e5", "e-5", "e99999"]))
def test_a_huge_number_is_parsed_or_refused(digits: int, tail: str) -> None:
    parsed(f'{{"type":"x","id":"1","a":-{"9" * digits}{tail}}}')


@given(st.lists(st.tuples(known, plausible), min_size=1, max_size=6))
def test_of_a_name_that_stands_there_twice_the_last_counts(members: list[tuple[str, Any]]) -> None:
    body = ",".join(f"{json.dumps(name)}:{json.dumps(value)}" for name, value in members)
    assert parsed(f"{{{body}}}") == parsed(json.dumps(dict(members)))


@given(plausible)
def test_fields_are_those_of_both_places(value: dict[str, Any]) -> None:
    command = parsed(json.dumps(value))
    if command is not None:
        data = json.loads(json.dumps(value)).get("data")
        assert (command.data is not None) == isinstance(data, dict)
        assert set(command.fields) == set(
            data if isinstance(data, dict) else ["data"] if data is not None else []
        )


def test_the_limit_of_a_frame_is_in_bytes() -> None:
    text = '{"type":"é"}'
    size = len(text) + 1
    assert frames.parse(text, max_frame=size).type == "é"
    with pytest.raises(FrameTooLarge):
        frames.parse(text, max_frame=size - 1)


def test_a_limit_of_zero_is_none() -> None:
    text = json.dumps({"type": "message", "content": "x" * 100_000})
    assert frames.parse(text, max_frame=0).fields["content"] == "x" * 100_000


@given(st.text(st.characters()) | json_values.map(json.dumps) | st.binary())
def test_a_reference_never_raises(text: str | bytes) -> None:
    ref = frames.reference(text)
    assert ref is None or 0 < len(ref) <= frames.MAX_ID


@given(
    kind=texts,
    data=writable,
    beside=st.dictionaries(texts.map("x{}".format), writable, max_size=3),
    channel=texts,
    moment=moments,
    seq=st.none() | st.integers(0, 2**63 - 1),
)
def test_an_event_is_json_with_its_fields(
    kind: str, data: Any, beside: dict[str, Any], channel: str, moment: datetime, seq: int | None
) -> None:
    text = frames.event(kind, frames.dumps(data), channel, moment, seq=seq, beside=frames.dumps(beside))
    stamp = frames.timestamp(moment)
    wanted = {"type": kind, "data": data, "timestamp": stamp, "channel": channel, **beside}
    assert json.loads(text) == (wanted if seq is None else {**wanted, "seq": seq})
    assert "\n" not in text  # a frame is one line, as Server-Sent Events need it


@given(moments)
def test_a_timestamp_is_utc_with_microseconds(moment: datetime) -> None:
    text = frames.timestamp(moment)
    assert len(text) == len("2026-01-31T12:00:00.123456Z")
    assert text.endswith("Z")
    assert datetime.fromisoformat(text) == moment


def test_a_timestamp_of_nothing_is_now() -> None:
    before = datetime.now(UTC)
    assert before <= datetime.fromisoformat(frames.timestamp()) <= datetime.now(UTC)


@given(json_values)
def test_what_cannot_be_written_is_a_bad_field(value: Any) -> None:
    try:
        json.loads(frames.dumps(value))
    except BadField:
        assert value is not None


@pytest.mark.parametrize("value", [object(), {1: 2}, {1, 2}, 2**64, "\ud800", b"bytes"])
def test_what_is_no_json_is_a_bad_field(value: object) -> None:
    with pytest.raises(BadField):
        frames.dumps(value)


def test_a_nest_that_is_read_but_cannot_be_written_is_a_bad_field() -> None:
    depth = 600
    command = frames.parse(f'{{"type":"x","data":{{"a":{"[" * depth}{"]" * depth}}}}}')
    with pytest.raises(BadField):
        frames.dumps(command.data)


@given(texts, st.none() | texts, st.none() | texts)
def test_control_frames_have_no_seq(kind: str, ref: str | None, channel: str | None) -> None:
    position = Position("a", 9, 3)
    for text in (
        frames.control(kind, {}, channel),
        frames.pong(channel),
        frames.ack(ref or "", 5, channel),
        frames.error(TokenExpired(field=ref), ref, channel),
        frames.welcome(channel or "", position, {"name": kind}, resumed=True),
        frames.reset(channel or "", position, ResetReason.AHEAD),
    ):
        frame = json.loads(text)
        assert set(frame) - {"channel"} == {"type", "data", "timestamp"}
        assert channel is None or frame["channel"] == channel


@given(st.none() | texts, st.none() | texts, st.none() | texts)
def test_an_error_frame_says_what_the_error_says(
    detail: str | None, field: str | None, ref: str | None
) -> None:
    error: GatheringError = BadField(detail, field=field)
    data = json.loads(frames.error(error, ref))["data"]
    assert data == error.as_data(ref)
    assert data["detail"]
    assert ("field" in data) == (field is not None)
