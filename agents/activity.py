"""Taking what agents report: in the order of its coming, all of it in one transaction.

One query for each question, however many agents and events: who they are, which runs and parts they have
open, and which ids they have used.  Their rows are locked meanwhile, so that two processes cannot both
believe that an agent has no open run.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import TypeAlias

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from circles.models import Circle, Membership
from gathering.accounts.models import User
from gathering.hub.kinds import Asked
from gathering.protocol import agui
from gathering.protocol.agui import Does, Event
from gathering.protocol.errors import GatheringError, NotAllowed, NotFound

from . import telling, texts
from .actions import find_agent
from .models import Activity, Agent, Part, Run
from .story import Said, Story, tell

BEGINNINGS = [name for name, spec in agui.EVENTS.items() if spec.does is Does.BEGIN]
Taken: TypeAlias = Activity | GatheringError | None


def report(user: User, key: str, event: Event) -> Activity | None:
    """Take one event of the agent itself; returns its row, or None if it is only passed on."""
    return report_all(user, key, [event])[0]


@transaction.atomic
def report_all(user: User, key: str, events: Sequence[Event]) -> list[Activity | None]:
    """Take ``events`` in order: all of them, or if one is refused none."""
    taken = report_together([Asked(user, key, {"event": event}) for event in events])
    for place, each in enumerate(taken, 1):
        if isinstance(each, GatheringError):
            where = f" (Event {place} of {len(events)}.)" if len(events) > 1 else ""
            raise type(each)(each.detail + where, field=each.field)
    return [each for each in taken if not isinstance(each, GatheringError)]


@transaction.atomic(savepoint=False)
def report_together(asked: Sequence[Asked]) -> list[Taken]:
    """Take what is asked, in order; instead of what is refused there is its error."""
    refused = {each: _refusal(*each) for each in {(each.user, each.key) for each in asked}}
    mine = [each for each in asked if refused[each.user, each.key] is None]
    stories = _stories(mine)
    said: dict[int, list[Said]] = {pk: [] for pk in stories}
    taken = [
        refused[each.user, each.key] or _take(stories.get(each.user.pk), each.fields["event"], said)
        for each in asked
    ]
    _write(stories.values(), said)
    return taken


@transaction.atomic
def fail_run(agent_id: int, run: Run, message: str, code: str) -> bool:
    """End ``run`` as an error in its agent's place; returns whether it was still open."""
    Agent.objects.select_for_update(no_key=True).order_by().get(pk=agent_id)
    open_ = Run.objects.open().filter(pk=run.pk).first()
    if open_ is None:
        return False
    story = tell(agent_id, open_, open_parts([open_]).get(open_.pk, []))
    _write([story], {agent_id: story.fail(message, code)})
    return True


def lightly(asked: Asked) -> bool:
    """Pass a delta on without the database, if this process knows that its part is open."""
    event, user = asked.fields["event"], asked.user
    spec = agui.EVENTS.get(event["type"])
    if spec is None or spec.does is not Does.ADD or asked.key != str(user.pk):
        return False
    offset = texts.add((user.pk, spec.part, spec.subject(event)), event["delta"])
    if offset is None:
        return False
    telling.pass_on(user.pk, event, offset)
    return True


def _refusal(user: User, key: str) -> GatheringError | None:
    if user.is_agent and key == str(user.pk):
        return None
    try:
        find_agent(user, key)
    except GatheringError as error:
        return error
    return NotAllowed("An agent reports on its own stream only.")


def _take(story: Story | None, event: Event, said: Mapping[int, list[Said]]) -> Taken:
    if story is None:  # a user of that kind, but no agent stands on it
        return NotFound()
    try:
        new = story.take(event)
    except GatheringError as error:
        return error
    said[story.agent_id] += new
    return next((each for each in reversed(new) if isinstance(each, Activity)), None)


def _stories(asked: Sequence[Asked]) -> dict[int, Story]:
    """The story of each agent that asks, as it is stored and as this process knows better."""
    events: dict[int, list[Event]] = {}
    for each in asked:
        events.setdefault(each.user.pk, []).append(each.fields["event"])
    agents = Agent.objects.filter(pk__in=events).order_by("pk").select_for_update(no_key=True)
    ids = list(agents.values_list("pk", flat=True)) if events else []
    runs = {run.agent_id: run for run in Run.objects.open().filter(agent_id__in=ids).order_by()}
    parts, used = open_parts(runs.values()), _used(runs, events)
    run_ids, circles = _run_ids(events), _circles(events)
    return {
        pk: tell(
            pk,
            runs.get(pk),
            parts.get(runs[pk].pk, ()) if pk in runs else (),
            used=used.get(pk, ()),
            run_ids=run_ids.get(pk, ()),
            circles=circles.get(pk, {}),
        )
        for pk in ids
    }


def open_parts(runs: Iterable[Run]) -> dict[int, list[Part]]:
    """The open parts of ``runs`` by run, with what this process has not stored yet."""
    by_pk = {run.pk: run for run in runs}
    found: dict[int, list[Part]] = {}
    for part in Part.objects.filter(run__in=by_pk) if by_pk else ():
        part.run = by_pk[part.run_id]
        fresh = texts.pending((part.run.agent_id, part.kind, part.key), part.length)
        if fresh is not None:
            part.text, part.length = part.text + fresh[0], fresh[1]
        found.setdefault(part.run_id, []).append(part)
    return found


def _used(runs: Mapping[int, Run], events: Mapping[int, list[Event]]) -> dict[int, set[tuple[str, str]]]:
    """Of the ids that ``events`` begin something with, those that their runs have used, by agent."""
    keys = {_subject(event) for pk in runs for event in events[pk] if _begins(event)}
    if not keys:
        return {}
    rows = Activity.objects.filter(run__in=[run.pk for run in runs.values()], type__in=BEGINNINGS)
    found: dict[int, set[tuple[str, str]]] = {}
    for pk, kind, subject in rows.filter(subject__in=keys).order_by().values_list("agent", "type", "subject"):
        found.setdefault(pk, set()).add((kind, subject))
    return found


def _begins(event: Event) -> bool:
    spec = agui.EVENTS.get(event["type"])
    return spec is not None and spec.does in (Does.BEGIN, Does.CHUNK)


def _subject(event: Event) -> str:
    return agui.EVENTS[event["type"]].subject(event)


def _run_ids(events: Mapping[int, list[Event]]) -> dict[int, set[str]]:
    asked = [(pk, event["runId"]) for pk, event in _starts(events)]
    if not asked:
        return {}
    either = Q(*(Q(agent_id=pk, run_id=run_id) for pk, run_id in asked), _connector=Q.OR)
    found: dict[int, set[str]] = {}
    for pk, run_id in Run.objects.filter(either).order_by().values_list("agent_id", "run_id"):
        found.setdefault(pk, set()).add(run_id)
    return found


def _circles(events: Mapping[int, list[Event]]) -> dict[int, dict[str, Circle]]:
    starts = list(_starts(events))
    if not starts:
        return {}
    threads = {event["threadId"] for _, event in starts}
    rows = Membership.objects.filter(user_id__in={pk for pk, _ in starts}, circle__name__in=threads)
    found: dict[int, dict[str, Circle]] = {}
    for row in rows.select_related("circle").order_by():
        found.setdefault(row.user_id, {})[row.circle.name] = row.circle
    return found


def _starts(events: Mapping[int, list[Event]]) -> Iterable[tuple[int, Event]]:
    return ((pk, event) for pk, some in events.items() for event in some if event["type"] == "RUN_STARTED")


def _write(stories: Iterable[Story], said: Mapping[int, Sequence[Said]]) -> None:
    """Store how the stories have changed, and say what there is to say."""
    stories = [story for story in stories if said[story.agent_id]]
    for run in chain.from_iterable(story.runs for story in stories):
        run.save()
    open_ = [story.run.pk for story in stories if story.run is not None]
    Run.objects.filter(pk__in=open_).update(reported_at=timezone.now())
    _write_parts(stories)
    telling.say({story.agent_id: said[story.agent_id] for story in stories})
    transaction.on_commit(lambda: [texts.learn(s.agent_id, s.parts.values()) for s in stories])


def _write_parts(stories: Sequence[Story]) -> None:
    gone = [part.pk for story in stories for part in story.ended if part.pk is not None]
    if gone:
        Part.objects.filter(pk__in=gone).delete()
    parts = [part for story in stories for part in story.parts.values()]
    Part.objects.bulk_create([part for part in parts if part.pk is None])
    Part.objects.bulk_update([part for part in parts if part.pk is not None], ["text", "length"])
