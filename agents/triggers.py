"""What calls an agent that GatheRing runs: an errand is made in the transaction of the message.

So no trigger is lost, and none counts twice.  A post that mentions nobody and answers nothing costs no
statement here; for agents that answer always, the log itself is read (``follow``).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import orjson
from django.db import transaction
from django.db.models import F, Max, Q

from circles.models import Membership, Message
from gathering.hub import log

from .errands import Errand, Following
from .models import Agent

Reason = Errand.Reason
SPOKEN = ("user_message", "agent_message")
MEMORY = timedelta(hours=1)  # an agent's message that nothing else explains answers what was said before
PAGE = 200


@dataclass(frozen=True, slots=True)
class Call:
    """An agent (by its id) that a message calls, and why."""

    message: Message
    agent_id: int
    reason: str


def called_by(messages: Sequence[Message]) -> list[Errand]:
    """Make the errands of ``messages``, which were posted just now; returns them."""
    calling = [message for message in messages if message.mentions or message.reply_to_id]
    return make_errands(_calls(calling)) if calling else []


def make_errands(calls: Iterable[Call]) -> list[Errand]:
    """An errand for each call, unless the agent has one for that message already."""
    made = [
        Errand(agent_id=call.agent_id, message=call.message, reason=call.reason, hops=hops(call.message))
        for call in calls
        if call.agent_id != call.message.author_id  # no answer to itself
    ]
    return Errand.objects.bulk_create(made, ignore_conflicts=True) if made else []


def hops(message: Message) -> int:
    """How many agents in a row led to ``message``, with no person in between; 0 if a person wrote it."""
    count, cause = 0, message
    while cause.author.is_agent and count < 20:
        count += 1
        errands = Errand.objects.filter(agent=cause.author_id, started_at__lte=cause.created_at)
        under_way = errands.filter(Q(ended_at=None) | Q(ended_at__gte=cause.created_at))
        if (of_errand := under_way.aggregate(most=Max("hops"))["most"]) is not None:
            return count + int(of_errand)
        found = _cause(cause)
        if found is None:
            break
        cause = found
    return count


def follow() -> int:
    """Make the errands of agents that answer always, from where each has heard its circles; how many."""
    followings = list(Following.objects.select_related("circle").annotate(name=F("circle__name")))
    heads = log.heads({each.circle.channel for each in followings}) if followings else {}
    behind = [each for each in followings if heads[each.circle.channel].head != each.seq]
    return sum(_hear(each.pk) for each in behind)


def settle(agent: Agent) -> None:
    """Have ``agent`` follow its circles from now on if it answers always, else none."""
    always = agent.provider and agent.answers == Agent.Answers.ALWAYS
    wanted = Membership.objects.filter(user=agent.pk).exclude(role=Membership.Role.OBSERVER)
    circles = {row.circle_id: row.circle for row in wanted.select_related("circle")} if always else {}
    own = Following.objects.filter(agent=agent)
    own.exclude(circle__in=circles).delete()
    known = set(own.values_list("circle_id", flat=True))
    Following.objects.bulk_create(
        [
            Following(agent=agent, circle=circle, seq=log.position(circle.channel).head)
            for pk, circle in circles.items()
            if pk not in known
        ],
        ignore_conflicts=True,
    )


def _calls(messages: Sequence[Message]) -> list[Call]:
    """Mentioned by anybody, or replied to by a person: two agents would thank each other for ever."""
    replied = {m.reply_to_id for m in messages if m.reply_to_id and not m.author.is_agent}
    authors = dict(Message.objects.filter(pk__in=replied).values_list("pk", "author_id")) if replied else {}
    names = {name for message in messages for name in message.mentions}
    called = _members(messages, Q(user__username__in=names) | Q(user__in=set(authors.values())))
    found = []
    for message in messages:
        answered = authors.get(message.reply_to_id or 0)
        for agent_id, name in called.get(message.circle_id, {}).items():
            if name in message.mentions:
                found.append(Call(message, agent_id, Reason.MENTIONED))
            elif agent_id == answered:
                found.append(Call(message, agent_id, Reason.REPLIED))
    return found


def _members(messages: Sequence[Message], who: Q) -> dict[int, dict[int, str]]:
    """For each circle of ``messages`` the agents, of those that are meant, that answer: name by id."""
    rows = Membership.objects.filter(who, circle__in={message.circle_id for message in messages})
    rows = rows.exclude(user__agent__provider="").exclude(user__agent__answers=Agent.Answers.NEVER)
    rows = rows.filter(user__agent__isnull=False, user__is_active=True).exclude(role=Membership.Role.OBSERVER)
    found: dict[int, dict[int, str]] = {}
    for circle_id, agent_id, name in rows.order_by().values_list("circle_id", "user_id", "user__username"):
        found.setdefault(circle_id, {})[agent_id] = name
    return found


def _cause(message: Message) -> Message | None:
    """What an agent that runs elsewhere answered with ``message``: what it replies to, or what somebody
    else said before it, if not too long ago."""
    if message.reply_to_id:
        return Message.objects.select_related("author").filter(pk=message.reply_to_id).first()
    earlier = Message.objects.filter(circle=message.circle_id, pk__lt=message.pk)
    recent = earlier.filter(created_at__gte=message.created_at - MEMORY).exclude(author=message.author_id)
    return recent.select_related("author").order_by("-pk").first()


@transaction.atomic
def _hear(pk: int) -> int:
    row = Following.objects.select_for_update(of=("self",)).select_related("circle").filter(pk=pk).first()
    if row is None:
        return 0
    frames = log.read(row.circle.channel, row.seq, limit=PAGE)
    calls = [Call(message, row.agent_id, Reason.ALWAYS) for message in _spoken(frames)]
    made = make_errands(calls)
    row.seq = frames[-1].seq if frames else log.position(row.circle.channel).head
    row.save(update_fields=["seq"])
    return len(made)


def _spoken(frames: Sequence[Any]) -> list[Message]:
    events = [orjson.loads(frame.text) for frame in frames]
    ids = [event["data"]["id"] for event in events if event["type"] in SPOKEN]
    return list(Message.objects.filter(pk__in=ids).select_related("author").order_by("pk"))
