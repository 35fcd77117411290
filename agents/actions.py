"""What may be done with agents, and by whom."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from gathering.accounts.models import User
from gathering.protocol.errors import BadField, NotAllowed, NotFound

from .models import Agent


def find_agent(user: User, key: str) -> Agent:
    """The agent whose id is ``key`` if ``user`` may see it."""
    if not key.isascii() or not key.isdigit() or len(key) > 18:
        raise NotFound
    seen = Agent.objects.visible_to(user).select_related("user", "owner")
    agent = seen.filter(pk=int(key)).first()
    if agent is None:
        raise NotFound
    return agent


def may_manage(user: User, other: User) -> bool:
    """Whether ``user`` may make and revoke tokens of ``other``: of its own agents, that is."""
    return Agent.objects.filter(pk=other.pk, owner=user).exists()


@transaction.atomic
def create_agent(user: User, name: str, display_name: str = "", description: str = "") -> Agent:
    """Make an agent that ``user`` owns."""
    if user.is_agent:
        raise NotAllowed("Agents are made by people.")
    if User.objects.filter(username=name).exists():
        raise BadField(f"Somebody is called '{name}' already.", field="name")
    try:
        made = User.objects.create_agent(name, display_name=display_name)
    except ValidationError as error:
        raise BadField(" ".join(error.messages), field="name") from None
    agent = Agent(user=made, owner=user, description=description)
    agent.save()
    return agent


@transaction.atomic
def change_agent(user: User, key: str, **changes: Any) -> Agent:
    """Change an agent that ``user`` owns."""
    agent = find_agent(user, key)
    if agent.owner_id != user.pk and not user.is_staff:
        raise NotAllowed("Only the owner of an agent may do that.")
    for field, value in changes.items():
        setattr(agent, field, value)
    agent.save()
    return agent


@transaction.atomic
def report_status(user: User, key: str, status: str) -> Agent:
    """Say what an agent is doing; only itself may."""
    agent = find_agent(user, key)
    if agent.pk != user.pk:
        raise NotAllowed("An agent reports on its own stream only.")
    agent.status = status
    agent.save(update_fields=["status"])
    return agent
