"""The texts that agents are telling this process, until they are stored.

A delta is told to whoever watches and added here, without the database: a thousand agents with ten
deltas a second each are one transaction a second, not ten thousand rows.  What is here and not yet
stored is at most ``EVERY`` seconds old, is lost with the process, and was never acknowledged.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from threading import Lock

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from .models import Part, Run

EVERY = 1.0  # seconds
IDLE = 600.0  # seconds after which a text that nobody adds to is forgotten: its row has all of it


@dataclass
class Text:
    """The text of an open part as this process knows it: ``stored`` characters are in its row, and
    ``pieces`` come after those.  ``length`` counts also what is over the limit and not kept."""

    part: int
    run: int
    stored: int
    length: int
    pieces: list[str] = field(default_factory=list)
    used_at: float = field(default_factory=time.monotonic)

    def add(self, delta: str) -> int:
        """Add ``delta``; returns how many characters came before it."""
        before, limit = self.length, settings.GATHERING_MAX_ACTIVITY
        self.used_at = time.monotonic()
        self.length += len(delta)
        if not limit or before < limit:
            self.pieces.append((delta[: limit - before] if limit else delta).replace("\0", "\ufffd"))
        return before

    def settle(self, stored: int) -> None:
        """Take note that ``stored`` characters are in the row by now."""
        self.pieces = ["".join(self.pieces)[stored - self.stored :]]
        self.stored = stored


Key = tuple[int, str, str]  # the agent, the kind of part, and its own key

_texts: dict[Key, Text] = {}
_lock = Lock()  # the loop adds, the database threads store


def add(key: Key, delta: str) -> int | None:
    """Add to a text that is known to be open; returns what came before it, None if it is not known."""
    with _lock:
        text = _texts.get(key)
        return text.add(delta) if text is not None else None


def pending(key: Key, stored: int) -> tuple[str, int] | None:
    """What was added to the ``stored`` characters of a row, and the whole length; None if nothing."""
    with _lock:
        text = _texts.get(key)
        if text is None or text.stored != stored or text.length == stored:
            return None
        return "".join(text.pieces), text.length


def learn(agent_id: int, parts: Iterable[Part]) -> None:
    """From now on the open parts of an agent are ``parts``, as they are stored."""
    with _lock:
        before = {key: _texts.pop(key) for key in [key for key in _texts if key[0] == agent_id]}
        for part in parts:
            key = (agent_id, part.kind, part.key)
            text = before.get(key)
            if text is not None and text.part == part.pk and text.stored <= part.length <= text.length:
                text.settle(part.length)
            else:
                text = Text(part.pk, part.run_id, part.length, part.length)
            _texts[key] = text


def store() -> None:
    """Store all that is not stored yet, in one transaction."""
    with _lock:
        _forget()
        fresh = [
            (key, text.part, text.run, text.stored, text.length, "".join(text.pieces))
            for key, text in _texts.items()
            if text.length > text.stored
        ]
    if not fresh:
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            # Only onto what this process knows: a row that somebody else wrote to, or ended, stays as it is.
            cursor.executemany(
                "UPDATE agents_part SET text = text || %s, length = %s WHERE id = %s AND length = %s",
                [(text, length, part, stored) for _, part, _, stored, length, text in fresh],
            )
        now = dict(Part.objects.filter(pk__in=[part for _, part, *_ in fresh]).values_list("pk", "length"))
        Run.objects.filter(pk__in={run for _, _, run, *_ in fresh}).update(reported_at=timezone.now())
    with _lock:
        for key, part, _, _, length, _ in fresh:
            text = _texts.get(key)
            if text is None or text.part != part:
                continue
            if now.get(part) == length:
                text.settle(length)
            else:
                del _texts[key]


def _forget() -> None:
    """Forget what other processes have ended, most likely; a delta that comes after all asks the database."""
    now = time.monotonic()
    for key in [k for k, text in _texts.items() if text.length == text.stored and now - text.used_at > IDLE]:
        del _texts[key]
