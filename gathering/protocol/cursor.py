"""Positions in a stream, and the two judgements that make "nothing lost" provable.

A stream's events carry ``seq`` 1, 2, 3, ... without a gap, in commit order, so a reader that holds
the last one it handled can tell by itself whether anything is missing.  ``epoch`` names one history
of a stream: after a restore from a backup it changes, and a position of the old one means nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from .errors import BadCursor

MAX_SEQ = 2**63 - 1
_DIGITS = re.compile(r"[0-9]{1,19}", re.ASCII)
_EPOCH = re.compile(r"[A-Za-z0-9_-]{1,40}", re.ASCII)


class Judgement(StrEnum):
    """What an arriving ``seq`` is to a reader at some cursor."""

    OLD = "old"  # handled before: drop it
    NEXT = "next"  # exactly what was missing: handle it
    GAP = "gap"  # something between is missing: fetch that first


class ResetReason(StrEnum):
    """Why a position cannot be honoured; the ``reason`` of a ``reset`` frame."""

    EPOCH = "epoch"  # the position belongs to another history of the stream
    PRUNED = "pruned"  # events after the position are no longer retained
    AHEAD = "ahead"  # the position was never reached
    INVALID = "invalid"  # what was sent is no position


@dataclass(frozen=True, slots=True)
class Position:
    """Where a stream stands: retained are ``floor < seq <= head`` of the history ``epoch``."""

    epoch: str
    head: int
    floor: int = 0


@dataclass(frozen=True, slots=True)
class Since:
    """What a client asks to resume from: everything after ``seq``, of ``epoch`` if it names one."""

    seq: int
    epoch: str | None = None


def judge(cursor: int, seq: int) -> Judgement:
    """What ``seq`` is to a reader whose last handled event is ``cursor``."""
    if seq <= cursor:
        return Judgement.OLD
    return Judgement.NEXT if seq == cursor + 1 else Judgement.GAP


def why_refused(since: Since, position: Position) -> ResetReason | None:
    """Why ``since`` cannot be honoured at ``position``, or None if it can.

    ``since.seq == 0`` asks for everything that is retained and is never "pruned".
    """
    if since.epoch is not None and since.epoch != position.epoch:
        return ResetReason.EPOCH
    if since.seq > position.head:
        return ResetReason.AHEAD
    if 0 < since.seq < position.floor:
        return ResetReason.PRUNED
    return None


def parse_seq(value: object) -> int:
    """A ``since`` from a query or a frame as a number; raises :class:`BadCursor`.

    Takes an int or its decimal digits, from 0 to 2**63 - 1 (what the log can hold).
    """
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MAX_SEQ:
        raise BadCursor(field="since")
    return value


def parse_since(seq: object, epoch: object = None) -> Since | None:
    """The position that a client asks for; None if it names none.  Raises :class:`BadCursor`."""
    if epoch is not None and not (isinstance(epoch, str) and _EPOCH.fullmatch(epoch)):
        raise BadCursor("'epoch' is the text that 'welcome' gave.", field="epoch")
    if seq is None:
        if epoch is not None:
            raise BadCursor("'epoch' means nothing without 'since'.", field="since")
        return None
    return Since(parse_seq(seq), epoch)
