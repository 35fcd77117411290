"""``clients/js/tests/programs/follower.js`` as a process: it follows a circle, and posts what it is told."""

import asyncio
import contextlib
import json
from pathlib import Path
from typing import Any, Self

from tests.nodejs import NODE
from tests.servers import ROOT

PROGRAM = ROOT / "clients/js/tests/programs/follower.js"


class Follower:
    """The process, its directory, and what it has said; ``kill`` it, and ``start`` it again."""

    def __init__(self, directory: Path, **options: Any) -> None:
        self.options = {"directory": str(directory), **options}
        self.acknowledged: dict[str, int] = {}
        self.states: list[str] = []
        self.said: list[dict[str, Any]] = []
        self._handled = directory / "handled"
        self._asked: dict[str, str] = {}

    async def start(self, **options: Any) -> Self:
        """Start, and ask again for all that was not acknowledged."""
        arguments = json.dumps(self.options | options)
        pipe = asyncio.subprocess.PIPE
        self.process = await asyncio.create_subprocess_exec(NODE, PROGRAM, arguments, stdin=pipe, stdout=pipe)
        self._reader = asyncio.create_task(self._read())
        for ref in set(self._asked) - set(self.acknowledged):
            self._tell(ref)
        return self

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(self, *_: object) -> None:
        await self.kill()

    def post(self, content: str) -> None:
        self._asked[content] = content
        self._tell(content)

    async def kill(self) -> None:
        """SIGKILL, in the middle of whatever it does."""
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        await self.ended()

    async def ended(self) -> int:
        """Wait until the process has ended, by whatever cause."""
        await self._reader
        return await self.process.wait()

    @property
    def handled(self) -> list[tuple[int, str]]:
        """The seq and the content of each event, in the order in which they were handled."""
        if not self._handled.exists():
            return []
        lines = self._handled.read_text().splitlines()
        return [(int(seq), content) for seq, _, content in (line.partition(" ") for line in lines)]

    @property
    def has_all_answers(self) -> bool:
        return set(self._asked) == set(self.acknowledged)

    def _tell(self, ref: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"content": self._asked[ref], "id": ref}).encode() + b"\n")

    async def _read(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            said = json.loads(line)
            self.said.append(said)
            if "posted" in said:
                self.acknowledged[said["posted"]] = said["seq"]
            elif "state" in said:
                self.states.append(said["state"])
