"""What a run says: a line for each round, and a summary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from .judge import Verdict
from .plan import Planned

MOST = 20  # findings that are printed


class Report:
    """The rounds so far, added up."""

    def __init__(self) -> None:
        self.rounds = 0
        self.total = Verdict()
        self.slowest = 0.0
        self._seconds = 0.0
        self._faults: Counter[str] = Counter()

    @property
    def passed(self) -> bool:
        return not self.total.findings

    def add(self, plan: Sequence[Planned], verdict: Verdict, seconds: float) -> None:
        """Add a round that took ``seconds`` to recover; what comes before the first has no plan."""
        self.total += verdict
        if not plan:
            return
        self.rounds += 1
        self.slowest = max(self.slowest, seconds)
        self._seconds += seconds
        self._faults.update(planned.name for planned in plan)

    def line(self, verdict: Verdict, seconds: float) -> str:
        """A round in a line, and what was found."""
        figures = f"{_figures(verdict)}, recovered in {seconds:.1f} s"
        return "\n".join([f"    {figures}", *_findings(verdict)])

    def summary(self) -> str:
        """The whole run."""
        mean = self._seconds / self.rounds if self.rounds else 0
        faults = ", ".join(f"{count} {name}" for name, count in sorted(self._faults.items()))
        return "\n".join(
            [
                f"rounds {self.rounds}: {faults}",
                _figures(self.total),
                f"time to recover: {mean:.1f} s on average, {self.slowest:.1f} s at most",
                "nothing was lost" if self.passed else "NOT as promised",
            ]
        )


def _figures(verdict: Verdict) -> str:
    names = ("lost", "duplicated", "reordered")
    figures = [f"acknowledged {verdict.acknowledged}", f"applied {verdict.applied}"]
    figures += [f"{name} {len(getattr(verdict, name))}" for name in names]
    figures += [f"resets {verdict.resets}"]
    figures += [f"strange {len(verdict.strange)}"] if verdict.strange else []
    return ", ".join(figures)


def _findings(verdict: Verdict) -> list[str]:
    found = verdict.findings
    more = [f"      ... and {len(found) - MOST} more"] if len(found) > MOST else []
    return [f"      {text}" for text in found[:MOST]] + more
