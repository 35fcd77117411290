from gathering.hub.consumers import StreamConsumer
from gathering.hub.kinds import Kind

from . import actions

WORKSPACES = Kind(
    "workspaces", actions.find_workspace, actions.ids_of_workspaces, seen=actions.seen_workspaces
)


class WorkspaceConsumer(StreamConsumer):
    """``/ws/workspaces/<id>``: what happens in a directory, and in its git."""

    kind = WORKSPACES
