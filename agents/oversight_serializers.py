"""How questions, approvals and what an agent is made of look in REST."""

from typing import Any

from rest_framework import serializers

from circles.serializers import Content, MessageSerializer, Text
from gathering.hub.pages import StrictSerializer

from .guards import BOUNDS
from .models import Agent, Approval


class QuestionSerializer(StrictSerializer):
    circle = Text(max_length=63, help_text="Where it is asked, and answered.")
    content = Content()
    id = Text(
        max_length=64,
        required=False,
        help_text="Asks once, however often it is sent; as the header Idempotency-Key, too.",
    )


class AskedSerializer(serializers.Serializer[Any]):
    message = MessageSerializer()
    run_id = serializers.CharField(help_text="What the run will be called, if nothing interrupts it.")
    seq = serializers.IntegerField(allow_null=True)


class MindSerializer(StrictSerializer):
    """What answers for an agent.  Each field may be left out of a change."""

    provider = Text(max_length=32, allow_blank=True, required=False, help_text="Empty: it runs elsewhere.")
    model = Text(max_length=100, allow_blank=True, required=False)
    persona = Text(max_length=8000, allow_blank=True, required=False)
    temperature = serializers.FloatField(min_value=0, max_value=2, allow_null=True, required=False)
    history = serializers.IntegerField(min_value=1, max_value=200, required=False)
    answers = serializers.ChoiceField(Agent.Answers.choices, required=False)
    needs_approval = serializers.ListField(child=Text(max_length=64), max_length=50, required=False)

    def get_fields(self) -> dict[str, Any]:
        guards = {
            name: serializers.IntegerField(
                min_value=bound.least, max_value=bound.most, required=False, help_text=bound.about
            )
            for name, bound in BOUNDS.items()
        }
        return {**super().get_fields(), **guards}


class DecisionSerializer(StrictSerializer):
    decision = serializers.ChoiceField([("approve", "approve"), ("reject", "reject")])


class ApprovalPageSerializer(StrictSerializer):
    pending = serializers.BooleanField(default=True, help_text="Only those that nobody has decided.")
    before = serializers.IntegerField(required=False, min_value=1, help_text="Those before this one.")
    limit = serializers.IntegerField(default=50, min_value=1, max_value=200)


class ApprovalSerializer(serializers.Serializer[Approval]):
    """A call that waits, or waited, for a person's yes; ``decision`` is empty while it waits."""

    approval = serializers.IntegerField(source="pk")
    agent_id = serializers.IntegerField(source="errand.agent_id")
    agent = serializers.CharField(source="errand.agent.user.username")
    circle = serializers.CharField(source="errand.message.circle.name")
    run_id = serializers.CharField()
    tool = serializers.CharField()
    arguments = serializers.CharField()
    deadline = serializers.DateTimeField()
    decision = serializers.CharField()
    by = serializers.CharField(source="decided_by.username", default=None, allow_null=True)
    decided_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()


class ApprovalsSerializer(serializers.Serializer[Any]):
    approvals = ApprovalSerializer(many=True)
    has_more = serializers.BooleanField()
