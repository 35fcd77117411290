"""What waits goes together; each has its own answer, and one bad asking costs no other."""

import asyncio
from collections.abc import Sequence

from gathering.hub.database import DatabaseThread
from gathering.hub.together import Together
from gathering.protocol.errors import Unavailable


class Desk:
    """Doubles numbers; raises for 13, answers an error for 7, and remembers what came together."""

    def __init__(self) -> None:
        self.calls: list[list[int]] = []

    def __call__(self, asked: Sequence[int]) -> list[int | Exception]:
        self.calls.append(list(asked))
        if 13 in asked:
            raise ValueError("13")
        return [KeyError(number) if number == 7 else 2 * number for number in asked]


async def ask(
    desk: Desk, numbers: Sequence[int], *, reads: bool, most: int = 100
) -> list[int | BaseException]:
    database = DatabaseThread()
    together = Together[int, int](database, desk, most=most, reads=reads)
    try:
        return await asyncio.gather(*(together.put(n) for n in numbers), return_exceptions=True)
    finally:
        database.stop()


async def test_what_waits_goes_together_in_order() -> None:
    desk = Desk()
    assert await ask(desk, range(5), reads=False) == [0, 2, 4, 6, 8]
    assert desk.calls == [[0, 1, 2, 3, 4]]


async def test_no_more_than_so_many_at_once() -> None:
    desk = Desk()
    assert await ask(desk, range(5), reads=False, most=2) == [0, 2, 4, 6, 8]
    assert desk.calls == [[0, 1], [2, 3], [4]]


async def test_an_error_that_is_answered_is_one_s_own() -> None:
    answers = await ask(Desk(), [1, 7, 2], reads=False)
    assert (answers[0], type(answers[1]), answers[2]) == (2, KeyError, 4)


async def test_what_only_reads_is_asked_again_alone() -> None:
    desk = Desk()
    answers = await ask(desk, [1, 13, 2], reads=True)
    assert (answers[0], type(answers[1]), answers[2]) == (2, ValueError, 4)
    assert desk.calls == [[1, 13, 2], [1], [13], [2]]


async def test_what_writes_is_not_done_twice() -> None:
    desk = Desk()
    answers = await ask(desk, [1, 13, 2], reads=False)
    assert [type(answer) for answer in answers] == [ValueError] * 3
    assert desk.calls == [[1, 13, 2]]


async def test_one_that_has_gone_is_not_answered() -> None:
    database, desk = DatabaseThread(), Desk()
    together = Together[int, int](database, desk, most=100)
    futures = [together.put(number) for number in (1, 2)]
    futures[0].cancel()
    assert await futures[1] == 4
    assert await together.put(3) == 6
    database.stop()


async def test_a_database_that_is_away_is_everybody_s_error() -> None:
    database = DatabaseThread()
    calls: list[int] = []

    def away(asked: Sequence[int]) -> list[int | Exception]:
        calls.append(len(asked))
        raise Unavailable

    together = Together[int, int](database, away, most=100, reads=True)
    answers = await asyncio.gather(together.put(1), together.put(2), return_exceptions=True)
    assert [type(answer) for answer in answers] == [Unavailable] * 2
    assert calls == [2, 2]  # once more, on a new connection
    database.stop()
