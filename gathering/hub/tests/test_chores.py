"""What a process does every few seconds."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from gathering.hub import chores
from gathering.hub.chores import Chore
from gathering.hub.tests.fakes import in_no_time, now
from gathering.protocol.errors import Unavailable


class Database:
    async def run(self, function: Callable[[], None]) -> None:
        function()


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, float]]:
    """What was done, and when; nothing else is registered."""
    monkeypatch.setattr(chores, "_chores", [])
    return []


async def run_for(seconds: float) -> None:
    database: Any = Database()
    task = asyncio.create_task(chores.run(database))
    await asyncio.sleep(seconds)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await chores.finish(database)


@in_no_time
async def test_each_chore_has_its_own_pace_and_some_are_done_at_the_end(
    done: list[tuple[str, float]],
) -> None:
    chores.register(Chore(lambda: done.append(("often", now())), 1.0, at_the_end=True))
    chores.register(Chore(lambda: done.append(("seldom", now())), 2.0))
    await run_for(2.5)
    assert sorted(done) == [("often", 1.0), ("often", 2.0), ("often", 2.5), ("seldom", 2.0)]


@pytest.mark.parametrize("error", [Unavailable, ValueError])
@in_no_time
async def test_a_chore_that_fails_is_done_again_and_stops_no_other(
    error: type[Exception], done: list[tuple[str, float]]
) -> None:
    def fail() -> None:
        done.append(("fails", now()))
        raise error

    chores.register(Chore(fail, 1.0))
    chores.register(Chore(lambda: done.append(("works", now())), 1.0))
    await run_for(2.5)
    assert [name for name, _ in sorted(done)] == ["fails", "fails", "works", "works"]
