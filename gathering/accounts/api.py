"""REST: who am I, my tokens, a ticket."""

import re
from datetime import timedelta
from typing import Any, cast

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from gathering.protocol.errors import BadField, NotFound

from . import tickets, tokens
from .models import PUBLIC_ID_LENGTH, Token, User
from .serializers import (
    AgentNameSerializer,
    MadeTokenSerializer,
    MeSerializer,
    NewTokenSerializer,
    TicketSerializer,
    TokenSerializer,
)

_PUBLIC_ID = re.compile(rf"[0-9a-f]{{{PUBLIC_ID_LENGTH}}}")
SECRET = {"Cache-Control": "no-store"}


class MeView(APIView):
    @extend_schema(responses=MeSerializer)
    def get(self, request: Request) -> Response:
        """Who the credential of this request belongs to."""
        return Response(MeSerializer(_user(request)).data)


class TokensView(APIView):
    @extend_schema(parameters=[AgentNameSerializer], responses=TokenSerializer(many=True))
    def get(self, request: Request) -> Response:
        """Your tokens, or those of an agent of yours; the newest first."""
        asked = _checked(AgentNameSerializer(data=request.query_params))
        rows = Token.objects.filter(user=_holder(request, asked))
        return Response(TokenSerializer(rows, many=True, context=_context(request)).data)

    @extend_schema(request=NewTokenSerializer, responses={201: MadeTokenSerializer})
    def post(self, request: Request) -> Response:
        """Make a token; the answer is the only place where it is ever shown."""
        asked = _checked(NewTokenSerializer(data=request.data))
        life = _life(request, asked["expires_in"])
        made, text = tokens.mint(_holder(request, asked), name=asked["name"], expires_in=life)
        data = TokenSerializer(made, context=_context(request)).data
        return Response({**data, "token": text}, status=201, headers=SECRET)


class TokenView(APIView):
    @extend_schema(responses={204: None})
    def delete(self, request: Request, public_id: str) -> Response:
        """Revoke a token: what lives on it is closed within a second."""
        tokens.revoke(_token(request, public_id))
        return Response(status=204)


class TicketsView(APIView):
    @extend_schema(request=None, responses={201: TicketSerializer})
    def post(self, request: Request) -> Response:
        """Make a ticket, for a client that can send its credential only in an address."""
        text, expires_at = tickets.issue(tokens.identity_of(request))
        data = TicketSerializer({"ticket": text, "expires_at": expires_at}).data
        return Response(data, status=201, headers=SECRET)


def _life(request: Request, seconds: int | None) -> timedelta | None:
    """How long a new token lasts: no longer than the token that it is made with."""
    asked = None if seconds is None else timedelta(seconds=seconds)
    identity = tokens.identity_of(request)
    if identity.token_id is None or identity.expires_at is None:
        return asked
    left: timedelta = identity.expires_at - timezone.now()
    if asked is not None and asked > left:
        raise BadField("The token that you use ends before that.", field="expires_in")
    return asked or left


def _user(request: Request) -> User:
    return cast(User, request.user)


def _holder(request: Request, asked: dict[str, Any]) -> User:
    if (name := asked.get("agent")) is None:
        return _user(request)
    agent = User.objects.filter(username=name, kind=User.Kind.AGENT).first()
    if agent is None or not tokens.may_manage(_user(request), agent):
        raise NotFound(field="agent")
    return agent


def _token(request: Request, public_id: str) -> Token:
    if not _PUBLIC_ID.fullmatch(public_id):
        raise NotFound
    token = Token.objects.select_related("user").filter(digest__startswith=public_id).first()
    if token is None or not tokens.may_manage(_user(request), token.user):
        raise NotFound
    return token


def _checked(serializer: AgentNameSerializer) -> dict[str, Any]:
    serializer.is_valid(raise_exception=True)
    return serializer.validated_data


def _context(request: Request) -> dict[str, Any]:
    return {"identity": tokens.identity_of(request)}
