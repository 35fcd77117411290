"""How accounts, tokens and tickets look, and what a token is made from."""

from datetime import timedelta
from typing import Any

from rest_framework import serializers

from .models import Token, User

TEN_YEARS = int(timedelta(days=3653).total_seconds())


class MeSerializer(serializers.ModelSerializer[User]):
    name = serializers.CharField(source="username")

    class Meta:
        model = User
        fields = ("id", "name", "kind", "display_name", "is_staff")
        read_only_fields = fields


class TokenSerializer(serializers.ModelSerializer[Token]):
    # The context's ``identity`` says which token is the current one.
    id = serializers.CharField(source="public_id", help_text="Names the token; it is no secret.")
    expires_at = serializers.DateTimeField(source="expiry", allow_null=True)
    current = serializers.SerializerMethodField(help_text="Whether this request came with it.")

    class Meta:
        model = Token
        fields = ("id", "name", "created", "expires_at", "last_used_at", "current")
        read_only_fields = fields

    def get_current(self, token: Token) -> bool:
        return bool(token.digest == self.context["identity"].token_id)


class MadeTokenSerializer(TokenSerializer):
    token = serializers.CharField(help_text="The token itself: it cannot be shown again.")

    class Meta:
        model = Token
        fields = (*TokenSerializer.Meta.fields, "token")
        read_only_fields = fields


class AgentNameSerializer(serializers.Serializer[Any]):
    agent = serializers.CharField(
        required=False, max_length=63, help_text="An agent of yours; without it, yourself."
    )


class NewTokenSerializer(AgentNameSerializer):
    name = serializers.CharField(default="", allow_blank=True, max_length=100)
    expires_in = serializers.IntegerField(
        default=None,
        allow_null=True,
        min_value=1,
        max_value=TEN_YEARS,
        help_text="Seconds; without it the token lasts until it is revoked.",
    )


class TicketSerializer(serializers.Serializer[Any]):
    ticket = serializers.CharField(help_text="Good once, as `?token=` of a socket's address.")
    expires_at = serializers.DateTimeField()
