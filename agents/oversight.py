"""What people may do about what agents do: stop them, and say yes or no to what they ask."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from circles.models import Membership
from gathering.accounts.models import User
from gathering.protocol.errors import Conflict, NotAllowed, NotFound

from . import activity
from .actions import find_agent, find_run
from .models import Agent, Approval, Errand, Run

State = Errand.State
Decision = Approval.Decision
SHOWN = 20_000  # characters of the arguments of a call that people are asked about


@transaction.atomic
def stop_run(user: User, key: str, run_id: str) -> Run:
    """Ask for the end of a run.  One that GatheRing runs ends within two seconds; an agent that runs
    elsewhere hears of it on its stream, and is trusted to obey."""
    agent = find_agent(user, key)
    run = find_run(agent, run_id)
    _check(user, agent, run.circle_id)
    if run.status != Run.Status.RUNNING:
        raise Conflict("The run has ended already.")
    errand = agent.errands.select_for_update().filter(state=State.RUNNING).first()
    if errand is None or errand.run_id != run.run_id:
        _tell_stop(agent, run.run_id, user)
    elif errand.stopped_by_id is None:
        stop_errand(user, errand)
    return run


@transaction.atomic
def stop_errand(user: User, errand: Errand) -> None:
    """Stop an errand, whoever may: a queued one ends here, a running one in the process that has it."""
    errand = Errand.objects.select_for_update().get(pk=errand.pk)
    if errand.state == State.RUNNING and errand.stopped_by_id is None:
        errand.stopped_by = user
        errand.save(update_fields=["stopped_by"])
        _tell_stop(errand.agent, errand.run_id, user)
    elif errand.state == State.QUEUED:
        errand.state, errand.stopped_by, errand.ended_at = State.STOPPED, user, timezone.now()
        errand.save()


def request(errand: Errand, tool: str, arguments: str, deadline: datetime) -> Approval:
    """Ask people whether ``tool`` may be used; what they are shown is cut if it is long."""
    cut = arguments if len(arguments) <= SHOWN else f"{arguments[:SHOWN]} [cut here]"
    approval = Approval(
        errand=errand,
        run_id=errand.run_id,
        tool=tool,
        arguments=cut.replace("\0", "\ufffd"),
        deadline=deadline,
    )
    approval.save()
    _tell(
        errand.agent,
        "gathering.approval_requested",
        approval=approval.pk,
        run_id=approval.run_id,
        tool=tool,
        arguments=approval.arguments,
        deadline=deadline.isoformat().replace("+00:00", "Z"),
    )
    return approval


def asked_of(user: User) -> QuerySet[Approval]:
    """What waits for a person's word and ``user`` may see, the most urgent first."""
    about = ("errand__agent__user", "errand__message__circle", "errand__message__author")
    seen = Approval.objects.visible_to(user).judged_for(user).pending().filter(deadline__gt=timezone.now())
    found: QuerySet[Approval] = seen.select_related(*about).order_by("deadline", "pk")
    return found


def find_approval(user: User, pk: int) -> Approval:
    """The approval ``pk`` if ``user`` may see it."""
    seen = Approval.objects.visible_to(user).select_related(
        "errand__agent__user", "errand__message__circle", "decided_by"
    )
    approval: Approval | None = seen.filter(pk=pk).first()
    if approval is None:
        raise NotFound
    return approval


@transaction.atomic
def decide(user: User, pk: int, decision: str) -> Approval:
    """Say yes or no, as a person who may; the first word counts."""
    approval = find_approval(user, pk)
    _check(user, approval.errand.agent, approval.errand.message.circle_id)
    approval.decision = Approval.objects.select_for_update().get(pk=pk).decision
    if approval.decision:
        raise Conflict(f"That was {approval.decision} already.")
    if approval.deadline <= timezone.now():
        raise Conflict("The time to decide is over, which is a no.")
    _settle(approval, decision, user)
    return approval


@transaction.atomic
def expire(pk: int) -> str:
    """The time is over; returns what it comes to, for somebody may have decided at the last moment."""
    approval = Approval.objects.select_for_update().get(pk=pk)
    if not approval.decision:
        _settle(approval, Decision.EXPIRED, None)
    return approval.decision


def close(errand: Errand) -> None:
    """The errand is over: nobody needs to decide any more."""
    for approval in errand.approvals.pending().select_for_update():
        _settle(approval, Decision.EXPIRED, None)


def may_oversee(user: User, agent: Agent, circle_id: int | None) -> bool:
    """Whether ``user`` is a person who may post in the circle, the agent's owner, or staff."""
    if user.is_agent or not user.is_active:
        return False
    if user.is_staff or agent.owner_id == user.pk:
        return True
    member = Membership.objects.filter(circle=circle_id, user=user).exclude(role=Membership.Role.OBSERVER)
    return circle_id is not None and member.exists()


def _check(user: User, agent: Agent, circle_id: int | None) -> None:
    if not may_oversee(user, agent, circle_id):
        raise NotAllowed("That is for people who post in the circle, for the agent's owner and for staff.")


def _settle(approval: Approval, decision: str, user: User | None) -> None:
    approval.decision, approval.decided_by, approval.decided_at = decision, user, timezone.now()
    approval.save(update_fields=["decision", "decided_by", "decided_at"])
    _tell(
        approval.errand.agent,
        "gathering.approval_given",
        approval=approval.pk,
        run_id=approval.run_id,
        decision=decision,
        by=user.username if user else None,
    )


def _tell_stop(agent: Agent, run_id: str, user: User) -> None:
    _tell(agent, "gathering.stop_requested", run_id=run_id, by=user.username)


def _tell(agent: Agent, name: str, **value: Any) -> None:
    activity.report(agent.user, str(agent.pk), {"type": "CUSTOM", "name": name, "value": value})
