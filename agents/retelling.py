"""Telling a run once more, as pure AG-UI, to somebody who knows part of it."""

from dataclasses import dataclass, field

from gathering.protocol import agui
from gathering.protocol.agui import Does, Event, Spec

CONTENTS = {spec.part: name for name, spec in agui.EVENTS.items() if spec.does is Does.ADD}
ENDS_OF_RUNS = ("RUN_FINISHED", "RUN_ERROR")


@dataclass
class Retelling:
    """How far a run has been told: ``count`` of its events that are kept, and of each open text how many
    characters.

    Deltas come with their ``offset``, so none is told twice.  One that comes too early, because those
    before it were never heard, is left out and makes it ``behind``, until what is stored
    (:meth:`so_far`) or the end of the text fills the gap.
    """

    count: int = 0
    ended: bool = False
    behind: bool = False
    told: dict[tuple[str, str], int] = field(default_factory=dict)

    def kept(self, event: Event, content: str | None) -> list[Event]:
        """Tell an event that is kept; ``content`` is the whole text that it ends, if it ends one."""
        spec = agui.EVENTS[event["type"]]
        self.count += 1
        self.ended = event["type"] in ENDS_OF_RUNS
        place = (spec.part, spec.subject(event))
        if spec.does is Does.BEGIN:
            self.told[place] = 0
        rest = self._rest(place, content) if spec.does is Does.END and spec.part in CONTENTS else []
        if spec.does is Does.END:
            self.told.pop(place, None)
        return [*rest, event]

    def so_far(self, part: str, key: str, text: str, length: int) -> list[Event]:
        """Tell what an open text has come to; of its ``length`` no more may be kept than ``text``."""
        self.behind = False
        rest = self._rest((part, key), text) if part in CONTENTS else []
        self.told[part, key] = max(self.told.get((part, key), 0), length)
        return rest

    def delta(self, event: Event, offset: int) -> list[Event]:
        """Tell some more of an open text."""
        spec = agui.EVENTS[event["type"]]
        place = self._place(event, spec)
        told, text = self.told.get(place), event.get("delta") or ""
        if told is None or offset + len(text) <= told:
            return []
        if offset > told:
            self.behind = True
            return []
        self.told[place] = offset + len(text)
        fresh = text[told - offset :]
        if spec.does is Does.ADD and fresh == text:
            return [event]
        return [_content(place, fresh)]

    def _place(self, event: Event, spec: Spec) -> tuple[str, str]:
        """A chunk that names nothing goes on with the last of its kind."""
        if key := spec.subject(event):
            return spec.part, key
        return next((place for place in reversed(self.told) if place[0] == spec.part), (spec.part, ""))

    def _rest(self, place: tuple[str, str], text: str | None) -> list[Event]:
        told = self.told.get(place, 0)
        if text is None or len(text) <= told:
            return []
        self.told[place] = len(text)
        return [_content(place, text[told:])]


def _content(place: tuple[str, str], delta: str) -> dict[str, str]:
    part, key = place
    kind = CONTENTS[part]
    return {"type": kind, agui.EVENTS[kind].key: key, "delta": delta}
