"""The processes that publishers and clients live in, so that they can be killed."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.servers import ROOT

from .journal import Record, Tail


class Program:
    """One process of ``python -m torture.<kind>``; ``people`` are who is in it, and their channels."""

    def __init__(self, kind: str, number: int, directory: Path, configuration: dict[str, Any]) -> None:
        self.title = f"{kind}-{number}"
        self.log = directory / f"{self.title}.log"
        people = configuration[f"{kind}s"]
        self.people = {each["name"]: [f"circles.{name}" for name in each["circles"]] for each in people}
        self._tails = {each["name"]: Tail(Path(each["journal"])) for each in people}
        path = directory / f"{self.title}.json"
        path.write_text(json.dumps(configuration))
        self._command = [sys.executable, "-m", f"torture.{kind}", str(path)]
        self._speaking = False
        self._process: subprocess.Popen[str] | None = None

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start, or start again: where it was."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, cwd=ROOT, stdin=subprocess.PIPE, stdout=log, stderr=log, text=True
            )
        if self._speaking:
            self.tell("go")

    def kill(self) -> None:
        """SIGKILL, wherever in a sentence it is."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()

    def speak(self, speaking: bool) -> None:
        """Have its publishers say more, or rest once all is acknowledged."""
        self._speaking = speaking
        self.tell("go" if speaking else "rest")

    def tell(self, *words: object) -> None:
        """Give an order; one that is down, or is being killed in another thread, hears nothing."""
        process = self._process
        if process is not None and process.stdin is not None:
            with contextlib.suppress(OSError, ValueError):
                process.stdin.write(" ".join(map(str, words)) + "\n")
                process.stdin.flush()

    def more(self) -> dict[str, list[Record]]:
        """What each of its publishers or clients has newly noted."""
        return {name: tail.more() for name, tail in self._tails.items()}
