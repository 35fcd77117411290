"""When it is said: the table of model -> builder."""

from collections.abc import Sequence
from typing import Any

from django.db.models.signals import post_delete, post_save, pre_delete
from django.dispatch import receiver

from circles.models import Membership, Message
from gathering.accounts.models import User
from gathering.hub import access, log
from gathering.hub.announce import announce, publish
from gathering.hub.models import created_together
from gathering.protocol import names

from . import events, triggers
from .models import Activity, Agent

announce(Agent, created=events.agent_made, changed=events.agent_changed)
announce(Activity, created=events.activity_kept)


@receiver(post_save, sender=User)
def tell_of_user(
    instance: User, created: bool, update_fields: frozenset[str] | None = None, **_: Any
) -> None:
    """Part of how an agent looks is its user's."""
    if created or not instance.is_agent or (update_fields and "display_name" not in update_fields):
        return
    for agent in Agent.objects.filter(user=instance).select_related("user", "owner"):
        publish(events.agent_renamed(agent))


@receiver(post_save, sender=Agent)
def withdraw_from_owner(instance: Agent, created: bool, **_: Any) -> None:
    if not created and instance.before.get("owner_id") != instance.owner_id:
        access.changed(channel=instance.channel)


@receiver(pre_delete, sender=Membership)
def withdraw_from_members(instance: Membership, **_: Any) -> None:
    """Whoever saw an agent through a circle that it leaves."""
    if instance.user.is_agent:
        access.changed(channel=names.join("agents", instance.user_id))


@receiver(post_delete, sender=Agent)
def retire(instance: Agent, **_: Any) -> None:
    log.retire(instance.channel)
    access.changed(channel=instance.channel)


@receiver(created_together, sender=Message)
def call_together(rows: Sequence[Message], **_: Any) -> None:
    triggers.called_by(rows)


@receiver(post_save, sender=Message)
def call(instance: Message, created: bool, raw: bool = False, together: bool = False, **_: Any) -> None:
    if created and not raw and not together:  # else it was in call_together
        triggers.called_by([instance])


@receiver(post_save, sender=Agent)
def follow_by_setting(instance: Agent, update_fields: frozenset[str] | None = None, **_: Any) -> None:
    if update_fields is None or {"answers", "provider"} & set(update_fields):
        triggers.settle(instance)


@receiver(post_save, sender=Membership)
@receiver(post_delete, sender=Membership)
def follow_by_membership(instance: Membership, **_: Any) -> None:
    if instance.user.is_agent:
        for agent in Agent.objects.filter(user=instance.user_id):
            triggers.settle(agent)
