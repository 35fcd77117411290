"""How a circle, a membership and a message look, in REST, in replies and in events alike; and what they
are made from."""

from typing import Any

from django.conf import settings
from rest_framework import serializers

from gathering.accounts.models import User
from gathering.hub.pages import StrictSerializer

from .models import Circle, Membership, Message

MAX_ID = 2**63 - 1


class Text(serializers.CharField):
    """A text that is sent as a text: a number or a list is refused, not turned into one."""

    default_error_messages = {"invalid": "This is a text."}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(trim_whitespace=False, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class Content(Text):
    """What a message says: not blank, and at most ``GATHERING_MAX_CONTENT`` characters."""

    default_error_messages = {
        "blank": "A message says something.",
        "max_length": "A message has at most {max_length} characters.",
    }

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        longest = settings.GATHERING_MAX_CONTENT
        if not text.strip():
            self.fail("blank")
        if longest and len(text) > longest:
            self.fail("max_length", max_length=longest)
        return text


class CircleSerializer(serializers.ModelSerializer[Circle]):
    class Meta:
        model = Circle
        fields = ("id", "name", "title", "description", "status", "created_at")
        read_only_fields = fields


class NewCircleSerializer(StrictSerializer):
    name = Text(max_length=63, help_text="Lower-case letters, digits, '-' and '_'; for ever.")
    title = Text(max_length=200, allow_blank=True, default="")
    description = Text(max_length=4000, allow_blank=True, default="")


class CircleChangeSerializer(StrictSerializer):
    title = Text(max_length=200, allow_blank=True, required=False)
    description = Text(max_length=4000, allow_blank=True, required=False)
    status = serializers.ChoiceField(Circle.Status.choices, required=False)


class MembershipSerializer(serializers.Serializer[Membership]):
    """``{"user_id", "user", "role"}`` of a person, ``{"agent_id", "agent", "role"}`` of an agent."""

    user_id = serializers.IntegerField(required=False)
    user = serializers.CharField(required=False)
    agent_id = serializers.IntegerField(required=False)
    agent = serializers.CharField(required=False)
    role = serializers.ChoiceField(Membership.Role.choices)

    def to_representation(self, instance: Membership) -> dict[str, Any]:
        noun = "agent" if instance.user.is_agent else "user"
        return {
            f"{noun}_id": instance.user_id,
            noun: instance.user.username,
            "role": instance.role,
        }


class NewMemberSerializer(StrictSerializer):
    name = Text(max_length=63, help_text="The name of a person or an agent.")
    role = serializers.ChoiceField(
        Membership.Role.choices,
        required=False,
        help_text="Without it, a new one is a member, and one that is in already stays what it is.",
    )


class RoleSerializer(StrictSerializer):
    role = serializers.ChoiceField(Membership.Role.choices)


class MessageSerializer(serializers.Serializer[Message]):
    """``{"id", "user_id" | "agent_id", "sender", "content", "reply_to", "mentions", "created_at"}``; of an
    agent also ``"draft"``."""

    id = serializers.IntegerField()
    user_id = serializers.IntegerField(required=False)
    agent_id = serializers.IntegerField(required=False)
    sender = serializers.CharField()
    content = serializers.CharField()
    reply_to = serializers.IntegerField(allow_null=True)
    mentions = serializers.ListField(child=serializers.CharField())
    draft = serializers.CharField(required=False, allow_null=True)
    created_at = serializers.DateTimeField()

    def to_representation(self, instance: Message) -> dict[str, Any]:
        noun = "agent_id" if instance.author.is_agent else "user_id"
        draft = {"draft": instance.draft or None} if instance.author.is_agent else {}
        return {
            "id": instance.pk,
            noun: instance.author_id,
            "sender": instance.author.username,
            "content": instance.content,
            "reply_to": instance.reply_to_id,
            "mentions": instance.mentions,
            **draft,
            "created_at": instance.created_at.isoformat().replace("+00:00", "Z"),
        }


class DraftName(Text):
    """What an agent calls a message while it writes it."""

    default_error_messages = {"unprintable": "A draft has 1 to 64 printable characters."}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=64, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        if not text.isprintable():
            self.fail("unprintable")
        return text


class PostSerializer(serializers.Serializer[Any]):
    content = Content()
    draft = DraftName(required=False, allow_null=True, default=None)
    reply_to = serializers.IntegerField(
        required=False, allow_null=True, default=None, min_value=1, max_value=MAX_ID
    )


class ClaimSerializer(serializers.Serializer[Any]):
    """What a frame says of its sender is compared with the token, never believed."""

    sender = Text(required=False)
    user_id = serializers.IntegerField(required=False)
    agent_id = serializers.IntegerField(required=False)


class SpokenSerializer(ClaimSerializer, PostSerializer):
    """A frame that posts."""


class WritingSerializer(serializers.Serializer[Any]):
    """Some more of a message that is being written, or that it will not be."""

    draft = DraftName(help_text="What the agent calls the message; it posts the whole one with it.")
    delta = Text(max_length=8000, allow_blank=True, required=False, help_text="Some more of its text.")
    offset = serializers.IntegerField(
        required=False, min_value=0, help_text="How many characters came before, in Unicode code points."
    )
    ended = serializers.BooleanField(default=False, help_text="Instead of a delta: it is given up.")
    reply_to = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=MAX_ID, help_text="What it will answer."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["ended"] == ("delta" in attrs):
            raise serializers.ValidationError({"delta": ["Send a 'delta', or that the draft has 'ended'."]})
        if not attrs["ended"] and "offset" not in attrs:
            raise serializers.ValidationError({"offset": ["This field is required."]})
        longest = settings.GATHERING_MAX_CONTENT
        if longest and attrs.get("offset", 0) + len(attrs.get("delta", "")) > longest:
            raise serializers.ValidationError({"delta": [f"A message has at most {longest} characters."]})
        return attrs


class WrittenSerializer(ClaimSerializer, WritingSerializer):
    """A frame of it."""


class NewWritingSerializer(StrictSerializer, WritingSerializer):
    """The same in REST."""


class BusMessageSerializer(PostSerializer):
    """An ``agent.message`` of the event bus."""

    circle_name = Text(max_length=63)
    agent_id = serializers.IntegerField(min_value=1, max_value=MAX_ID)


class NewMessageSerializer(StrictSerializer, PostSerializer):
    id = Text(
        max_length=64,
        required=False,
        help_text="Posts once, however often it is sent; as the header Idempotency-Key, too.",
    )


class ReadSerializer(StrictSerializer):
    message = serializers.IntegerField(
        min_value=1, max_value=MAX_ID, help_text="The id of the last message that you have seen."
    )


class HistorySerializer(StrictSerializer):
    """Which part of a history is asked for: the latest, if neither ``before`` nor ``after`` is given."""

    before = serializers.IntegerField(
        required=False, min_value=1, max_value=MAX_ID, help_text="Messages before this id."
    )
    after = serializers.IntegerField(
        required=False, min_value=0, max_value=MAX_ID, help_text="Messages after this id."
    )
    limit = serializers.IntegerField(default=50, min_value=1, max_value=200)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "before" in attrs and "after" in attrs:
            raise serializers.ValidationError("Ask for those before or for those after, not for both.")
        return attrs


class PostedSerializer(serializers.Serializer[Any]):
    message = MessageSerializer()
    seq = serializers.IntegerField(allow_null=True)


class MessagesSerializer(serializers.Serializer[Any]):
    messages = MessageSerializer(many=True)
    has_more = serializers.BooleanField(help_text="Whether there are more in the same direction.")
    seq = serializers.IntegerField(help_text="The page holds what is known at this seq, or later.")


class SearchSerializer(StrictSerializer):
    q = Text(max_length=200, help_text="Words that a message has, all of them, in any case.")
    before = serializers.IntegerField(
        required=False, min_value=1, max_value=MAX_ID, help_text="The `further` of an earlier answer."
    )
    limit = serializers.IntegerField(default=50, min_value=1, max_value=200)

    def validate_q(self, value: str) -> str:
        if not value.strip():
            raise serializers.ValidationError("Say what to look for.")
        return value


class FoundSerializer(serializers.Serializer[Any]):
    circle = serializers.CharField(help_text="The name of its circle.")
    message = MessageSerializer()


class SearchedSerializer(serializers.Serializer[Any]):
    found = FoundSerializer(many=True, help_text="The newest first.")
    further = serializers.IntegerField(
        allow_null=True, help_text="Messages before this id were not looked at; null if all were."
    )


class CircleSnapshotSerializer(serializers.Serializer[Any]):
    """A circle as it is at ``seq``: follow its stream from there and miss nothing."""

    circle = CircleSerializer()
    members = MembershipSerializer(many=True)
    messages = MessageSerializer(many=True)
    has_more = serializers.BooleanField()
    channel = serializers.CharField()
    epoch = serializers.CharField()
    seq = serializers.IntegerField()


class NothingSerializer(serializers.Serializer[Any]):
    """A frame without fields of its own."""


class PresentSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    display_name = serializers.CharField()
    kind = serializers.ChoiceField(User.Kind.choices)


class PresenceSerializer(serializers.Serializer[Any]):
    here = PresentSerializer(many=True)
