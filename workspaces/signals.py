"""When it is said: the table of model -> builder, and what a picture that changed says."""

from typing import Any

from django.db.models.signals import post_delete
from django.dispatch import receiver

from gathering.hub import access, log
from gathering.hub.announce import announce, publish

from . import events
from .models import Lease, Workspace, picture_changed

announce(Workspace, changed=events.workspace_changed)
announce(Lease, created=events.lease_taken, changed=events.lease_renewed, deleted=events.lease_ended)


@receiver(picture_changed, sender=Workspace)
def tell_of_picture(signal: Any, sender: Any, **happened: Any) -> None:
    publish([*events.picture_changed(**happened), *events.conflicts(**happened)])


@receiver(post_delete, sender=Workspace)
def retire(instance: Workspace, **_: Any) -> None:
    log.retire(instance.channel)
    access.changed(channel=instance.channel)
