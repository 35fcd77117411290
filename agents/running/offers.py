"""What a tool is: an action of the project, with the fields that it takes and what a model is told of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rest_framework import serializers

from agents.models import Agent
from agents.providers.interface import Tool
from circles.models import Circle
from gathering.accounts.models import User
from gathering.hub.pages import StrictSerializer
from gathering.protocol.errors import NotFound

_TYPES = {serializers.IntegerField: "integer", serializers.CharField: "string"}


@dataclass(frozen=True)
class Desk:
    """Who calls a tool, in which circle, and for whom: the author of the message that called the agent."""

    agent: Agent
    circle: Circle
    caller: User

    def reach(self, circle: Circle) -> Circle:
        """``circle``, if the agent may act in it on this errand; else it is not there.

        Elsewhere it acts only for a person who may be there, too: whoever shares one circle with an agent
        would see by it all of its circles otherwise.
        """
        others = Circle.objects.none() if self.caller.is_agent else Circle.objects.visible_to(self.caller)
        if circle != self.circle and not others.filter(pk=circle.pk).exists():
            raise NotFound
        return circle


@dataclass(frozen=True)
class Outcome:
    """What came of a call, in words for the model; ``code`` says why it failed, and is "" if it did not."""

    text: str
    code: str = ""


@dataclass(frozen=True)
class Offer:
    """One tool: ``fields`` checks its arguments, ``do`` acts and returns what the model is told.

    ``acts`` says that it changes something that others see.
    """

    name: str
    about: str
    fields: type[StrictSerializer]
    do: Callable[..., str]
    acts: bool = False

    def tool(self) -> Tool:
        """As a provider is told of it."""
        return Tool(self.name, self.about, _schema(self.fields()))


def _schema(form: serializers.Serializer[Any]) -> Mapping[str, Any]:
    """The JSON Schema of a form's fields."""
    fields: dict[str, serializers.Field[Any, Any, Any, Any]] = form.fields
    required: Sequence[str] = [name for name, field in fields.items() if field.required]
    return {
        "type": "object",
        "properties": {name: _property(field) for name, field in fields.items()},
        "required": required,
        "additionalProperties": False,
    }


def _property(field: Any) -> dict[str, Any]:
    kind = next(name for base, name in _TYPES.items() if isinstance(field, base))
    about = {"description": field.help_text} if field.help_text else {}
    return {"type": kind, **about}
