"""A server process that is started, killed and started again on one port and one directory."""

import atexit
import contextlib
import os
import random
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Literal, Self

import psutil

HOST = "127.0.0.1"
START_SECONDS = 30.0
STOP_SECONDS = 30.0
POLL_SECONDS = 0.02

Prefer = Literal["system", "wheel"]


class ServiceError(RuntimeError):
    """A server did not start or did not answer; the message ends with the last lines of its log."""


class Service(ABC):
    """One server process, its port, its password and its directory; a subclass says which program.

    ``start`` returns the service: ``Redis().start()`` and ``with Redis() as redis:`` both work.
    """

    name: str

    def __init__(self, directory: Path | str | None = None, *, prefer: Prefer = "system") -> None:
        """Makes a directory (inside ``directory``, if given) and starts nothing."""
        made = tempfile.mkdtemp(prefix=f"gathering-{self.name}-", dir=directory)
        self.directory = Path(made).resolve()
        self.log = self.directory / "log"
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = os.getpid()
        atexit.register(self.close)
        self.port = free_port()
        self.password = secrets.token_hex(16)
        self.binary = self._find_binary(prefer)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def pid(self) -> int | None:
        """The main process, or None while the server is down."""
        running = self._process is not None and self._process.poll() is None
        return self._process.pid if running else None

    def start(self) -> Self:
        """Starts the server and returns once it answers; does nothing if it runs.

        Raises ServiceError, and leaves no process, if it ends early or stays silent.
        """
        if self.pid is None:
            self._process = self._spawn()
            try:
                self._wait_until_it_answers()
            except BaseException:
                self.kill()
                raise
        return self

    def stop(self) -> None:
        """Asks the server to end and waits; kills it if it does not. The data stay."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL to the server and its children, as a crash would; returns when they are gone."""
        if self.pid is None:
            return
        main = psutil.Process(self.pid)
        main.suspend()  # so that no child is born between the list and the kill
        family = [*main.children(recursive=True), main]
        for process in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        self._reap(family)

    def restart(self) -> Self:
        """``stop``, then ``start``, on the same port and data."""
        self.stop()
        return self.start()

    def close(self) -> None:
        """``stop``, and remove the directory; may be called twice.

        A forked child owns nothing, and there it does nothing.
        """
        if os.getpid() != self._owner:
            return
        atexit.unregister(self.close)
        self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    def _end(self, how: signal.Signals) -> None:
        if self._process is None or self.pid is None:
            return
        main = psutil.Process(self.pid)
        family = [*main.children(recursive=True), main]
        self._process.send_signal(how)
        self._process.send_signal(signal.SIGCONT)  # a paused process acts on the first only then
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(STOP_SECONDS)
        self.kill()
        self._reap(family)

    def _reap(self, family: list[psutil.Process]) -> None:
        if self._process is not None:
            self._process.wait(STOP_SECONDS)
        if not poll(lambda: all(map(is_gone, family)), STOP_SECONDS):
            left = [process.pid for process in family if not is_gone(process)]
            raise ServiceError(f"{self.name}: still there: {left}")

    def _wait_until_it_answers(self) -> None:
        poll(lambda: self.pid is None or self._answers(), START_SECONDS)
        if self._process is None or self.pid is None or not self._answers():
            code = self._process.poll() if self._process else None
            state = "does not answer" if code is None else f"ended with {code}"
            raise ServiceError(f"{self.name} on port {self.port} {state}\n{tail(self.log)}")

    def _find_binary(self, prefer: Prefer) -> Path:
        finders = [self._system_binary, self._wheel_binary]
        for find in finders if prefer == "system" else reversed(finders):
            if (found := find()) is not None:
                return found
        raise ServiceError(f"no {self.name}: not on the system, nor from requirements-dev.txt")

    @abstractmethod
    def _system_binary(self) -> Path | None: ...

    @abstractmethod
    def _wheel_binary(self) -> Path | None: ...

    @abstractmethod
    def _spawn(self) -> subprocess.Popen[bytes]: ...

    @abstractmethod
    def _answers(self) -> bool:
        """True if a new connection is answered by this very server, not by another on its port."""


def free_port() -> int:
    """A loopback port that nobody listens on, below those that the kernel gives to clients.

    A client that redials such a port while its server is down can be given the same port as its
    own, connect to itself, and so keep the server from coming back.
    """
    for port in random.sample(range(20000, first_client_port()), 100):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind((HOST, port))
            return port
    raise ServiceError("no free loopback port in a hundred tries")


def first_client_port() -> int:
    """Where the kernel's ports for clients begin; the usual value if that is unknown or low."""
    try:
        low = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    except OSError:
        return 32768
    return low if low > 21000 else 32768


def is_gone(process: psutil.Process) -> bool:
    """Whether the process has ended; one that its new parent has not reaped yet has ended too."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def poll(condition: Callable[[], bool], seconds: float) -> bool:
    """Tries the condition until it holds (True) or the time is over (False)."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True


def tail(log: Path, lines: int = 30) -> str:
    """The last lines of a log, or a note that there are none."""
    text = log.read_text(errors="replace") if log.exists() else ""
    return "\n".join(text.splitlines()[-lines:]) or "(its log is empty)"
