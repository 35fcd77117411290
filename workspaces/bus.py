"""What the event bus may say of workspaces: that somebody has changed a file."""

from circles.bus import the_agent
from gathering.events import BusEvent, EventBus
from gathering.rest import checked

from . import editing
from .asking import BusChangeSerializer

event_bus = EventBus()


@event_bus.subscribe("workspace.file_changed")
def forward_file_change(event: BusEvent) -> None:
    """Look at ``path`` of ``workspace_id`` now, and tell what has changed there, by ``agent_id`` if named.

    What is told is what the disk says, so a notice that is wrong, late or doubled does no harm.
    """
    said = checked(BusChangeSerializer(data=dict(event)))
    agent = the_agent(said["agent_id"]) if said["agent_id"] is not None else None
    editing.look(said["workspace_id"], said["path"], agent)
