"""Finding what was said: the newest first, a stretch of the messages at a time.

Any database finds a word in any script this way, without an index to keep.  What bounds the cost is the
stretch: one search looks at so many messages, however many there are, and says from where to look further.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .models import Circle, Message

STRETCH = 20_000  # messages that one search looks at
MOST_WORDS = 8
BEFORE, AFTER = 60, 180  # characters that are shown around what was found


@dataclass(frozen=True)
class Search:
    """What was found, the newest first; ``further`` is the id before which to go on, None at the end."""

    messages: Sequence[Message]
    further: int | None


def search(user: Any, text: str, before: int | None = None, limit: int = 50) -> Search:
    """The messages that ``user`` may read and that have every word of ``text``, in any case."""
    ending = before or _newest() + 1
    beginning = max(0, ending - STRETCH)
    circles = Circle.objects.visible_to(user).order_by().values("pk")
    rows = Message.objects.filter(circle__in=circles, pk__gte=beginning, pk__lt=ending).order_by("-pk")
    for word in words(text):
        rows = rows.filter(content__icontains=word)
    found = list(rows.select_related("author", "circle")[: limit + 1])
    if len(found) > limit:
        return Search(found[:limit], found[limit - 1].pk)
    return Search(found, beginning if beginning > 1 else None)


def words(text: str) -> list[str]:
    """What is looked for."""
    return text.split()[:MOST_WORDS]


def excerpt(content: str, text: str) -> list[tuple[str, bool]]:
    """The part of ``content`` around the first word that was found; of each piece whether it is one."""
    wanted = re.compile("(" + "|".join(map(re.escape, words(text))) + ")", re.IGNORECASE)
    first = wanted.search(content)
    begin = max(0, first.start() - BEFORE) if first else 0
    pieces = wanted.split(content[begin : begin + BEFORE + AFTER])
    cut = [("…", False)] if begin else []
    return cut + [(piece, index % 2 == 1) for index, piece in enumerate(pieces) if piece]


def _newest() -> int:
    return Message.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
