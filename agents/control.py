"""REST: asking an agent, stopping it, saying yes and no to it, and what it is made of."""

from typing import Any, cast

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from circles.models import Message
from circles.serializers import MessageSerializer
from gathering.accounts.models import User
from gathering.hub import receipts
from gathering.rest import checked, reference

from . import oversight, questions
from .models import Approval
from .oversight_serializers import (
    ApprovalPageSerializer,
    ApprovalSerializer,
    ApprovalsSerializer,
    AskedSerializer,
    DecisionSerializer,
    MindSerializer,
    QuestionSerializer,
)
from .serializers import RunSerializer

WORDS = {"approve": Approval.Decision.APPROVED, "reject": Approval.Decision.REJECTED}


class AskView(APIView):
    @extend_schema(
        parameters=[OpenApiParameter("Idempotency-Key", str, "header", description="As `id` in the body.")],
        request=QuestionSerializer,
        responses={201: AskedSerializer, 200: AskedSerializer},
    )
    def post(self, request: Request, key: str) -> Response:
        """Ask an agent that this server runs: the question is posted to the circle, and so is the answer."""
        fields = checked(QuestionSerializer(data=request.data))
        ref, user = reference(request, fields.pop("id", None)), _user(request)
        done = receipts.perform(user.pk, ref, lambda: questions.ask(user, key, **fields))
        message = Message.objects.select_related("author").get(pk=done.subject, author=user)
        run_id = questions.errand_for(key, message).run_id
        body = {"message": MessageSerializer(message).data, "run_id": run_id, "seq": done.seq}
        return Response(body, status=200 if done.repeated else 201)


class StopView(APIView):
    @extend_schema(request=None, responses={202: RunSerializer})
    def post(self, request: Request, key: str, run_id: str) -> Response:
        """Ask for the end of a run: within two seconds if this server runs it, else its agent is told."""
        return Response(RunSerializer(oversight.stop_run(_user(request), key, run_id)).data, status=202)


class MindView(APIView):
    @extend_schema(responses=MindSerializer)
    def get(self, request: Request, key: str) -> Response:
        """What answers for an agent, as its owner."""
        return Response(MindSerializer(questions.see_mind(_user(request), key)).data)

    @extend_schema(request=MindSerializer, responses=MindSerializer)
    def patch(self, request: Request, key: str) -> Response:
        """Change that, as its owner; what spends more of this server is for staff."""
        fields = checked(MindSerializer(data=request.data))
        return Response(MindSerializer(questions.change_mind(_user(request), key, **fields)).data)


class ApprovalsView(APIView):
    @extend_schema(
        operation_id="approvals_list", parameters=[ApprovalPageSerializer], responses=ApprovalsSerializer
    )
    def get(self, request: Request) -> Response:
        """Calls of tools that wait for a person, of agents in your circles or your own; the newest first."""
        asked = checked(ApprovalPageSerializer(data=request.query_params.dict()))
        rows = Approval.objects.visible_to(_user(request)).order_by("-pk")
        rows = rows.select_related("errand__agent__user", "errand__message__circle", "decided_by")
        rows = rows.pending() if asked["pending"] else rows
        rows = rows.filter(pk__lt=asked["before"]) if "before" in asked else rows
        found = list(rows[: asked["limit"] + 1])
        page: Any = ApprovalSerializer(found[: asked["limit"]], many=True).data
        return Response({"approvals": page, "has_more": len(found) > asked["limit"]})


class ApprovalView(APIView):
    @extend_schema(responses=ApprovalSerializer)
    def get(self, request: Request, pk: int) -> Response:
        """One of them."""
        return Response(ApprovalSerializer(oversight.find_approval(_user(request), pk)).data)

    @extend_schema(request=DecisionSerializer, responses=ApprovalSerializer)
    def post(self, request: Request, pk: int) -> Response:
        """Say yes or no, as a person who posts in the circle, as the agent's owner or as staff."""
        decision = checked(DecisionSerializer(data=request.data))["decision"]
        return Response(ApprovalSerializer(oversight.decide(_user(request), pk, WORDS[decision])).data)


def _user(request: Request) -> User:
    return cast(User, request.user)
