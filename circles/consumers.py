from gathering.hub.consumers import StreamConsumer
from gathering.hub.kinds import Kind, Presence, Taken

from . import actions, drafts, events
from .serializers import NothingSerializer, SpokenSerializer, WrittenSerializer

SPEAK = Taken(actions.speak, SpokenSerializer, together=actions.speak_together)
CIRCLES = Kind(
    "circles",
    actions.find_circle,
    actions.names_of_circles,
    {
        "user_message": SPEAK,
        "message": SPEAK,
        "agent_message": Taken(
            actions.speak_as_agent, SpokenSerializer, together=actions.speak_as_agents_together
        ),
        "typing": Taken(events.typing, NothingSerializer),
        "message_delta": Taken(drafts.write, WrittenSerializer, lightly=drafts.lightly, often=lambda _: True),
    },
    actions.seen_circles,
    Presence.TOLD,
)


class CircleConsumer(StreamConsumer):
    """``/ws/circles/<name>``: what is said in a circle, and saying it."""

    kind = CIRCLES
