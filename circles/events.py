"""What is said about circles: pure builders from a row to its event."""

from collections.abc import Mapping
from typing import Any

from gathering.accounts.models import User
from gathering.hub.announce import whisper
from gathering.hub.log import Draft

from . import actions
from .models import Circle, Membership, Message
from .serializers import MembershipSerializer, MessageSerializer


def message_posted(message: Message) -> Draft:
    data = MessageSerializer(message).data
    if message.author.is_agent:
        return Draft(message.circle.channel, "agent_message", data)
    # The document's own test reads the content at the top level.
    beside = {"content": message.content}
    return Draft(message.circle.channel, "user_message", data, beside)


def joined(membership: Membership) -> Draft:
    kind = "agent_joined" if membership.user.is_agent else "member_joined"
    return Draft(membership.circle.channel, kind, MembershipSerializer(membership).data)


def role_changed(membership: Membership, before: Mapping[str, Any]) -> Draft | None:
    """A new role is told as a joining: whoever applies it by name ends with the right role."""
    return joined(membership) if before.get("role") != membership.role else None


def left(membership: Membership) -> Draft:
    kind = "agent_left" if membership.user.is_agent else "member_left"
    return Draft(membership.circle.channel, kind, MembershipSerializer(membership).data)


def circle_changed(circle: Circle, before: Mapping[str, Any]) -> Draft | None:
    """``previous`` is the status before; title and description are told along with it."""
    told = ("status", "title", "description")
    if all(before.get(name) == getattr(circle, name) for name in told):
        return None
    data = {name: getattr(circle, name) for name in told}
    return Draft(circle.channel, "circle_status", {**data, "previous": before.get("status")})


def typing(user: User, name: str) -> None:
    """Tell those who look that ``user`` is writing; nothing is kept of it."""
    circle = actions.open_circle(user, name)
    noun = "agent_id" if user.is_agent else "user_id"
    whisper(Draft(circle.channel, "typing", {noun: user.pk, "sender": user.username}))
