"""Saying what agents do: what is kept by its rows, deltas by a whisper, and both in their order."""

from collections.abc import Mapping, Sequence
from itertools import groupby, zip_longest

from gathering.hub.announce import whisper, whisper_on_commit
from gathering.hub.log import Draft
from gathering.protocol import names
from gathering.protocol.agui import Event

from .models import ACTIVITY, Activity
from .story import Delta, Said


def pass_on(agent_id: int, event: Event, offset: int) -> None:
    """Tell a delta to whoever is watching, now."""
    whisper(_draft(agent_id, Delta(event, offset)))


def say(said: Mapping[int, Sequence[Said]]) -> None:
    """Log what is kept and pass on the rest once that has committed: for each agent in its order, and for
    all agents in as few statements as that allows."""
    turns = [[(pk, list(some)) for _, some in groupby(each, type)] for pk, each in said.items()]
    for turn in zip_longest(*turns):
        groups = [group for group in turn if group is not None]
        _log([each for _, some in groups for each in some if isinstance(each, Activity)])
        deltas = [_draft(pk, each) for pk, some in groups for each in some if isinstance(each, Delta)]
        whisper_on_commit(deltas)


def _log(rows: list[Activity]) -> None:
    if rows:
        Activity.objects.bulk_create(rows)


def _draft(agent_id: int, delta: Delta) -> Draft:
    beside = {"offset": delta.offset}
    return Draft(names.join("agents", agent_id), ACTIVITY, delta.event, beside)
