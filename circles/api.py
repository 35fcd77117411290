"""REST: circles, who is in them, and what was said."""

from typing import Any, cast

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from gathering.accounts.models import User
from gathering.hub import leases, log, pages, receipts
from gathering.protocol.errors import Conflict, NotFound
from gathering.rest import checked, reference

from . import actions, drafts, searching
from .models import Circle, Membership, Message
from .serializers import (
    CircleChangeSerializer,
    CircleSerializer,
    CircleSnapshotSerializer,
    HistorySerializer,
    MembershipSerializer,
    MessageSerializer,
    MessagesSerializer,
    NewCircleSerializer,
    NewMemberSerializer,
    NewMessageSerializer,
    NewWritingSerializer,
    PostedSerializer,
    PresenceSerializer,
    ReadSerializer,
    RoleSerializer,
    SearchedSerializer,
    SearchSerializer,
)

RECENT = 50  # messages in a snapshot


class CirclesView(APIView):
    @extend_schema(parameters=[pages.PageSerializer], responses=CircleSerializer(many=True))
    def get(self, request: Request) -> Response:
        """The circles that you may see, by name."""
        circles = pages.page(request, Circle.objects.visible_to(_user(request)), "name")
        return Response(CircleSerializer(circles, many=True).data)

    @extend_schema(request=NewCircleSerializer, responses={201: CircleSerializer})
    def post(self, request: Request) -> Response:
        """Make a circle; you own it."""
        fields = checked(NewCircleSerializer(data=request.data))
        circle = actions.create_circle(_user(request), **fields)
        return Response(CircleSerializer(circle).data, status=201)


class CircleView(APIView):
    @extend_schema(responses=CircleSnapshotSerializer)
    def get(self, request: Request, name: str) -> Response:
        """A circle, its members and its latest messages, and the `seq` at which that is true."""
        user = _user(request)
        with log.snapshot(actions.find_circle(user, name).channel):
            return Response(snapshot(actions.find_circle(user, name)))

    @extend_schema(request=CircleChangeSerializer, responses=CircleSerializer)
    def patch(self, request: Request, name: str) -> Response:
        """Change title, description or status, as an owner."""
        fields = checked(CircleChangeSerializer(data=request.data))
        return Response(CircleSerializer(actions.change_circle(_user(request), name, **fields)).data)


class MembersView(APIView):
    @extend_schema(parameters=[pages.PageSerializer], responses=MembershipSerializer(many=True))
    def get(self, request: Request, name: str) -> Response:
        """Who is in the circle, by name."""
        members = _members(actions.find_circle(_user(request), name))
        return Response(MembershipSerializer(pages.page(request, members, "user__username"), many=True).data)

    @extend_schema(request=NewMemberSerializer, responses={201: MembershipSerializer})
    def post(self, request: Request, name: str) -> Response:
        """Let a person or an agent in, as an owner."""
        fields = checked(NewMemberSerializer(data=request.data))
        member = actions.add_member(_user(request), name, fields.pop("name"), **fields)
        return Response(MembershipSerializer(member).data, status=201)


class MemberView(APIView):
    @extend_schema(request=RoleSerializer, responses=MembershipSerializer)
    def patch(self, request: Request, name: str, member: str) -> Response:
        """Give a member another role, as an owner."""
        fields = checked(RoleSerializer(data=request.data))
        changed = actions.change_role(_user(request), name, member, **fields)
        return Response(MembershipSerializer(changed).data)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, name: str, member: str) -> Response:
        """Put a member out, as an owner, or leave."""
        actions.remove_member(_user(request), name, member)
        return Response(status=204)


class MessagesView(APIView):
    @extend_schema(
        operation_id="circles_messages_list", parameters=[HistorySerializer], responses=MessagesSerializer
    )
    def get(self, request: Request, name: str) -> Response:
        """A page of messages, the oldest of them first: the latest, or those before or after an id."""
        asked = checked(HistorySerializer(data=request.query_params.dict()))
        circle = actions.find_circle(_user(request), name)
        seq = log.position(circle.channel).head  # first, so that the page cannot be older than it
        return Response({**_page(circle, **asked), "seq": seq})

    @extend_schema(
        parameters=[OpenApiParameter("Idempotency-Key", str, "header", description="As `id` in the body.")],
        request=NewMessageSerializer,
        responses={201: PostedSerializer, 200: PostedSerializer},
    )
    def post(self, request: Request, name: str) -> Response:
        """Post.  With an `id` that was posted before, nothing is: the answer is 200 and the first message."""
        fields = checked(NewMessageSerializer(data=request.data))
        ref = reference(request, fields.pop("id", None))
        user = _user(request)
        done = receipts.perform(user.pk, ref, lambda: actions.post_message(user, name, **fields))
        message = _posted(user, name, done.subject)
        body = {"message": MessageSerializer(message).data, "seq": done.seq}
        return Response(body, status=200 if done.repeated else 201)


class SearchView(APIView):
    @extend_schema(parameters=[SearchSerializer], responses=SearchedSerializer)
    def get(self, request: Request) -> Response:
        """Messages of your circles that have some words; with `further`, in those before."""
        asked = checked(SearchSerializer(data=request.query_params.dict()))
        searched = searching.search(_user(request), asked.pop("q"), **asked)
        found: Any = [{"circle": each.circle.name, "message": each} for each in searched.messages]
        return Response(SearchedSerializer({"found": found, "further": searched.further}).data)


class MessageView(APIView):
    @extend_schema(responses=MessageSerializer)
    def get(self, request: Request, name: str, pk: int) -> Response:
        """One message."""
        circle = actions.find_circle(_user(request), name)
        message = circle.messages.select_related("author").filter(pk=pk).first()
        if message is None:
            raise NotFound
        return Response(MessageSerializer(message).data)


class ReadView(APIView):
    @extend_schema(request=ReadSerializer, responses={204: None})
    def post(self, request: Request, name: str) -> Response:
        """Remember up to which message you have seen the circle, on every device."""
        actions.mark_read(_user(request), name, **checked(ReadSerializer(data=request.data)))
        return Response(status=204)


class PresenceView(APIView):
    @extend_schema(responses=PresenceSerializer)
    def get(self, request: Request, name: str) -> Response:
        """Who is connected to the circle, by name."""
        circle = actions.find_circle(_user(request), name)
        return Response({"here": leases.present(circle.channel)})


class DraftsView(APIView):
    @extend_schema(request=NewWritingSerializer, responses={204: None})
    def post(self, request: Request, name: str) -> Response:
        """Show some more of a message that you are writing, as an agent; nothing of it is kept.

        Post the whole message with the same `draft` when it is done.
        """
        fields = checked(NewWritingSerializer(data=request.data))
        drafts.write(_user(request), name, **fields)
        return Response(status=204)


def snapshot(circle: Circle) -> dict[str, Any]:
    """The circle as it is; in ``log.snapshot()``, as it is at ``seq``."""
    position = log.heads([circle.channel])[circle.channel]
    return {
        "circle": CircleSerializer(circle).data,
        "members": MembershipSerializer(_members(circle), many=True).data,
        **_page(circle, limit=RECENT),
        "channel": circle.channel,
        "epoch": position.epoch,
        "seq": position.head,
    }


def _members(circle: Circle) -> QuerySet[Membership]:
    return circle.memberships.select_related("user").order_by("user__username")


def _page(circle: Circle, limit: int, before: int | None = None, after: int | None = None) -> dict[str, Any]:
    rows = circle.messages.select_related("author")
    if after is not None:
        found = list(rows.filter(pk__gt=after).order_by("pk")[: limit + 1])
    else:
        older = rows.filter(pk__lt=before) if before is not None else rows
        found = list(older.order_by("-pk")[: limit + 1])
    page = found[:limit]
    page.sort(key=lambda message: message.pk)
    return {"messages": MessageSerializer(page, many=True).data, "has_more": len(found) > limit}


def _posted(user: User, name: str, pk: str) -> Message:
    """What was posted under an id, now or earlier."""
    mine = Message.objects.select_related("author").filter(circle__name=name, author=user)
    message = mine.filter(pk=pk).first() if pk else None
    if message is None:
        raise Conflict("You used this id for something else.")
    return message


def _user(request: Request) -> User:
    return cast(User, request.user)
