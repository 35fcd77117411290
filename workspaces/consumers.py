from gathering.hub.consumers import StreamConsumer
from gathering.hub.kinds import Kind, Taken

from . import actions, leasing
from .asking import NewLeaseSerializer, ReleaseSerializer

WORKSPACES = Kind(
    "workspaces",
    actions.find_workspace,
    actions.ids_of_workspaces,
    {
        "lease": Taken(leasing.lease, NewLeaseSerializer),
        "release": Taken(leasing.release, ReleaseSerializer),
    },
    seen=actions.seen_workspaces,
)


class WorkspaceConsumer(StreamConsumer):
    """``/ws/workspaces/<id>``: what happens in a directory, and in its git; and who is editing what."""

    kind = WORKSPACES
