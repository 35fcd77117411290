"""What may follow what in the activity of one agent, and what each event changes; it asks no database."""

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, TypeAlias

from django.conf import settings
from django.utils import timezone

from circles.models import Circle
from gathering.protocol import agui, frames
from gathering.protocol.agui import Does, Event, Spec
from gathering.protocol.errors import BadField, Conflict

from .models import Activity, Part, Run

TEXTS = ("text", "tool", "reasoning")  # the kinds of parts that have one
PURE = ("RAW", "CUSTOM")  # which need no run
STARTS = {spec.part: name for name, spec in agui.EVENTS.items() if spec.does is Does.BEGIN}
ENDS = {spec.part: name for name, spec in agui.EVENTS.items() if spec.does is Does.END}
MOST_COST = Decimal(999_999)


@dataclass(frozen=True)
class Delta:
    """What is passed on and not kept: ``offset`` characters of its part came before it."""

    event: Event
    offset: int


Said: TypeAlias = Activity | Delta


@dataclass
class Story:
    """An agent in the middle of what it does.

    ``used`` are the types and ids of what its run has begun already, ``run_ids`` what its runs were
    called, and ``circles`` those that it belongs to: each as far as the coming events ask.
    """

    agent_id: int
    run: Run | None = None
    parts: dict[tuple[str, str], Part] = field(default_factory=dict)
    used: Container[tuple[str, str]] = ()
    run_ids: Container[str] = ()
    circles: Mapping[str, Circle] = field(default_factory=dict)
    ended: list[Part] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)  # which have begun or changed
    begun: set[tuple[str, str]] = field(default_factory=set)

    def take(self, event: Event) -> list[Said]:
        """What comes of ``event``, in order; raises Conflict or BadField, and then nothing has changed."""
        event = agui.known(event)
        spec = agui.EVENTS[event["type"]]
        event, cut = _cut(event)
        if not cut and not spec.is_delta:
            _check_size(event)
        if event["type"] in _RUN:
            return _RUN[event["type"]](self, event)
        if event["type"] not in PURE:
            self._open()
        if spec.does is not None:
            return _PART[spec.does](self, event, spec)
        return [self._kept(event, truncated=cut)]

    def fail(self, message: str, code: str) -> list[Said]:
        """End the open run as an error, in the agent's place."""
        return self.take({"type": "RUN_ERROR", "message": message, "code": code})

    # Runs

    def _start(self, event: Event) -> list[Said]:
        if self.run is not None:
            raise Conflict(f"The run '{self.run.run_id}' is still open: end it first.", field="runId")
        if event["runId"] in self.run_ids or any(run.run_id == event["runId"] for run in self.runs):
            raise Conflict(f"You have had a run '{event['runId']}' already.", field="runId")
        started = self._kept(event)
        self.run = started.run = Run(
            agent_id=self.agent_id,
            run_id=event["runId"],
            thread=event["threadId"],
            circle=self.circles.get(event["threadId"]),
            parent_run_id=event.get("parentRunId") or "",
        )
        self.runs.append(self.run)
        return [started]

    def _finish(self, event: Event) -> list[Said]:
        run = self._open()
        if event["runId"] != run.run_id:
            raise Conflict(f"The open run is '{run.run_id}', not '{event['runId']}'.", field="runId")
        if event["threadId"] != run.thread:
            raise Conflict(f"The run belongs to '{run.thread}'.", field="threadId")
        outcome = (event.get("outcome") or {}).get("type", "success")
        begun = [part for part in self.parts.values() if not part.chunked]
        if begun and outcome != "cancelled":
            raise Conflict(f"{STARTS[begun[0].kind]} '{begun[0].key}' has no end yet.")
        said = [*self._end_all(), self._kept(event)]
        self._close(run, OUTCOMES[outcome], event)
        return said

    def _fail(self, event: Event) -> list[Said]:
        run = self._open()
        said = [*self._end_all(), self._kept(event)]
        run.error, run.error_code = event["message"].replace("\0", "\ufffd"), event.get("code") or ""
        self._close(run, Run.Status.FAILED, event)
        return said

    def _close(self, run: Run, status: Run.Status, event: Event) -> None:
        usage = event.get("usage") or []
        run.status, run.ended_at = status, timezone.now()
        run.input_tokens += sum(each.get("inputTokens") or 0 for each in usage)
        run.output_tokens += sum(each.get("outputTokens") or 0 for each in usage)
        run.cost = _cost(event, run.cost)
        self._touched(run)
        self.run = None

    def _open(self) -> Run:
        if self.run is None:
            raise Conflict("No run is open: RUN_STARTED comes first.")
        return self.run

    def _touched(self, run: Run) -> None:
        if run not in self.runs:
            self.runs.append(run)

    # Parts

    def _begin(self, event: Event, spec: Spec) -> list[Said]:
        key = spec.subject(event)
        if (spec.part, key) in self.parts:
            raise Conflict(f"{event['type']} '{key}' has no end yet.", field=spec.key)
        twice = (event["type"], key)
        if spec.part != "step" and (twice in self.used or twice in self.begun):
            raise Conflict(f"{event['type']} '{key}' was there already.", field=spec.key)
        return [*self._end_chunked(), self._begun(event, spec)]

    def _begun(self, event: Event, spec: Spec, *, chunked: bool = False) -> Activity:
        run, key = self._open(), spec.subject(event)
        self.parts[spec.part, key] = Part(run=run, kind=spec.part, key=key, chunked=chunked)
        self.begun.add((event["type"], key))
        if spec.part == "tool":
            run.tool_calls += 1
            self._touched(run)
        return self._kept(event)

    def _add(self, event: Event, spec: Spec) -> list[Said]:
        part = self._part(event, spec)
        said = self._end_chunked(but=part)
        return [*said, Delta(event, part.add(event["delta"]))]

    def _chunk(self, event: Event, spec: Spec) -> list[Said]:
        """A chunk stands for a start, a delta and an end; the start and the end are kept in its place."""
        part = self._chunked(spec, spec.subject(event))
        said: list[Said] = []
        if part is None:
            start = _start_of(event, spec)
            said = self._begin(start, agui.EVENTS[start["type"]])
            part = self.parts[spec.part, spec.subject(event)]
            part.chunked = True
        else:
            said = self._end_chunked(but=part)
        return [*said, Delta(event, part.add(event.get("delta") or ""))]

    def _chunked(self, spec: Spec, key: str) -> Part | None:
        """The part that a chunk goes on with: the one it names, or if it names none the last of its kind."""
        if key:
            return self.parts.get((spec.part, key))
        open_ = [part for part in self.parts.values() if part.chunked and part.kind == spec.part]
        return open_[-1] if open_ else None

    def _end(self, event: Event, spec: Spec) -> list[Said]:
        part = self._part(event, spec)
        own = event.get("content")
        if spec.part in TEXTS and own is not None:
            if not isinstance(own, str):
                raise BadField("'content' is a text.", field="content")
            part.replace(own)
            event = {name: value for name, value in event.items() if name != "content"}
        return [*self._end_chunked(but=part), self._ended(part, event)]

    def _ended(self, part: Part, event: Event) -> Activity:
        self.ended.append(self.parts.pop((part.kind, part.key)))
        kept = self._kept(event)
        kept.content, kept.truncated = part.text, part.length > len(part.text)
        return kept

    def _end_chunked(self, but: Part | None = None) -> list[Said]:
        chunked = [part for part in self.parts.values() if part.chunked and part is not but]
        return [self._ended(part, _end_of(part)) for part in chunked]

    def _end_all(self) -> list[Said]:
        """End what is open, the innermost first, so that what was said until now is kept."""
        return [self._ended(part, _end_of(part)) for part in reversed(list(self.parts.values()))]

    def _part(self, event: Event, spec: Spec) -> Part:
        key = spec.subject(event)
        part = self.parts.get((spec.part, key))
        if part is None:
            raise Conflict(f"{STARTS[spec.part]} of '{key}' comes before {event['type']}.", field=spec.key)
        return part

    def _kept(self, event: Event, *, truncated: bool = False) -> Activity:
        return Activity(
            agent_id=self.agent_id,
            run=self.run,
            type=event["type"],
            subject=agui.EVENTS[event["type"]].subject(event),
            data=frames.dumps(event),
            truncated=truncated,
        )


_RUN = {"RUN_STARTED": Story._start, "RUN_FINISHED": Story._finish, "RUN_ERROR": Story._fail}
_PART = {Does.BEGIN: Story._begin, Does.ADD: Story._add, Does.CHUNK: Story._chunk, Does.END: Story._end}
OUTCOMES = {
    "success": Run.Status.FINISHED,
    "interrupt": Run.Status.INTERRUPTED,
    "cancelled": Run.Status.CANCELLED,
}


def tell(agent_id: int, run: Run | None, parts: Iterable[Part], **known: Any) -> Story:
    """The story of an agent as it is stored."""
    return Story(agent_id, run, {(part.kind, part.key): part for part in parts}, **known)


def _start_of(chunk: Event, spec: Spec) -> dict[str, Any]:
    if not spec.subject(chunk):
        raise Conflict(f"This {chunk['type']} goes on with nothing: name its '{spec.key}'.", field=spec.key)
    if spec.part == "tool" and not chunk.get("toolCallName"):
        raise BadField("The first chunk of a tool call has a 'toolCallName'.", field="toolCallName")
    start = {name: value for name, value in chunk.items() if name not in ("delta", "rawEvent")}
    return {**start, "type": STARTS[spec.part]}


def _end_of(part: Part) -> dict[str, Any]:
    end = {"type": ENDS[part.kind], agui.EVENTS[ENDS[part.kind]].key: part.key}
    return {**end, "message": "The run has ended."} if part.kind == "subagent" else end


def _check_size(event: Event) -> None:
    size, most = len(frames.dumps(event)), settings.GATHERING_MAX_ACTIVITY
    if most and size > most:
        raise BadField(f"The event has {size} characters of JSON; at most {most} are taken.", field="data")


def _cut(event: Event) -> tuple[Event, bool]:
    """``event``, and whether it had to be cut: the result of a tool, which the agent does not choose."""
    content, most = event.get("content"), settings.GATHERING_MAX_ACTIVITY
    if event["type"] != "TOOL_CALL_RESULT" or not isinstance(content, str) or not most:
        return event, False
    return ({**event, "content": content[:most]}, True) if len(content) > most else (event, False)


def _cost(event: Event, before: Decimal | None) -> Decimal | None:
    """The cost of a run, of which AG-UI knows nothing: ``metadata.cost``, a number."""
    said = (event.get("metadata") or {}).get("cost")
    if isinstance(said, bool) or not isinstance(said, int | float) or not 0 <= said <= MOST_COST:
        return before
    return Decimal(str(said)).quantize(Decimal("0.000001"))
