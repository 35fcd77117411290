"""The tests' hand in a world: a process beside the servers, with the ORM, that does what it is told.

What it does is thereby done by another process than the one that serves: as an admin, a command or a
second server would.  Run as a program it is the hand itself; :class:`Hand` is the arm.
"""

import inspect
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.processes import tail

ROOT = Path(__file__).resolve().parent.parent
END_SECONDS = 10


class Hand:
    """Calls the functions of ``tests/hand_tools.py`` in the process; arguments and results are JSON."""

    def __init__(self, environment: dict[str, str], log: Path) -> None:
        self.log = log
        with log.open("ab") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.hand"],
                cwd=ROOT,
                env=environment | {"DJANGO_SETTINGS_MODULE": "gathering.settings"},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                start_new_session=True,
            )

    def __call__(self, tool: str, *args: Any, **kwargs: Any) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([tool, args, kwargs]) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline() or "{}")
        if "result" not in answer:
            raise AssertionError(f"the hand failed at {tool}{args}\n{tail(self.log)}")
        return answer["result"]

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(END_SECONDS)
        self._process.stdout.close()


def main() -> None:
    import traceback

    import django

    django.setup()
    from django.db import connection

    from tests import hand_tools

    tools = dict(inspect.getmembers(hand_tools, inspect.isfunction))
    for line in sys.stdin:
        tool, args, kwargs = json.loads(line)
        if connection.connection is not None and not connection.is_usable():
            connection.close()  # the database has been away
        try:
            answer = {"result": tools[tool](*args, **kwargs)}
        except Exception:
            traceback.print_exc()
            answer = {}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
