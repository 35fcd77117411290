"""Positions in a stream, and the judgement that makes "nothing lost" provable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any


class Judgement(str, Enum):
    """What an arriving ``seq`` is to a reader at some cursor."""

    OLD = "old"  # handled before: drop it
    NEXT = "next"  # exactly what was missing: handle it
    GAP = "gap"  # something between is missing: fetch that first


@dataclass(frozen=True)
class Position:
    """The last event that was handled: its ``seq``, in the history of the stream that ``epoch`` names."""

    seq: int
    epoch: str | None = None


@dataclass(frozen=True)
class Snapshot:
    """What REST says of a stream's subject: ``data`` is true at ``position``; follow from there."""

    data: Mapping[str, Any]
    position: Position


def judge(cursor: int, seq: int) -> Judgement:
    """What ``seq`` is to a reader whose last handled event is ``cursor``."""
    if seq <= cursor:
        return Judgement.OLD
    return Judgement.NEXT if seq == cursor + 1 else Judgement.GAP
