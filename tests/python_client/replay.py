"""``python -m tests.python_client.replay``: what it costs to replay a long past; the figures of the document.

The client is a process of its own, so its memory is that of the client; the server is one that tests use.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.servers import ROOT, STEADY, World

COUNT, SIZE = 10_000, 200
CLIENT = r"""
import asyncio, json, re, sys, time
from gathering_client import FileStore, connect

def memory(name):
    return int(re.search(name + r":\s+(\d+)", open("/proc/self/status").read())[1])

async def main(url, token, circle, since, count_wanted, store):
    kept = FileStore(store) if store else None
    async with connect(url, token, store=kept, trust_env=False) as client:
        await client.ready()
        before = memory("VmRSS")
        begin, cpu, count = time.perf_counter(), time.process_time(), 0
        async for event in client.circle(circle).events(since=int(since)):
            count += event.seq is not None
            if count == int(count_wanted):
                break
        took, cpu = time.perf_counter() - begin, time.process_time() - cpu
    print(json.dumps({"seconds": round(took, 2), "cpu_seconds": round(cpu, 2),
                      "memory_before_kib": before, "memory_most_kib": memory("VmHWM")}))

asyncio.run(main(*sys.argv[1:]))
"""


def measure(world: World, count: int, store: str = "") -> dict[str, float]:
    """Replay the latest events of a circle in a client of its own."""
    since = world.hand("head", "circles.long") - count
    arguments = [world.steady.http, world.tokens["bob"], "long", str(since), str(count), store]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "clients/python/src")}
    command = [sys.executable, "-c", CLIENT, *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        world = World("uvicorn", "embedded", Path(directory))
        try:
            world.serve(STEADY)
            world.hand("make_circle", "long")
            world.hand("post", "ada", "long", count=COUNT, size=SIZE)
            for _ in range(3):
                print("10,000, no store", measure(world, COUNT))
            print("1,000, a file", measure(world, COUNT // 10, f"{directory}/cursors"))
        finally:
            world.close()


if __name__ == "__main__":
    main()
