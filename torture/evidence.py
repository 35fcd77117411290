"""The evidence: from the journals and from the database to the cases of a round."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from .journal import Record
from .judge import Case, Event, Given, Reset, Snapshot, Verdict, judge
from .stage import Stage

GIVEN = {"event": Event, "reset": Reset, "snapshot": Snapshot}


class Witness:
    """Reads all journals as they grow, one round after the other."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._cursors: dict[tuple[str, str], int] = {}

    def begin(self, bases: Mapping[str, int]) -> None:
        """Begin a round, with the streams at ``bases``."""
        self.bases = dict(bases)
        self._resting = {name: False for program in self._stage.publishers for name in program.people}
        self._acks: defaultdict[str, dict[str, int]] = defaultdict(dict)
        self._given: dict[str, defaultdict[str, list[Given]]] = {each: defaultdict(list) for each in bases}
        self._strange: list[str] = []
        for name, channel in self._places():
            self._given[channel][name] = []
            self._cursors.setdefault((name, channel), bases[channel])

    def look(self) -> None:
        """Take in what was newly noted."""
        for program in self._stage.publishers:
            for name, records in program.more().items():
                for record in records:
                    self._said(name, program.people[name][0], record)
        for program in self._stage.clients:
            for name, records in program.more().items():
                for record in records:
                    self._saw(name, *record)

    @property
    def all_have_come(self) -> bool:
        """Whether every client of a stream in which somebody speaks has been given something."""
        people = [program.people for program in self._stage.publishers]
        spoken = {channel for each in people for channels in each.values() for channel in channels}
        return all(given for channel in spoken for given in self._given[channel].values())

    @property
    def at_rest(self) -> bool:
        """Whether every publisher has said all it had to say, and has heard so."""
        return all(self._resting.values())

    def behind(self, heads: Mapping[str, int]) -> list[str]:
        """Who has not been given all up to ``heads``."""
        return [
            f"{name} on {channel}" for (name, channel), at in self._cursors.items() if at < heads[channel]
        ]

    def verdict(self, found: Mapping[str, Mapping[str, Any]]) -> Verdict:
        """What the judge says of the round; ``found`` is what the database holds of each stream."""
        verdict = Verdict(strange=self._strange)
        verdict.strange += [f"{name} is not done" for name, rests in self._resting.items() if not rests]
        verdict.strange += [f"{each.title} has ended" for each in self._stage.programs if not each.alive]
        for channel, base in self.bases.items():
            journals = {"acks": self._acks[channel], "given": self._given[channel]}
            held = found[channel] | {"log": [tuple(each) for each in found[channel]["log"]]}
            verdict += judge(Case(channel, base, **held, **journals))
        return verdict

    def _places(self) -> list[tuple[str, str]]:
        people = [pair for program in self._stage.clients for pair in program.people.items()]
        return [(name, channel) for name, channels in people for channel in channels]

    def _said(self, name: str, channel: str, record: Record) -> None:
        kind, *rest = record
        self._resting[name] = kind == "rest"
        if kind == "ack":
            ref, seq = rest
            self._acks[channel][ref] = seq
        elif kind == "refused":
            self._strange.append(f"{name} was refused {rest}")

    def _saw(self, name: str, kind: str, channel: str, *rest: Any) -> None:
        if kind == "refused":
            self._strange.append(f"{name} was refused {channel}: {rest}")
            return
        given = GIVEN[kind](*rest)
        self._given[channel][name].append(given)
        if not isinstance(given, Reset):
            self._cursors[name, channel] = max(self._cursors[name, channel], given.seq)
