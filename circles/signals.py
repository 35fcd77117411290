"""When it is said: the table of model -> builder, and what a lost membership takes with it."""

from typing import Any

from django.db.models.signals import post_delete
from django.dispatch import receiver

from gathering.hub import access, log
from gathering.hub.announce import announce

from . import events
from .models import Circle, Membership, Message

announce(Message, created=events.message_posted)
announce(Membership, created=events.joined, changed=events.role_changed, deleted=events.left)
announce(Circle, changed=events.circle_changed)


@receiver(post_delete, sender=Membership)
def withdraw(instance: Membership, **_: Any) -> None:
    # Not this circle's sockets alone: through it the member saw the agents in it, too.
    access.changed(user_id=instance.user_id)


@receiver(post_delete, sender=Circle)
def retire(instance: Circle, **_: Any) -> None:
    log.retire(instance.channel)
    access.changed(channel=instance.channel)
