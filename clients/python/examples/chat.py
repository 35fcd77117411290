"""A chat in twenty lines: `python chat.py URL CIRCLE`, with a token in GATHERING_TOKEN."""

import asyncio
import os
import sys

from gathering_client import Circle, connect


async def listen(circle: Circle) -> None:
    async for event in circle.events():
        if event.type in ("user_message", "agent_message"):
            print(f"{event.data['sender']}: {event.data['content']}")


async def main(url: str, name: str) -> None:
    async with connect(url, os.environ["GATHERING_TOKEN"]) as client:
        listening = asyncio.create_task(listen(client.circle(name)))
        while line := await asyncio.to_thread(sys.stdin.readline):
            await client.circle(name).post(line)
        listening.cancel()


asyncio.run(main(*sys.argv[1:]))
