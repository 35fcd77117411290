"""What kinds of streams there are: who may follow one, and which frames it takes.

Each application registers its kinds when it is ready; the sockets and the HTTP face of the log ask here.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import cache
from typing import Any

from django.db.models import Model
from rest_framework.exceptions import ValidationError
from rest_framework.serializers import Serializer

from gathering.protocol import names
from gathering.protocol.errors import BadField, GatheringError, NotFound, UnknownType
from gathering.protocol.frames import Command


@dataclass(frozen=True, slots=True)
class Asked:
    """What ``user`` asks of the stream of ``key``; ``fields`` are checked.

    ``ref`` is what the answer is to be called; nobody waits for one if it is None.
    """

    user: Any
    key: str
    fields: Mapping[str, Any]
    ref: str | None = None


class Presence(Enum):
    """What becomes of who follows a stream."""

    NONE = auto()
    KEPT = auto()  # it is known that they are connected
    TOLD = auto()  # and those who are greeted are told of each other


Action = Callable[..., Any]
Together = Callable[[Sequence[Asked]], Sequence[Model | GatheringError | None]]


@dataclass(frozen=True, slots=True)
class Taken:
    """A frame that a kind takes: ``serializer`` checks its fields, ``action(user, key, **fields)`` acts.

    The action returns the row it made, or None.  ``whole`` hands the frame's ``data`` to the serializer
    unchanged, without the fields beside it.  ``together`` does what many frames ask, in one transaction:
    it returns for each, in order, the row (or None) or the error, and has written nothing for those it
    refuses.  ``lightly`` is tried first for what nobody waits for: it does it at once, on the event loop
    and without the database, and returns True, or does nothing and returns False.  ``often`` says of a
    frame that it is one of those that come in quick succession, and have a pace of their own.
    """

    action: Action
    serializer: type[Serializer[Any]]
    whole: bool = False
    together: Together | None = None
    lightly: Callable[[Asked], bool] | None = None
    often: Callable[[Command], bool] | None = None

    def check(self, command: Command) -> dict[str, Any]:
        """The fields of ``command`` for the action; raises BadField with the first thing wrong."""
        fields = command.data if self.whole else command.fields
        try:
            return dict(_form(self.serializer).run_validation(dict(fields or {})))
        except ValidationError as error:
            name, problem = first_problem(error.detail)
            raise BadField(f"'{name}': {problem}", field=name) from None


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of stream: ``find(user, key)`` returns its row or raises NotFound, by ``visible_to``;
    ``mine(user)`` are the keys of those that ``user`` may see, in any order.

    ``seen`` is ``find`` for many in one query: of pairs of a user and a key, those that may be seen.
    """

    name: str
    find: Callable[[Any, str], object]
    mine: Callable[[Any], Iterable[object]]
    takes: Mapping[str, Taken] = field(default_factory=dict)
    seen: Callable[[Collection[tuple[Any, str]]], Collection[tuple[Any, str]]] | None = None
    presence: Presence = Presence.NONE

    def refusals(self, asked: Sequence[tuple[Any, str]]) -> list[GatheringError | None]:
        """For each pair of a user and a key: why it may not be seen, or None."""
        if self.seen is None or len(asked) == 1:
            return [self._refusal(*each) for each in asked]
        seen = set(self.seen(asked))
        return [None if each in seen else NotFound() for each in asked]

    def _refusal(self, user: Any, key: str) -> GatheringError | None:
        try:
            self.find(user, key)
        except GatheringError as error:
            return error
        return None

    def taken(self, command: Command) -> Taken:
        """How ``command`` is taken; raises UnknownType if it is not on the list."""
        try:
            return self.takes[command.type]
        except KeyError:
            raise UnknownType(f"'{command.type}' is no frame that a stream of {self.name} takes.") from None


@cache
def _form(serializer: type[Serializer[Any]]) -> Serializer[Any]:
    """One for all frames: making its fields again costs more than checking them."""
    return serializer()


_kinds: dict[str, Kind] = {}


def register(kind: Kind) -> None:
    """Make ``kind`` known; the last one of a name counts."""
    _kinds[kind.name] = kind


def of(channel: str) -> tuple[Kind, str]:
    """The kind and the key of a stream's name; raises BadName, or NotFound for an unknown kind."""
    name = names.parse(channel)
    if name.kind not in _kinds:
        raise NotFound
    return _kinds[name.kind], name.key


def presence_of(channel: str) -> Presence:
    """What becomes of who follows ``channel``."""
    kind = _kinds.get(channel.partition(".")[0])
    return kind.presence if kind is not None else Presence.NONE


def comes_often(channel: str, command: Command) -> bool:
    """Whether ``command``, sent to ``channel``, is one of those that have a pace of their own."""
    kind = _kinds.get(channel.partition(".")[0])
    taken = kind.takes.get(command.type) if kind is not None else None
    return taken is not None and taken.often is not None and taken.often(command)


def find(user: Any, channel: str) -> object:
    """The row that ``channel`` is the stream of, if ``user`` may see it; raises NotFound or BadName."""
    kind, key = of(channel)
    return kind.find(user, key)


def refusals(asked: Sequence[tuple[Any, str]]) -> list[GatheringError | None]:
    """For each pair of a user and a stream's name: why it may not be followed, or None."""
    refused: list[GatheringError | None] = [None] * len(asked)
    by_kind: dict[str, list[tuple[int, tuple[Any, str]]]] = {}
    for place, (user, channel) in enumerate(asked):
        try:
            kind, key = of(channel)
            by_kind.setdefault(kind.name, []).append((place, (user, key)))
        except GatheringError as error:
            refused[place] = error
    for name, some in by_kind.items():
        reasons = _kinds[name].refusals([pair for _, pair in some])
        for (place, _), reason in zip(some, reasons, strict=True):
            refused[place] = reason
    return refused


def visible_to(user: Any) -> list[str]:
    """The names of all streams that ``user`` may follow, in order."""
    return sorted(names.join(kind.name, key) for kind in _kinds.values() for key in kind.mine(user))


def first_problem(errors: Any) -> tuple[str, str]:
    """The first field with an error, and the first sentence about it."""
    name, problems = next(iter(errors.items()))
    while isinstance(problems, (list, dict)):
        problems = next(iter(problems.values() if isinstance(problems, dict) else problems))
    return str(name), str(problems)
