"""How the conductor speaks to its programs: words on standard input, a line at a time.

When it ends, standard input does, and so does the program: nobody is left behind.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import Any

Order = Callable[[str, float], None]


async def obey(order: Order, work: Awaitable[Any]) -> None:
    """Call ``order(word, number)`` for each line while ``work`` goes on; end with the input, or with it."""
    tasks = {asyncio.ensure_future(work), asyncio.create_task(_read(order))}
    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in done:
        task.result()


async def _read(order: Order) -> None:
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        word, _, number = line.decode().strip().partition(" ")
        order(word, float(number or 0))
