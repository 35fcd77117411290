from gathering.hub.consumers import StreamConsumer
from gathering.hub.kinds import Kind, Taken

from . import actions
from .serializers import StatusSerializer

AGENTS = Kind(
    "agents",
    actions.find_agent,
    actions.ids_of_agents,
    {"agent_status": Taken(actions.report_status, StatusSerializer)},
)


class AgentConsumer(StreamConsumer):
    """``/ws/agents/<id>``: what an agent is doing, and its saying so."""

    kind = AGENTS
