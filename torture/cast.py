"""Who is on the stage: how many publishers and clients, who follows what, and in which processes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.processes import HOST
from tests.servers import World

from .programs import Program

CIRCLES = ("alpha", "beta", "gamma", "delta")
CHANNELS = tuple(f"circles.{name}" for name in CIRCLES)
PUBLISHERS = ("socket", "socket", "socket", "socket", "socket", "rest")  # their ways, in turn
CLIENTS = ("address", "address", "address", "address", "sse", "subscription")


@dataclass(frozen=True)
class Cast:
    """How many there are of everybody; publishers and clients share processes."""

    servers: Sequence[str] = ("uvicorn", "uvicorn", "daphne")
    publishers: int = 24
    clients: int = 36
    processes: int = 6  # of each
    pause: float = 0.3  # seconds between two messages of one publisher, on average

    def assemble(self, world: World, ports: Sequence[int]) -> tuple[list[Program], list[Program]]:
        """The programs of the publishers and those of the clients, who connect to ``ports``."""
        for name in CIRCLES:
            world.hand("make_circle", name)
        about = {"addresses": [f"{HOST}:{port}" for port in ports], "pause": self.pause}
        speakers = [_publisher(world, number) for number in range(self.publishers)]
        places = {
            name: [world.hand("epoch", channel), world.hand("head", channel)]
            for name, channel in zip(CIRCLES, CHANNELS, strict=True)
        }
        readers = [_client(world, number, places) for number in range(self.clients)]
        return (
            self._programs("publisher", speakers, world.directory, about),
            self._programs("client", readers, world.directory, about),
        )

    def _programs(
        self, kind: str, people: list[dict[str, Any]], directory: Path, about: dict[str, Any]
    ) -> list[Program]:
        processes = min(self.processes, len(people))
        shares = [people[number::processes] for number in range(processes)]
        return [
            Program(kind, number, directory, about | {f"{kind}s": share})
            for number, share in enumerate(shares)
        ]


def _publisher(world: World, number: int) -> dict[str, Any]:
    name, circle = f"publisher-{number}", CIRCLES[number % len(CIRCLES)]
    token = world.hand("make_user", name, circle)
    return _somebody(world, name, token) | {"circles": [circle], "way": PUBLISHERS[number % len(PUBLISHERS)]}


def _client(world: World, number: int, places: dict[str, list[Any]]) -> dict[str, Any]:
    way, own = CLIENTS[number % len(CLIENTS)], CIRCLES[number % len(CIRCLES)]
    followed = places if way == "subscription" else {own: places[own]}
    return _somebody(world, f"client-{number}", world.tokens["bob"]) | {"circles": followed, "way": way}


def _somebody(world: World, name: str, token: str) -> dict[str, Any]:
    return {"name": name, "token": token, "journal": str(world.directory / f"{name}.journal")}
