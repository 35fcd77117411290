"""Server processes for tests: real ones, each with its own port, log and data."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tests.processes import HOST, free_port, tail

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 40.0
# Most tests send as fast as they can, from one actor; the limits have tests of their own.
LENIENT = {"GATHERING_MAX_SOCKETS": "0", "GATHERING_FRAME_RATE": "0"}


@dataclass
class Place:
    """What a server stands on: its environment, which names a database and perhaps a Redis."""

    name: str
    data: Path
    env: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)  # of the cast, by name

    @property
    def full(self) -> bool:
        return "REDIS_URL" in self.env

    def manage(self, *words: str, stdin: str | None = None, check: bool = True) -> str:
        """Run a command; its standard output."""
        done = subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=ROOT,
            env=self.environment(),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        if check and done.returncode:
            raise AssertionError(f"{words}: {done.stdout}\n{done.stderr}")
        return done.stdout.strip()

    def environment(self, **more: str) -> dict[str, str]:
        clean = {k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "REDIS_URL")}
        base = {"GATHERING_DATA_DIR": str(self.data), "GATHERING_SECRET_KEY": "k3" * 25}
        return {**clean, **base, **LENIENT, **self.env, **more}


class Server:
    """``manage.py serve`` as a process."""

    def __init__(self, place: Place, software: str, **settings: str) -> None:
        self.place, self.software, self.settings = place, software, settings
        self.port = free_port()
        self.log = place.data / f"{software}-{self.port}.log"
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def http(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def ws(self) -> str:
        return f"ws://{HOST}:{self.port}"

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def start(self) -> "Server":
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "serve", "--port", str(self.port), "--server", self.software],
                cwd=ROOT,
                env=self.place.environment(**self.settings),
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(f"{self.http}/healthz", timeout=5).status_code == 200:
                    return self
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        self.kill()
        raise AssertionError(f"{self.software} did not start:\n{tail(self.log)}")

    def kill(self) -> None:
        self.end(signal.SIGKILL)

    def end(self, number: signal.Signals = signal.SIGTERM) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(number)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(10)

    def rss(self) -> int:
        """Resident memory in bytes."""
        fields = Path(f"/proc/{self.pid}/status").read_text()
        line = next(line for line in fields.splitlines() if line.startswith("VmRSS:"))
        return int(line.split()[1]) * 1024

    def open_files(self) -> int:
        return len(list(Path(f"/proc/{self.pid}/fd").iterdir()))

    def said(self) -> str:
        return self.log.read_text(errors="replace")


@contextlib.contextmanager
def running(place: Place, software: str, **settings: str) -> Iterator[Server]:
    server = Server(place, software, **settings)
    try:
        yield server.start()
    finally:
        server.end()


ROOMS = 400  # circles that are made beforehand: one by REST takes longer than most tests

_CAST = """
import json
from django.core.management import call_command
from django.db import transaction
call_command("migrate", verbosity=0)
from agents.actions import create_agent
from circles import actions
from gathering.accounts import tokens
from gathering.accounts.models import User
with transaction.atomic():
    ada = User.objects.create_superuser("ada", "ada-password")
    users = [ada, *(User.objects.create_user(name) for name in ("bob", "carol", "olga"))]
    users.append(create_agent(ada, "robo").user)
    for number in range(ROOMS):
        name = actions.create_circle(ada, f"c{number}").name
        actions.add_member(ada, name, "bob")
        actions.add_member(ada, name, "olga", "observer")
        actions.add_member(ada, name, "robo")
    minted = {user.username: tokens.mint(user)[1] for user in users}
print(json.dumps(minted))
"""


def make_place(name: str, **env: str) -> Place:
    """A migrated database with the cast in it: Ada (staff), Bob, Carol, Olga and Robo (Ada's agent).

    There are circles ``c0``, ``c1``, ...: Ada owns each, Bob and Robo belong to it, Olga observes, Carol is
    outside.  Each has four events.
    """
    place = Place(name, Path(tempfile.mkdtemp(prefix=f"gathering-{name}-")), env)
    told = place.manage("shell", "-v0", "-c", _CAST.replace("ROOMS", str(ROOMS)))
    place.tokens = dict(json.loads(told.splitlines()[-1]))
    return place


def remove(place: Place) -> None:
    shutil.rmtree(place.data, ignore_errors=True)
