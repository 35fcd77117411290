"""The load generator counts what it should: beside a server that sends exactly what it is sent."""

import json
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.processes import HOST, free_port
from tests.servers import ROOT


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("bench")
    for name, source in (("load", "load.c"), ("raw", "peers/raw.c")):
        target = str(directory / name)
        warnings = ["-Wall", "-Wextra", "-Werror"]
        subprocess.run(["cc", "-O2", *warnings, "-o", target, str(ROOT / "bench" / source)], check=True)
    return directory


@pytest.fixture
def server(programs: Path) -> Iterator[tuple[int, int]]:
    """Port and pid of the C peer, which sends each message to everybody."""
    port = free_port()
    with subprocess.Popen([str(programs / "raw"), str(port)]) as process:
        _wait_until_open(port)
        yield port, process.pid
        process.terminate()


def load(programs: Path, server: tuple[int, int], mode: str, **options: object) -> dict[str, Any]:
    port, pid = server
    words = [str(programs / "load"), mode, "--port", str(port), "--path", "/", "--pid", str(pid)]
    words += ["--template", '{"data":"%m"}', "--seconds", "0.3", "--warmup", "0.1"]
    for name, value in options.items():
        words += [f"--{name}", str(value)]
    done = subprocess.run(words, stdout=subprocess.PIPE, check=True, timeout=60)
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def test_every_delivery_is_counted(programs: Path, server: tuple[int, int]) -> None:
    seen = load(programs, server, "fanout", subscribers=20, rate=100)
    assert seen["deliveries"] % 20 == 0
    assert 0 < seen["deliveries"] <= 20 * (seen["posted"] + 1)
    assert 0 < seen["p50_ms"] <= seen["p99_ms"] <= seen["max_ms"]
    assert seen["cpu"][str(server[1])] >= 0


def test_as_fast_as_it_goes_is_faster(programs: Path, server: tuple[int, int]) -> None:
    seen = load(programs, server, "fanout", subscribers=20, window=50)
    assert seen["deliveries"] > 100
    assert seen["cpu"][str(server[1])] > 0


def test_one_that_never_reads_is_not_counted(programs: Path, server: tuple[int, int]) -> None:
    seen = load(programs, server, "fanout", subscribers=20, stalled=5, rate=100)
    assert 0 < seen["deliveries"] <= 15 * (seen["posted"] + 1)


def test_joins_are_counted(programs: Path, server: tuple[int, int]) -> None:
    assert load(programs, server, "join", concurrency=4)["joined"] > 0


def _wait_until_open(port: int) -> None:
    end = time.monotonic() + 10
    while time.monotonic() < end:
        with socket.socket() as probe:
            if probe.connect_ex((HOST, port)) == 0:
                return
    raise TimeoutError(f"nothing answers on port {port}")
