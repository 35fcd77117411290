"""What the event bus may say in a circle: whoever can write to Redis is trusted to speak for agents."""

from gathering.accounts.models import User
from gathering.events import BusEvent, EventBus
from gathering.protocol.errors import NotFound
from gathering.rest import checked

from . import actions
from .serializers import BusMessageSerializer

event_bus = EventBus()


@event_bus.subscribe("agent.message")
def forward_message(event: BusEvent) -> None:
    """Post ``content`` in ``circle_name`` as the agent ``agent_id``."""
    said = checked(BusMessageSerializer(data=dict(event)))
    agent = the_agent(said["agent_id"])
    actions.post_message(agent, said["circle_name"], said["content"], said["reply_to"])


def the_agent(pk: int) -> User:
    """Who an event speaks for; raises NotFound."""
    agent = User.objects.filter(pk=pk, kind=User.Kind.AGENT, is_active=True).first()
    if agent is None:
        raise NotFound(f"There is no agent {pk}.")
    return agent
