"""What the generator of the API's description cannot see: the event stream of a run."""

from typing import Any

PATH = "/api/agents/{key}/runs/{run_id}/events"


def describe_run_events(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """A postprocessing hook of drf-spectacular."""
    about = {
        "description": (
            "One run as Server-Sent Events of pure AG-UI: what is past as start, one content and end, then "
            "what comes, until the run ends. By POST as well, as clients of AG-UI ask; the body is ignored."
        ),
        "tags": ["agents"],
        "security": [{"token": []}, {"cookieAuth": []}],
        "parameters": [_parameter("key"), _parameter("run_id")],
    }
    for method in ("get", "post"):
        answer = {"description": "Events.", "content": {"text/event-stream": {"schema": {"type": "string"}}}}
        operation = f"agents_runs_events_{'retrieve' if method == 'get' else 'create'}"
        result["paths"].setdefault(PATH, {})[method] = {
            **about,
            "operationId": operation,
            "responses": {"200": answer},
        }
    return result


def _parameter(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
