"""The steps from one picture of a directory to the next.

Nobody tells us that a file was moved: the kernel reports a path that went and one that came, and what was
missed reports nothing at all.  But a file or folder keeps its inode when it moves, so a path that is gone
and one that is new with the same inode are one step.  A number alone proves nothing (ext4 gives the inode
of a deleted file to the next one), so there must be a second sign that it is the same thing.
"""

from collections.abc import Callable, Iterator, Mapping

from .paths import folder_of, join
from .picture import Change, Entry, Kind, What

Picture = Mapping[str, Entry]


def diff(old: Picture, new: Picture) -> list[Change]:
    """Steps that lead from ``old`` to ``new`` when they are taken in this order.

    First what moved, folders before what is in them; then what is gone, from the inside out; then what is
    new or changed, from the outside in.
    """
    moves = _Moves(old, new)
    moved = [*moves.folders(), *moves.files()]
    before = moves.renamed()
    gone = sorted((path for path in before if path not in new), reverse=True)
    replaced = [path for path in sorted(new, reverse=True) if _is_replaced(before.get(path), new[path])]
    deleted = [Change(What.DELETED, path, before[path]) for path in (*gone, *replaced)]
    return [*moved, *deleted, *_put(before, new)]


def _put(before: Picture, new: Picture) -> Iterator[Change]:
    for path in sorted(new):
        entry, known = new[path], before.get(path)
        if known is None or _is_replaced(known, entry):
            yield Change(What.CREATED, path, entry)
        elif known != entry:
            yield Change(What.CHANGED, path, entry)


def _is_replaced(known: Entry | None, entry: Entry) -> bool:
    """Whether a folder came where none was, or the other way round: that is no change of one thing."""
    return known is not None and known.kind != entry.kind and Kind.FOLDER in (known.kind, entry.kind)


class _Moves:
    """Which paths of ``old`` are other paths now; found step by step, each under the steps before it."""

    def __init__(self, old: Picture, new: Picture) -> None:
        self._old, self._new = old, new
        self._to: dict[str, str] = {}  # old path -> new path, for what was found to have moved
        self._from: dict[str, str] = {}  # the same, the other way round
        self._places: dict[str, str] = {}  # folder in ``old`` -> where the moves have taken it
        appeared = {new[path].inode: path for path in sorted(new.keys() - old.keys())}
        self._pairs = [
            (path, appeared[old[path].inode])
            for path in sorted(old.keys() - new.keys(), key=lambda path: (path.count("/"), path))
            if old[path].inode in appeared
        ]
        self._names: dict[str, set[tuple[str, int]]] | None = None

    def folders(self) -> Iterator[Change]:
        """The folders that moved by themselves, not with the one that they are in."""
        for path, target in self._pairs:
            if self._old[path].kind == self._new[target].kind == Kind.FOLDER:
                yield from self._move(path, target, self._shares_content)

    def files(self) -> Iterator[Change]:
        for path, target in self._pairs:
            if Kind.FOLDER not in (self._old[path].kind, self._new[target].kind):
                yield from self._move(path, target, self._is_alike)

    def renamed(self) -> Picture:
        """``old`` after the moves."""
        if not self._to:
            return self._old
        return {
            self._place(path): self._new[self._to[path]] if path in self._to else entry
            for path, entry in self._old.items()
        }

    def _move(self, path: str, target: str, is_same: Callable[[str, str], bool]) -> Iterator[Change]:
        source = self._place(path)
        if source == target or self._is_taken(target) or not is_same(path, target):
            return
        self._to[path], self._from[target] = target, path
        self._places.clear()
        yield Change(What.MOVED, target, self._new[target], source)

    def _place(self, path: str) -> str:
        """Where the moves so far have taken what was at ``path``."""
        if path in self._to:
            return self._to[path]
        folder, _, name = path.rpartition("/")
        if not folder:
            return path
        if folder not in self._places:
            self._places[folder] = self._place(folder)
        return join(self._places[folder], name)

    def _is_taken(self, target: str) -> bool:
        """Whether something of ``old`` is at ``target`` after the moves so far."""
        if target in self._from:  # by another name of the same file
            return True
        origin = self._origin(target)
        return origin in self._old and origin not in self._to

    def _origin(self, target: str) -> str:
        folder, _, name = target.rpartition("/")
        if not folder:
            return target
        origin = self._from[folder] if folder in self._from else self._origin(folder)
        return join(origin, name)

    def _is_alike(self, path: str, target: str) -> bool:
        old, new = self._old[path], self._new[target]
        same_time = (old.size, old.mtime_ns) == (new.size, new.mtime_ns)
        return old.kind == new.kind and (same_time or (old.digest != "" and old.digest == new.digest))

    def _shares_content(self, path: str, target: str) -> bool:
        """Whether something in the folder is the same still, or both are empty."""
        if self._names is None:
            self._names = _contents(self._old)
            self._now = _contents(self._new)
        before, now = self._names.get(path, set()), self._now.get(target, set())
        return not before.isdisjoint(now) or not (before or now)


def _contents(picture: Picture) -> dict[str, set[tuple[str, int]]]:
    """For each folder the names and inodes that are in it."""
    found: dict[str, set[tuple[str, int]]] = {}
    for path, entry in picture.items():
        found.setdefault(folder_of(path), set()).add((path.rpartition("/")[2], entry.inode))
    return found
