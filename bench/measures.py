"""What is measured, one function for each figure; the load generator does the work."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .contestants import BUILD, MISSED, OTHER_CORES, Ready

Figures = dict[str, float]
IDLE = 2000


def saturated(ready: Ready, subscribers: int, seconds: float) -> Figures:
    """As fast as every subscriber hears it: deliveries/s, and server CPU for each."""
    seen = _load(ready, "fanout", subscribers=subscribers, seconds=seconds, window=50)
    return {
        f"sat{subscribers}_rate": seen["deliveries"] / seen["seconds"],
        f"sat{subscribers}_us": _cpu(ready, seen) / seen["deliveries"] * 1e6,
        f"sat{subscribers}_generator": seen["own_cpu"],
    } | _posting(ready, seen, f"sat{subscribers}")


def paced(ready: Ready, seconds: float, subscribers: int = 500, rate: int = 10_000) -> Figures:
    """At ``rate`` deliveries/s: server CPU for each, and latency from the post to the subscriber."""
    seen = _load(ready, "fanout", subscribers=subscribers, seconds=seconds, rate=rate / subscribers)
    return {
        "paced_rate": seen["deliveries"] / seen["seconds"],
        "paced_us": _cpu(ready, seen) / seen["deliveries"] * 1e6,
        **{f"paced_{each}": seen[each] for each in ("p50_ms", "p99_ms", "max_ms")},
    }


def stalled(ready: Ready, seconds: float, silent: int = 1, subscribers: int = 500) -> Figures:
    """The same with some that never read: what the others feel, and what it costs in memory."""
    before = ready.rss
    seen = _load(
        ready,
        "fanout",
        subscribers=subscribers,
        stalled=silent,
        seconds=seconds,
        rate=10_000 / (subscribers - silent),
    )
    return {
        f"stalled{silent}_rate": seen["deliveries"] / seen["seconds"],
        f"stalled{silent}_p50_ms": seen["p50_ms"],
        f"stalled{silent}_p99_ms": seen["p99_ms"],
        f"stalled{silent}_mb": (ready.rss - before) / 1e6,
    }


def joins(ready: Ready, seconds: float) -> Figures:
    """Connections that are made, greeted and closed, in each second, and server CPU for each."""
    seen = _load(ready, "join", seconds=seconds, concurrency=32)
    return {
        "joins_rate": seen["joined"] / seen["seconds"],
        "joins_us": _cpu(ready, seen) / seen["joined"] * 1e6,
        "joins_p99_ms": seen["p99_ms"],
    }


def idle(ready: Ready) -> Figures:
    """Memory for each connection that does nothing."""
    before = ready.rss
    with _holding(ready, IDLE):
        return {"idle_kb": (ready.rss - before) / IDLE / 1024}


def posts(ready: Ready, seconds: float, posters: int = 50) -> Figures:
    """Posts to one stream that are acknowledged in each second: committed, and durable."""
    seen = _load(
        ready, "acks", subscribers=0, posters=posters, window=4, seconds=seconds, template=ready.acks
    )
    alone = _load(ready, "acks", subscribers=0, posters=1, window=1, seconds=seconds, template=ready.acks)
    return {
        "posts_rate": seen["acks"] / seen["seconds"],
        "posts_us": _cpu(ready, seen) / seen["acks"] * 1e6,
        "posts_errors": seen["errors"] + alone["errors"],
        "posts_alone_ms": alone["seconds"] / alone["acks"] * 1e3,
    }


def resume(ready: Ready) -> Figures:
    """Seconds until a client that missed ``MISSED`` events has them all."""
    seen = _load(ready, "replay", path=ready.replay, count=MISSED)
    return {"resume_s": seen["seconds"]}


def _cpu(ready: Ready, seen: dict[str, Any]) -> float:
    return sum(seen["cpu"][str(pid)] for pid in ready.pids)


def _posting(ready: Ready, seen: dict[str, Any], name: str) -> Figures:
    cpu = sum(seen["cpu"][str(process.pid)] for process in ready.posting)
    return {f"{name}_post_us": cpu / seen["posted"] * 1e6} if ready.posting and seen["posted"] else {}


def _command(ready: Ready, mode: str, **options: Any) -> list[str]:
    settings: dict[str, Any] = {"port": ready.port, "path": ready.path, "template": ready.template}
    words = [str(BUILD / "load"), mode, *ready.flags]
    if ready.post_port and mode == "fanout":
        words += ["--post-port", str(ready.post_port), "--post-path", ready.path]
    for name, value in (settings | options).items():
        words += [f"--{name}", str(value)]
    for process in [*ready.measured, *ready.posting]:
        words += ["--pid", str(process.pid)]
    return words


def _load(ready: Ready, mode: str, **options: Any) -> dict[str, Any]:
    # On the generator's own core, and where there are two cores at the front of its queue: the process
    # that posts is there, too, and a generator that waits for it measures itself.
    done = subprocess.run(
        _command(ready, mode, **options),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=300,
        preexec_fn=lambda: os.sched_setaffinity(0, OTHER_CORES),
    )
    result: dict[str, Any] = json.loads(done.stdout)
    return result


@contextmanager
def _holding(ready: Ready, connections: int) -> Iterator[None]:
    command = _command(ready, "hold", subscribers=connections)
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        if not process.stdout.readline():
            raise RuntimeError("the generator could not hold its connections")
        yield
        assert process.stdin is not None
        process.stdin.close()
