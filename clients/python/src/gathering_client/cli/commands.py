"""``gathering login``, ``circles``, ``say``, ``tail`` and ``watch``."""

from __future__ import annotations

import getpass
import json
import sys
from argparse import Namespace
from typing import Any

from ..client import Client
from ..connecting import connect
from ..events import Events
from ..frames import Event
from ..streams import Stream
from . import login
from .login import Login
from .show import Screen, branch

RECENT = 20  # events that a first ``tail`` begins with


async def log_in(arguments: Namespace) -> None:
    """Keep an address and a token, once the server has said whose it is."""
    asked = getpass.getpass("Token: ") if sys.stdin.isatty() else sys.stdin.readline()
    known = Login(arguments.url.rstrip("/"), asked.strip())
    async with Client(known.url, known.token) as client:
        me = await client.me()
    path = login.save(known)
    print(f"You are {me['name']} at {known.url}; kept in {path}", file=sys.stderr)


async def circles(arguments: Namespace, known: Login) -> None:
    """The circles that you may see."""
    async with Client(known.url, known.token) as client:
        async for circle in client.circles():
            if arguments.json:
                print(json.dumps(circle))
            else:
                print(f"{circle['name']:<24} {circle['status']:<9} {circle['title']}".rstrip())


async def say(arguments: Namespace, known: Login) -> None:
    """Post, and print the seq."""
    text = sys.stdin.read() if arguments.text == ["-"] else " ".join(arguments.text)
    async with connect(known.url, known.token) as client:
        posted = await client.circle(arguments.circle).post(
            text, id=arguments.id, reply_to=arguments.reply_to
        )
    print(posted.seq)


async def tail(arguments: Namespace, known: Login) -> None:
    """What is said in a circle, from where the last ``tail`` of it stopped."""
    async with Client(known.url, known.token) as client:
        me = await client.me()
    store = None if arguments.since is not None else login.cursors(known, me, f"tail-{arguments.circle}")
    async with connect(known.url, known.token, store=store) as client:
        circle = client.circle(arguments.circle)
        since = arguments.since if arguments.since is not None else await _recent(client, circle)
        await _print(circle.events(since), as_json=arguments.json)


async def watch(arguments: Namespace, known: Login) -> None:
    """What happens in a workspace, from now on."""
    async with connect(known.url, known.token) as client:
        workspace = client.workspace(arguments.workspace)
        snapshot = await workspace.snapshot()
        if not arguments.json:
            about = snapshot.data["workspace"]
            Screen().line("", str(about["title"] or about["id"]), branch(snapshot.data.get("git") or {}))
        await _print(workspace.events(snapshot.position), as_json=arguments.json)


async def _recent(client: Client, circle: Stream) -> int:
    """Where a first look begins: a few events back, or at the first that is kept."""
    page: dict[str, Any] = await client.rest.get(f"/api/streams/{circle.channel}/events", since=0, limit=1)
    head, floor = int(page["head"]), int(page["floor"])
    return max(head - RECENT, floor)


async def _print(events: Events, *, as_json: bool) -> None:
    screen = Screen()
    async with events:
        async for event in events:
            if not as_json:
                screen.event(event)
            elif event.seq is not None:
                print(json.dumps(_envelope(event)), flush=True)


def _envelope(event: Event) -> dict[str, Any]:
    named = {"type": event.type, "data": event.data, "timestamp": event.timestamp}
    return {**named, "channel": event.channel, "seq": event.seq, **event.beside}
