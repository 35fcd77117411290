"""The law's other half: what a client makes of a snapshot and the events after it."""

from typing import Any

import orjson

from circles.api import RECENT, snapshot
from circles.models import Circle
from gathering.hub import log


def take(circle: Circle) -> dict[str, Any]:
    """A fresh snapshot, as JSON would carry it."""
    return orjson.loads(orjson.dumps(snapshot(Circle.objects.get(pk=circle.pk))))


def replay(old: dict[str, Any]) -> dict[str, Any]:
    """``old`` with every event applied that came after it."""
    now = orjson.loads(orjson.dumps(old))
    for frame in log.read(old["channel"], old["seq"], limit=10_000):
        event = orjson.loads(frame.text)
        assert event["seq"] == now["seq"] + 1
        now["seq"] = event["seq"]
        apply(now, event["type"], event["data"])
    return now


def apply(now: dict[str, Any], kind: str, data: dict[str, Any]) -> None:
    if kind in ("user_message", "agent_message"):
        now["messages"].append(data)
        now["has_more"] = now["has_more"] or len(now["messages"]) > RECENT
        del now["messages"][:-RECENT]
    elif kind == "circle_status":
        now["circle"].update({name: data[name] for name in ("status", "title", "description")})
    else:
        name = data.get("user") or data.get("agent")
        members = [m for m in now["members"] if (m.get("user") or m.get("agent")) != name]
        gone = kind in ("member_left", "agent_left")
        members += [] if gone else [data]
        now["members"] = sorted(members, key=lambda m: m.get("user") or m.get("agent"))
