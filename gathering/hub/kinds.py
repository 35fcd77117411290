"""What kinds of streams there are: who may follow one, and which frames it takes.

Each application registers its kinds when it is ready; the sockets and the HTTP face of the log ask here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from rest_framework.serializers import Serializer

from gathering.protocol import names
from gathering.protocol.errors import BadField, NotFound, UnknownType
from gathering.protocol.frames import Command

Action = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Taken:
    """A frame that a kind takes: ``serializer`` checks its fields, ``action(user, key, **fields)`` acts.

    The action returns the row it made, or None.  ``whole`` hands the frame's ``data`` to the serializer
    unchanged, without the fields beside it.
    """

    action: Action
    serializer: type[Serializer[Any]]
    whole: bool = False

    def check(self, command: Command) -> dict[str, Any]:
        """The fields of ``command`` for the action; raises BadField with the first thing wrong."""
        fields = command.data if self.whole else command.fields
        serializer = self.serializer(data=dict(fields or {}))
        if not serializer.is_valid():
            name, problem = first_problem(serializer.errors)
            raise BadField(f"'{name}': {problem}", field=name)
        return dict(serializer.validated_data)


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of stream: ``find(user, key)`` returns its row or raises NotFound, by ``visible_to``;
    ``mine(user)`` are the keys of those that ``user`` may see, in any order."""

    name: str
    find: Callable[[Any, str], object]
    mine: Callable[[Any], Iterable[object]]
    takes: Mapping[str, Taken] = field(default_factory=dict)

    def taken(self, command: Command) -> Taken:
        """How ``command`` is taken; raises UnknownType if it is not on the list."""
        try:
            return self.takes[command.type]
        except KeyError:
            raise UnknownType(f"'{command.type}' is no frame that a stream of {self.name} takes.") from None


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


def find(user: Any, channel: str) -> object:
    """The row that ``channel`` is the stream of, if ``user`` may see it; raises NotFound or BadName."""
    kind, key = of(channel)
    return kind.find(user, key)


def visible_to(user: Any) -> list[str]:
    """The names of all streams that ``user`` may follow, in order."""
    return sorted(names.join(kind.name, key) for kind in _kinds.values() for key in kind.mine(user))


def first_problem(errors: Any) -> tuple[str, str]:
    """The first field with an error, and the first sentence about it."""
    name, problems = next(iter(errors.items()))
    while isinstance(problems, (list, dict)):
        problems = next(iter(problems.values() if isinstance(problems, dict) else problems))
    return str(name), str(problems)
