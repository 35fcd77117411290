"""Files of a directory: read, written, moved, deleted and listed, by paths that anybody may send."""

import hashlib
import os
import stat
from pathlib import Path

import pytest

from gathering.protocol.errors import (
    BadField,
    BadRange,
    ChangedMeanwhile,
    Conflict,
    HashNeeded,
    NotAllowed,
    NotFound,
    TooLarge,
    Unavailable,
)
from workspaces import files
from workspaces.files import Expected, Range, changing, exclusive
from workspaces.picture import Kind

MOST = 1000


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def here(tmp_path: Path) -> Path:
    directory = tmp_path / "here"
    directory.mkdir()
    return directory


def read(here: Path, path: str, part: Range | None = None) -> files.Content:
    return files.read(str(here), files.parse(path), part, most=MOST)


def write(here: Path, path: str, data: bytes, seen: files.Seen = Expected.NOTHING) -> None:
    with files.written(str(here), files.parse(path), data) as new:
        new.put(seen)


def delete(here: Path, path: str, **options: bool | str) -> None:
    files.delete(str(here), files.parse(path), **options)


def names(here: Path) -> set[str]:
    return {str(path.relative_to(here)) for path in here.rglob("*")}


def test_a_file_is_read_with_its_hash(here: Path) -> None:
    (here / "sub").mkdir()
    (here / "sub" / "a").write_bytes(b"hello")
    content = read(here, "sub/a")
    assert (content.data, content.entry.size, content.entry.digest) == (b"hello", 5, digest(b"hello"))


@pytest.mark.parametrize(
    ("part", "data"),
    [
        (Range(0, 2), b"he"),
        (Range(3), b"lo"),
        (Range(-2), b"lo"),
        (Range(-99), b"hello"),
        (Range(4, 99), b"o"),
    ],
)
def test_a_range_of_a_file(part: Range, data: bytes, here: Path) -> None:
    (here / "a").write_bytes(b"hello")
    content = read(here, "a", part)
    assert (content.data, content.entry.digest) == (data, digest(b"hello"))
    assert b"hello"[content.start :].startswith(data)


@pytest.mark.parametrize("part", [Range(5), Range(2, 2), Range(9, 99)])
def test_a_range_with_no_bytes_in_it(part: Range, here: Path) -> None:
    (here / "a").write_bytes(b"hello")
    with pytest.raises(BadRange):
        read(here, "a", part)


def test_a_large_file_is_read_in_ranges_only(here: Path) -> None:
    (here / "a").write_bytes(b"x" * (MOST + 1))
    assert len(read(here, "a", Range(0, MOST)).data) == MOST
    assert read(here, "a", Range(-1)).entry.digest == ""
    for part in (None, Range(0)):
        with pytest.raises(TooLarge):
            read(here, "a", part)


def test_a_new_file_is_written(here: Path) -> None:
    write(here, "a", b"hello")
    assert (here / "a").read_bytes() == b"hello"
    assert names(here) == {"a"}


def test_a_new_file_replaces_nothing(here: Path) -> None:
    write(here, "a", b"first")
    with pytest.raises(ChangedMeanwhile):
        write(here, "a", b"second")
    assert (here / "a").read_bytes() == b"first"
    assert names(here) == {"a"}


def test_a_file_is_replaced_by_who_has_seen_it(here: Path) -> None:
    (here / "a").write_bytes(b"old")
    (here / "a").chmod(0o750)
    write(here, "a", b"new", digest(b"old"))
    assert (here / "a").read_bytes() == b"new"
    assert stat.S_IMODE((here / "a").stat().st_mode) == 0o750


def test_a_file_is_not_replaced_by_who_has_not(here: Path) -> None:
    (here / "a").write_bytes(b"newer")
    with pytest.raises(ChangedMeanwhile):
        write(here, "a", b"mine", digest(b"old"))
    assert (here / "a").read_bytes() == b"newer"
    assert names(here) == {"a"}


def test_who_puts_the_same_again_is_told_that_it_is_there(here: Path) -> None:
    (here / "a").write_bytes(b"old")
    write(here, "a", b"new", digest(b"old"))
    before = (here / "a").stat()
    write(here, "a", b"new", digest(b"old"))  # the answer was lost
    assert (here / "a").stat() == before
    with pytest.raises(ChangedMeanwhile):  # but a new file may be a sign that one was first
        write(here, "a", b"new", Expected.NOTHING)


def test_a_file_that_is_too_large_has_no_hash_to_be_seen(here: Path) -> None:
    (here / "a").touch()
    os.truncate(here / "a", 2**40)
    with pytest.raises(TooLarge):
        write(here, "a", b"new", digest(b"old"))
    write(here, "a", b"new", Expected.ANYTHING)


def test_who_expects_anything_needs_a_file(here: Path) -> None:
    with pytest.raises(NotFound):
        write(here, "a", b"new", Expected.ANYTHING)
    (here / "a").write_bytes(b"old")
    write(here, "a", b"new", Expected.ANYTHING)
    assert (here / "a").read_bytes() == b"new"


def test_a_read_only_file_stays(here: Path) -> None:
    (here / "a").write_bytes(b"old")
    (here / "a").chmod(0o444)
    with pytest.raises(NotAllowed):
        write(here, "a", b"new", Expected.ANYTHING)
    assert names(here) == {"a"}


def test_the_other_name_of_a_file_keeps_what_it_was(here: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").write_bytes(b"theirs")
    os.link(tmp_path / "outside", here / "a")
    write(here, "a", b"ours", digest(b"theirs"))
    assert (tmp_path / "outside").read_bytes() == b"theirs"


def test_a_reader_sees_the_old_or_the_new_and_nothing_between(here: Path) -> None:
    (here / "a").write_bytes(b"old")
    with files.written(str(here), files.parse("a"), b"new") as new:
        assert read(here, "a").data == b"old"
        assert [name for name, _ in files.page(str(here), ()).entries] == [b"a"]
        new.put(digest(b"old"))
        assert read(here, "a").data == b"new"


def test_folders_are_made_one_at_a_time(here: Path) -> None:
    files.make_folder(str(here), files.parse("sub"))
    files.make_folder(str(here), files.parse("sub/inner"))
    assert (here / "sub" / "inner").is_dir()
    with pytest.raises(Conflict):
        files.make_folder(str(here), files.parse("sub"))
    with pytest.raises(NotFound):
        files.make_folder(str(here), files.parse("none/inner"))


def move(here: Path, old: str, new: str, **options: bool) -> None:
    files.move(str(here), files.parse(old), files.parse(new), **options)


def test_a_file_and_a_folder_are_moved(here: Path) -> None:
    (here / "sub").mkdir()
    (here / "a").write_bytes(b"a")
    move(here, "a", "sub/b")
    move(here, "sub", "other")
    assert names(here) == {"other", "other/b"}


@pytest.mark.parametrize("without", [False, True])
def test_nothing_is_moved_over_something(without: bool, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if without:  # as on a file system that cannot
        monkeypatch.setattr(exclusive, "_renameat2", lambda: lambda *_: 22)
    (here / "a").write_bytes(b"a")
    (here / "b").write_bytes(b"b")
    (here / "empty").mkdir()
    (here / "folder").mkdir()
    for old, new in (("a", "b"), ("a", "a"), ("folder", "empty"), ("a", "empty")):
        with pytest.raises(Conflict):
            move(here, old, new)
    move(here, "a", "c")
    move(here, "c", "b", replace=True)
    assert (here / "b").read_bytes() == b"a"
    assert names(here) == {"b", "empty", "folder"}


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        ("none", "b", NotFound),
        ("folder", "folder/inner", BadField),
        ("a", "none/b", NotFound),
        ("a", "a/b", NotFound),
    ],
)
def test_what_cannot_be_moved(old: str, new: str, error: type[Exception], here: Path) -> None:
    (here / "a").write_bytes(b"a")
    (here / "folder").mkdir()
    with pytest.raises(error):
        move(here, old, new)
    assert names(here) == {"a", "folder"}


def test_a_file_is_deleted_by_who_has_seen_it(here: Path) -> None:
    (here / "a").write_bytes(b"a")
    with pytest.raises(HashNeeded):
        delete(here, "a")
    with pytest.raises(ChangedMeanwhile):
        delete(here, "a", seen=digest(b"b"))
    delete(here, "a", seen=digest(b"a"))
    assert names(here) == set()


def test_a_folder_is_deleted_whole_only_if_asked(here: Path) -> None:
    (here / "sub" / "inner").mkdir(parents=True)
    (here / "sub" / "inner" / "a").touch()
    (here / "sub" / "link").symlink_to("/etc")
    with pytest.raises(Conflict):
        delete(here, "sub")
    delete(here, "sub", whole=True)
    assert names(here) == set()


def test_a_folder_that_is_too_much_is_not_begun(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changing, "MOST_IN_A_TREE", 3)
    (here / "sub").mkdir()
    for name in "abcd":
        (here / "sub" / name).touch()
    with pytest.raises(TooLarge):
        delete(here, "sub", whole=True)
    assert len(names(here)) == 5


def test_a_folder_with_a_repository_in_it_is_not_deleted(here: Path) -> None:
    (here / "sub" / "clone" / ".git").mkdir(parents=True)
    with pytest.raises(NotAllowed):
        delete(here, "sub", whole=True)
    assert (here / "sub" / "clone" / ".git").is_dir()


def test_a_deleted_link_leaves_what_it_names(here: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "a").touch()
    (here / "link").symlink_to(tmp_path / "outside")
    delete(here, "link", whole=True)
    assert (tmp_path / "outside" / "a").exists()
    assert names(here) == set()


def test_a_folder_is_listed_in_pages(here: Path) -> None:
    for name in ("b", "a", "d", "c"):
        (here / name).write_bytes(name.encode())
    (here / ".git").mkdir()
    (here / "e").mkdir()
    (here / "f").symlink_to("a")
    os.mkfifo(here / "g")
    first = files.page(str(here), (), limit=3)
    assert ([name for name, _ in first.entries], first.has_more) == ([b"a", b"b", b"c"], True)
    rest = files.page(str(here), (), after=b"c", limit=4)
    assert [(name, entry.kind) for name, entry in rest.entries] == [
        (b"d", Kind.FILE),
        (b"e", Kind.FOLDER),
        (b"f", Kind.SYMLINK),
        (b"g", Kind.OTHER),
    ]
    assert not rest.has_more


def test_every_entry_of_a_large_folder_is_on_one_page(here: Path) -> None:
    many = int(os.environ.get("GATHERING_TEST_FILES", "500"))
    for number in range(many):
        (here / f"{number:06}").touch()
    seen: list[bytes] = []
    page = files.page(str(here), (), limit=many // 3)
    while page.entries:
        seen += [name for name, _ in page.entries]
        page = files.page(str(here), (), after=seen[-1], limit=many // 3)
    assert seen == [f"{number:06}".encode() for number in range(many)]


def test_a_directory_that_is_not_there_is_away(here: Path) -> None:
    with pytest.raises(Unavailable):
        read(here / "none", "a")
