"""REST: agents."""

from typing import Any, cast

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from gathering.accounts.models import User
from gathering.hub import log, pages
from gathering.rest import checked

from . import actions
from .models import Agent
from .serializers import (
    AgentChangeSerializer,
    AgentSerializer,
    AgentSnapshotSerializer,
    NewAgentSerializer,
    ReportSerializer,
)


class AgentsView(APIView):
    @extend_schema(parameters=[pages.PageSerializer], responses=AgentSerializer(many=True))
    def get(self, request: Request) -> Response:
        """The agents that you may see, by name."""
        agents = Agent.objects.visible_to(_user(request)).select_related("user", "owner")
        return Response(AgentSerializer(pages.page(request, agents, "user__username"), many=True).data)

    @extend_schema(request=NewAgentSerializer, responses={201: AgentSerializer})
    def post(self, request: Request) -> Response:
        """Make an agent; you own it, and may make tokens for it."""
        fields = checked(NewAgentSerializer(data=request.data))
        return Response(AgentSerializer(actions.create_agent(_user(request), **fields)).data, status=201)


class AgentView(APIView):
    @extend_schema(responses=AgentSnapshotSerializer)
    def get(self, request: Request, key: str) -> Response:
        """An agent, and the `seq` at which that is true."""
        user = _user(request)
        with log.snapshot(actions.find_agent(user, key).channel):
            return Response(snapshot(actions.find_agent(user, key)))

    @extend_schema(request=AgentChangeSerializer, responses=AgentSerializer)
    def patch(self, request: Request, key: str) -> Response:
        """Change what it is for and how it is shown, as its owner."""
        fields = checked(AgentChangeSerializer(data=request.data))
        return Response(AgentSerializer(actions.change_agent(_user(request), key, **fields)).data)


class StatusView(APIView):
    @extend_schema(request=ReportSerializer, responses=AgentSerializer)
    def post(self, request: Request, key: str) -> Response:
        """Say what you are doing, as the agent itself."""
        fields = checked(ReportSerializer(data=request.data))
        return Response(AgentSerializer(actions.report_status(_user(request), key, **fields)).data)


def snapshot(agent: Agent) -> dict[str, Any]:
    """The agent as it is; in ``log.snapshot()``, as it is at ``seq``."""
    position = log.heads([agent.channel])[agent.channel]
    return {
        "agent": AgentSerializer(agent).data,
        "channel": agent.channel,
        "epoch": position.epoch,
        "seq": position.head,
    }


def _user(request: Request) -> User:
    return cast(User, request.user)
