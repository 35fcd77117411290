"""What may be done with agents, and by whom."""

import re
from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from gathering.accounts.models import User
from gathering.protocol.errors import BadField, NotAllowed, NotFound

from .models import Agent, Run

_ID = re.compile(r"[1-9][0-9]{0,17}", re.ASCII)


def find_agent(user: User, key: str) -> Agent:
    """The agent whose id is ``key`` if ``user`` may see it."""
    if not _ID.fullmatch(key):  # "007" would be another stream than "7"
        raise NotFound
    seen = Agent.objects.visible_to(user).select_related("user", "owner")
    agent = seen.filter(pk=int(key)).first()
    if agent is None:
        raise NotFound
    return agent


def find_run(agent: Agent, run_id: str) -> Run:
    """The run of ``agent`` that it called ``run_id``."""
    run = Run.objects.select_related("circle").filter(agent=agent, run_id=run_id).first()
    if run is None:
        raise NotFound
    return run


def ids_of_agents(user: User) -> Iterable[int]:
    """The ids of the agents that ``user`` may see."""
    return Agent.objects.visible_to(user).values_list("pk", flat=True)


def may_manage(user: User, other: User) -> bool:
    """Whether ``user`` may make and revoke tokens of ``other``: of its own agents, that is."""
    return Agent.objects.filter(pk=other.pk, owner=user).exists()


@transaction.atomic
def create_agent(user: User, name: str, display_name: str = "", description: str = "") -> Agent:
    """Make an agent that ``user`` owns."""
    if user.is_agent:
        raise NotAllowed("Agents are made by people.")
    taken = BadField(f"Somebody is called '{name}' already.", field="name")
    if User.objects.filter(username=name).exists():
        raise taken
    try:
        made = User.objects.create_agent(name, display_name=display_name)
    except ValidationError as error:
        raise BadField(" ".join(error.messages), field="name") from None
    except IntegrityError:  # somebody else was quicker, after the look
        raise taken from None
    agent = Agent(user=made, owner=user, description=description)
    agent.save()
    return agent


@transaction.atomic
def change_agent(user: User, key: str, **changes: Any) -> Agent:
    """Change an agent that ``user`` owns."""
    agent = find_agent(user, key)
    if agent.owner_id != user.pk and not user.is_staff:
        raise NotAllowed("Only the owner of an agent may do that.")
    if "display_name" in changes:
        agent.user.display_name = changes.pop("display_name").strip()
        agent.user.save(update_fields=["display_name"])
    for field, value in changes.items():
        setattr(agent, field, value)
    agent.save(update_fields=list(changes))
    return agent


@transaction.atomic
def report_status(user: User, key: str, status: str) -> Agent:
    """Say what an agent is doing; only itself may."""
    agent = find_agent(user, key)
    if agent.pk != user.pk:
        raise NotAllowed("An agent reports on its own stream only.")
    agent.status, agent.reported_at = status, timezone.now()
    agent.save(update_fields=["status", "reported_at"])
    return agent
