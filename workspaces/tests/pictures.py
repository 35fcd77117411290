"""What a client makes of a picture and the steps after it, as docs/protocol.md tells it to."""

from collections.abc import Iterable

from workspaces.picture import Change, Entry, Kind, What


def applied(picture: dict[str, Entry], steps: Iterable[Change]) -> dict[str, Entry]:
    now = dict(picture)
    for step in steps:
        if step.what == What.MOVED:
            assert step.old_path in now
            assert step.path not in now
            now = {_after(step, path): entry for path, entry in now.items()}
            now[step.path] = step.entry
        elif step.what == What.DELETED:
            del now[step.path]
        else:
            assert (step.path in now) == (step.what == What.CHANGED)
            now[step.path] = step.entry
    return now


def _after(move: Change, path: str) -> str:
    is_in = move.entry.kind == Kind.FOLDER and path.startswith(f"{move.old_path}/")
    if path == move.old_path or is_in:
        return move.path + path[len(move.old_path or "") :]
    return path
