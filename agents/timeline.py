"""A run as it is read: what was said, thought and called, folded from its events."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from django.db.models import Q, Sum

from .models import Activity, Agent, Part, Run

# How tools of agents that run elsewhere begin to say that they failed, if those do not tell it in `metadata`.
FAILED = ("Error", "error:", '{"error"', "Traceback")
MOST = 400  # events of a run on one page


@dataclass
class Item:
    """One line of a timeline: ``kind`` is ``text``, ``reasoning``, ``tool``, ``step`` or ``notice``."""

    kind: str
    key: str
    began: datetime
    name: str = ""
    text: str = ""  # of a tool call, its arguments
    result: str | None = None
    ended: datetime | None = None
    failed: bool = False
    open: bool = False
    length: int = 0  # of what is still written: characters, with those that are too many to be kept

    @property
    def seconds(self) -> float | None:
        """How long it took; None while it takes."""
        return (self.ended - self.began).total_seconds() if self.ended else None


@dataclass(frozen=True)
class Budget:
    """Tokens of a run and of a day, of how many."""

    run: int
    run_most: int
    day: int
    day_most: int


def budget(agent: Agent, run: Run | None) -> Budget:
    """What was used, of what may be; of an open run, what its errand has counted until now."""
    is_open = run is not None and run.status == Run.Status.RUNNING
    # The errand may have ended since the run was read.
    its_errand = Q(state="running") | Q(ended_at__gte=run.started_at) if run and is_open else Q(pk=None)
    used = agent.errands.today().aggregate(day=Sum("tokens"), run=Sum("tokens", filter=its_errand))
    of_run = run.input_tokens + run.output_tokens if run and not is_open else used["run"] or 0
    return Budget(of_run, agent.guard_of("run_tokens"), used["day"] or 0, agent.guard_of("day_tokens"))


def of_run(run: Run) -> list[Item]:
    """What is on the page of a run: two queries."""
    events = list(run.activities.order_by("-pk")[:MOST])[::-1]
    return fold(events, run.parts.all())


def fold(events: Iterable[Activity], parts: Iterable[Part] = ()) -> list[Item]:
    """The lines that ``events`` make, in the order in which each began; ``parts`` are not ended yet."""
    items: dict[tuple[str, str], Item] = {}
    for event in events:
        _FOLDS.get(event.type, _ignore)(items, event, orjson.loads(event.data))
    for part in parts:
        _still_open(items, part)
    return list(items.values())


def _begin(kind: str) -> Any:
    def begin(items: dict[tuple[str, str], Item], event: Activity, data: dict[str, Any]) -> None:
        name = str(data.get("toolCallName") or data.get("stepName") or "")
        items.setdefault((kind, event.subject), Item(kind, event.subject, event.created_at, name))

    return begin


def _end(kind: str) -> Any:
    def end(items: dict[tuple[str, str], Item], event: Activity, data: dict[str, Any]) -> None:
        _begin(kind)(items, event, data)
        item = items[kind, event.subject]
        item.text = event.content
        if kind != "tool":  # a call ends with its result
            item.ended = event.created_at

    return end


def _result(items: dict[tuple[str, str], Item], event: Activity, data: dict[str, Any]) -> None:
    key = str(data.get("toolCallId", event.subject))
    item = items.setdefault(("tool", key), Item("tool", key, event.created_at))
    item.result, item.ended = str(data.get("content", "")), event.created_at
    item.failed = has_failed(data)


def has_failed(result: dict[str, Any]) -> bool:
    """Whether a tool failed: as its agent tells it (``metadata.failed``), or else by a guess."""
    told = (result.get("metadata") or {}).get("failed")
    return told if isinstance(told, bool) else str(result.get("content", "")).startswith(FAILED)


def _notice(items: dict[tuple[str, str], Item], event: Activity, data: dict[str, Any]) -> None:
    said = _said(data)
    if said:
        items["notice", str(event.pk)] = Item(
            "notice", str(event.pk), event.created_at, said, ended=event.created_at
        )


def _said(data: dict[str, Any]) -> str:
    value = data.get("value") if isinstance(data.get("value"), dict) else {}
    return {
        "gathering.approval_requested": f"Asks whether it may call {value.get('tool', 'a tool')}",
        "gathering.approval_given": f"{value.get('decision', 'decided')}".capitalize()
        + (f" by {value['by']}" if value.get("by") else ""),
        "gathering.stop_requested": f"Stop asked for by {value.get('by', 'somebody')}",
    }.get(str(data.get("name")), "")


def _still_open(items: dict[tuple[str, str], Item], part: Part) -> None:
    item = items.setdefault((part.kind, part.key), Item(part.kind, part.key, part.started_at))
    item.text, item.open, item.length = part.text or item.text, True, part.length


def _ignore(*_: Any) -> None:
    """What says nothing to a reader."""


_FOLDS = {
    "TEXT_MESSAGE_START": _begin("text"),
    "TEXT_MESSAGE_END": _end("text"),
    "REASONING_MESSAGE_START": _begin("reasoning"),
    "REASONING_MESSAGE_END": _end("reasoning"),
    "TOOL_CALL_START": _begin("tool"),
    "TOOL_CALL_END": _end("tool"),
    "TOOL_CALL_RESULT": _result,
    "STEP_STARTED": _begin("step"),
    "STEP_FINISHED": _end("step"),
    "CUSTOM": _notice,
}
