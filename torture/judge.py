"""The judge: what was acknowledged, what the log holds and what each client was given, compared.

A client must have been given every event of the log once and in order, or must have taken it from a
snapshot after a ``reset``.  A message that was acknowledged is stored once and logged once, at the
``seq`` of the acknowledgement; one that was not may be there, but never twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Event:
    """An event that a socket brought: its ``seq``, and the message (``ref``) that it tells of."""

    seq: int
    ref: str


@dataclass(frozen=True, slots=True)
class Reset:
    """The server could not honour the client's position."""

    reason: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What REST said is true at ``seq``: the messages in it, and ``older`` ones from pages read after."""

    seq: int
    refs: Sequence[str]
    older: Sequence[str] = ()


Given: TypeAlias = Event | Reset | Snapshot


@dataclass(frozen=True)
class Case:
    """What happened on one stream after ``base``, up to ``head``.

    ``log`` is what the log holds above ``base`` and ``floor``, by ``seq``; ``stored`` the refs of the
    messages that the database holds; ``acks`` the ``seq`` of each ref that was acknowledged; ``given``
    what each client was given, in order.
    """

    channel: str
    base: int
    head: int
    floor: int
    log: Sequence[tuple[int, str]]
    stored: Sequence[str]
    acks: Mapping[str, int]
    given: Mapping[str, Sequence[Given]]


@dataclass
class Verdict:
    """What came of a round.  Each finding is a sentence; all lists empty means: nothing was lost."""

    acknowledged: int = 0
    applied: int = 0
    resets: int = 0
    lost: list[str] = field(default_factory=list)
    duplicated: list[str] = field(default_factory=list)
    reordered: list[str] = field(default_factory=list)
    strange: list[str] = field(default_factory=list)  # nothing was lost by it, but it is not as promised

    @property
    def findings(self) -> list[str]:
        """All sentences, the worst first."""
        kinds = ("lost", "duplicated", "reordered", "strange")
        return [f"{kind}: {text}" for kind in kinds for text in getattr(self, kind)]

    def __iadd__(self, other: Verdict) -> Verdict:
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)
        return self


def judge(case: Case) -> Verdict:
    """Judge one stream of one round."""
    verdict = Verdict(acknowledged=len(case.acks))
    _judge_log(case, verdict)
    truth = dict(case.log) | {seq: ref for ref, seq in case.acks.items()}
    for given in case.given.values():
        for each in given:
            if isinstance(each, Event):
                truth.setdefault(each.seq, each.ref)
    for client, given in case.given.items():
        _Reading(case, f"{client} on {case.channel}", truth, verdict).read(given)
    return verdict


def _judge_log(case: Case, verdict: Verdict) -> None:
    begin = max(case.base, case.floor)
    kept = dict(case.log)
    if [seq for seq, _ in case.log] != list(range(begin + 1, case.head + 1)):
        verdict.strange.append(f"the log of {case.channel} has gaps or repeats after {begin}")
    stored = Counter(case.stored)
    for ref, seq in case.acks.items():
        if not stored[ref]:
            verdict.lost.append(f"{ref} was acknowledged and is not stored")
        if seq > begin and kept.get(seq) != ref:
            verdict.lost.append(f"{ref} was acknowledged as {seq}, where the log has {kept.get(seq)}")
    verdict.duplicated += [f"{ref} is stored {count} times" for ref, count in stored.items() if count > 1]
    logged = Counter(ref for _, ref in case.log)
    verdict.duplicated += [f"{ref} is logged {count} times" for ref, count in logged.items() if count > 1]


class _Reading:
    """One client's reading of one stream."""

    def __init__(self, case: Case, who: str, truth: Mapping[int, str], verdict: Verdict) -> None:
        self._case = case
        self._who = who
        self._truth = truth
        self._verdict = verdict
        self._cursor = case.base
        self._seen: dict[int, str] = {}
        self._refs: set[str] = set()  # given as events, or in a snapshot
        self._older: set[str] = set()

    def read(self, given: Sequence[Given]) -> None:
        for each in given:
            if isinstance(each, Event):
                self._event(each)
            elif isinstance(each, Snapshot):
                self._snapshot(each)
            else:
                self._reset(each)
        self._verdict.applied += len(self._seen)
        self._count_losses()

    def _event(self, event: Event) -> None:
        expected = self._truth[event.seq]
        if event.seq in self._seen or event.ref in self._refs or event.seq <= self._case.base:
            self._verdict.duplicated.append(f"{self._who} was given {event.seq} ({event.ref}) twice")
        elif event.seq < self._cursor:
            self._verdict.reordered.append(f"{self._who} was given {event.seq} after {self._cursor}")
        elif event.ref != expected:
            self._verdict.reordered.append(
                f"{self._who} was given {event.ref} as {event.seq}, not {expected}"
            )
        self._seen[event.seq] = event.ref
        self._refs.add(event.ref)
        self._cursor = max(self._cursor, event.seq)

    def _snapshot(self, snapshot: Snapshot) -> None:
        if snapshot.seq < self._cursor:
            self._verdict.strange.append(
                f"{self._who} was at {self._cursor}; a snapshot is of {snapshot.seq}"
            )
        self._cursor = max(self._cursor, snapshot.seq)
        self._refs |= set(snapshot.refs)
        self._older |= set(snapshot.older)

    def _reset(self, reset: Reset) -> None:
        self._verdict.resets += 1
        if reset.reason != "pruned":  # nobody has restored a backup
            self._verdict.strange.append(f"{self._who} was reset: {reset.reason}")

    def _count_losses(self) -> None:
        known = self._refs | self._older
        for seq in range(self._case.base + 1, self._case.head + 1):
            if seq not in self._seen and self._truth.get(seq) not in known:
                self._verdict.lost.append(f"{self._who} was never given {seq} ({self._truth.get(seq)})")
