"""A provider that needs no key and no network: a demonstration, and it says so.

It is deterministic: the same conversation gets the same answer.  Asked to list or to read files it calls
the tool, if it has it, so that a whole run can be seen without a language model.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncGenerator

from .interface import Heard, Piece, Returned, Text, Tool, ToolCall, Turn, Usage

PACE = 0.03  # seconds for each word: as fast as one reads
SHOWN = 400  # characters of a result that are repeated
MENTION = re.compile(r"(?<![\w@])@[\w.-]+:?")
READ = re.compile(r"\bread (?:the file )?[`'\"]?([^\s`'\"]+)")
LIST = re.compile(r"\b(?:list|which|what)\b.*\bfiles\b")


class Scripted:
    """Answers by rules."""

    async def answer(self, turn: Turn) -> AsyncGenerator[Piece]:
        call, text = _call(turn), _text(turn)
        if call is not None:
            yield call
        else:
            for word in re.findall(r"\s*\S+", text):
                await asyncio.sleep(PACE)
                yield Text(word)
        read = sum(len(str(item).split()) for item in turn.conversation)
        yield Usage(read, len(text.split()))


def _call(turn: Turn) -> ToolCall | None:
    last = turn.conversation[-1] if turn.conversation else None
    if not isinstance(last, Heard):
        return None
    asked = last.text.strip()
    tools = {tool.name: tool for tool in turn.tools}
    if (found := READ.search(asked)) and "read_file" in tools:
        return _made(tools["read_file"], path=found[1].rstrip(".,;:!?"))
    if LIST.search(asked.lower()) and "list_files" in tools:
        return _made(tools["list_files"])
    return None


def _made(tool: Tool, **arguments: str) -> ToolCall:
    return ToolCall("scripted-1", tool.name, json.dumps(arguments))


def _text(turn: Turn) -> str:
    last = turn.conversation[-1] if turn.conversation else None
    if isinstance(last, Returned):
        return f"I called {last.call.name}, and this came back:\n\n{last.text[:SHOWN]}"
    said = " ".join(MENTION.sub("", last.text).split()) if isinstance(last, Heard) else ""
    speaker = last.speaker if isinstance(last, Heard) else "everybody"
    tools = ", ".join(tool.name for tool in turn.tools) or "none"
    return (
        f"Hello {speaker}. I am a scripted demonstration: no language model is behind me, and each word of "
        f'this was written beforehand. You said "{said[:SHOWN]}". '
        f"The tools that I could call here: {tools}."
    )
