"""``python -m bench.workspaces``: how soon a write to a disk is told, and what watching costs.

One machine runs the server, the watcher and the client, each a process of its own, as with ``make run``
(or with PostgreSQL and Redis: ``--full``).  Figures of a machine that does something else are worth nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import psutil

from tests.clients import Client
from tests.servers import World
from tests.services import Postgres, Redis

PER_FOLDER = 20
SETTLE = 300.0


def main() -> None:
    options = _options()
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gathering-bench-")))
        directory.chmod(0o755)  # PostgreSQL runs as somebody else
        world = stack.enter_context(_world(directory, full=options.full))
        root = directory / "root"
        _fill(root, options.files)
        world.hand("make_circle", "bench")
        key = world.hand("make_workspace", "bench", str(root))
        print(f"{options.files} files, {'PostgreSQL and Redis' if options.full else 'embedded'}")
        for name, seconds in world.hand("reconcile", key).items():
            print(f"{name:44} {seconds:8.2f} s")
        watcher = psutil.Process(world.watcher.pid)
        asyncio.run(_write_to_frame(world, key, root, options.writes))
        _cost(watcher, options.idle)


@contextmanager
def _world(directory: Path, *, full: bool) -> Iterator[World]:
    with ExitStack() as stack:
        if not full:
            yield stack.enter_context(closing(World("uvicorn", "embedded", directory)))
            return
        redis, postgres = stack.enter_context(Redis()), stack.enter_context(Postgres(fsync=True))
        url = postgres.create_database("bench")
        yield stack.enter_context(closing(World("uvicorn", "full", directory, redis, postgres, url)))


def _fill(root: Path, files: int) -> None:
    for number in range(files):
        folder = root / f"package{number // PER_FOLDER % 50}" / f"module{number // PER_FOLDER}"
        if number % PER_FOLDER == 0:
            folder.mkdir(parents=True)
        (folder / f"file{number}.py").write_text(f"number = {number}\n")


async def _write_to_frame(world: World, key: int, root: Path, writes: int) -> None:
    """From a write until its frame has reached a client, one write at a time, at random moments."""
    client = await Client.connect(f"{world.steady.ws}/ws/workspaces/{key}", world.tokens["ada"])
    path, took = root / "package0" / "bench.txt", []
    try:
        for number in range(writes + 1):
            await asyncio.sleep(random.uniform(0.2, 0.5))
            begin = time.monotonic()
            path.write_text(f"{number}")
            await client.of_type("file_changed" if number else "file_created", SETTLE)
            took.append((time.monotonic() - begin) * 1000)
    finally:
        await client.close()
    steady = sorted(took[1:])  # the first waits until the watcher has seen everything
    print(f"{'from a write to its frame, p50':44} {statistics.median(steady):8.0f} ms")
    print(f"{'from a write to its frame, p99':44} {steady[len(steady) * 99 // 100]:8.0f} ms")


def _cost(watcher: psutil.Process, seconds: float) -> None:
    """What the watcher takes when nothing happens."""
    time.sleep(2)
    before = watcher.cpu_times()
    time.sleep(seconds)
    after = watcher.cpu_times()
    busy = (after.user + after.system - before.user - before.system) / seconds
    memory = watcher.memory_full_info()
    print(f"{'CPU of the idle watcher':44} {busy:8.2%}")
    print(f"{'its memory, resident':44} {memory.rss / 1e6:8.0f} MB")
    print(f"{'its memory, not shared with others':44} {memory.uss / 1e6:8.0f} MB")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.workspaces", description=__doc__)
    parser.add_argument("--files", type=int, default=50_000)
    parser.add_argument("--writes", type=int, default=100)
    parser.add_argument("--idle", type=float, default=20, help="seconds to look at the idle watcher")
    parser.add_argument("--full", action="store_true", help="with PostgreSQL and Redis")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
