"""The turns of a run: the model is asked, its tools are called, and it is asked again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing

from django.conf import settings

from agents import guards
from agents.guards import CALLS, CHARACTERS, TURN_TOKENS, Tripped
from agents.providers import catalog
from agents.providers.interface import (
    Item,
    Piece,
    Provider,
    ProviderError,
    Spoken,
    Text,
    Tool,
    ToolCall,
    Turn,
    Usage,
)

from . import calls, context, records, tools
from .work import Work


async def take(work: Work, conversation: list[Item]) -> None:
    """Let the model speak until it calls no more tools; ``work.words`` has its answer.

    Raises Tripped or ProviderError.
    """
    agent = work.agent
    provider = catalog.make(agent.provider, agent.model, agent.temperature)
    await work.office.use(catalog.load, agent.provider)
    offered = await work.office.store(tools.tools_for, agent)
    about = context.instructions(agent, work.errand.message.circle)
    most = agent.guard_of("turns")
    for number in range(1, most + 1):
        spoken = await _one(work, provider, _turn(work, about, conversation, offered), number)
        if not spoken.calls:
            return
        await work.office.store(records.close_turn, work.hold, work.closing, work.bill().fresh)
        work.closing, work.recorded = [], work.read + work.written
        conversation.append(spoken)
        for call in spoken.calls:
            conversation.append(await calls.make(work, call))
    raise Tripped("turns", f"The model was asked {most} times, and is not done.")


def _turn(work: Work, about: str, conversation: list[Item], offered: list[Tool]) -> Turn:
    prompt = guards.estimated(len(about) + context.size([*conversation, *offered]))
    if prompt >= work.left:
        raise Tripped("tokens", "The next turn would cost more tokens than are left for this run.")
    return Turn(about, list(conversation), offered, min(TURN_TOKENS, work.left - prompt), CHARACTERS)


async def _one(work: Work, provider: Provider, turn: Turn, number: int) -> Spoken:
    speech = _Speech(work, f"{work.errand.run_id}-{number}")
    try:
        async with aclosing(provider.answer(turn)) as pieces:
            async for piece in _in_time(pieces):
                await speech.take(piece)
    finally:
        _charge(work, turn, speech)
    return speech.end()


def _charge(work: Work, turn: Turn, speech: _Speech) -> None:
    """What the provider says it cost, and no less than what was written: some say nothing."""
    usage = speech.usage or Usage(guards.estimated(context.size(turn.conversation)), 0)
    work.read += max(0, usage.read)
    work.written += max(usage.written, guards.estimated(speech.size))


async def _in_time(pieces: AsyncGenerator[Piece]) -> AsyncGenerator[Piece]:
    """``pieces``, unless the next one is too long in coming."""
    seconds = settings.GATHERING_LLM_TIMEOUT
    while True:
        try:
            async with asyncio.timeout(seconds):
                piece = await anext(pieces, None)
        except TimeoutError:
            raise ProviderError("model_silent", f"The model said nothing for {seconds:g} s.") from None
        if piece is None:
            return
        yield piece


class _Speech:
    """What the model says in one turn."""

    def __init__(self, work: Work, name: str) -> None:
        self.usage: Usage | None = None
        self.size = 0
        self._work = work
        self._name = name
        self._calls: list[ToolCall] = []
        self._began = -1  # where its text begins in the answer

    async def take(self, piece: Piece) -> None:
        match piece:
            case Text():
                await self._say(_clean(piece.delta))
            case ToolCall():
                self._call(piece)
            case Usage():
                self.usage = piece

    def end(self) -> Spoken:
        text = self._work.words.text[self._began :] if self._began >= 0 else ""
        if text:
            self._work.closing = self._work.words.close(self._name)
        return Spoken(text, tuple(self._calls))

    async def _say(self, delta: str) -> None:
        work, most = self._work, settings.GATHERING_MAX_CONTENT or CHARACTERS
        self.size += len(delta)
        if self._began < 0:
            if not (delta := delta.lstrip()):
                return
            await work.office.store(records.open_message, work.hold, self._name)
            self._began = work.words.open(self._name)
        work.words.add(delta)
        if len(work.words.text) > most:
            raise Tripped("too_much_output", f"The answer is longer than {most} characters.")

    def _call(self, call: ToolCall) -> None:
        """Its id is ours: models have used one twice, and one that is not theirs."""
        if len(self._calls) == CALLS:
            raise Tripped("calls", f"The model called more than {CALLS} tools in one turn.")
        self.size += len(call.arguments)
        place = len(self._calls) + 1
        name, arguments = _clean(call.name)[:64] or "?", _canonical(_clean(call.arguments))
        self._calls.append(ToolCall(f"{self._name}-call-{place}", name, arguments))


def _clean(text: str) -> str:
    """``text`` as every database and every client takes it: no NUL, no half of a surrogate pair."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()


def _canonical(arguments: str) -> str:
    """One text for all ways to write the same; what is no JSON stays as it is."""
    try:
        return json.dumps(json.loads(arguments), sort_keys=True, ensure_ascii=False)
    except (ValueError, RecursionError):
        return arguments
