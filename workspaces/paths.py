"""How a path inside a workspace is written, in the database and on the wire.

A file's name on Linux is bytes; ours is text.  Names that are UTF-8 are written as they are, with ``/``
between them and nothing in front.  A backslash is doubled, and a byte that is not UTF-8 is ``\\xNN``, so
that every name has exactly one way to be written and can be found again.  The directory itself is "".
"""

import os
import re

# What an index of PostgreSQL takes, twice; nothing below a longer path is looked at.
LONGEST = 1000
_ESCAPED = re.compile(rb"\\(\\|x[0-9a-f]{2})")


def to_text(name: bytes) -> str:
    """How a name, or a path, is written."""
    return name.replace(b"\\", b"\\\\").decode(errors="backslashreplace")


def to_bytes(text: str) -> bytes:
    """The name that is written so; raises ValueError if none is."""
    written = text.encode()  # a lone surrogate is a UnicodeEncodeError, which is a ValueError
    name = _ESCAPED.sub(_byte, written)
    if to_text(name) != text:
        raise ValueError(f"no name is written {text!r}")
    return name


def join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def folder_of(path: str) -> str:
    """The path of the folder that ``path`` is in."""
    return path.rpartition("/")[0]


def is_too_long(path: str) -> bool:
    return len(path) > LONGEST // 4 and len(os.fsencode(path)) > LONGEST


def _byte(escape: re.Match[bytes]) -> bytes:
    code = escape[1]
    return b"\\" if code == b"\\" else bytes((int(code[1:], 16),))
