"""The frame of an event as a process holds it: encoded once, written to every subscriber."""

from __future__ import annotations

from functools import cached_property


class Frame:
    """One event of ``channel`` as the text that goes on the wire; ``seq`` is None if ephemeral."""

    __slots__ = ("_wire", "channel", "seq", "text")

    def __init__(self, channel: str, seq: int | None, text: str) -> None:
        self.channel = channel
        self.seq = seq
        self.text = text
        self._wire: bytes | None = None

    def __repr__(self) -> str:
        return f"<Frame {self.channel} {self.seq}>"

    @property
    def size(self) -> int:
        """What it weighs against a socket's limit, in characters (nearly always its bytes)."""
        return len(self.text)

    @property
    def wire(self) -> bytes:
        """The WebSocket frame around it, built when it is first needed."""
        if self._wire is None:
            self._wire = websocket_frame(self.text)
        return self._wire


class Batch(list[Frame]):
    """Frames that are passed on together; for a fast writer they are one piece of bytes, made once.

    It does not change once it was asked for its size or its bytes.
    """

    @cached_property
    def size(self) -> int:
        """What they weigh together, in characters."""
        return sum([frame.size for frame in self])

    @cached_property
    def wire(self) -> bytes:
        return self[0].wire if len(self) == 1 else b"".join([frame.wire for frame in self])


def websocket_frame(text: str) -> bytes:
    """``text`` as one unmasked WebSocket text frame (RFC 6455, section 5.2)."""
    payload = text.encode()
    size = len(payload)
    if size < 126:
        header = bytes((0x81, size))
    elif size < 65536:
        header = b"\x81\x7e" + size.to_bytes(2, "big")
    else:
        header = b"\x81\x7f" + size.to_bytes(8, "big")
    return header + payload
