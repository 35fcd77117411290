"""Frames: what travels in one WebSocket message, in either direction.

In: :func:`parse` makes a :class:`Command` of a client's text or raises one of our errors, whatever
the text is.  Out: the functions below it build the text of each frame that a server sends.  The
envelope is ``{"type", "data", "timestamp", "channel"[, "seq"][, fields beside data]}``; ``timestamp``
is ISO 8601 in UTC with microseconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import orjson

from .cursor import Position, ResetReason
from .errors import BadField, BadFrame, FrameTooLarge, GatheringError

MAX_FRAME = 64 * 1024
MAX_ID = 64
MAX_TYPE = 64

PING = "ping"
PONG = "pong"
AUTH = "auth"
REFRESH = "refresh"
SUBSCRIBE = "subscribe"
UNSUBSCRIBE = "unsubscribe"
WELCOME = "welcome"
RESET = "reset"
ACK = "ack"
ERROR = "error"


@dataclass(frozen=True, slots=True)
class Command:
    """One frame of a client, checked for shape but not for meaning.

    ``fields`` are those at the top level and under ``data`` together (what stands under ``data``
    wins); ``ref`` is the client's ``id``, to be named in the one ``ack`` or ``error``.  ``data`` is
    what stood under ``data``, unchanged, if that was an object.
    """

    type: str
    fields: Mapping[str, object] = field(default_factory=dict)
    ref: str | None = None
    channel: str | None = None
    data: Mapping[str, object] | None = None


def parse(text: str | bytes, *, max_frame: int = MAX_FRAME) -> Command:
    """The command in ``text``.

    Raises :class:`FrameTooLarge` over ``max_frame`` bytes of UTF-8 (0 switches the limit off),
    :class:`BadFrame` for what is not one JSON object with a ``type``, and :class:`BadField` for a
    ``type``, ``id`` or ``channel`` that is not a short string.  It raises nothing else for any input.
    """
    raw = _utf8(text)
    if max_frame and len(raw) > max_frame:
        raise FrameTooLarge(f"The frame has {len(raw)} bytes; at most {max_frame} are taken.")
    body = _object(raw)
    kind = _short(body, "type", MAX_TYPE)
    if not kind:
        raise BadFrame("The frame has no 'type'.")
    ref = _short(body, "id", MAX_ID)
    channel = _short(body, "channel", 200)
    data = body.pop("data", None)
    nested = data if isinstance(data, dict) else None
    if data is not None and nested is None:
        body["data"] = data
    return Command(kind, {**body, **(nested or {})}, ref, channel, nested)


def reference(text: str | bytes) -> str | None:
    """The ``id`` of a frame that :func:`parse` refused, if one can be read from it."""
    try:
        return _short(_object(_utf8(text)), "id", MAX_ID)
    except GatheringError:
        return None


def _utf8(text: str | bytes) -> bytes:
    if isinstance(text, bytes):
        return text
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise BadFrame("The frame holds half of a surrogate pair, which is no text.") from None


def _object(raw: bytes) -> dict[str, object]:
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise BadFrame(f"The frame is not JSON: {error}.") from None
    if not isinstance(body, dict):
        raise BadFrame
    return body


def _short(body: dict[str, object], key: str, longest: int) -> str | None:
    """Take ``key`` out of ``body``: a string of 1 to ``longest`` printable characters, or None."""
    value = body.pop(key, None)
    if value is None:
        return None
    if not isinstance(value, str) or not 0 < len(value) <= longest or not value.isprintable():
        raise BadField(f"'{key}' is a string of 1 to {longest} printable characters.", field=key)
    return value


def dumps(value: object) -> str:
    """``value`` as JSON text, as it goes on the wire.  Raises :class:`BadField` if it has none."""
    try:
        return orjson.dumps(value).decode()
    except TypeError as error:
        raise BadField(f"That cannot be written as JSON: {error}.") from None


def timestamp(moment: datetime | None = None) -> str:
    """``moment`` (now, if None) as the envelope writes it: ``2026-01-31T12:00:00.123456Z``."""
    moment = (moment or datetime.now(UTC)).astimezone(UTC)
    return f"{moment.replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


def event(
    kind: str,
    data: str,
    channel: str,
    moment: datetime,
    *,
    seq: int | None = None,
    beside: str = "",
) -> str:
    """The envelope of an event.

    ``data`` is JSON text and goes in as it is, so an event is encoded once in its life; ``beside`` is
    the JSON text of an object whose members stand at the top level.  Without ``seq`` it is ephemeral.
    """
    numbered = f',"seq":{seq}' if seq is not None else ""
    members = f",{beside[1:-1]}" if len(beside) > 2 else ""
    return (
        f'{{"type":{dumps(kind)},"data":{data},"timestamp":"{timestamp(moment)}",'
        f'"channel":{dumps(channel)}{numbered}{members}}}'
    )


def control(kind: str, data: Mapping[str, object], channel: str | None = None) -> str:
    """A frame of the connection itself, stamped with now: ``welcome``, ``ping``, ``error`` and so on."""
    body: dict[str, object] = {"type": kind, "data": data, "timestamp": timestamp()}
    if channel is not None:
        body["channel"] = channel
    return dumps(body)


def pong(channel: str | None = None) -> str:
    """The answer to a client's ``ping``."""
    return control(PONG, {}, channel)


def ack(ref: str, seq: int | None, channel: str | None = None) -> str:
    """The one good answer to a frame that carried an ``id``; ``seq`` is null if nothing was logged."""
    return control(ACK, {"ref": ref, "seq": seq}, channel)


def error(problem: GatheringError, ref: str | None = None, channel: str | None = None) -> str:
    """The one bad answer to a frame."""
    return control(ERROR, problem.as_data(ref), channel)


def welcome(channel: str, position: Position, actor: Mapping[str, object], *, resumed: bool) -> str:
    """First frame of a stream for a client that asked: where it stands, and who the client is."""
    data = {
        "channel": channel,
        "epoch": position.epoch,
        "head": position.head,
        "floor": position.floor,
        "actor": actor,
        "resumed": resumed,
    }
    return control(WELCOME, data, channel)


def reset(channel: str, position: Position, reason: ResetReason) -> str:
    """Says that ``since`` cannot be honoured: fetch a snapshot; what follows is after ``head``."""
    data = {
        "reason": reason.value,
        "epoch": position.epoch,
        "head": position.head,
        "floor": position.floor,
    }
    return control(RESET, data, channel)
