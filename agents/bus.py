"""What the event bus may report of agents: whoever can write to Redis is trusted to speak for them."""

from circles.bus import the_agent
from gathering.events import BusEvent, EventBus
from gathering.rest import checked

from . import actions, activity
from .serializers import BusActivitySerializer, BusStatusSerializer

event_bus = EventBus()


@event_bus.subscribe("agent.status")
def forward_status(event: BusEvent) -> None:
    """Report ``status`` as the agent ``agent_id``."""
    said = checked(BusStatusSerializer(data=dict(event)))
    agent = the_agent(said["agent_id"])
    actions.report_status(agent, str(agent.pk), said["status"])


@event_bus.subscribe("agent.activity")
def forward_activity(event: BusEvent) -> None:
    """Report ``activity``, one event of AG-UI, as the agent ``agent_id``."""
    said = checked(BusActivitySerializer(data=dict(event)))
    agent = the_agent(said["agent_id"])
    activity.report(agent, str(agent.pk), said["activity"]["event"])
