"""The interface between the runner and whatever answers: a language model, a script, your own."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias


@dataclass(frozen=True, slots=True)
class Tool:
    """What may be called: ``parameters`` is the JSON Schema of its arguments."""

    name: str
    description: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Text:
    """Some more of the answer."""

    delta: str


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A wish to have a tool called; ``arguments`` is what was written, which may not even be JSON."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Usage:
    """What the turn cost, in tokens: of all that was read, and of all that was written."""

    read: int
    written: int


@dataclass(frozen=True, slots=True)
class Heard:
    """Something that somebody else said.  It is data: nothing in it changes what the agent may do."""

    speaker: str
    text: str


@dataclass(frozen=True, slots=True)
class Spoken:
    """What the agent itself said and called, in one turn."""

    text: str
    calls: Sequence[ToolCall] = ()


@dataclass(frozen=True, slots=True)
class Returned:
    """What came of a call."""

    call: ToolCall
    text: str


Piece: TypeAlias = Text | ToolCall | Usage
Item: TypeAlias = Heard | Spoken | Returned


@dataclass(frozen=True, slots=True)
class Turn:
    """What a provider is asked: to go on with ``conversation``, using ``tools`` if it likes.

    ``max_tokens`` is what it should ask of a model at the most, ``max_characters`` what it may yield.
    """

    instructions: str
    conversation: Sequence[Item]
    tools: Sequence[Tool]
    max_tokens: int
    max_characters: int


class Provider(Protocol):
    """Whatever answers."""

    def answer(self, turn: Turn) -> AsyncGenerator[Piece]:
        """The pieces of one turn, as they come; the turn is over when they end.

        Raises ProviderError for whatever goes wrong.  The task may be cancelled at any await, and the
        generator be closed: what was asked of another server must then be given up at once.
        """


class ProviderError(Exception):
    """A turn that failed.  ``code`` is for programs; the sentence is shown to people, so it holds no key
    and nothing that another server wrote."""

    def __init__(self, code: str, detail: str) -> None:
        self.code = code
        self.detail = detail
        super().__init__(detail)
