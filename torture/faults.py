"""What may go wrong, by name.  Each breaks one thing, and has mended it when it returns."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from random import Random
from typing import TypeAlias

import redis

from . import clock
from .programs import Program
from .stage import Stage

Fault: TypeAlias = Callable[[Stage, Random], Awaitable[None]]

DAY = 86_400.0  # seconds
REMEMBER = 120.0  # seconds that a receipt is kept: as the contract has it, longer than anybody asks again


async def kill_worker(stage: Stage, dice: Random) -> None:
    """A web worker is killed, and started again."""
    worker = dice.choice(stage.workers)
    async with stage.alone(worker):
        await asyncio.to_thread(worker.kill)
        await asyncio.sleep(dice.uniform(0, 1))
        await asyncio.to_thread(worker.start)


async def drain(stage: Stage, dice: Random) -> None:
    """A web worker is told to end, tells its clients to come back, and is started again."""
    worker = dice.choice(stage.workers)
    async with stage.alone(worker):
        await asyncio.to_thread(worker.restart)


async def jump_clock(stage: Stage, dice: Random) -> None:
    """The clock of one web worker jumps, by seconds or by days, and later jumps back."""
    worker = dice.choice(stage.workers)
    seconds = dice.choice([-1, 1]) * dice.choice([5, 600, 40 * DAY])
    async with stage.alone(worker.clock):
        clock.shift(worker.clock, seconds)
        await asyncio.sleep(dice.uniform(0.5, 2))
        clock.shift(worker.clock, 0)


async def kill_publisher(stage: Stage, dice: Random) -> None:
    """A process of publishers is killed, and started again."""
    await _kill_program(stage, dice, dice.choice(stage.publishers))


async def kill_client(stage: Stage, dice: Random) -> None:
    """A process of clients is killed, and started again."""
    await _kill_program(stage, dice, dice.choice(stage.clients))


async def deafen(stage: Stage, dice: Random) -> None:
    """Some clients stop reading for a while, and some publishers are loud meanwhile."""
    seconds = dice.uniform(0.5, 3)
    dice.choice(stage.clients).tell("deaf", seconds)
    dice.choice(stage.publishers).tell("loud", seconds)
    await asyncio.sleep(seconds)


async def cut(stage: Stage, dice: Random) -> None:
    """All connections through a proxy break, some times in a row."""
    proxy = dice.choice(stage.proxies)
    for _ in range(dice.randint(1, 3)):
        proxy.cut()
        await asyncio.sleep(dice.uniform(0.05, 0.5))


async def stall(stage: Stage, dice: Random) -> None:
    """A proxy passes on nothing for a while, and keeps its connections."""
    proxy = dice.choice(stage.proxies)
    async with stage.alone(proxy):
        proxy.stall()
        await asyncio.sleep(dice.uniform(0.5, 2.5))
        proxy.flow()


async def delay(stage: Stage, dice: Random) -> None:
    """A proxy is slow for a while."""
    proxy = dice.choice(stage.proxies)
    async with stage.alone(proxy):
        proxy.delay = dice.uniform(0.02, 0.3)
        await asyncio.sleep(dice.uniform(0.5, 2))
        proxy.delay = 0.0


async def prune(stage: Stage, dice: Random) -> None:
    """Retention removes events while they are read, again and again: all, or all but the latest seconds."""
    keep = dice.choice([0, 0.5, 1, 2])
    for _ in range(dice.randint(5, 15)):
        with contextlib.suppress(AssertionError):  # the database may be away
            await stage.hand("prune_events", keep, REMEMBER)
        await asyncio.sleep(dice.uniform(0, 0.3))


async def kill_redis(stage: Stage, dice: Random) -> None:
    """Redis is killed, and started again with nothing in it."""
    async with stage.alone(stage.redis):
        await asyncio.to_thread(stage.redis.kill)
        await asyncio.sleep(dice.uniform(0, 1.5))
        await asyncio.to_thread(stage.redis.start)


async def stop_redis(stage: Stage, dice: Random) -> None:
    """Redis answers nobody for seconds, and keeps its connections."""
    async with stage.alone(stage.redis):
        stage.redis.pause()
        await asyncio.sleep(dice.uniform(0.5, 3))
        stage.redis.resume()


async def flush_redis(stage: Stage, dice: Random) -> None:
    """Redis forgets everything, who listens included."""
    async with stage.alone(stage.redis):
        await asyncio.to_thread(_flush, stage.redis.url)


async def stop_postgres(stage: Stage, dice: Random) -> None:
    """PostgreSQL is stopped without a checkpoint, and started again."""
    async with stage.alone(stage.postgres):
        await asyncio.to_thread(stage.postgres.stop, "immediate")
        await asyncio.sleep(dice.uniform(0, 1))
        await asyncio.to_thread(stage.postgres.start)


EVERYWHERE: dict[str, Fault] = {
    "kill-worker": kill_worker,
    "kill-publisher": kill_publisher,
    "kill-client": kill_client,
    "drain": drain,
    "cut": cut,
    "stall": stall,
    "delay": delay,
    "deafen": deafen,
    "prune": prune,
    "jump-clock": jump_clock,
}
WITH_SERVICES: dict[str, Fault] = {
    "kill-redis": kill_redis,
    "stop-redis": stop_redis,
    "flush-redis": flush_redis,
    "stop-postgres": stop_postgres,
}
FAULTS = EVERYWHERE | WITH_SERVICES


def possible(mode: str) -> list[str]:
    """The names of the faults that a mode can have."""
    return list(FAULTS if mode == "full" else EVERYWHERE)


async def _kill_program(stage: Stage, dice: Random, program: Program) -> None:
    async with stage.alone(program):
        await asyncio.to_thread(program.kill)
        await asyncio.sleep(dice.uniform(0, 1.5))
        program.start()


def _flush(url: str) -> None:
    with redis.Redis.from_url(url, socket_timeout=5) as client:
        client.flushall()
