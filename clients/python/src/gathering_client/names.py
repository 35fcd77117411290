"""Names of streams: ``<kind>.<key>``, as in ``circles.dev-team``, ``workspaces.7`` and ``agents.3``."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .errors import BadName

MAX_LENGTH = 99
_NAME = re.compile(r"(?P<kind>[a-z]{1,20})\.(?P<key>[a-z0-9][a-z0-9_-]*)", re.ASCII)


@dataclass(frozen=True)
class StreamName:
    """A checked name: ``kind`` says what it is a stream of, ``key`` which one."""

    kind: str
    key: str

    def __str__(self) -> str:
        return f"{self.kind}.{self.key}"


def parse(text: object) -> StreamName:
    """The name in ``text``; raises :class:`BadName` for anything else, of whatever type."""
    match = _NAME.fullmatch(text) if isinstance(text, str) and len(text) <= MAX_LENGTH else None
    if match is None:
        raise BadName("bad_name", "That is not the name of a stream.")
    return StreamName(match["kind"], match["key"])


def join(kind: str, key: object) -> str:
    """The name of ``kind`` and ``key`` as text; raises :class:`BadName` if the two make none."""
    return str(parse(f"{kind}.{key}"))
