"""No path leads out of a workspace, at rest or while somebody swaps folders for links."""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from gathering.protocol.errors import GatheringError
from workspaces import files
from workspaces.files import Expected

SECRET = b"a secret"
PACE = 0.0003  # seconds of a swap, so that both states are met


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    directory = tmp_path / "outside"
    (directory / "folder").mkdir(parents=True)
    (directory / "secret").write_bytes(SECRET)
    (directory / "folder" / "secret").write_bytes(SECRET)
    return directory


@pytest.fixture
def here(tmp_path: Path, outside: Path) -> Path:
    """A directory with every kind of entry in it that is not to be opened."""
    directory = tmp_path / "here"
    (directory / "folder").mkdir(parents=True)
    (directory / "file").write_bytes(b"file")
    (directory / ".git").mkdir()
    (directory / ".git" / "config").write_bytes(b"config")
    (directory / "link-to-file").symlink_to(outside / "secret")
    (directory / "link-to-folder").symlink_to(outside)
    (directory / "link-up").symlink_to("..")
    (directory / "loop").symlink_to("loop")
    (directory / "nowhere").symlink_to(outside / "not-there")
    os.mkfifo(directory / "pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(directory / "socket"))
    return directory


READ = [
    "link-to-file",
    "loop",
    "nowhere",
    "pipe",
    "socket",
    "folder",
    "link-to-folder/secret",
    "link-up/outside/secret",
]
NAMED = [
    *(
        "",
        "/",
        ".",
        "..",
        "../outside/secret",
        "folder/../../outside/secret",
        "folder/..",
        "./file",
        "folder//file",
    ),
    *(
        "/etc/passwd",
        "//etc/passwd",
        "folder/",
        "file\0",
        "\0",
        "a\\x41",
        "\\",
        "\\x2e\\x2e/outside",
        "x" * 256,
    ),
    *(
        "x/" * 600 + "x",
        ".git",
        ".git/config",
        ".GIT/config",
        "folder/.git/hooks/pre-commit",
        ".gathering-x",
        "\ud800",
    ),
]


def _try(act: Callable[[], object]) -> object:
    """What ``act`` returns; None for a refusal of ours.  Another exception is a failure of the test."""
    try:
        return act()
    except GatheringError:
        return None


def _write(here: Path, path: str, seen: files.Seen) -> object:
    with files.written(str(here), files.parse(path), b"overwritten") as new:
        return new.put(seen)


def _everything(here: Path, path: str) -> list[object]:
    """Every operation, one after the other, on ``path``: what each returned."""
    directory = str(here)
    acts = [
        lambda: files.read(directory, files.parse(path), most=10_000).data,
        lambda: [name for name, _ in files.page(directory, files.parse(path)).entries],
        lambda: _write(here, path, Expected.ANYTHING),
        lambda: _write(here, path, Expected.NOTHING),
        lambda: files.make_folder(directory, files.parse(path)),
        lambda: files.move(directory, files.parse("file"), files.parse(path), replace=True),
        lambda: files.move(directory, files.parse(f"{path}/secret"), files.parse("stolen")),
        lambda: files.delete(directory, files.parse(path), seen=Expected.ANYTHING, whole=True),
    ]
    return [_try(act) for act in acts]


@pytest.mark.parametrize("path", NAMED, ids=lambda path: ascii(path[:40]))
def test_what_is_no_path_inside_is_refused(path: str, here: Path, outside: Path) -> None:
    before = sorted(here.rglob("*"))
    assert _everything(here, path) == [None] * 8
    assert sorted(here.rglob("*")) == before
    assert (outside / "secret").read_bytes() == SECRET


@pytest.mark.parametrize("path", READ)
def test_only_regular_files_inside_are_read(path: str, here: Path) -> None:
    assert _try(lambda: files.read(str(here), files.parse(path), most=10_000)) is None


@pytest.mark.parametrize("path", READ)
def test_nothing_outside_is_changed_through_what_is_inside(path: str, here: Path, outside: Path) -> None:
    done = _everything(here, path)
    assert SECRET not in done
    assert sorted(each.name for each in outside.rglob("*")) == ["folder", "secret", "secret"]
    assert (outside / "secret").read_bytes() == (outside / "folder" / "secret").read_bytes() == SECRET


def test_a_device_is_not_opened(here: Path) -> None:
    try:
        os.mknod(here / "null", 0o666 | 0o020000, os.makedev(1, 3))
    except PermissionError:  # only root makes one; a link to one is refused as a link
        (here / "null").symlink_to(os.devnull)
    assert _try(lambda: files.read(str(here), files.parse("null"), most=10)) is None
    assert _try(lambda: _write(here, "null", Expected.ANYTHING)) is None


@contextmanager
def _swapping(folder: Path, outside: Path) -> Iterator[list[int]]:
    """Somebody puts a link to ``outside`` in the place of ``folder``, and the folder back, all the time."""
    stop, swaps = threading.Event(), [0]
    aside, link = folder.with_name("aside"), folder.with_name("link")

    def swap() -> None:
        while not stop.is_set():
            link.symlink_to(outside)
            folder.rename(aside)
            link.rename(folder)
            time.sleep(PACE)
            folder.unlink()
            aside.rename(folder)
            time.sleep(PACE)
            swaps[0] += 1

    thread = threading.Thread(target=swap)
    thread.start()
    try:
        yield swaps
    finally:
        stop.set()
        thread.join()


def _race(here: Path, number: int) -> tuple[object, object]:
    """One of each operation through the folder that is being swapped; what was read, and what written."""
    directory = str(here)
    read = _try(lambda: files.read(directory, files.parse("swapped/secret"), most=100).data)
    _try(lambda: _write(here, "swapped/secret", Expected.ANYTHING))
    wrote = _try(lambda: _write(here, f"swapped/new-{number}", Expected.NOTHING))
    _try(lambda: files.make_folder(directory, files.parse(f"swapped/folder-{number}")))
    _try(lambda: files.delete(directory, files.parse("swapped/folder"), whole=True))
    _try(lambda: files.move(directory, files.parse("swapped/secret"), files.parse("stolen")))
    return read, wrote


def test_a_folder_that_becomes_a_link_in_between_leads_nowhere(here: Path, outside: Path) -> None:
    seconds = float(os.environ.get("GATHERING_TEST_RACE_SECONDS", "0.3"))
    folder = here / "swapped"
    folder.mkdir()
    seen: list[tuple[object, object]] = []
    careless: set[bytes] = set()
    with _swapping(folder, outside) as swaps:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline or swaps[0] < 20 or not (SECRET in careless and seen[-1][1]):
            seen.append(_race(here, len(seen)))
            with suppress(OSError):
                careless.add((folder / "secret").read_bytes())
    assert SECRET not in {read for read, _ in seen}
    assert sorted(each.name for each in outside.rglob("*")) == ["folder", "secret", "secret"]
    assert (outside / "secret").read_bytes() == SECRET
    assert not (here / "stolen").exists() or (here / "stolen").read_bytes() != SECRET
    assert list(folder.glob("new-*"))  # it did write, when it was a folder
    assert SECRET in careless  # and who is careless is led out
