"""What an agent is made of that GatheRing itself runs; all of it is unused for the others."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from .guards import BOUNDS, bounded


def _guard(name: str) -> Any:
    bound = BOUNDS[name]
    return models.PositiveIntegerField(
        default=bound.default,
        validators=bound.validators,
        help_text=f"{bound.about} From {bound.least:,} to {bound.most:,}.",
    )


def need_approval_by_default() -> list[str]:
    return ["write_file"]


def names_only(value: Any) -> None:
    """A list of names of tools; one that no tool has is harmless, and may come with a later version."""
    if not isinstance(value, list) or not all(isinstance(name, str) and 0 < len(name) < 65 for name in value):
        raise ValidationError("This is a list of names of tools.")


class Mind(models.Model):
    """``provider`` is a name of the catalog, or "" for an agent that holds a token and runs elsewhere."""

    class Answers(models.TextChoices):
        NEVER = "never"
        MENTIONED = "mentioned", "when mentioned or asked"
        ALWAYS = "always"

    provider = models.CharField(max_length=32, blank=True, help_text="None: it runs elsewhere.")
    model = models.CharField(max_length=100, blank=True, help_text="As the provider calls it.")
    persona = models.TextField(max_length=8000, blank=True, help_text="Who it is, told to the model.")
    temperature = models.FloatField(
        null=True, blank=True, validators=[MinValueValidator(0), MaxValueValidator(2)]
    )
    history = models.PositiveIntegerField(
        default=30,
        validators=[MinValueValidator(1), MaxValueValidator(200)],
        help_text="Messages of the circle that the model is shown.",
    )
    answers = models.CharField(max_length=9, choices=Answers, default=Answers.MENTIONED)
    needs_approval = models.JSONField(
        default=need_approval_by_default,
        blank=True,
        validators=[names_only],
        help_text="Tools that are used only after a person has said yes.",
    )
    turns = _guard("turns")
    hops = _guard("hops")
    run_tokens = _guard("run_tokens")
    day_tokens = _guard("day_tokens")
    seconds = _guard("seconds")
    cooldown = _guard("cooldown")
    rests_until = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        abstract = True

    @property
    def runs_here(self) -> bool:
        """Whether GatheRing runs it, and it answers anybody."""
        return bool(self.provider) and self.answers != self.Answers.NEVER

    def guard_of(self, name: str) -> int:
        """What the guard ``name`` comes to for this agent."""
        return bounded(name, getattr(self, name))
