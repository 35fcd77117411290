"""AG-UI's own package and we agree on what an event is."""

import json
import os
from typing import Any

import pytest
from ag_ui.core import Event, EventType
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from gathering.protocol import agui
from gathering.protocol.errors import BadField
from gathering.protocol.tests import agui_events

THEIRS: TypeAdapter[Any] = TypeAdapter(Event)
TYPES = [each.value for each in EventType]
# More of them find more: GATHERING_TEST_EXAMPLES=2000 pytest gathering/protocol/tests/test_agui.py
some = settings(
    max_examples=int(os.environ.get("GATHERING_TEST_EXAMPLES", "15")),
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


def they_take(event: Any) -> bool:
    try:
        THEIRS.validate_json(json.dumps(event), strict=True, by_alias=True, by_name=False)
    except ValidationError:
        return False
    return True


def we_take(event: Any) -> bool:
    try:
        agui.check(event)
    except BadField:
        return False
    return True


def test_the_same_types_are_known() -> None:
    assert set(agui.EVENTS) == set(TYPES)


@pytest.mark.parametrize("kind", TYPES)
@some
@given(data=st.data())
def test_what_ag_ui_makes_is_taken(kind: str, data: st.DataObject) -> None:
    event = data.draw(agui_events.events(kind))
    assert they_take(event)
    agui.check(event)


@pytest.mark.parametrize("kind", TYPES)
@some
@given(data=st.data())
def test_what_is_broken_is_judged_alike(kind: str, data: st.DataObject) -> None:
    event = data.draw(agui_events.broken(kind))
    assert we_take(event) == they_take(event)


@pytest.mark.parametrize("kind", TYPES)
def test_a_field_that_must_be_there_is_named_when_it_is_not(kind: str) -> None:
    required = agui.EVENTS[kind].required
    if required:
        with pytest.raises(BadField, match="is missing") as refused:
            agui.check({"type": kind})
        assert refused.value.field in required


@pytest.mark.parametrize(
    ("event", "field"),
    [
        (5, "data"),
        ([], "data"),
        ({}, "type"),
        ({"type": 5}, "type"),
        ({"type": "x" * 65}, "type"),
        ({"type": "a\nb"}, "type"),
        ({"type": "TEXT_MESSAGE_START", "messageId": "x" * 201}, "messageId"),
        ({"type": "TEXT_MESSAGE_START", "messageId": "a\0"}, "messageId"),
        ({"type": "TEXT_MESSAGE_START", "messageId": "a", "role": "tool"}, "role"),
        ({"type": "STATE_DELTA", "delta": [{"op": "add", "path": "/a"}]}, "delta.0.value"),
        ({"type": "STATE_DELTA", "delta": [{"op": "fly", "path": "/a"}]}, "delta.0.op"),
        ({"type": "MESSAGES_SNAPSHOT", "messages": [{"role": "user", "id": "1"}]}, "messages.0.content"),
        ({"type": "RUN_FINISHED", "threadId": "t", "runId": "r", "usage": [{"inputTokens": -1}]},
         "usage.0.inputTokens"),
    ],
)  # fmt: skip
def test_the_field_that_is_wrong_is_named(event: Any, field: str) -> None:
    with pytest.raises(BadField) as refused:
        agui.check(event)
    assert refused.value.field == field


def test_an_unknown_type_becomes_a_custom_event() -> None:
    event = {"type": "THINKING_START", "title": "hm"}
    agui.check(event)
    assert agui.known(event) == {"type": "CUSTOM", "name": "THINKING_START", "value": event}


@pytest.mark.parametrize("kind", TYPES)
@some
@given(data=st.data())
def test_without_its_nulls_an_event_is_still_right(kind: str, data: st.DataObject) -> None:
    event = data.draw(agui_events.events(kind))
    bare = agui.omit_nulls(event)
    assume(bare != event)
    assert they_take(bare)
    assert bare.items() <= event.items()
