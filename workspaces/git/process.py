"""Running git: bounded in time and output, with nothing of the server's environment.

What is read here was written by strangers, so a run is never trusted to end: its whole process group is
killed when the time is over or when it has said enough.
"""

import os
import selectors
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache

SECONDS = 10.0
MOST = 4 * 1024 * 1024
_MOST_SAID = 4096  # of standard error, for the sentence that tells why
_CHUNK = 65536
# However many ask at once, a process runs so many; the others wait, and give up like a run that is slow.
_PLACES = threading.BoundedSemaphore(4)


class NotInstalled(Exception):
    """There is no git on this machine."""


class TooSlow(Exception):
    """Git did not end in time, and was killed."""


@dataclass(frozen=True, slots=True)
class Output:
    """What a run said.  ``truncated``: there was more, and git was killed for it, so there is no ``code``."""

    data: bytes
    error: str = ""
    code: int = 0
    truncated: bool = False


def run(
    args: Sequence[str],
    directory: str,
    environment: Mapping[str, str],
    *,
    seconds: float | None = None,
    most: int = MOST,
) -> Output:
    """Run ``git args`` in ``directory`` and return what it said; raises NotInstalled and TooSlow.

    ``environment`` comes on top of one in which git reads no configuration but the repository's, asks
    nobody anything, writes nothing, and speaks to no other repository.
    """
    deadline = time.monotonic() + (seconds or SECONDS)
    with _place(deadline), _started(args, directory, environment) as process:
        try:
            return _collect(process, deadline, most)
        finally:
            _kill(process)


def _started(args: Sequence[str], directory: str, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 (git, by its whole path; no shell)
        [_git(), "--no-pager", *args],
        cwd=directory,
        env={**_quiet(), **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


@contextmanager
def _place(deadline: float) -> Iterator[None]:
    if not _PLACES.acquire(timeout=max(0, deadline - time.monotonic())):
        raise TooSlow
    try:
        yield
    finally:
        _PLACES.release()


def _collect(process: subprocess.Popen[bytes], deadline: float, most: int) -> Output:
    assert process.stdout is not None  # noqa: S101 (for the types)
    assert process.stderr is not None  # noqa: S101
    said, error = bytearray(), bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ, (said, most + 1))
        selector.register(process.stderr, selectors.EVENT_READ, (error, _MOST_SAID))
        while selector.get_map():
            for key, _ in selector.select(_left(deadline)):
                into, limit = key.data
                chunk = os.read(key.fd, _CHUNK)
                into += chunk[: limit - len(into)]
                if not chunk:
                    selector.unregister(key.fileobj)
            if len(said) > most:
                return Output(bytes(said[:most]), truncated=True)
    try:
        code = process.wait(_left(deadline))
    except subprocess.TimeoutExpired:
        raise TooSlow from None
    return Output(bytes(said), error.decode(errors="replace").strip(), code)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TooSlow
    return left


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End whatever is left of the group: git's own children as well."""
    with suppress(ProcessLookupError, PermissionError):  # all of it has ended (macOS says the second)
        os.killpg(process.pid, signal.SIGKILL)


@cache
def _git() -> str:
    found = shutil.which("git", path=_path())
    if found is None:
        raise NotInstalled
    return found


def _path() -> str:
    """The server's PATH without what is relative: git runs inside of a stranger's directory."""
    entries = os.environ.get("PATH", os.defpath).split(os.pathsep)
    return os.pathsep.join(entry for entry in entries if os.path.isabs(entry))


def _quiet() -> dict[str, str]:
    return {
        "PATH": _path(),
        "LC_ALL": "C",
        "HOME": os.devnull,
        "XDG_CONFIG_HOME": os.devnull,
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_SYSTEM": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "false",
        "GIT_PAGER": "cat",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_ALLOW_PROTOCOL": "none",  # a list of protocols that holds none of them, above any configuration
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_LITERAL_PATHSPECS": "1",
    }
