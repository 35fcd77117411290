"""The plan: which faults, and when, all from one seed."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, slots=True)
class Planned:
    """The fault ``name``, ``after`` so many seconds of a round; what it hits, ``dice`` say."""

    after: float
    name: str
    dice: Random

    def __str__(self) -> str:
        return f"{self.name} at {self.after:.1f}"


def deal(seed: str, names: Sequence[str], at_once: int, window: float) -> Iterator[list[Planned]]:
    """For each round ``at_once`` faults within ``window`` seconds; the same for the same seed.

    They are dealt like cards, so each comes up once before any comes up again.
    """
    dice = Random(seed)
    cards = itertools.chain.from_iterable(iter(lambda: dice.sample(names, len(names)), None))
    while True:
        hand = [Planned(dice.uniform(0, window), next(cards), Random(dice.random())) for _ in range(at_once)]
        yield sorted(hand, key=lambda planned: planned.after)
