"""How an agent looks, in REST, in replies and in events alike; and what it is made from."""

from typing import Any

from rest_framework import serializers

from circles.serializers import MAX_ID, Text
from gathering.hub.pages import StrictSerializer

from .models import Agent


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
    description = Text(max_length=4000, allow_blank=True)


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
