"""The events of AG-UI 1.0: what each must look like, and what it does to a run.

An agent reports in these; they are kept and passed on unchanged.  :func:`check` judges one event by
itself; what may follow what is for whoever knows the run.  As in AG-UI, fields that it does not know are
let through, and ``null`` stands for an optional field that is absent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any, TypeAlias

from .errors import BadField
from .shapes import (
    LARGEST,
    Check,
    Present,
    anything,
    by,
    flag,
    key,
    like,
    many,
    one_of,
    record,
    shape,
    text,
    text_or,
    whole,
)

MAX_KEY = 200  # characters of an id or a name that events are told apart by
MAX_TYPE = 64

Event: TypeAlias = Mapping[str, Any]


class Does(Enum):
    """What an event does to the part that it is about: a message, a tool call, a step and so on."""

    BEGIN = auto()
    ADD = auto()  # more of its text: a delta, which is passed on and not kept by itself
    CHUNK = auto()  # begins it if need be, and adds
    END = auto()


@dataclass(frozen=True, slots=True)
class Spec:
    """One type of event: the fields that must be there and those that may, and what it does to a part.

    ``part`` is the kind of part, ``key`` the field that names it (or whatever else the event is about).
    """

    required: Mapping[str, Check]
    optional: Mapping[str, Check] = field(default_factory=dict)
    does: Does | None = None
    part: str = ""
    key: str = ""

    @property
    def is_delta(self) -> bool:
        """Whether it is only passed on; the END of its part brings all of it."""
        return self.does in (Does.ADD, Does.CHUNK)

    def subject(self, event: Event) -> str:
        """What ``event`` is about: an id, or a name; "" if nothing."""
        return event.get(self.key) or "" if self.key else ""


def check(event: object) -> None:
    """Raise BadField, which names the field, if ``event`` is malformed.  Any type is well formed that
    AG-UI 1.0 does not know."""
    record("data", event)
    assert isinstance(event, Mapping)  # noqa: S101 (for the type checker: record has judged)
    kind = event.get("type")
    if not isinstance(kind, str) or not 0 < len(kind) <= MAX_TYPE or not kind.isprintable():
        raise BadField(f"'type' is a text of 1 to {MAX_TYPE} printable characters.", field="type")
    if kind in _CHECKS:
        _CHECKS[kind]("", event)


def known(event: Event) -> Event:
    """``event``, or the CUSTOM event that it is kept as if AG-UI 1.0 does not know its type."""
    if event["type"] in EVENTS:
        return event
    return {"type": "CUSTOM", "name": event["type"], "value": event}


def omit_nulls(event: Event) -> dict[str, Any]:
    """``event`` without optional fields that are null, which strict readers take for errors."""
    required = EVENTS[event["type"]].required
    return {name: value for name, value in event.items() if value is not None or name in required}


# Inside of events

_id = key(MAX_KEY)
_source = by(
    "type",
    {
        "data": shape({"value": text, "mimeType": text}),
        "url": shape({"value": text}, {"mimeType": text}),
        "file": shape({"value": text}, {"provider": text, "mimeType": text}),
    },
)
_media = dict.fromkeys(("image", "audio", "video", "document"), shape({"source": _source}, {"id": text}))
_content = text_or(many(by("type", {"text": shape({"text": text}, {"id": text}), **_media})))
_pointer = like(r"(/([^/~]|~[01])*)*", "a JSON pointer")
_sets = shape({"path": _pointer, "value": anything})
_moves = shape({"from": _pointer, "path": _pointer})
_patch = many(
    by(
        "op",
        {
            **dict.fromkeys(("add", "replace", "test"), _sets),
            **dict.fromkeys(("move", "copy"), _moves),
            "remove": shape({"path": _pointer}),
        },
    )
)
_call = shape(
    {"id": text, "function": shape({"name": text, "arguments": text})},
    {"type": Present(one_of("function")), "encryptedValue": text, "metadata": record},
)
_owned = {"subagentRunId": text, "metadata": record}
_kept = {**_owned, "encryptedValue": text}
_named = {**_kept, "name": text}
_message = by(
    "role",
    {
        **dict.fromkeys(("developer", "system"), shape({"id": text, "content": text}, _named)),
        "assistant": shape({"id": text}, {**_named, "content": text, "toolCalls": many(_call)}),
        "user": shape({"id": text, "content": _content}, _named),
        "tool": shape({"id": text, "content": _content, "toolCallId": text}, {**_kept, "error": text}),
        "activity": shape({"id": text, "activityType": text, "content": record}, _owned),
        "reasoning": shape({"id": text, "content": text}, _kept),
    },
)
_answer = shape({"interruptId": text, "status": one_of("resolved", "cancelled")}, {"metadata": record})
_input = shape(
    {"threadId": text, "runId": text, "messages": many(_message)},
    {
        "protocolVersion": text,
        "parentRunId": text,
        "tools": many(shape({"name": text, "description": text}, {"metadata": record})),
        "context": many(shape({"description": text, "value": text})),
        "resume": many(_answer),
    },
)
_COUNTS = (
    "inputTokens",
    "outputTokens",
    "totalTokens",
    "reasoningTokens",
    "cachedInputTokens",
    "cacheWriteInputTokens",
)
_usage = many(shape({}, {"provider": text, "model": text, **dict.fromkeys(_COUNTS, whole(0))}))
_texts = dict.fromkeys(("message", "toolCallId", "expiresAt"), text)
_interrupt = shape({"id": text, "reason": text}, {**_owned, **_texts, "responseSchema": record})
_outcome = by(
    "type",
    {
        "success": shape({}, {"pendingToolCallIds": many(text)}),
        "interrupt": shape({"interrupts": many(_interrupt, least=1)}),
        "cancelled": shape({}),
    },
)
_left_off = shape({}, {"interruptIds": many(text)})
_subagent_outcome = by("type", {"success": shape({}), "suspended": _left_off})
_role = one_of("developer", "system", "assistant", "user")

# Of the run itself, which no subagent owns, and those that may be a subagent's

_RUN: dict[str, Spec] = {
    "RUN_STARTED": Spec(
        {"threadId": _id, "runId": _id},
        {"protocolVersion": text, "parentRunId": _id, "input": _input},
        key="runId",
    ),
    "RUN_FINISHED": Spec(
        {"threadId": _id, "runId": _id}, {"outcome": _outcome, "usage": _usage}, key="runId"
    ),
    "RUN_ERROR": Spec({"message": text}, {"code": _id, "usage": _usage}),
    "MESSAGES_SNAPSHOT": Spec({"messages": many(_message)}),
}
_says = {"part": "text", "key": "messageId"}
_calls = {"part": "tool", "key": "toolCallId"}
_thinks = {"part": "reasoning", "key": "messageId"}
_ponders = {"part": "reasoning_span", "key": "messageId"}
_steps = {"part": "step", "key": "stepName"}
_delegates = {"part": "subagent", "key": "subagentRunId"}
_message_id = {"messageId": _id}
_activity = {"messageId": _id, "activityType": text}
_WORK: dict[str, Spec] = {
    "TEXT_MESSAGE_START": Spec(_message_id, {"role": _role, "name": text}, Does.BEGIN, **_says),
    "TEXT_MESSAGE_CONTENT": Spec({**_message_id, "delta": text}, {}, Does.ADD, **_says),
    "TEXT_MESSAGE_END": Spec(_message_id, {}, Does.END, **_says),
    "TEXT_MESSAGE_CHUNK": Spec(
        {}, {**_message_id, "role": _role, "name": text, "delta": text}, Does.CHUNK, **_says
    ),
    "TOOL_CALL_START": Spec(
        {"toolCallId": _id, "toolCallName": text}, {"parentMessageId": text}, Does.BEGIN, **_calls
    ),
    "TOOL_CALL_ARGS": Spec({"toolCallId": _id, "delta": text}, {}, Does.ADD, **_calls),
    "TOOL_CALL_END": Spec({"toolCallId": _id}, {}, Does.END, **_calls),
    "TOOL_CALL_CHUNK": Spec(
        {},
        {"toolCallId": _id, "toolCallName": text, "parentMessageId": text, "delta": text},
        Does.CHUNK,
        **_calls,
    ),
    "TOOL_CALL_RESULT": Spec(
        {"messageId": text, "toolCallId": _id, "content": _content},
        {"role": one_of("tool")},
        key="toolCallId",
    ),
    "STATE_SNAPSHOT": Spec({"snapshot": anything}),
    "STATE_DELTA": Spec({"delta": _patch}),
    "ACTIVITY_SNAPSHOT": Spec({**_activity, "content": record}, {"replace": flag}, key="messageId"),
    "ACTIVITY_DELTA": Spec({**_activity, "patch": _patch}, key="messageId"),
    "RAW": Spec({"event": anything}, {"source": text}),
    "CUSTOM": Spec({"name": text, "value": anything}),
    "STEP_STARTED": Spec({"stepName": _id}, {}, Does.BEGIN, **_steps),
    "STEP_FINISHED": Spec({"stepName": _id}, {}, Does.END, **_steps),
    "REASONING_START": Spec(_message_id, {}, Does.BEGIN, **_ponders),
    "REASONING_MESSAGE_START": Spec(
        _message_id, {"role": Present(one_of("reasoning"))}, Does.BEGIN, **_thinks
    ),
    "REASONING_MESSAGE_CONTENT": Spec({**_message_id, "delta": text}, {}, Does.ADD, **_thinks),
    "REASONING_MESSAGE_END": Spec(_message_id, {}, Does.END, **_thinks),
    "REASONING_MESSAGE_CHUNK": Spec({}, {**_message_id, "delta": text}, Does.CHUNK, **_thinks),
    "REASONING_END": Spec(_message_id, {}, Does.END, **_ponders),
    "REASONING_ENCRYPTED_VALUE": Spec(
        {"subtype": one_of("tool-call", "message"), "entityId": _id, "encryptedValue": text}, key="entityId"
    ),
    "SUBAGENT_STARTED": Spec(
        {"subagentRunId": _id, "name": text},
        dict.fromkeys(("description", "parentSubagentRunId", "parentToolCallId", "parentMessageId"), text),
        Does.BEGIN,
        **_delegates,
    ),
    "SUBAGENT_FINISHED": Spec({"subagentRunId": _id}, {"outcome": _subagent_outcome}, Does.END, **_delegates),
    "SUBAGENT_ERROR": Spec({"subagentRunId": _id, "message": text}, {"code": text}, Does.END, **_delegates),
}
EVENTS: Mapping[str, Spec] = {**_RUN, **_WORK}

_every = {"timestamp": whole(-LARGEST), "metadata": record}
_CHECKS: Mapping[str, Check] = {
    name: shape(spec.required, {**_every, **spec.optional}) for name, spec in _RUN.items()
} | {
    name: shape(spec.required, {**_every, "subagentRunId": text, **spec.optional})
    for name, spec in _WORK.items()
}
