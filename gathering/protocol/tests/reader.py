"""The loop of a client, as short as it can be: what the vectors call ``apply``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from gathering.protocol.cursor import Judgement, judge

CONTROL = {"ping", "pong", "ack", "error"}


class Reader:
    """Follows one channel; ``cursor`` None is a client that asked for no position."""

    def __init__(self, channel: str, cursor: int | None, epoch: str | None) -> None:
        self.channel, self.cursor, self.epoch = channel, cursor, epoch
        self.applied: list[int] = []
        self.dropped: list[int] = []
        self.ephemeral = self.resets = self.told = 0
        self.gap: int | None = None

    def read(self, frames: Iterable[dict[str, Any]]) -> None:
        """Take frames until one is too early; then a client would resume from its cursor."""
        for frame in frames:
            if self.gap is None:
                self._take(frame)

    def report(self) -> dict[str, object]:
        names = ("applied", "dropped", "ephemeral", "resets", "gap", "cursor", "epoch")
        behind = self.cursor is not None and self.told > self.cursor
        return {**{name: getattr(self, name) for name in names}, "behind": behind}

    def _take(self, frame: dict[str, Any]) -> None:
        if frame["type"] == "ping":
            self._hear_heads(frame["data"])
        elif frame["type"] not in CONTROL and frame["channel"] == self.channel:
            self._follow(frame)

    def _follow(self, frame: dict[str, Any]) -> None:
        if frame["type"] == "welcome":
            self._be_welcome(frame["data"])
        elif frame["type"] == "reset":
            self.cursor, self.epoch = frame["data"]["head"], frame["data"]["epoch"]
            self.resets, self.told = self.resets + 1, 0
        elif "seq" not in frame:
            self.ephemeral += 1
        else:
            self._apply(frame["seq"])

    def _apply(self, seq: int) -> None:
        verdict = Judgement.NEXT if self.cursor is None else judge(self.cursor, seq)
        if verdict is Judgement.GAP:
            self.gap = seq
        elif verdict is Judgement.OLD:
            self.dropped.append(seq)
        else:
            self.applied.append(seq)
            self.cursor = seq

    def _be_welcome(self, data: dict[str, Any]) -> None:
        if self.cursor is None:
            self.cursor, self.epoch = data["head"], data["epoch"]
        elif data["resumed"]:  # "everything" begins at the floor
            self.cursor, self.epoch = max(self.cursor, data["floor"]), data["epoch"]

    def _hear_heads(self, data: dict[str, Any]) -> None:
        heads = data.get("heads", {self.channel: data.get("head", 0)})
        self.told = max(self.told, heads.get(self.channel, 0))
