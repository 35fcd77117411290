"""Who is connected, as the database knows it: rows of each server process, good while its lease is.

A process renews its lease while it lives, so the rows of one that was killed are swept by the others.
``presence.py`` says what happens in between; this is the only module that touches the two tables.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeAlias

import orjson
from django.db import transaction
from django.utils import timezone

from gathering.protocol import frames

from .models import Here, Lease

LEASE = 12.0  # seconds that a process is believed to live after it last said so
GRACE = 4.0  # seconds that who has left is kept, in case it comes back
CHUNK = 500  # names in one query: SQLite takes 999 variables at the least

Who: TypeAlias = Mapping[str, Any]  # {"id", "name", "display_name", "kind"}
Place: TypeAlias = tuple[str, int]  # a channel, and the id of who is there
People: TypeAlias = dict[int, Who]
Rows: TypeAlias = dict[str, People]  # by process


@dataclass(frozen=True, slots=True)
class News:
    """What came of it: the keys of its rows, the versions of the others, and who is where by those that
    have changed (by process and channel)."""

    stored: Mapping[Place, int]
    versions: Mapping[str, int]
    changed: Mapping[str, dict[str, People]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Beat:
    """What a process says of itself, and what it asks of the others.

    ``here`` is all that it holds, and ``known`` what came of its last beat; of ``channels`` it wants to
    know who is there.
    """

    process: str
    here: Mapping[Place, Who]
    known: News
    channels: Collection[str]
    renew: bool = True
    sweep: bool = True


def beat(said: Beat) -> News:
    """Renew the lease, store what has changed, sweep the dead, and look what the others say."""
    stored = _store(said)
    if said.sweep:
        _sweep(said.process)
    versions = dict(Lease.objects.exclude(process=said.process).values_list("process", "version"))
    new = [process for process, version in versions.items() if said.known.versions.get(process) != version]
    changed: dict[str, dict[str, People]] = {process: {} for process in new}
    for process, channel, actor, who in _rows(said.channels, new) if new else ():
        changed[process].setdefault(channel, {})[actor] = who
    return News(stored, versions, changed)


def look(process: str, channels: Collection[str]) -> dict[str, dict[str, People]]:
    """Who is on ``channels`` by the other processes, by process and channel."""
    found: dict[str, dict[str, People]] = {}
    for other, channel, actor, who in _rows(channels):
        if other != process:
            found.setdefault(other, {}).setdefault(channel, {})[actor] = who
    return found


def present(channel: str) -> list[Who]:
    """Who is on ``channel``, by name."""
    people = {actor: who for _, _, actor, who in _rows([channel])}
    return sorted(people.values(), key=lambda who: str(who["name"]))


def connected(actors: Collection[int]) -> set[int]:
    """Those of ``actors`` who are anywhere."""
    rows = Here.objects.filter(actor_id__in=actors, lease__expires_at__gt=timezone.now())
    return set(rows.values_list("actor_id", flat=True))


def end(process: str) -> None:
    """The process ends: what it holds is kept as long as for any who leave, since they may be moving."""
    Lease.objects.filter(process=process).update(expires_at=_in(GRACE))


def _store(said: Beat) -> Mapping[Place, int]:
    stored = said.known.stored
    fresh = [place for place in said.here if place not in stored]
    gone = [pk for place, pk in stored.items() if place not in said.here]
    if not (fresh or gone or said.renew):
        return stored
    with transaction.atomic():
        lease, made = Lease.objects.get_or_create(process=said.process, defaults={"expires_at": _in(LEASE)})
        if made:  # the first beat, or it was believed dead and swept
            fresh, gone = list(said.here), []
        lease.expires_at = _in(LEASE)
        lease.version += bool(fresh or gone)
        lease.save()
        for chunk in _chunks(gone):
            Here.objects.filter(pk__in=chunk).delete()
        rows = [
            Here(lease=lease, channel=channel, actor_id=actor, who=frames.dumps(said.here[channel, actor]))
            for channel, actor in fresh
        ]
        Here.objects.bulk_create(rows, batch_size=CHUNK)
    kept = {} if made else {place: pk for place, pk in stored.items() if place in said.here}
    return kept | {(row.channel, row.actor_id): row.pk for row in rows}


def _sweep(process: str) -> None:
    dead = Lease.objects.filter(expires_at__lt=timezone.now()).exclude(process=process)
    if names := list(dead.values_list("process", flat=True)):
        Lease.objects.filter(process__in=names, expires_at__lt=timezone.now()).delete()


def _rows(
    channels: Collection[str], processes: Sequence[str] | None = None
) -> Iterable[tuple[str, str, int, Who]]:
    rows = Here.objects.filter(lease__expires_at__gt=timezone.now())
    if processes is not None:
        rows = rows.filter(lease__in=processes)
    for chunk in _chunks(list(channels)):
        columns = ("lease_id", "channel", "actor_id", "who")
        for process, channel, actor, who in rows.filter(channel__in=chunk).values_list(*columns):
            yield process, channel, actor, orjson.loads(who)


def _chunks(items: Sequence[Any]) -> Iterable[Sequence[Any]]:
    return (items[start : start + CHUNK] for start in range(0, len(items), CHUNK))


def _in(seconds: float) -> Any:
    return timezone.now() + timedelta(seconds=seconds)
