"""What may be done in circles, and by whom.  Each is one transaction; each refusal is one of our errors.

Whoever calls (socket, REST, admin, command) translates; nobody else checks.
"""

from collections.abc import Iterable
from typing import Any

from django.db import IntegrityError, transaction

from gathering.accounts.models import User
from gathering.protocol.errors import (
    BadField,
    CircleArchived,
    CirclePaused,
    Conflict,
    NotAllowed,
    NotFound,
)

from .models import Circle, Membership, Message

Role = Membership.Role
Status = Circle.Status


def find_circle(user: User, name: str) -> Circle:
    """The circle ``name`` if ``user`` may see it."""
    circle = Circle.objects.visible_to(user).filter(name=name).first()
    if circle is None:
        raise NotFound
    return circle


def names_of_circles(user: User) -> Iterable[str]:
    """The names of the circles that ``user`` may see."""
    return Circle.objects.visible_to(user).values_list("name", flat=True)


@transaction.atomic
def create_circle(user: User, name: str, title: str = "", description: str = "") -> Circle:
    """Make a circle; a person who makes one owns it."""
    if user.is_agent:
        raise NotAllowed("Circles are made by people.")
    circle = Circle(name=name, title=title, description=description)
    circle.full_clean()
    try:
        circle.save()
    except IntegrityError:  # somebody else was quicker, after the look
        raise BadField("There is a circle of this name already.", field="name") from None
    Membership(circle=circle, user=user, role=Role.OWNER).save()
    return circle


@transaction.atomic
def change_circle(user: User, name: str, **changes: Any) -> Circle:
    """Change the title, the description or the status of a circle that ``user`` owns."""
    circle = _owned(user, name)
    stays_archived = circle.status == changes.get("status", circle.status) == Status.ARCHIVED
    if stays_archived and set(changes) - {"status"}:
        raise CircleArchived
    for field, value in changes.items():
        setattr(circle, field, value)
    circle.save()
    return circle


@transaction.atomic
def add_member(user: User, name: str, other: str, role: str | None = None) -> Membership:
    """Let ``other`` into a circle that ``user`` owns; one that is in already gets the role, if any."""
    circle = _owned(user, name)
    person = User.objects.filter(username=other, is_active=True).first()
    if person is None:
        raise NotFound(f"There is nobody called '{other}'.")
    own = circle.memberships.select_related("user").filter(user=person).first()
    if own is not None:
        return _give_role(own, role or own.role)
    membership = Membership(circle=circle, user=person, role=role or Role.MEMBER)
    membership.save()
    return membership


@transaction.atomic
def change_role(user: User, name: str, other: str, role: str) -> Membership:
    """Give a member of a circle that ``user`` owns another role."""
    circle = _owned(user, name)
    return _give_role(_member(circle, other), role)


@transaction.atomic
def remove_member(user: User, name: str, other: str) -> None:
    """Put ``other`` out of a circle that ``user`` owns; anybody may leave by itself."""
    circle = find_circle(user, name) if user.username == other else _owned(user, name)
    membership = _member(_locked(circle), other)
    _keep_an_owner(membership)
    membership.delete()


@transaction.atomic
def post_message(user: User, name: str, content: str, reply_to: int | None = None) -> Message:
    """Say ``content`` in the circle, as ``user``."""
    circle = open_circle(user, name)
    if reply_to is not None and not circle.messages.filter(pk=reply_to).exists():
        raise BadField("'reply_to' names no message of this circle.", field="reply_to")
    message = Message(circle=circle, author=user, content=content, reply_to_id=reply_to)
    message.save()
    return message


def speak(user: User, name: str, **fields: Any) -> Message:
    """Post what a frame says, unless it claims another sender than its token's."""
    claims = {claim: fields.pop(claim) for claim in ("sender", "user_id", "agent_id") if claim in fields}
    noun = "agent_id" if user.is_agent else "user_id"
    truth = {"sender": user.username, noun: user.pk}
    if any(truth.get(claim) != value for claim, value in claims.items()):
        raise NotAllowed(f"Your token speaks for '{user.username}' and nobody else.")
    return post_message(user, name, **fields)


def speak_as_agent(user: User, name: str, **fields: Any) -> Message:
    """Post an ``agent_message``, which only an agent's token may send."""
    if not user.is_agent:
        raise NotAllowed(f"Your token speaks for '{user.username}', who is a person.")
    return speak(user, name, **fields)


def open_circle(user: User, name: str) -> Circle:
    """The circle ``name`` if it takes what ``user`` says: one query for a member."""
    own = Membership.objects.select_related("circle").filter(user=user, circle__name=name).first()
    circle = own.circle if own is not None else find_circle(user, name)
    if own is not None and own.role == Role.OBSERVER:
        raise NotAllowed("Observers read; they do not post.")
    if circle.status == Status.ARCHIVED:
        raise CircleArchived
    if circle.status == Status.PAUSED:
        raise CirclePaused
    return circle


def _owned(user: User, name: str) -> Circle:
    circle = find_circle(user, name)
    owns = circle.memberships.filter(user=user, role=Role.OWNER).exists()
    if not owns and not user.is_staff:
        raise NotAllowed("Only an owner of the circle may do that.")
    return _locked(circle)


def _locked(circle: Circle) -> Circle:
    return Circle.objects.select_for_update().get(pk=circle.pk)


def _member(circle: Circle, name: str) -> Membership:
    membership = circle.memberships.select_related("user").filter(user__username=name).first()
    if membership is None:
        raise NotFound(f"'{name}' is not in this circle.")
    return membership


def _give_role(membership: Membership, role: str) -> Membership:
    if membership.role != role:
        _keep_an_owner(membership)
        membership.role = role
        membership.save()
    return membership


def _keep_an_owner(leaving: Membership) -> None:
    owners = leaving.circle.memberships.filter(role=Role.OWNER)
    if leaving.role == Role.OWNER and not owners.exclude(pk=leaving.pk).exists():
        raise Conflict("The last owner stays: make somebody else an owner first.")
