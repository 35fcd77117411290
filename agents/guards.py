"""The bounds of whatever an agent does by itself.  None of them can be switched off.

Each has a default, which an agent's own field replaces, and two ends, which stand here: a field or a
setting moves a guard between them and never past them.
"""

from dataclasses import dataclass

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator

REPEATS = 3  # times that one run may make the same call with the same arguments
CHARACTERS = 200_000  # of what one turn may yield, calls included
RESULT = 20_000  # characters of a tool's result that a model is shown
TURN_TOKENS = 8_192  # that a model is asked to write in one turn at the most
CALLS = 16  # of tools in one turn


@dataclass(frozen=True, slots=True)
class Bound:
    """From ``least`` to ``most``; ``default`` where nobody says anything."""

    default: int
    least: int
    most: int
    about: str

    @property
    def validators(self) -> list[MinValueValidator | MaxValueValidator]:
        return [MinValueValidator(self.least), MaxValueValidator(self.most)]


BOUNDS = {
    "turns": Bound(12, 1, 50, "Times that the model is asked in one run."),
    "hops": Bound(3, 0, 10, "Agents that may call each other in a row before a person speaks."),
    "run_tokens": Bound(60_000, 100, 500_000, "Tokens of one run, read and written."),
    "day_tokens": Bound(1_000_000, 100, 20_000_000, "Tokens of one day (UTC), read and written."),
    "seconds": Bound(180, 1, 1_800, "Seconds of one run, not counting those that wait for a person."),
    "cooldown": Bound(1, 1, 3_600, "Seconds of rest after a run."),
}


def bounded(name: str, wished: int) -> int:
    """What ``wished`` comes to: within the code's bounds, and not above the setting's ceiling."""
    bound = BOUNDS[name]
    most = min(bound.most, settings.GATHERING_AGENT_CEILINGS.get(name, bound.most))
    return max(bound.least, min(wished, most))


def estimated(text_length: int) -> int:
    """Tokens that a text of so many characters comes to, about; never 0 for some."""
    return -(-text_length // 4)


class Tripped(Exception):
    """A guard ends a run: ``code`` names it for programs, ``detail`` says it to people."""

    def __init__(self, code: str, detail: str) -> None:
        self.code = code
        self.detail = detail
        super().__init__(detail)
