"""When it is said: the table of model -> builder."""

from typing import Any

from django.db.models.signals import post_delete
from django.dispatch import receiver

from gathering.hub import access, log
from gathering.hub.announce import announce

from . import events
from .models import Agent

announce(Agent, created=events.agent_made, changed=events.agent_changed)


@receiver(post_delete, sender=Agent)
def retire(instance: Agent, **_: Any) -> None:
    log.retire(instance.channel)
    access.changed(channel=instance.channel)
