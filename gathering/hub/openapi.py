"""What the generator of the API's description cannot see: the HTTP face of the log, and every refusal."""

from __future__ import annotations

from typing import Any

from gathering.protocol.errors import GatheringError

PATH = "/api/streams/{name}/events"
REFUSALS = {
    "4XX": "Refused: the request is at fault, or the present state does not admit it.",
    "5XX": "Failed: a part is away (503; try again), or it is our fault (500).",
}
OF_THE_FRAMEWORK = {"method_not_allowed", "not_acceptable", "unsupported_media_type"}


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


def describe_errors(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """A postprocessing hook of drf-spectacular: the one shape, for every answer that says no."""
    result["components"]["schemas"]["Error"] = _error()
    schema = {"$ref": "#/components/schemas/Error"}
    for operations in result["paths"].values():
        for operation in operations.values():
            for status, about in REFUSALS.items():
                content = {"application/json": {"schema": schema}}
                operation["responses"].setdefault(status, {"description": about, "content": content})
    return result


def _error() -> dict[str, Any]:
    codes = _codes(GatheringError) - {GatheringError.code} | OF_THE_FRAMEWORK
    fields = {"type": "array", "items": {"type": "string"}}
    return {
        "type": "object",
        "description": (
            "What every refusal looks like. `code` names its kind and stays, `detail` is a sentence for "
            "people, `retryable` says whether the same request can succeed later, and `fields` what is "
            "wrong with which field."
        ),
        "properties": {
            "code": {"type": "string", "enum": sorted(codes)},
            "detail": {"type": "string"},
            "retryable": {"type": "boolean"},
            "fields": {"type": "object", "additionalProperties": fields},
        },
        "required": ["code", "detail", "retryable"],
    }


def _codes(error: type[GatheringError]) -> set[str]:
    return {error.code}.union(*(_codes(kind) for kind in error.__subclasses__()))


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
