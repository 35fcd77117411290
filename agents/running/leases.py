"""Whose errand it is: a lease, which the process that has it renews and which dies with it."""

from collections.abc import Collection
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from agents.models import Errand

State = Errand.State


def until() -> datetime:
    """When a lease that is taken now is over."""
    return timezone.now() + timedelta(seconds=settings.GATHERING_AGENT_LEASE)


@transaction.atomic
def claim(worker: str, most: int) -> list[int]:
    """Take up to ``most`` errands that are due, one for each agent; their ids."""
    skips = connection.features.has_select_for_update_skip_locked
    due = Errand.objects.due().order_by("pk").select_for_update(of=("self",), skip_locked=skips)
    first: dict[int, Errand] = {}
    for errand in due[: 20 * most]:
        first.setdefault(errand.agent_id, errand)
    return [errand.pk for errand in list(first.values())[:most] if _take(errand, worker)]


def renew(worker: str, ids: Collection[int]) -> dict[int, bool]:
    """:func:`held`, and their leases are renewed."""
    if ids:
        _own(worker, ids).update(leased_until=until())
    return held(worker, ids)


def held(worker: str, ids: Collection[int]) -> dict[int, bool]:
    """Of ``ids`` those that ``worker`` has, and whether a person stops them.

    One that is missing in the answer has ended, or was taken over: this process was given up for dead.
    """
    if not ids:
        return {}
    return {pk: by is not None for pk, by in _own(worker, ids).values_list("pk", "stopped_by")}


def _own(worker: str, ids: Collection[int]) -> QuerySet[Errand]:
    return Errand.objects.filter(pk__in=ids, worker=worker, state=State.RUNNING)


def _take(errand: Errand, worker: str) -> bool:
    errand.state, errand.worker, errand.begun = State.RUNNING, worker, False
    errand.attempt += 1
    errand.started_at, errand.leased_until = timezone.now(), until()
    try:
        with transaction.atomic():
            errand.save()
    except IntegrityError:  # another process took another errand of this agent, a moment ago
        return False
    return True
