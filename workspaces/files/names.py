"""Which texts name something inside a workspace: none that leads out of it, and nothing of git's own."""

from gathering.protocol.errors import BadField, NotAllowed
from workspaces import paths

MAX_NAME = 255  # bytes; what Linux file systems take
# A file that is being written beside the one that it will replace: nobody is shown it.
TEMPORARY = b".gathering-"

Parts = tuple[bytes, ...]


def parse(text: str) -> Parts:
    """The names on the way to an entry of a workspace, one at least.

    Raises BadField for what is no path inside, and NotAllowed for what belongs to git: a hook written
    there would be run by somebody's git.
    """
    try:
        raw = paths.to_bytes(text)
    except ValueError:
        raise _bad("No name is written like that: see how a path is written.") from None
    if len(raw) > paths.LONGEST:
        raise _bad(f"A path has at most {paths.LONGEST} bytes.")
    parts = tuple(raw.split(b"/"))
    for part in parts:
        _check(part)
    return parts


def parse_folder(text: str) -> Parts:
    """Like :func:`parse`, where "" is the workspace itself."""
    return parse(text) if text else ()


def text_of(parts: Parts) -> str:
    return paths.to_text(b"/".join(parts))


def is_hidden(name: bytes) -> bool:
    """Whether ``name`` is git's or a temporary file of ours, which no list shows."""
    return is_git(name) or name.startswith(TEMPORARY)


def is_git(name: bytes) -> bool:
    """In any case, since some file systems do not tell one from the other."""
    return name.lower() == b".git"


def _check(part: bytes) -> None:
    if part in (b"", b".", b".."):
        raise _bad("A path is relative to the workspace, without '.', '..' and empty names.")
    if b"\0" in part:
        raise _bad("A name has no NUL.")
    if len(part) > MAX_NAME:
        raise _bad(f"A name has at most {MAX_NAME} bytes.")
    if is_git(part):
        raise NotAllowed("What is in .git belongs to git: it is neither read nor written here.")
    if part.startswith(TEMPORARY):
        raise _bad(f"Names that begin with '{TEMPORARY.decode()}' are kept for files that are being written.")


def _bad(detail: str) -> BadField:
    return BadField(detail, field="path")
