"""REST: files of a workspace, read and written."""

import hashlib
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote

import orjson
import pytest
from rest_framework.test import APIClient

from circles import actions as circles
from gathering.hub import log
from workspaces import actions
from workspaces.compare import WHOLE
from workspaces.models import Workspace

RAW = {"accept": "application/octet-stream"}


@pytest.fixture
def root(workspace: Workspace) -> Path:
    root = Path(workspace.path)
    (root / "src").mkdir()
    (root / "src" / "main.py").write_text("print()\n")
    actions.settle(workspace, (), [WHOLE])
    return root


@pytest.fixture
def bob(people: SimpleNamespace, as_user: Any) -> APIClient:
    return as_user(people.bob)


def at(workspace: Workspace, path: str, rest: str = "") -> str:
    return f"/api/workspaces/{workspace.pk}/files/{quote(path)}{rest}"


def tag(data: bytes) -> str:
    return f'"{hashlib.sha256(data).hexdigest()}"'


def told(workspace: Workspace, since: int) -> list[tuple[str, str, str | None]]:
    events = [orjson.loads(frame.text) for frame in log.read(workspace.channel, since)]
    return [(each["type"], each["data"]["path"], each["data"]["actor"]) for each in events]


def head(workspace: Workspace) -> int:
    return log.position(workspace.channel).head


def test_a_file_is_text_with_its_encoding(workspace: Workspace, root: Path, bob: APIClient) -> None:
    answer = bob.get(at(workspace, "src/main.py"))
    assert answer.status_code == 200
    body = answer.json()
    assert (body["path"], body["text"], body["encoding"], body["size"]) == (
        "src/main.py",
        "print()\n",
        "utf-8",
        8,
    )
    assert answer["ETag"] == tag(b"print()\n") == f'"{body["hash"]}"'


@pytest.mark.parametrize(
    ("data", "encoding", "text"),
    [
        ("Grüße".encode(), "utf-8", "Grüße"),
        ("\ufeffmarked".encode(), "utf-8", "\ufeffmarked"),
        ("\ufeffwide".encode("utf-16-le"), "utf-16-le", "\ufeffwide"),
        ("\ufeffwide".encode("utf-16-be"), "utf-16-be", "\ufeffwide"),
        (b"Gr\xfc\xdfe \x80", "windows-1252", "Grüße €"),
        (b"\x00\x01", None, None),
        (b"\x81", None, None),
        (b"", "utf-8", ""),
    ],
)
def test_what_is_read_is_written_back_as_it_was(
    data: bytes, encoding: str | None, text: str | None, workspace: Workspace, root: Path, bob: APIClient
) -> None:
    (root / "file").write_bytes(data)
    answer = bob.get(at(workspace, "file"))
    assert (answer.json()["encoding"], answer.json()["text"]) == (encoding, text)
    if text is not None:
        same = {"text": text, "encoding": encoding}
        answer = bob.put(at(workspace, "file"), same, format="json", headers={"if-match": answer["ETag"]})
        assert (answer.status_code, (root / "file").read_bytes()) == (200, data)


@pytest.mark.parametrize("headers", [RAW, {}])
def test_the_bytes_of_a_file_are_never_run(
    headers: dict[str, str], workspace: Workspace, root: Path, bob: APIClient
) -> None:
    (root / 'evil".html').write_text("<script>alert(1)</script>")
    answer = bob.get(at(workspace, 'evil".html', "" if headers else "?raw"), headers=headers)
    assert answer.content == b"<script>alert(1)</script>"
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Disposition"] == "attachment; filename*=UTF-8''evil%22.html"
    assert answer["Content-Security-Policy"].startswith("sandbox;")
    assert answer["Cross-Origin-Resource-Policy"] == "same-origin"


@pytest.mark.parametrize(
    ("asked", "status", "data", "range_"),
    [
        ("bytes=0-3", 206, b"prin", "bytes 0-3/8"),
        ("bytes=6-", 206, b")\n", "bytes 6-7/8"),
        ("bytes=-2", 206, b")\n", "bytes 6-7/8"),
        ("bytes=0-1,4-5", 200, b"print()\n", None),
        ("lines=1-2", 200, b"print()\n", None),
        ("bytes=8-", 416, None, None),
        ("bytes=-0", 416, None, None),
    ],
)
def test_a_range_of_a_file(
    asked: str,
    status: int,
    data: bytes | None,
    range_: str | None,
    workspace: Workspace,
    root: Path,
    bob: APIClient,
) -> None:
    answer = bob.get(at(workspace, "src/main.py"), headers={**RAW, "range": asked})
    assert answer.status_code == status
    if data is None:
        assert answer.json()["code"] == "bad_range"
    else:
        assert (answer.content, answer.get("Content-Range")) == (data, range_)


def test_a_file_that_is_known_is_not_sent_again(workspace: Workspace, root: Path, bob: APIClient) -> None:
    answer = bob.get(at(workspace, "src/main.py"), headers={"if-none-match": tag(b"print()\n")})
    assert (answer.status_code, answer.content) == (304, b"")


def test_a_large_file_is_read_in_ranges(
    workspace: Workspace, root: Path, bob: APIClient, settings: Any
) -> None:
    settings.GATHERING_MAX_FILE = 100
    (root / "large").write_bytes(b"x" * 101)
    answer = bob.get(at(workspace, "large"))
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    answer = bob.get(at(workspace, "large"), headers={**RAW, "range": "bytes=1-100"})
    assert (answer.status_code, len(answer.content), answer.get("ETag")) == (206, 100, None)


def test_a_write_is_told_once_and_with_its_actor(workspace: Workspace, root: Path, bob: APIClient) -> None:
    since = head(workspace)
    answer = bob.put(
        at(workspace, "src/main.py"),
        b"new\n",
        content_type="application/octet-stream",
        headers={"if-match": tag(b"print()\n")},
    )
    assert (answer.status_code, answer["ETag"]) == (200, tag(b"new\n"))
    assert (root / "src" / "main.py").read_text() == "new\n"
    actions.settle(workspace, (), [WHOLE])  # the watcher finds no difference
    assert told(workspace, since) == [("file_changed", "src/main.py", "bob")]
    row = workspace.files.get(path="src/main.py")
    assert row.digest == answer.json()["hash"] == hashlib.sha256(b"new\n").hexdigest()


def test_a_new_file_and_its_folders(workspace: Workspace, root: Path, bob: APIClient) -> None:
    since = head(workspace)
    answer = bob.post(at(workspace, "a/b/c.txt"), {"text": "c"}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    answer = bob.post(at(workspace, "a/b/c.txt", "?parents"), {"text": "c"}, format="json")
    assert answer.status_code == 201
    assert told(workspace, since) == [
        ("file_created", "a", "bob"),
        ("file_created", "a/b", "bob"),
        ("file_created", "a/b/c.txt", "bob"),
    ]
    answer = bob.post(at(workspace, "a/b/c.txt"), {"text": "d"}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({}, 428, "hash_needed"),
        ({"if-match": tag(b"other")}, 412, "changed_meanwhile"),
        ({"if-none-match": "*"}, 412, "changed_meanwhile"),
        ({"if-match": "W/" + tag(b"print()\n")}, 400, "bad_input"),
        ({"if-match": '"a", "b"'}, 400, "bad_input"),
        ({"if-none-match": tag(b"x")}, 400, "bad_input"),
        ({"if-match": "*", "if-none-match": "*"}, 400, "bad_input"),
    ],
)
def test_who_does_not_say_what_it_has_seen_writes_nothing(
    headers: dict[str, str], status: int, code: str, workspace: Workspace, root: Path, bob: APIClient
) -> None:
    since = head(workspace)
    answer = bob.put(at(workspace, "src/main.py"), {"text": "x"}, format="json", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert (root / "src" / "main.py").read_text() == "print()\n"
    assert head(workspace) == since


def test_of_two_writers_one_wins_and_the_other_is_told(
    workspace: Workspace, root: Path, people: SimpleNamespace, as_user: Any
) -> None:
    seen = as_user(people.bob).get(at(workspace, "src/main.py"))["ETag"]
    writers = [as_user(people.bob), as_user(people.robo)]
    path, match = at(workspace, "src/main.py"), {"if-match": seen}
    answers = [
        each.put(path, {"text": f"{number}"}, format="json", headers=match)
        for number, each in enumerate(writers)
    ]
    assert [answer.status_code for answer in answers] == [200, 412]
    assert (root / "src" / "main.py").read_text() == "0"


@pytest.mark.parametrize(
    "body",
    [
        {"text": 5},
        {"text": "x", "encoding": "idna"},
        {"text": "☃", "encoding": "windows-1252"},
        {},
        [],
        {"x": 1},
    ],
)
def test_a_bad_body_writes_nothing(body: Any, workspace: Workspace, root: Path, bob: APIClient) -> None:
    answer = bob.post(at(workspace, "new"), body, format="json")
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_field")
    assert not (root / "new").exists()


def test_a_body_that_is_too_large(workspace: Workspace, root: Path, bob: APIClient, settings: Any) -> None:
    settings.GATHERING_MAX_FILE = 100
    bodies = [
        (b"x" * 101, "application/octet-stream"),
        (orjson.dumps({"text": "x" * 101}), "application/json"),
    ]
    for body, kind in bodies:
        answer = bob.post(at(workspace, "new"), body, content_type=kind)
        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert not (root / "new").exists()


def test_a_file_is_moved_and_told_as_one_move(workspace: Workspace, root: Path, bob: APIClient) -> None:
    since = head(workspace)
    move = f"/api/workspaces/{workspace.pk}/move/"
    answer = bob.post(move, {"path": "src", "to": "lib"}, format="json")
    assert (answer.status_code, answer.json()["path"], answer.json()["is_dir"]) == (200, "lib", True)
    assert told(workspace, since) == [("file_moved", "lib", "bob")]
    bob.post(at(workspace, "a"), {"text": "a"}, format="json")
    answer = bob.post(move, {"path": "a", "to": "lib/main.py"}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert (
        bob.post(move, {"path": "a", "to": "lib/main.py", "replace": True}, format="json").status_code == 200
    )
    assert (root / "lib" / "main.py").read_text() == "a"


def test_a_folder_is_made(workspace: Workspace, root: Path, bob: APIClient) -> None:
    since = head(workspace)
    answer = bob.post(f"/api/workspaces/{workspace.pk}/tree/", {"path": "new"}, format="json")
    assert (answer.status_code, answer.json()["kind"]) == (201, "folder")
    assert told(workspace, since) == [("file_created", "new", "bob")]


def test_a_file_and_a_folder_are_deleted(workspace: Workspace, root: Path, bob: APIClient) -> None:
    since = head(workspace)
    answer = bob.delete(at(workspace, "src/main.py"))
    assert (answer.status_code, answer.json()["code"]) == (428, "hash_needed")
    assert bob.delete(at(workspace, "src")).status_code == 409
    assert (
        bob.delete(at(workspace, "src/main.py"), headers={"if-match": tag(b"print()\n")}).status_code == 204
    )
    (root / "src" / "more").mkdir()
    assert bob.delete(at(workspace, "src", "?whole")).status_code == 204
    assert not (root / "src").exists()
    assert told(workspace, since) == [("file_deleted", "src/main.py", "bob"), ("file_deleted", "src", "bob")]


def test_a_folder_is_listed_as_it_is_on_the_disk(workspace: Workspace, root: Path, bob: APIClient) -> None:
    (root / ".git").mkdir()
    (root / "node_modules").mkdir()
    (root / "new").touch()
    tree = f"/api/workspaces/{workspace.pk}/tree/"
    body = bob.get(tree, {"limit": 2}).json()
    assert ([each["path"] for each in body["entries"]], body["has_more"]) == (["new", "node_modules"], True)
    body = bob.get(tree, {"after": "node_modules"}).json()
    assert ([each["path"] for each in body["entries"]], body["has_more"]) == (["src"], False)
    body = bob.get(tree, {"path": "src"}).json()
    assert [each["path"] for each in body["entries"]] == ["src/main.py"]
    assert bob.get(tree, {"path": "src/main.py"}).status_code == 404


@pytest.mark.parametrize(
    "name", [b"two\nlines", b"\xff\xfe.txt", "Grüße ☃".encode(), b"a\\b", b"per%20cent?#", b" "]
)
def test_a_name_of_any_bytes_has_an_address(
    name: bytes, workspace: Workspace, root: Path, bob: APIClient
) -> None:
    Path(os.fsdecode(os.fsencode(root) + b"/" + name)).write_bytes(b"here")
    entries = bob.get(f"/api/workspaces/{workspace.pk}/tree/").json()["entries"]
    (path,) = {each["path"] for each in entries} - {"src"}
    answer = bob.get(at(workspace, path))
    assert (answer.status_code, answer.json()["text"], answer.json()["path"]) == (200, "here", path)
    answer = bob.put(
        at(workspace, path), {"text": "new"}, format="json", headers={"if-match": answer["ETag"]}
    )
    assert answer.status_code == 200
    assert Path(os.fsdecode(os.fsencode(root) + b"/" + name)).read_bytes() == b"new"
    assert workspace.files.filter(path=path).exists()


ASKS: dict[str, Any] = {
    "snapshot": lambda c, w: c.get(f"/api/workspaces/{w}/"),
    "files": lambda c, w: c.get(f"/api/workspaces/{w}/files/"),
    "tree": lambda c, w: c.get(f"/api/workspaces/{w}/tree/"),
    "read": lambda c, w: c.get(f"/api/workspaces/{w}/files/src/main.py"),
    "search": lambda c, w: c.get(f"/api/workspaces/{w}/search/?q=print"),
    "changes": lambda c, w: c.get(f"/api/workspaces/{w}/changes/"),
    "git status": lambda c, w: c.get(f"/api/workspaces/{w}/git/status/"),
    "git log": lambda c, w: c.get(f"/api/workspaces/{w}/git/log/"),
    "git diff": lambda c, w: c.get(f"/api/workspaces/{w}/git/diff/"),
    "leases": lambda c, w: c.get(f"/api/workspaces/{w}/leases/"),
}
WRITES: dict[str, Any] = {
    "put": lambda c, w: c.put(
        f"/api/workspaces/{w}/files/src/main.py", {"text": "x"}, format="json", headers={"if-match": "*"}
    ),
    "post": lambda c, w: c.post(f"/api/workspaces/{w}/files/new", {"text": "x"}, format="json"),
    "delete": lambda c, w: c.delete(f"/api/workspaces/{w}/files/src/main.py", headers={"if-match": "*"}),
    "folder": lambda c, w: c.post(f"/api/workspaces/{w}/tree/", {"path": "new"}, format="json"),
    "move": lambda c, w: c.post(f"/api/workspaces/{w}/move/", {"path": "src", "to": "lib"}, format="json"),
    "lease": lambda c, w: c.post(f"/api/workspaces/{w}/leases/", {"paths": ["src"]}, format="json"),
}


@pytest.mark.parametrize("ask", ASKS)
def test_who_may_read(
    ask: str, workspace: Workspace, root: Path, people: SimpleNamespace, as_user: Any
) -> None:
    for name in ("ada", "bob", "olga", "robo", "sue"):
        assert ASKS[ask](as_user(getattr(people, name)), workspace.pk).status_code == 200, name
    assert ASKS[ask](as_user(people.carol), workspace.pk).status_code == 404
    assert ASKS[ask](as_user(people.carol), 12345).status_code == 404
    assert ASKS[ask](as_user(people.bob), f"0{workspace.pk}").status_code == 404
    assert ASKS[ask](as_user(None), workspace.pk).status_code == 401


@pytest.mark.parametrize("write", WRITES)
def test_who_may_not_write(
    write: str, workspace: Workspace, root: Path, people: SimpleNamespace, as_user: Any
) -> None:
    before, since = sorted(root.rglob("*")), head(workspace)
    refusals = {"olga": (403, "not_allowed"), "carol": (404, "not_found")}
    for name, refusal in refusals.items():
        answer = WRITES[write](as_user(getattr(people, name)), workspace.pk)
        assert (answer.status_code, answer.json()["code"]) == refusal
    assert WRITES[write](as_user(None), workspace.pk).status_code == 401
    for status, code in (("paused", "circle_paused"), ("archived", "circle_archived")):
        circles.change_circle(people.ada, "team", status=status)
        for name in ("bob", "ada", "sue"):
            answer = WRITES[write](as_user(getattr(people, name)), workspace.pk)
            assert (answer.status_code, answer.json()["code"]) == (409, code)
    assert (sorted(root.rglob("*")), head(workspace)) == (before, since)


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("name", ["bob", "robo", "sue"])
def test_who_may_write(
    name: str, write: str, workspace: Workspace, root: Path, people: SimpleNamespace, as_user: Any
) -> None:
    answer = WRITES[write](as_user(getattr(people, name)), workspace.pk)
    assert answer.status_code in (200, 201, 204)
