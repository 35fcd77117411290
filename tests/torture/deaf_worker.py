"""A web worker whose repair of gaps is broken on purpose: it hears no doorbell and never polls."""

import asyncio

from gathering.hub.doorbell import Doorbell
from gathering.hub.poll import Poll
from torture.worker import main


async def _never(*_: object) -> None:
    await asyncio.get_running_loop().create_future()


if __name__ == "__main__":
    Doorbell._hear = lambda self, message: None
    Poll.run = Poll.once = _never
    main()
