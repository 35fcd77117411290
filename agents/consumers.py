from gathering.hub.consumers import StreamConsumer
from gathering.hub.kinds import Kind, Presence, Taken
from gathering.protocol import agui
from gathering.protocol.frames import Command

from . import actions, activity
from .serializers import EventSerializer, StatusSerializer


def _is_delta(command: Command) -> bool:
    spec = agui.EVENTS.get(str((command.data or {}).get("type")))
    return spec is not None and spec.is_delta


AGENTS = Kind(
    "agents",
    actions.find_agent,
    actions.ids_of_agents,
    {
        "agent_status": Taken(actions.report_status, StatusSerializer),
        "agent_activity": Taken(
            activity.report,
            EventSerializer,
            whole=True,
            together=activity.report_together,
            lightly=activity.lightly,
            often=_is_delta,
        ),
    },
    presence=Presence.KEPT,
)


class AgentConsumer(StreamConsumer):
    """``/ws/agents/<id>``: what an agent is doing, and its saying so."""

    kind = AGENTS
