"""REST: what agents report, and the runs that it makes."""

from typing import Any, cast

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from gathering.accounts.models import User
from gathering.hub import receipts
from gathering.protocol import agui
from gathering.protocol.errors import BadField
from gathering.rest import checked, reference

from . import actions, activity, timeline
from .models import Activity, Run
from .serializers import (
    KeptEventSerializer,
    ReportedSerializer,
    RunDetailSerializer,
    RunPageSerializer,
    RunSerializer,
    RunsSerializer,
)

MOST_EVENTS = 1000  # in one request, and of one run
CALLS = ("TOOL_CALL_START", "TOOL_CALL_END", "TOOL_CALL_RESULT")
AN_EVENT = {"type": "object", "properties": {"type": {"type": "string"}}, "required": ["type"]}
EVENTS = {"oneOf": [AN_EVENT, {"type": "array", "items": AN_EVENT, "maxItems": MOST_EVENTS}]}


class ActivityView(APIView):
    @extend_schema(
        operation_id="agents_activity_create",
        parameters=[OpenApiParameter("Idempotency-Key", str, "header", description="Reports once.")],
        request={"application/json": EVENTS},
        responses={201: ReportedSerializer, 200: ReportedSerializer},
    )
    def post(self, request: Request, key: str) -> Response:
        """Say what you do, as the agent itself: one event of AG-UI, or a list that is taken as a whole.

        With an `Idempotency-Key` that was used before nothing is done: the answer is 200 and the first one.
        """
        events = _events(request.data)
        user, ref = _user(request), reference(request)
        done = receipts.perform(user.pk, ref, lambda: _report(user, key, events))
        return Response({"seq": done.seq}, status=200 if done.repeated else 201)


class RunsView(APIView):
    @extend_schema(operation_id="agents_runs_list", parameters=[RunPageSerializer], responses=RunsSerializer)
    def get(self, request: Request, key: str) -> Response:
        """The runs of an agent, the newest first."""
        asked = checked(RunPageSerializer(data=request.query_params.dict()))
        agent = actions.find_agent(_user(request), key)
        runs = Run.objects.filter(agent=agent).select_related("circle")
        if "before" in asked:
            runs = runs.filter(pk__lt=actions.find_run(agent, asked["before"]).pk)
        found = list(runs[: asked["limit"] + 1])
        page = RunSerializer(found[: asked["limit"]], many=True).data
        return Response({"runs": page, "has_more": len(found) > asked["limit"]})


class RunView(APIView):
    @extend_schema(responses=RunDetailSerializer)
    def get(self, request: Request, key: str, run_id: str) -> Response:
        """One run: how it ended and what it cost, its tool calls, and its events."""
        run = actions.find_run(actions.find_agent(_user(request), key), run_id)
        rows = list(run.activities.order_by("pk")[: MOST_EVENTS + 1])
        return Response(
            {
                "run": RunSerializer(run).data,
                "calls": calls(run),
                "events": KeptEventSerializer(rows[:MOST_EVENTS], many=True).data,
                "has_more": len(rows) > MOST_EVENTS,
            }
        )


def calls(run: Run) -> list[dict[str, Any]]:
    """The tool calls of a run, in the order of their beginning."""
    found: dict[str, dict[str, Any]] = {}
    for row in run.activities.filter(type__in=CALLS).order_by("pk"):
        if row.type == "TOOL_CALL_START":
            found[row.subject] = _call(row)
        elif (call := found.get(row.subject)) is not None:  # a result may be of a call in another run
            call["truncated"] |= row.truncated
            if row.type == "TOOL_CALL_END":
                call["arguments"] = row.content
            else:
                call |= {"result": row.event["content"], "ended_at": row.created_at}
                call["failed"] = timeline.has_failed(row.event)
    return list(found.values())


def _call(row: Activity) -> dict[str, Any]:
    return {
        "tool_call_id": row.subject,
        "tool": row.event["toolCallName"],
        "arguments": None,
        "result": None,
        "failed": None,
        "truncated": False,
        "started_at": row.created_at,
        "ended_at": None,
    }


def _report(user: User, key: str, events: list[Any]) -> Activity | None:
    rows = activity.report_all(user, key, events)
    return next((row for row in reversed(rows) if row is not None), None)


def _events(body: Any) -> list[Any]:
    events = body if isinstance(body, list) else [body]
    if not 0 < len(events) <= MOST_EVENTS:
        raise BadField(f"A list has 1 to {MOST_EVENTS} events.")
    for place, event in enumerate(events):
        try:
            agui.check(event)
        except BadField as error:
            field = f"{place}.{error.field}" if isinstance(body, list) else error.field
            raise BadField(error.detail, field=field) from None
    return events


def _user(request: Request) -> User:
    return cast(User, request.user)
