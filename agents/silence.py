"""Agents that have gone away without a word: they are offline, and their runs have ended.

Of an agent that runs elsewhere nobody knows more than that it has no socket and says nothing.  Those that
GatheRing runs are looked after by ``run_agents``.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from gathering.hub import leases

from . import activity
from .models import Agent, Run

EVERY = 5.0  # seconds
ABANDONED = "abandoned"


def sweep() -> None:
    """Put offline who is silent, and end the runs of who has been so for long."""
    if settings.GATHERING_OFFLINE_AFTER:
        _put_offline(_before(settings.GATHERING_OFFLINE_AFTER))
    if settings.GATHERING_RUN_TIMEOUT:
        _end_runs(_before(settings.GATHERING_RUN_TIMEOUT))


def _put_offline(moment: datetime) -> None:
    for pk in _away(_silent(moment).values_list("pk", flat=True)):
        with transaction.atomic():
            agent = Agent.objects.select_for_update(no_key=True).filter(pk=pk).first()
            if agent is not None and _silent(moment).filter(pk=pk).exists():  # it has not spoken meanwhile
                agent.status = Agent.Status.OFFLINE
                agent.save(update_fields=["status"])


def _silent(moment: datetime) -> QuerySet[Agent]:
    """Agents that are not offline, and have reported nothing since ``moment``."""
    rows = Agent.objects.filter(provider="", reported_at__lt=moment).exclude(status=Agent.Status.OFFLINE)
    return rows.exclude(runs__reported_at__gte=moment).order_by("pk")


def _end_runs(moment: datetime) -> None:
    silent = Run.objects.open().filter(
        agent__provider="", reported_at__lt=moment, agent__reported_at__lt=moment
    )
    away = _away(silent.values_list("agent_id", flat=True))
    for run in silent.filter(agent_id__in=away):
        with transaction.atomic():
            Agent.objects.select_for_update(no_key=True).order_by().get(pk=run.agent_id)
            if silent.filter(pk=run.pk).exists():
                activity.fail_run(run.agent_id, run, "The agent has gone away.", ABANDONED)


def _away(ids: QuerySet[Agent, int] | QuerySet[Run, int]) -> set[int]:
    """Those of ``ids`` who have no socket anywhere."""
    found = set(ids)
    return found - leases.connected(found) if found else set()


def _before(seconds: float) -> datetime:
    return timezone.now() - timedelta(seconds=seconds)
