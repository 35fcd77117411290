"""What may be done in circles, and by whom.  Each is one transaction; each refusal is one of our errors.

Whoever calls (socket, REST, admin, command) translates; nobody else checks.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Any, TypeVar

from django.db import IntegrityError, transaction

from gathering.accounts.models import User
from gathering.hub.kinds import Asked
from gathering.protocol.errors import (
    BadField,
    CircleArchived,
    CirclePaused,
    Conflict,
    GatheringError,
    NotAllowed,
    NotFound,
)

from .models import Circle, Membership, Message

T = TypeVar("T")
Role = Membership.Role
Status = Circle.Status
LAST_OWNER = "The last owner of {} stays: make somebody else an owner first."


def find_circle(user: User, name: str) -> Circle:
    """The circle ``name`` if ``user`` may see it."""
    circle = Circle.objects.visible_to(user).filter(name=name).first()
    if circle is None:
        raise NotFound
    return circle


def seen_circles(asked: Collection[tuple[User, str]]) -> list[tuple[User, str]]:
    """Of pairs of a user and a circle's name, those where the user may see it."""
    users, names_ = zip(*asked, strict=True) if asked else ((), ())
    seen = Circle.objects.filter(name__in=set(names_)).seen_by(set(users))
    return [(user, name) for user, name in asked if (user.pk, name) in seen]


def names_of_circles(user: User) -> Iterable[str]:
    """The names of the circles that ``user`` may see."""
    return Circle.objects.visible_to(user).values_list("name", flat=True)


@transaction.atomic
def create_circle(user: User, name: str, title: str = "", description: str = "") -> Circle:
    """Make a circle; a person who makes one owns it."""
    if user.is_agent:
        raise NotAllowed("Circles are made by people.")
    circle = Circle(name=name, title=title, description=description)
    circle.full_clean(validate_unique=False)
    try:
        circle.save()
    except IntegrityError:
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
    membership = _member(circle.lock(), other)
    _keep_an_owner(membership)
    membership.delete()


@transaction.atomic
def mark_read(user: User, name: str, message: int) -> None:
    """Remember that ``user`` has seen the circle up to the id ``message``; never back to an earlier one."""
    circle = find_circle(user, name)
    newest = circle.messages.order_by("-pk").values_list("pk", flat=True).first() or 0
    seen = min(message, newest)  # what is not there yet has not been seen
    circle.memberships.filter(user=user, read_to__lt=seen).update(read_to=seen)


def post_message(
    user: User, name: str, content: str, reply_to: int | None = None, draft: str | None = None
) -> Message:
    """Say ``content`` in the circle, as ``user``; ``draft`` is what it was called while it was written."""
    fields = {"content": content, "reply_to": reply_to, "draft": draft}
    return _only(post_messages([Asked(user, name, fields)]))


@transaction.atomic(savepoint=False)
def post_messages(asked: Sequence[Asked]) -> list[Message | GatheringError]:
    """Say what is asked, in order; instead of each message that is refused, there is its error."""
    circles = _open_circles({(each.user, each.key) for each in asked})
    answers = _answers(asked)
    posted = [_message(each, circles[each.user, each.key], answers) for each in asked]
    Message.objects.bulk_create([each for each in posted if isinstance(each, Message)])
    return posted


def speak(user: User, name: str, **fields: Any) -> Message:
    """Post what a frame says, unless it claims another sender than its token's."""
    return _only(speak_together([Asked(user, name, fields)]))


def speak_together(asked: Sequence[Asked]) -> list[Message | GatheringError]:
    """Like :func:`speak` for many, in one transaction."""
    refused = [false_claim(each) for each in asked]
    posted = iter(post_messages([each for each, no in zip(asked, refused, strict=True) if no is None]))
    return [no or next(posted) for no in refused]


def speak_as_agent(user: User, name: str, **fields: Any) -> Message:
    """Post an ``agent_message``, which only an agent's token may send."""
    return _only(speak_as_agents_together([Asked(user, name, fields)]))


def speak_as_agents_together(asked: Sequence[Asked]) -> list[Message | GatheringError]:
    """Like :func:`speak_as_agent` for many, in one transaction."""
    refused = [None if each.user.is_agent else _a_person(each.user) for each in asked]
    posted = iter(speak_together([each for each, no in zip(asked, refused, strict=True) if no is None]))
    return [no or next(posted) for no in refused]


def open_circle(user: User, name: str) -> Circle:
    """The circle ``name`` if it takes what ``user`` says: one query for a member."""
    return _only(list(_open_circles({(user, name)}).values()))


def _open_circles(asked: set[tuple[User, str]]) -> dict[tuple[User, str], Circle | GatheringError]:
    """The circle for each pair of a user and a name, or why that takes nothing: one query for members."""
    users, names_ = zip(*asked, strict=True) if asked else ((), ())
    rows = Membership.objects.select_related("circle").order_by()
    own = {
        (row.user_id, row.circle.name): row
        for row in rows.filter(user__in=set(users), circle__name__in=set(names_))
    }
    return {(user, name): _if_open(user, name, own.get((user.pk, name))) for user, name in asked}


def _if_open(user: User, name: str, own: Membership | None) -> Circle | GatheringError:
    if own is not None and own.role == Role.OBSERVER:
        return NotAllowed("Observers read; they do not post.")
    try:
        circle = own.circle if own is not None else find_circle(user, name)
    except NotFound as error:
        return error
    closed = {Status.ARCHIVED: CircleArchived, Status.PAUSED: CirclePaused}.get(Status(circle.status))
    return closed() if closed else circle


def _answers(asked: Sequence[Asked]) -> set[tuple[int, int]]:
    """Of the messages that are replied to, those that exist: circle's id and message's id."""
    ids = {each.fields.get("reply_to") for each in asked} - {None}
    return set(Message.objects.filter(pk__in=ids).order_by().values_list("circle_id", "pk")) if ids else set()


def _message(
    asked: Asked, circle: Circle | GatheringError, answers: set[tuple[int, int]]
) -> Message | GatheringError:
    if isinstance(circle, GatheringError):
        return circle
    reply_to = asked.fields.get("reply_to")
    if reply_to is not None and (circle.pk, reply_to) not in answers:
        return BadField("'reply_to' names no message of this circle.", field="reply_to")
    draft = asked.fields.get("draft") or ""
    if draft and not asked.user.is_agent:
        return BadField("Only what an agent writes has a 'draft'.", field="draft")
    return Message(
        circle=circle,
        author=asked.user,
        content=asked.fields["content"],
        reply_to_id=reply_to,
        draft=draft,
    )


def false_claim(asked: Asked) -> GatheringError | None:
    """Why what is asked may not be said, if it claims another sender than its token's."""
    user, noun = asked.user, "agent_id" if asked.user.is_agent else "user_id"
    truth = {"sender": user.username, noun: user.pk}
    for claim in ("sender", "user_id", "agent_id"):
        if claim in asked.fields and asked.fields[claim] != truth.get(claim):
            return NotAllowed(f"Your token speaks for '{user.username}' and nobody else.")
    return None


def _a_person(user: User) -> GatheringError:
    return NotAllowed(f"Your token speaks for '{user.username}', who is a person.")


def _only(made: Sequence[T | GatheringError]) -> T:
    """The one of ``made``; raises it if it is an error."""
    (one,) = made
    if isinstance(one, GatheringError):
        raise one
    return one


def _owned(user: User, name: str) -> Circle:
    circle = find_circle(user, name)
    owns = circle.memberships.filter(user=user, role=Role.OWNER).exists()
    if not owns and not user.is_staff:
        raise NotAllowed("Only an owner of the circle may do that.")
    return circle.lock()


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
    if leaving.is_last_owner():
        raise Conflict(LAST_OWNER.format(leaving.circle))
