"""How an agent looks, in REST, in replies and in events alike; and what it is made from."""

from typing import Any

from rest_framework import serializers

from circles.serializers import Text

from .models import Agent


class AgentSerializer(serializers.BaseSerializer[Agent]):
    """``{"agent_id", "agent", "display_name", "description", "owner", "status"}``; owner is a name."""

    def to_representation(self, instance: Agent) -> dict[str, Any]:
        return {
            "agent_id": instance.pk,
            "agent": instance.user.username,
            "display_name": instance.user.display_name,
            "description": instance.description,
            "owner": instance.owner.username if instance.owner else None,
            "status": instance.status,
        }


class AgentInputSerializer(serializers.Serializer[Any]):
    name = Text(max_length=63)
    display_name = Text(max_length=100, allow_blank=True, default="")
    description = Text(max_length=4000, allow_blank=True, default="")


class AgentChangeSerializer(serializers.Serializer[Any]):
    description = Text(max_length=4000, allow_blank=True)


class StatusSerializer(serializers.Serializer[Any]):
    status = serializers.ChoiceField(Agent.Status.choices)
