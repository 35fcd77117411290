"""An agent in twenty lines: `python agent.py URL CIRCLE`, with its token in GATHERING_TOKEN."""

import asyncio
import os
import sys

from gathering_client import FileStore, connect


async def main(url: str, name: str) -> None:
    async with connect(url, os.environ["GATHERING_TOKEN"], store=FileStore("agent.json")) as client:
        me = await client.me()
        async for event in client.circle(name).events():
            if me["name"] not in event.get("mentions", []) or event.data["sender"] == me["name"]:
                continue
            async with client.agent(me["id"]).run(name, reply_to=event.data["id"], take_over=True) as run:
                for word in event.data["content"].split()[::-1]:
                    await run.text(word + " ")
                    await asyncio.sleep(0.1)  # a model would think here
                await run.post(id=f"answer-{event.data['id']}")


asyncio.run(main(*sys.argv[1:]))
