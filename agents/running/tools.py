"""What an agent may call.  Each tool is one action of the project, done as the agent: who may do what is
decided there, and for everybody alike."""

import json
from typing import Any

from rest_framework import serializers

from agents.guards import RESULT
from agents.models import Agent
from agents.providers.interface import Tool, ToolCall
from circles import actions as circles
from circles.models import Circle, Message
from circles.serializers import Content, Text
from gathering.hub.kinds import first_problem
from gathering.hub.pages import StrictSerializer
from gathering.protocol.errors import BadField, GatheringError
from workspaces.models import Workspace

from . import file_tools
from .offers import Desk, Offer, Outcome


class ReadMessages(StrictSerializer):
    circle = Text(
        max_length=63, required=False, help_text="Another circle that you and who called you belong to."
    )
    before = serializers.IntegerField(required=False, min_value=1, help_text="Messages before this id.")
    limit = serializers.IntegerField(default=20, min_value=1, max_value=100)


class PostMessage(StrictSerializer):
    circle = Text(
        max_length=63, required=False, help_text="Another circle that you and who called you belong to."
    )
    content = Content()


def read_messages(desk: Desk, limit: int, circle: str | None = None, before: int | None = None) -> str:
    found = _circle(desk, circle).messages.all()
    if before is not None:
        found = found.filter(pk__lt=before)
    rows = found.select_related("author").order_by("-pk")[:limit]
    return "\n".join(_line(row) for row in reversed(rows)) or "There are none."


def post_message(desk: Desk, content: str, circle: str | None = None) -> str:
    message = circles.post_message(desk.agent.user, _circle(desk, circle).name, content)
    return f"Posted as message {message.pk}."


def _circle(desk: Desk, name: str | None) -> Circle:
    return desk.reach(circles.find_circle(desk.agent.user, name or desk.circle.name))


OFFERS = {
    offer.name: offer
    for offer in (
        Offer("read_messages", "Read messages of a circle, the latest first.", ReadMessages, read_messages),
        Offer(
            "post_message",
            "Post to a circle. Your answer is posted by itself: this is for saying something elsewhere.",
            PostMessage,
            post_message,
            acts=True,
        ),
        *file_tools.OFFERS,
    )
}


def names() -> list[str]:
    return list(OFFERS)


def tools_for(agent: Agent) -> list[Tool]:
    """What a provider is told that ``agent`` may call: nothing of files where it has none to see."""
    circles_ = agent.user.memberships.order_by().values("circle")
    without = () if Workspace.objects.filter(circle__in=circles_).exists() else file_tools.OFFERS
    return [offer.tool() for offer in OFFERS.values() if offer not in without]


def acts(call: ToolCall) -> bool:
    """Whether ``call`` may change something that others see."""
    return call.name in OFFERS and OFFERS[call.name].acts


def problem(call: ToolCall) -> Outcome | None:
    """What is wrong with the form of ``call``, told to whoever wrote it; None if nothing is."""
    try:
        _checked(call)
    except GatheringError as error:
        return _refusal(error)
    return None


def perform(desk: Desk, call: ToolCall) -> Outcome:
    """Do what ``call`` asks; what comes of it, or why not."""
    try:
        fields = _checked(call)
        return Outcome(_cut(OFFERS[call.name].do(desk, **fields)))
    except GatheringError as error:
        return _refusal(error)


def _checked(call: ToolCall) -> dict[str, Any]:
    if call.name not in OFFERS:
        raise BadField(f"There is no tool '{call.name[:64]}'; there are {', '.join(OFFERS)}.")
    try:
        arguments = json.loads(call.arguments or "{}")
    except (ValueError, RecursionError):
        raise BadField("The arguments are not JSON.") from None
    if not isinstance(arguments, dict):
        raise BadField("The arguments are not a JSON object.")
    form = OFFERS[call.name].fields(data=arguments)
    if not form.is_valid():
        raise BadField(": ".join(first_problem(form.errors)))
    return dict(form.validated_data)


def _refusal(error: GatheringError) -> Outcome:
    return Outcome(f"Refused ({error.code}): {error.detail}", error.code)


def _cut(text: str) -> str:
    if len(text) <= RESULT:
        return text
    return f"{text[:RESULT]}\n[cut here: {len(text) - RESULT} characters more]"


def _line(message: Message) -> str:
    return f"[{message.pk}] {message.author.username}: {message.content}"
