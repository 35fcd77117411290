"""Rights that were taken away, told to every process.

Withdrawals are events of a stream of the hub's own, which every process follows and no client can join.
So they are in the transaction that takes the right, survive a lost doorbell, and arrive in order.
"""

from __future__ import annotations

from django.db import transaction

from .announce import publish
from .log import Draft

CHANNEL = "hub.access"


def changed(*, user_id: int | None = None, channel: str | None = None, kick: bool = False) -> None:
    """Have the live sockets of ``user_id`` (of all who follow ``channel``, if None) checked again.

    Each loses what it may no longer have, within a second, on every process.  ``kick`` closes them even
    if they may stay; they may come back.  Call it in the transaction that makes the change.
    """
    with transaction.atomic():
        publish(Draft(CHANNEL, "access", {"user": user_id, "channel": channel, "kick": kick}))
