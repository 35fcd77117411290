"""Bytes of a file as text, where they are text, and back again without a loss.

A mark of the byte order stays in the text as its first character, so that what is read can be written
back as it was.
"""

import codecs

from gathering.protocol.errors import BadField

# The last is a guess: whatever has no NUL, and no byte that it does not know, can be read with it.
ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be", "windows-1252")
_MARKS = ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


def decode(data: bytes) -> tuple[str | None, str | None]:
    """The text and its encoding; None and None for what is no text."""
    marked = [encoding for mark, encoding in _MARKS if data.startswith(mark)]
    candidates = marked or ([] if b"\0" in data else ["utf-8", "windows-1252"])
    for encoding in candidates:
        try:
            return data.decode(encoding), encoding
        except UnicodeDecodeError:
            continue
    return None, None


def encode(text: str, encoding: str = ENCODINGS[0]) -> bytes:
    """The bytes of ``text``; raises BadField if it has a character that the encoding lacks."""
    try:
        return text.encode(encoding)
    except UnicodeEncodeError as error:
        raise BadField(f"{encoding} has no {text[error.start]!r}.", field="text") from None
