"""What an agent does now, in a few words: "reading app.py".

It is what its open run has begun last and not ended: a tool that was called and has not answered, a text,
a thought, a step.  Names and arguments are what an agent or a model wrote, so they are cut and cleaned.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import orjson
from django.db.models import Exists, OuterRef, Subquery
from django.db.models.functions import Substr

from gathering.text import shown

from .models import Activity, Agent, Part, Run

LOOKED_AT = 2000  # characters of the arguments of a call
LONGEST = 60  # characters of a name, a path or a text
SPEAKS = ("TEXT_MESSAGE_START", "REASONING_MESSAGE_START")
# The events after which an agent may be doing something else, for a page that shows it.
TURNS = ",".join(
    (
        "agent_status",
        *("RUN_STARTED", "RUN_FINISHED", "RUN_ERROR", "STEP_STARTED", "STEP_FINISHED"),
        *("TEXT_MESSAGE_START", "TEXT_MESSAGE_END", "REASONING_MESSAGE_START", "REASONING_MESSAGE_END"),
        *("TOOL_CALL_START", "TOOL_CALL_END", "TOOL_CALL_RESULT"),
    )
)


@dataclass(frozen=True)
class Doing:
    """``verb`` and, if there is one, the ``thing`` that it is done to; ``quoted`` if that is a text."""

    run: Run
    verb: str
    thing: str = ""
    quoted: bool = False
    state: str = "running"  # or "waiting", for a person


@dataclass(frozen=True)
class _Phrase:
    """How a tool of ours is told: ``verb`` and the argument that names the thing, or ``alone``."""

    verb: str
    alone: str
    argument: str = ""
    quoted: bool = False


_PHRASES = {
    "read_messages": _Phrase("", "reading messages"),
    "post_message": _Phrase("", "posting"),
    "list_files": _Phrase("looking into", "looking through files", "path"),
    "read_file": _Phrase("reading", "reading a file", "path"),
    "search_files": _Phrase("searching", "searching files", "text", quoted=True),
    "write_file": _Phrase("writing", "writing a file", "path"),
    "git_diff": _Phrase("comparing", "looking at what changed", "path"),
}
_VERBS = {"text": "writing", "reasoning": "thinking", "reasoning_span": "thinking", "subagent": "delegating"}


def now(agents: Iterable[Agent]) -> dict[int, Doing]:
    """What each of ``agents`` does that has an open run, by its id: three queries, however much was done."""
    known = {agent.pk: agent for agent in agents}
    runs = list(Run.objects.open().filter(agent__in=known).order_by("pk"))
    ids = [run.pk for run in runs]
    calls = {call.run_id: call for call in _unanswered(ids)}
    parts: dict[int, list[Part]] = {}
    for part in _open_parts(ids):
        parts.setdefault(part.run_id, []).append(part)
    return {
        run.agent_id: _doing(run, known[run.agent_id], calls.get(run.pk), parts.get(run.pk, []))
        for run in runs
    }


def _unanswered(runs: list[int]) -> Iterable[Activity]:
    """Of each run the last call that has no result, if the agent has not gone on without one."""
    of_run = Activity.objects.filter(run=OuterRef("run")).order_by()
    answered = of_run.filter(type="TOOL_CALL_RESULT", subject=OuterRef("subject"))
    went_on = of_run.filter(type__in=SPEAKS, pk__gt=OuterRef("pk"))
    calls = Activity.objects.filter(run=OuterRef("pk"), type="TOOL_CALL_START").order_by("-pk")
    last = calls.filter(~Exists(answered), ~Exists(went_on)).values("pk")[:1]
    chosen = Run.objects.filter(pk__in=runs).order_by().annotate(call=Subquery(last)).values("call")
    ended = of_run.filter(type="TOOL_CALL_END", subject=OuterRef("subject"))
    arguments = ended.annotate(head=Substr("content", 1, LOOKED_AT)).values("head")[:1]
    return Activity.objects.filter(pk__in=chosen).annotate(arguments=Subquery(arguments)) if runs else ()


def _open_parts(runs: list[int]) -> Iterable[Part]:
    parts = Part.objects.filter(run__in=runs).defer("text").annotate(head=Substr("text", 1, LOOKED_AT))
    return parts if runs else ()


def _doing(run: Run, agent: Agent, call: Activity | None, parts: list[Part]) -> Doing:
    if agent.status == Agent.Status.WAITING:
        return Doing(run, "waiting for a yes", state="waiting")
    going: list[tuple[datetime, Doing]] = [
        (part.started_at, _part(run, part)) for part in parts if part.kind != "tool"
    ]
    if call is not None:
        written = next((part.head for part in parts if (part.kind, part.key) == ("tool", call.subject)), "")
        going.append((call.created_at, _call(run, call, call.arguments or written)))
    return max(going, key=lambda each: each[0])[1] if going else Doing(run, "thinking")


def _part(run: Run, part: Part) -> Doing:
    if part.kind in _VERBS:
        return Doing(run, _VERBS[part.kind])
    return Doing(run, "at", _beginning(part.key))


def _call(run: Run, call: Activity, arguments: str) -> Doing:
    name = str(orjson.loads(call.data)["toolCallName"])
    phrase = _PHRASES.get(name)
    if phrase is None:
        return Doing(run, "calling", _beginning(name) or "a tool")
    wanted = _argument(phrase.argument, arguments) if phrase.argument else ""
    thing = _beginning(wanted) if phrase.quoted else _end(wanted)
    return Doing(run, phrase.verb, thing, phrase.quoted) if thing else Doing(run, phrase.alone)


def _argument(name: str, arguments: str) -> str:
    """A text among the arguments, which may be cut or not yet whole and are JSON at best."""
    found = re.search(rf'"{name}"\s*:\s*("(?:[^"\\]|\\.)*")', arguments, re.DOTALL)
    try:
        return str(orjson.loads(found[1])) if found else ""
    except orjson.JSONDecodeError:
        return ""


def _beginning(text: str) -> str:
    whole = shown(text)
    return whole if len(whole) <= LONGEST else f"{whole[: LONGEST - 1]}…"


def _end(path: str) -> str:
    """Of a long path the end, which says most."""
    whole = shown(path)
    return whole if len(whole) <= LONGEST else f"…{whole[1 - LONGEST :]}"
