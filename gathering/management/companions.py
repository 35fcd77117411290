"""Commands that run beside the server: the watcher of workspaces, the agents.

One command then serves a whole hub on one machine.  Each companion is a process of its own, so it can
neither slow the sockets nor take them down; one that dies is started again, later each time.
"""

import contextlib
import ctypes
import logging
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence

from django.conf import settings

logger = logging.getLogger(__name__)

PATIENCE = 5.0  # seconds that a companion has to end
LONGEST_PAUSE = 30.0  # seconds between two starts of one that keeps dying
STEADY = 60.0  # seconds after which one counts as running
PR_SET_PDEATHSIG = 1  # prctl(2)


@contextlib.contextmanager
def beside(commands: Sequence[str]) -> Iterator[None]:
    """Run ``manage.py`` with each of ``commands`` for as long as this lasts."""
    companions = [_Companion(command) for command in commands]
    if companions:
        # Uvicorn ends with the signal that ended it, and nothing after that is run by the default handler.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    for companion in companions:
        companion.start()
    try:
        yield
    finally:
        for companion in companions:
            companion.stop()
        for companion in companions:
            companion.join()


class _Companion(threading.Thread):
    def __init__(self, command: str) -> None:
        super().__init__(name=command, daemon=True)
        self._command = [sys.executable, str(settings.BASE_DIR / "manage.py"), *command.split()]
        self._stopping = threading.Event()

    def run(self) -> None:
        # Started from this thread alone: the death signal follows the thread that forked.
        pause = 1.0
        while not self._stopping.is_set():
            began = time.monotonic()
            code = self._await_end(self._start())
            if self._stopping.is_set():
                return
            pause = 1.0 if time.monotonic() - began > STEADY else min(2 * pause, LONGEST_PAUSE)
            logger.warning("%s ended with %s and is started again in %.0f s", self.name, code, pause)
            self._stopping.wait(pause)

    def stop(self) -> None:
        self._stopping.set()

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # noqa: S603 (a command of ours, named by whoever starts the server)
            self._command, stdin=subprocess.DEVNULL, preexec_fn=_die_with_parent
        )

    def _await_end(self, process: subprocess.Popen[bytes]) -> int:
        while not self._stopping.is_set():
            with contextlib.suppress(subprocess.TimeoutExpired):
                return process.wait(0.2)
        process.terminate()
        try:
            return process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()


def _die_with_parent() -> None:
    """So that a server which is killed leaves nobody behind (Linux; elsewhere they are left)."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
