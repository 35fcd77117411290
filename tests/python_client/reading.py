"""Reading with the Python client, in tests: nobody waits for long."""

import asyncio
import os
from typing import Any

import pytest

from gathering_client import Backoff, Event, Events, Timing
from tests.conftest import COMBINATIONS

# The wire is the same on every server, as other tests show: one is enough for a client.  GATHERING_WORLD
# takes another: 1 to 3 are Daphne embedded, and uvicorn and Daphne with PostgreSQL and Redis.
WORLD = COMBINATIONS[int(os.environ.get("GATHERING_WORLD", "0"))]
ONE_WORLD = pytest.mark.parametrize("world", [WORLD], indirect=True, ids="-".join, scope="session")
HURRY = Timing(quiet=1.0, answer=2.0, longer=0.2, steady=2.0)
PATIENCE = 15.0


def hurried(options: dict[str, Any]) -> dict[str, Any]:
    """Options of a client that waits for little."""
    return {"timing": HURRY, "backoff": Backoff(first=0.05, longest=0.3), "trust_env": False, **options}


async def take(events: Events, count: int) -> list[Event]:
    """The next ``count`` events of the log; what is ephemeral is let go."""
    found: list[Event] = []
    while len(found) < count:
        event = await asyncio.wait_for(events.__anext__(), PATIENCE)
        found += [event] if event.seq is not None else []
    return found


async def await_type(events: Events, kind: str) -> Event:
    """The next event of that type; others are let go."""
    while True:
        event = await asyncio.wait_for(events.__anext__(), PATIENCE)
        if event.type == kind:
            return event


def said(events: list[Event]) -> list[str]:
    return [event.data["content"] for event in events]
