"""``python -m bench.deltas``: many agents that report deltas at once, and what that costs.

Each agent opens a run and a message on its own socket, and then reports ``--rate`` deltas a second, which
that socket is told as well; some of them are watched besides.  Printed are what was sent and delivered,
which rows were written, the transactions of the database, and the CPU of the server, for one second.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import psycopg
import websockets

from tests.clients import eventually
from tests.servers import World
from tests.services import Postgres, Redis

CIRCLE = "bench"
# On a busy machine the generator is late to answer a ping, and nothing here is about that.
LIMITS = {"GATHERING_MAX_SOCKETS": "0", "GATHERING_HEARTBEAT": "0", "GATHERING_STALL_TIMEOUT": "0"}
AT_ONCE = 50  # who connect together
DELTA = "a few words of it "
TABLES = ("hub_event", "agents_activity", "agents_part")


@dataclass
class Tally:
    sent: int = 0
    delivered: int = 0


def main() -> None:
    options = _options()
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gathering-deltas-")))
        directory.chmod(0o755)  # PostgreSQL runs as somebody else
        redis, postgres = stack.enter_context(Redis()), stack.enter_context(Postgres(fsync=True))
        url = postgres.create_database("deltas")
        world = World("uvicorn", "full", directory, redis, postgres, url)
        stack.enter_context(closing(world))
        figures = asyncio.run(_measure(world, options))
    print(json.dumps(figures, indent=1))


async def _measure(world: World, options: argparse.Namespace) -> dict[str, float]:
    server = world.serve(LIMITS)
    world.hand("make_circle", CIRCLE)
    agents = [world.hand("make_agent", f"agent-{number}", CIRCLE) for number in range(options.agents)]
    tally = Tally()
    address = f"{server.ws}/ws/agents"
    watchers = [await _connect(f"{address}/{pk}", world.tokens["bob"]) for pk, _ in agents[: options.watched]]
    writers: list[Any] = []
    for start in range(0, len(agents), AT_ONCE):
        some = agents[start : start + AT_ONCE]
        writers += await asyncio.gather(*(_begin(f"{address}/{pk}", token) for pk, token in some))
    readers = [asyncio.create_task(_read(each, tally)) for each in (*watchers, *writers)]
    print(f"{len(writers)} agents are connected", file=sys.stderr)
    tally.sent = tally.delivered = 0
    with _counting(world, server.pid, tally) as figures:
        await asyncio.gather(*(_write(each, options, number) for number, each in enumerate(writers)))
        each = int(options.rate * options.seconds)
        tally.sent = options.agents * each
        told = each * (options.agents + options.watched)
        await eventually(lambda: tally.delivered >= told, 60)  # the server has come to the end of it
    await asyncio.gather(*(each.close() for each in (*watchers, *writers)))
    await asyncio.gather(*readers)
    return figures


async def _connect(url: str, token: str) -> Any:
    headers = {"Authorization": f"Bearer {token}"}
    return await websockets.connect(
        url, additional_headers=headers, compression=None, ping_interval=None, open_timeout=60
    )


async def _begin(url: str, token: str) -> Any:
    socket = await _connect(url, token)
    for event in (
        {"type": "RUN_STARTED", "threadId": CIRCLE, "runId": "run"},
        {"type": "TEXT_MESSAGE_START", "messageId": "m"},
    ):
        await socket.send(json.dumps({"type": "agent_activity", "data": event, "id": event["type"]}))
        answer = json.loads(await socket.recv())
        while answer["type"] != "ack":
            answer = json.loads(await socket.recv())
    return socket


async def _write(socket: Any, options: argparse.Namespace, number: int) -> None:
    event = {"type": "TEXT_MESSAGE_CONTENT", "messageId": "m", "delta": DELTA}
    frame = json.dumps({"type": "agent_activity", "data": event})
    began = time.monotonic() + number / options.agents / options.rate  # so that they do not come at once
    for turn in range(int(options.rate * options.seconds)):
        await asyncio.sleep(max(0, began + turn / options.rate - time.monotonic()))
        await socket.send(frame)


async def _read(socket: Any, tally: Tally) -> None:
    async for text in socket:
        tally.delivered += '"delta"' in text


@contextmanager
def _counting(world: World, pid: int | None, tally: Tally) -> Iterator[dict[str, float]]:
    """What is counted meanwhile, for one second of it."""
    process, figures = psutil.Process(pid), dict[str, float]()
    before = _rows(world)
    began, cpu = time.monotonic(), sum(process.cpu_times()[:2])
    yield figures
    seconds, spent = time.monotonic() - began, sum(process.cpu_times()[:2]) - cpu
    figures |= {name: round((count - before[name]) / seconds, 1) for name, count in _rows(world).items()}
    figures |= {
        "seconds": round(seconds, 1),
        "deltas": round(tally.sent / seconds),
        "deliveries": round(tally.delivered / seconds),
        "server_cpu": round(spent / seconds, 2),
        "server_cpu_us_for_each_delta": round(spent / tally.sent * 1e6, 1),
    }


def _rows(world: World) -> dict[str, int]:
    """Rows that were inserted or updated, by table, and transactions."""
    time.sleep(2)  # until the statistics of the database are written
    with psycopg.connect(world.database_url) as connection:
        rows = connection.execute("SELECT relname, n_tup_ins, n_tup_upd FROM pg_stat_user_tables").fetchall()
        query = "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"
        (commits,) = connection.execute(query).fetchone() or (0,)
    found = {f"{kind}_{name}": 0 for name in TABLES for kind in ("inserted", "updated")}
    for name, inserted, updated in rows:
        if name in TABLES:
            found |= {f"inserted_{name}": inserted, f"updated_{name}": updated}
    return found | {"commits": commits}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.deltas", description=__doc__)
    parser.add_argument("--agents", type=int, default=1000)
    parser.add_argument("--watched", type=int, default=100, help="how many of them somebody watches")
    parser.add_argument("--rate", type=float, default=10, help="deltas a second of each agent")
    parser.add_argument("--seconds", type=float, default=15)
    return parser.parse_args()


if __name__ == "__main__":
    main()
