"""How an agent looks, in REST, in replies and in events alike; and what it is made from."""

from datetime import datetime
from typing import Any

from rest_framework import serializers

from circles.serializers import MAX_ID, Text
from gathering.hub.pages import StrictSerializer
from gathering.protocol import agui

from .models import Activity, Agent, Run


class AgentSerializer(serializers.Serializer[Agent]):
    """``{"agent_id", "agent", "display_name", "description", "owner", "status"}``; owner is a name."""

    agent_id = serializers.IntegerField()
    agent = serializers.CharField()
    display_name = serializers.CharField()
    description = serializers.CharField()
    owner = serializers.CharField(allow_null=True)
    status = serializers.ChoiceField(Agent.Status.choices)

    def to_representation(self, instance: Agent) -> dict[str, Any]:
        return {
            "agent_id": instance.pk,
            "agent": instance.user.username,
            "display_name": instance.user.display_name,
            "description": instance.description,
            "owner": instance.owner.username if instance.owner else None,
            "status": instance.status,
        }


class NewAgentSerializer(StrictSerializer):
    name = Text(max_length=63)
    display_name = Text(max_length=100, allow_blank=True, default="")
    description = Text(max_length=4000, allow_blank=True, default="")


class AgentChangeSerializer(StrictSerializer):
    """Each field may be left out."""

    display_name = Text(max_length=100, allow_blank=True, required=False)
    description = Text(max_length=4000, allow_blank=True, required=False)


class AgentSnapshotSerializer(serializers.Serializer[Any]):
    """An agent as it is at ``seq``: follow its stream from there and miss nothing."""

    agent = AgentSerializer()
    channel = serializers.CharField()
    epoch = serializers.CharField()
    seq = serializers.IntegerField()


class StatusSerializer(serializers.Serializer[Any]):
    status = serializers.ChoiceField(Agent.Status.choices)


class BusStatusSerializer(StatusSerializer):
    """An ``agent.status`` of the event bus."""

    agent_id = serializers.IntegerField(min_value=1, max_value=MAX_ID)


class ReportSerializer(StrictSerializer, StatusSerializer):
    """The same in REST."""


class EventSerializer(serializers.Serializer[Any]):
    """One event of AG-UI, which is checked by AG-UI's own rules and handed over unchanged."""

    def run_validation(self, data: Any = serializers.empty) -> dict[str, Any]:
        agui.check(data)
        return {"event": data}


class BusActivitySerializer(serializers.Serializer[Any]):
    """An ``agent.activity`` of the event bus: one event of AG-UI."""

    agent_id = serializers.IntegerField(min_value=1, max_value=MAX_ID)
    activity = EventSerializer()


class ReportedSerializer(serializers.Serializer[Any]):
    seq = serializers.IntegerField(
        allow_null=True, help_text="Of the last event that was logged; null if none was."
    )


class RunSerializer(serializers.Serializer[Run]):
    """A run, in lists and by itself."""

    run_id = serializers.CharField()
    agent_id = serializers.IntegerField()
    thread = serializers.CharField(help_text="As the agent calls what it belongs to.")
    circle = serializers.CharField(allow_null=True, help_text="The circle of that name, if it is one.")
    parent_run_id = serializers.CharField(allow_null=True)
    status = serializers.ChoiceField(Run.Status.choices)
    error = serializers.CharField(allow_null=True)
    error_code = serializers.CharField(allow_null=True)
    input_tokens = serializers.IntegerField()
    output_tokens = serializers.IntegerField()
    cost = serializers.DecimalField(max_digits=12, decimal_places=6, allow_null=True)
    tool_calls = serializers.IntegerField(help_text="How many.")
    started_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)

    def to_representation(self, instance: Run) -> dict[str, Any]:
        return {
            "run_id": instance.run_id,
            "agent_id": instance.agent_id,
            "thread": instance.thread,
            "circle": instance.circle.name if instance.circle else None,
            "parent_run_id": instance.parent_run_id or None,
            "status": instance.status,
            "error": instance.error or None,
            "error_code": instance.error_code or None,
            "input_tokens": instance.input_tokens,
            "output_tokens": instance.output_tokens,
            "cost": str(instance.cost) if instance.cost is not None else None,
            "tool_calls": instance.tool_calls,
            "started_at": _moment(instance.started_at),
            "ended_at": _moment(instance.ended_at),
        }


class ToolCallSerializer(serializers.Serializer[Any]):
    tool_call_id = serializers.CharField()
    tool = serializers.CharField()
    arguments = serializers.CharField(allow_null=True, help_text="Null while they are still written.")
    result = serializers.JSONField(allow_null=True, help_text="As the agent told it; null if it did not.")
    failed = serializers.BooleanField(allow_null=True, help_text="Null while there is no result.")
    truncated = serializers.BooleanField(
        help_text="Whether arguments or result are longer than what is kept."
    )
    started_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True, help_text="When there was a result.")


class KeptEventSerializer(serializers.Serializer[Activity]):
    """An event of a run as it is in the log."""

    data = serializers.JSONField(help_text="The event of AG-UI.")
    content = serializers.CharField(required=False, help_text="Of an END: the whole text.")
    truncated = serializers.BooleanField(required=False)
    timestamp = serializers.DateTimeField()

    def to_representation(self, instance: Activity) -> dict[str, Any]:
        return {"data": instance.event, **instance.beside, "timestamp": _moment(instance.created_at)}


class RunDetailSerializer(serializers.Serializer[Any]):
    """A run, its tool calls, and its events from the first on; more than the first 1,000 come by its
    event stream."""

    run = RunSerializer()
    calls = ToolCallSerializer(many=True)
    events = KeptEventSerializer(many=True)
    has_more = serializers.BooleanField()


class RunsSerializer(serializers.Serializer[Any]):
    runs = RunSerializer(many=True)
    has_more = serializers.BooleanField()


class RunPageSerializer(StrictSerializer):
    before = Text(max_length=200, required=False, help_text="Runs that began before the one of this id.")
    limit = serializers.IntegerField(default=50, min_value=1, max_value=200)


def _moment(moment: datetime | None) -> str | None:
    return moment.isoformat().replace("+00:00", "Z") if moment is not None else None
