"""A client of GatheRing: events once and in order, whatever breaks.

::

    async with connect("https://gathering.example", token) as client:
        async for event in client.circle("dev-team").events(since=0):
            print(event.seq, event.type, event.data)

The whole is documented in ``docs/clients-python.md``; what is on the wire in ``docs/protocol.md``.
"""

__version__ = "0.1.0"

from .agents import Agent
from .backoff import Backoff
from .circles import Circle, Posted
from .client import Client
from .connecting import connect
from .cursor import Position, Snapshot
from .errors import (
    BadInput,
    BadName,
    Busy,
    ChangedMeanwhile,
    Closed,
    Conflict,
    GatheringError,
    NotAllowed,
    NotAuthenticated,
    NotFound,
    NotGathering,
    RateLimited,
    Refused,
    ServerFailed,
    TokenExpired,
    Unavailable,
    Unreachable,
)
from .events import Events
from .frames import Event
from .stores import CursorStore, FileStore, MemoryStore
from .timing import State, Timing
from .workspaces import Workspace

__all__ = [
    "Agent",
    "Backoff",
    "BadInput",
    "BadName",
    "Busy",
    "ChangedMeanwhile",
    "Circle",
    "Client",
    "Closed",
    "Conflict",
    "CursorStore",
    "Event",
    "Events",
    "FileStore",
    "GatheringError",
    "MemoryStore",
    "NotAllowed",
    "NotAuthenticated",
    "NotFound",
    "NotGathering",
    "Position",
    "Posted",
    "RateLimited",
    "Refused",
    "ServerFailed",
    "Snapshot",
    "State",
    "Timing",
    "TokenExpired",
    "Unavailable",
    "Unreachable",
    "Workspace",
    "connect",
]
