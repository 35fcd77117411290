"""Asking an agent directly, and what its owner may make of one that GatheRing runs."""

from typing import Any

from django.db import transaction

from circles import actions as circles
from circles.models import Membership, Message
from gathering.accounts.models import User
from gathering.protocol.errors import BadField, Conflict, NotAllowed

from .actions import find_agent
from .errands import Errand
from .guards import BOUNDS
from .models import Agent
from .providers import catalog
from .triggers import Call, make_errands


@transaction.atomic
def ask(user: User, key: str, circle: str, content: str) -> Message:
    """Post ``content`` to a circle, and call the agent for it whether it is mentioned or not."""
    agent = find_agent(user, key)
    if not agent.runs_here:
        raise Conflict("This agent runs elsewhere, or answers nobody.")
    if agent.pk == user.pk:
        raise Conflict("An agent does not answer itself.")
    message = circles.post_message(user, circle, content)
    speaks = Membership.objects.filter(circle=message.circle_id, user=agent.pk)
    if not speaks.exclude(role=Membership.Role.OBSERVER).exists():
        raise Conflict("The agent does not speak in this circle.")
    make_errands([Call(message, agent.pk, Errand.Reason.ASKED)])
    return message


def errand_for(key: str, message: Message) -> Errand:
    """The errand of the agent for a message that asked it."""
    return Errand.objects.get(agent=int(key), message=message)


def see_mind(user: User, key: str) -> Agent:
    """The agent, for its owner and staff: what it is made of is nobody else's to see."""
    agent = find_agent(user, key)
    if agent.owner_id != user.pk and not user.is_staff:
        raise NotAllowed("Only the owner of an agent may do that.")
    return agent


@transaction.atomic
def change_mind(user: User, key: str, **changes: Any) -> Agent:
    """Change what answers for an agent.  What spends more of this server is for staff."""
    agent = see_mind(user, key)
    if not user.is_staff and (field := _spends_more(agent, changes)) is not None:
        raise NotAllowed(
            "A provider that costs, its model, and guards that are raised are for staff to set.", field=field
        )
    for field, value in changes.items():
        setattr(agent, field, value)
    if agent.provider not in ("", *catalog.names()):
        raise BadField(f"There is no provider '{agent.provider}' here.", field="provider")
    if catalog.costs(agent.provider) and not agent.model:
        raise BadField("A language model has a name.", field="model")
    agent.save(update_fields=list(changes))
    return agent


def _spends_more(agent: Agent, changes: dict[str, Any]) -> str | None:
    """The first field whose change would spend more of this server, if any would."""
    provider = changes.get("provider", agent.provider)
    if catalog.costs(provider):
        for field in ("provider", "model"):
            if changes.get(field, getattr(agent, field)) != getattr(agent, field):
                return field
    raised = [name for name in set(BOUNDS) & set(changes) if _is_raised(agent, name, changes[name])]
    return min(raised, default=None)


def _is_raised(agent: Agent, name: str, wished: int) -> bool:
    now: int = getattr(agent, name)
    return wished < now if name == "cooldown" else wished > now
