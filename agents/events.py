"""What is said about agents: pure builders from a row to its event."""

from collections.abc import Mapping
from typing import Any

import orjson

from gathering.hub.log import Draft
from gathering.protocol import names

from .models import ACTIVITY, Activity, Agent
from .serializers import AgentSerializer

TOLD = ("status", "description", "owner_id")


def agent_made(agent: Agent) -> Draft:
    return _status(agent, None)


def agent_changed(agent: Agent, before: Mapping[str, Any]) -> Draft | None:
    """Every change of what others see of an agent is told as its status, with all of it."""
    if all(before.get(name) == getattr(agent, name) for name in TOLD):
        return None
    return _status(agent, before.get("status"))


def agent_renamed(agent: Agent) -> Draft:
    """Its display name is its user's."""
    return _status(agent, agent.status)


def activity_kept(activity: Activity) -> Draft:
    """``data`` is the agent's event; beside it stands the whole text that an END ends."""
    event: Any = orjson.Fragment(activity.data)
    return Draft(names.join("agents", activity.agent_id), ACTIVITY, event, activity.beside)


def _status(agent: Agent, previous: str | None) -> Draft:
    data = {**AgentSerializer(agent).data, "previous": previous}
    return Draft(agent.channel, "agent_status", data)
