"""What an errand changes in the database: each function is one transaction, and does nothing for a process
whose lease was taken over meanwhile.

In each of them the agent's stream is written to before the circle's: streams are locked in the order of
their names.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Sum
from django.utils import timezone

from agents import activity, oversight
from agents.guards import Tripped
from agents.models import Agent, Approval, Errand
from agents.providers.interface import ToolCall
from circles import actions as circles
from circles.models import Message
from gathering.hub import receipts
from gathering.protocol.agui import Event

from .offers import Outcome

State = Errand.State
Status = Agent.Status
ATTEMPTS = 3  # to give an answer of which nothing had begun


class Lost(Exception):
    """The errand is another process's by now, or has ended."""


@dataclass(frozen=True, slots=True)
class Hold:
    """One process's hold on one attempt of an errand."""

    errand: int
    worker: str


@dataclass(frozen=True, slots=True)
class Bill:
    """What a run has cost: ``fresh`` tokens that no record has yet, and all of it as AG-UI says it."""

    fresh: int = 0
    usage: Sequence[Event] = ()


FREE = Bill()


@transaction.atomic
def begin(hold: Hold) -> Errand:
    """Open the run of an errand; a run that the agent had left open ends as an error."""
    errand = _own(hold)
    for left in errand.agent.runs.open():
        activity.fail_run(errand.agent_id, left, "Its process is gone.", "abandoned")
    _report(errand, _run(errand, "RUN_STARTED"))
    _become(errand, Status.THINKING)
    return errand


def budget(errand: Errand) -> int:
    """The tokens that the run may cost; raises Tripped or the circle's error if there is to be none."""
    agent = errand.agent
    if not agent.user.is_active or agent.answers == Agent.Answers.NEVER:
        raise Tripped("switched_off", "The agent is switched off.")
    circles.open_circle(agent.user, errand.message.circle.name)
    if errand.hops > (most := agent.guard_of("hops")):
        raise Tripped("hops", f"{errand.hops} agents called each other, and no person spoke; {most} may.")
    left = agent.guard_of("day_tokens") - _used_today(agent)
    if left <= 0:
        raise Tripped("day_tokens", "The agent has used up its tokens of today.")
    return min(left, agent.guard_of("run_tokens"))


def _used_today(agent: Agent) -> int:
    today = Errand.objects.today().filter(agent=agent)
    return int(today.aggregate(used=Sum("tokens"))["used"] or 0)


@transaction.atomic
def open_message(hold: Hold, message_id: str) -> None:
    errand = _own(hold)
    _mark(errand, begun=True)
    _report(errand, {"type": "TEXT_MESSAGE_START", "messageId": message_id, "role": "assistant"})


@transaction.atomic
def close_turn(hold: Hold, closing: Sequence[Event], tokens: int) -> None:
    """The model has said what it had to say for now."""
    errand = _own(hold)
    _mark(errand, tokens=errand.tokens + tokens)
    _report(errand, *closing)


@transaction.atomic
def call(hold: Hold, tool_call: ToolCall, *, acts: bool) -> None:
    """Tell of a call, before it is done: what acts is never begun a second time."""
    errand = _own(hold)
    if acts:
        _mark(errand, begun=True)
    about = {"toolCallId": tool_call.id}
    _report(
        errand,
        {"type": "TOOL_CALL_START", **about, "toolCallName": tool_call.name},
        {"type": "TOOL_CALL_ARGS", **about, "delta": tool_call.arguments},
        {"type": "TOOL_CALL_END", **about},
    )
    _become(errand, Status.WORKING)


@transaction.atomic
def returned(hold: Hold, tool_call: ToolCall, outcome: Outcome) -> None:
    """Tell what came of a call.  AG-UI has no field for a failure; what it has for more is ``metadata``."""
    errand = _own(hold)
    about = {"messageId": f"{tool_call.id}-result", "toolCallId": tool_call.id, "content": outcome.text}
    failed = {"failed": True, "code": outcome.code} if outcome.code else {"failed": False}
    _report(errand, {"type": "TOOL_CALL_RESULT", **about, "role": "tool", "metadata": failed})
    _become(errand, Status.THINKING)


@transaction.atomic
def ask(hold: Hold, tool_call: ToolCall, deadline: datetime) -> int:
    """Ask people for a yes; returns the id of the approval."""
    errand = _own(hold)
    approval = oversight.request(errand, tool_call.name, tool_call.arguments, deadline)
    _become(errand, Status.WAITING)
    return approval.pk


def decisions(ids: Sequence[int]) -> dict[int, str]:
    """What was decided of approvals, "" where nothing was."""
    return dict(Approval.objects.filter(pk__in=ids).values_list("pk", "decision")) if ids else {}


@transaction.atomic
def finish(hold: Hold, text: str, closing: Sequence[Event], bill: Bill) -> None:
    """Post the answer, if there is one, and end the run: both or neither, and once.

    Raises the circle's error if it does not take the answer; then nothing was done.
    """
    errand = _own(hold, bill)

    def act() -> Message | None:
        success = {"outcome": {"type": "success"}, "usage": list(bill.usage)}
        _report(errand, *closing, {**_run(errand, "RUN_FINISHED"), **success})
        _rest(errand, Status.IDLE)
        errand.answer = _post(errand, text) if text.strip() else None
        _end(errand, State.DONE)
        return errand.answer

    receipts.perform(errand.agent_id, f"run-{errand.pk}", act)


@transaction.atomic
def fail(hold: Hold, code: str, detail: str, bill: Bill) -> None:
    """End the run as an error."""
    errand = _own(hold, bill)
    _break_off(errand, code, detail, bill)
    _rest(errand, Status.ERROR)
    _end(errand, State.FAILED, code)


@transaction.atomic
def stop(hold: Hold, bill: Bill) -> None:
    """End the run because a person wants it."""
    _stop(_own(hold, bill), bill)


@transaction.atomic
def hand_over(hold: Hold, bill: Bill) -> None:
    """The process ends: what has not begun is somebody else's, and what has is over."""
    _leave(_own(hold, bill), "shutdown", "The server's process for agents was ended.", bill)


def take_over() -> list[tuple[Agent, str, str]]:
    """End the runs of processes that died; of each that showed something, its agent, circle and draft."""
    return [shown for pk in Errand.objects.abandoned().values_list("pk", flat=True) for shown in _bury(pk)]


@transaction.atomic
def _bury(pk: int) -> list[tuple[Agent, str, str]]:
    skips = connection.features.has_select_for_update_skip_locked
    lost = Errand.objects.abandoned().select_for_update(of=("self",), skip_locked=skips).filter(pk=pk)
    errand = lost.select_related("agent__user", "message__circle").first()
    if errand is None:  # somebody was quicker
        return []
    shown = [(errand.agent, errand.message.circle.name, errand.run_id)] if errand.begun else []
    if errand.stopped_by_id is not None:
        _stop(errand)
    else:
        _leave(errand, "abandoned", "The process that ran the agent died.")
    return shown


def _leave(errand: Errand, code: str, detail: str, bill: Bill = FREE) -> None:
    again = not errand.begun and errand.attempt < ATTEMPTS
    _break_off(errand, code, detail + (" Another goes on." if again else ""), bill)
    if again:
        _become(errand, Status.IDLE)
        errand.state, errand.worker, errand.leased_until = State.QUEUED, "", None
        errand.save()
    else:
        _rest(errand, Status.ERROR)
        _end(errand, State.FAILED, code)


def _stop(errand: Errand, bill: Bill = FREE) -> None:
    if _is_open(errand):
        cancelled = {"outcome": {"type": "cancelled"}, "usage": list(bill.usage)}
        _report(errand, {**_run(errand, "RUN_FINISHED"), **cancelled})
    _rest(errand, Status.IDLE)
    _end(errand, State.STOPPED, "stopped")


def _break_off(errand: Errand, code: str, detail: str, bill: Bill) -> None:
    if _is_open(errand):
        _report(errand, {"type": "RUN_ERROR", "message": detail, "code": code, "usage": list(bill.usage)})


def _is_open(errand: Errand) -> bool:
    return errand.agent.runs.open().filter(run_id=errand.run_id).exists()


def _own(hold: Hold, bill: Bill = FREE) -> Errand:
    mine = Errand.objects.filter(pk=hold.errand, worker=hold.worker, state=State.RUNNING)
    about = ("agent__user", "message__circle", "message__author")
    errand = mine.select_for_update(of=("self",)).select_related(*about).first()
    if errand is None:
        raise Lost
    errand.tokens += bill.fresh
    return errand


def _run(errand: Errand, kind: str) -> dict[str, Any]:
    return {"type": kind, "threadId": errand.message.circle.name, "runId": errand.run_id}


def _report(errand: Errand, *events: Event) -> None:
    activity.report_all(errand.agent.user, str(errand.agent_id), events)


def _post(errand: Errand, text: str) -> Any:
    name = errand.message.circle.name
    return circles.post_message(errand.agent.user, name, text, reply_to=errand.reply_to, draft=errand.run_id)


def _mark(errand: Errand, **values: Any) -> None:
    for name, value in values.items():
        setattr(errand, name, value)
    errand.save(update_fields=list(values))


def _become(errand: Errand, status: str) -> None:
    Agent.objects.filter(pk=errand.agent_id).update(status=status)


def _rest(errand: Errand, status: str) -> None:
    until = timezone.now() + timedelta(seconds=errand.agent.guard_of("cooldown"))
    Agent.objects.filter(pk=errand.agent_id).update(status=status, rests_until=until)


def _end(errand: Errand, state: str, problem: str = "") -> None:
    oversight.close(errand)
    errand.state, errand.problem = state, problem
    errand.leased_until, errand.ended_at = None, timezone.now()
    errand.save()
