"""One call of a tool: told before it is done, allowed by a person if need be, done as the agent, and told
what came of it."""

from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from agents import oversight
from agents.models import Approval
from agents.providers.interface import Returned, ToolCall

from . import records, tools
from .offers import Outcome
from .work import Work

REFUSALS = {
    Approval.Decision.REJECTED: "Refused: a person was asked, and said no.",
    Approval.Decision.EXPIRED: "Refused: a person was asked, and nobody answered in time.",
}


async def make(work: Work, call: ToolCall) -> Returned:
    """Make the call; what is wrong with it is told to the model.  Raises Tripped for a loop."""
    work.count(call)
    office, hold = work.office, work.hold
    await office.store(records.call, hold, call, acts=tools.acts(call))
    outcome = tools.problem(call) or await _refusal(work, call)
    if outcome is None:
        outcome = await office.use(tools.perform, work.desk, call)
    await office.store(records.returned, hold, call, outcome)
    return Returned(call, outcome.text)


async def _refusal(work: Work, call: ToolCall) -> Outcome | None:
    """Why the call may not be made, if a person has to be asked and does not say yes."""
    if call.name not in work.agent.needs_approval:
        return None
    seconds = settings.GATHERING_APPROVAL_SECONDS
    deadline = timezone.now() + timedelta(seconds=seconds)
    approval = await work.office.store(records.ask, work.hold, call, deadline)
    with work.patience():
        decision = await work.office.decision(approval, seconds)
    decision = decision or await work.office.store(oversight.expire, approval)
    said = REFUSALS.get(Approval.Decision(decision))
    return Outcome(said, decision) if said is not None else None
