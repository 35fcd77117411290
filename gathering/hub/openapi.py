"""The HTTP face of the log in the description of the API: it is no view that the generator could see."""

from __future__ import annotations

from typing import Any

PATH = "/api/streams/{name}/events"


def describe_events(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """A postprocessing hook of drf-spectacular."""
    result["paths"][PATH] = {
        "get": {
            "operationId": "streams_events_retrieve",
            "description": (
                "The events of a stream after `since`, as a JSON page; with `wait`, once there are any; "
                "with `Accept: text/event-stream`, as Server-Sent Events whose `id` is the `seq`."
            ),
            "tags": ["streams"],
            "security": [{"token": []}, {"cookieAuth": []}],
            "parameters": [
                _parameter("name", "path", "string", "such as circles.dev-team"),
                _parameter("since", "query", "integer", "a seq; 0 is everything that is kept"),
                _parameter("epoch", "query", "string", "the history that `since` belongs to"),
                _parameter("limit", "query", "integer", "events on a page, at most 1000"),
                _parameter("wait", "query", "integer", "seconds to wait for an event, at most 25"),
                _parameter("Last-Event-ID", "header", "integer", "as `since`, for Server-Sent Events"),
            ],
            "responses": {"200": {"description": "A page.", "content": _content()}},
        }
    }
    return result


def _parameter(name: str, place: str, kind: str, about: str) -> dict[str, Any]:
    found = {"name": name, "in": place, "schema": {"type": kind}, "description": about}
    return {**found, "required": True} if place == "path" else found


def _content() -> dict[str, Any]:
    properties = {
        "channel": {"type": "string"},
        "epoch": {"type": "string"},
        "head": {"type": "integer"},
        "floor": {"type": "integer"},
        "reset": {"type": "string", "nullable": True},
        "events": {"type": "array", "items": {"type": "object"}},
    }
    page = {"type": "object", "properties": properties}
    return {
        "application/json": {"schema": page},
        "text/event-stream": {"schema": {"type": "string"}},
    }
