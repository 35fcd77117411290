"""REST: the snapshot, all files, search, who changed what, and git."""

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
from rest_framework.test import APIClient

from gathering.hub import log
from workspaces import actions, editing, history, leasing, searching
from workspaces.api.workspaces import snapshot
from workspaces.compare import WHOLE
from workspaces.files import Expected
from workspaces.models import Workspace

from .repositories import Repo


@pytest.fixture
def root(workspace: Workspace) -> Path:
    root = Path(workspace.path)
    (root / "src").mkdir()
    (root / "src" / "main.py").write_text("first\nSecond line\n")
    (root / "b.bin").write_bytes(b"\0first")
    (root / ".gitignore").write_text("ignored/\n")
    (root / "ignored").mkdir()
    (root / "ignored" / "x").write_text("first")
    actions.settle(workspace, (), [WHOLE])
    return root


@pytest.fixture
def bob(people: SimpleNamespace, as_user: Any) -> APIClient:
    return as_user(people.bob)


def take(workspace: Workspace) -> dict[str, Any]:
    taken: dict[str, Any] = orjson.loads(orjson.dumps(snapshot(Workspace.objects.get(pk=workspace.pk))))
    return taken


def replay(old: dict[str, Any]) -> dict[str, Any]:
    """``old`` with every event applied that came after it, as a client does it."""
    now = orjson.loads(orjson.dumps(old))
    for frame in log.read(old["channel"], old["seq"]):
        event = orjson.loads(frame.text)
        assert event["seq"] == now["seq"] + 1
        now["seq"] = event["seq"]
        _apply(now, event["type"], event["data"])
    return now


def _apply(now: dict[str, Any], kind: str, data: dict[str, Any]) -> None:
    if kind.startswith("lease_"):
        others = [lease for lease in now["leases"] if lease["id"] != data["id"]]
        kept = {name: data[name] for name in data if name != "workspace_id"}
        now["leases"] = sorted(
            [*others, *([kept] if kind == "lease_taken" else [])], key=lambda each: each["id"]
        )
    elif kind != "file_conflict":
        files = {each["path"]: each for each in now["files"]}
        _apply_file(files, kind, data)
        now["files"] = [files[path] for path in sorted(files)]


def _apply_file(files: dict[str, Any], kind: str, data: dict[str, Any]) -> None:
    about = {name: data[name] for name in ("path", "kind", "is_dir", "size", "mtime", "hash")}
    old = data["old_path"]
    if kind == "file_moved":
        for path in [path for path in files if path.startswith(f"{old}/")]:
            moved = data["path"] + path[len(old) :]
            files[moved] = {**files.pop(path), "path": moved}
    files.pop(old or data["path"], None)
    if kind != "file_deleted":
        files[data["path"]] = about


ACTS: dict[str, Any] = {
    "write": lambda p, k: editing.write_file(p.bob, k, "src/main.py", b"new", Expected.ANYTHING),
    "create": lambda p, k: editing.write_file(p.robo, k, "a/b/c", b"new", parents=True),
    "make a folder": lambda p, k: editing.make_folder(p.bob, k, "new"),
    "move a file": lambda p, k: editing.move(p.bob, k, "b.bin", "src/b.bin"),
    "move a folder": lambda p, k: editing.move(p.bob, k, "src", "lib"),
    "move over": lambda p, k: editing.move(p.bob, k, "b.bin", "src/main.py", replace=True),
    "delete": lambda p, k: editing.delete(p.bob, k, "b.bin", Expected.ANYTHING),
    "delete a folder": lambda p, k: editing.delete(p.bob, k, "src", whole=True),
    "lease": lambda p, k: leasing.lease(p.bob, k, ["src"]),
    "renew": lambda p, k: [leasing.lease(p.bob, k, ["src"], seconds) for seconds in (10, 20)],
    "release": lambda p, k: leasing.release(p.bob, k, leasing.lease(p.bob, k, ["src"]).pk),
    "conflict": lambda p, k: [leasing.lease(p.robo, k, ["src"]), editing.move(p.bob, k, "src", "lib")],
}


@pytest.mark.parametrize("act", ACTS)
def test_old_snapshot_and_events_make_the_fresh_snapshot(
    act: str, workspace: Workspace, root: Path, people: SimpleNamespace
) -> None:
    old = take(workspace)
    ACTS[act](people, str(workspace.pk))
    assert replay(old) == take(workspace)
    assert take(workspace)["seq"] > old["seq"]
    actions.settle(workspace, (), [WHOLE])  # the disk and the picture agree
    assert replay(old) == take(workspace)


def test_a_snapshot_says_where_it_stands(workspace: Workspace, root: Path, bob: APIClient) -> None:
    body = bob.get(f"/api/workspaces/{workspace.pk}/").json()
    assert (body["channel"], body["seq"]) == (workspace.channel, log.position(workspace.channel).head)
    assert body["workspace"]["circle"] == "team"
    assert [each["path"] for each in body["files"]] == [".gitignore", "b.bin", "src", "src/main.py"]
    assert (body["has_more"], body["leases"], body["git"]) == (False, [], None)


def test_all_files_in_pages(workspace: Workspace, root: Path, bob: APIClient) -> None:
    seen: list[str] = []
    while True:
        query = {"limit": 2, **({"after": seen[-1]} if seen else {})}
        body = bob.get(f"/api/workspaces/{workspace.pk}/files/", query).json()
        seen += [each["path"] for each in body["files"]]
        if not body["has_more"]:
            break
    assert seen == [".gitignore", "b.bin", "src", "src/main.py"]


def test_the_list_of_workspaces(
    workspace: Workspace, bob: APIClient, people: SimpleNamespace, as_user: Any
) -> None:
    assert [each["id"] for each in bob.get("/api/workspaces/").json()] == [workspace.pk]
    assert bob.get("/api/workspaces/", {"after": workspace.pk}).json() == []
    assert as_user(people.carol).get("/api/workspaces/").json() == []


def test_a_text_is_found_in_what_is_not_ignored(workspace: Workspace, root: Path, bob: APIClient) -> None:
    search = f"/api/workspaces/{workspace.pk}/search/"
    found = {"path": "src/main.py", "line": 1, "text": "first"}
    assert bob.get(search, {"q": "first"}).json() == {"matches": [found], "truncated": False}
    assert bob.get(search, {"q": "second"}).json()["matches"] == []
    body = bob.get(search, {"q": "second", "ignore_case": "", "path": "src"}).json()
    assert body["matches"] == [{"path": "src/main.py", "line": 2, "text": "Second line"}]
    assert bob.get(search, {"q": ".*"}).json()["matches"] == []


@pytest.mark.parametrize("bound", ["MOST_FILES", "MOST_BYTES", "SECONDS"])
def test_a_search_says_when_it_did_not_look_at_all(
    bound: str, workspace: Workspace, root: Path, people: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, bound, -1 if bound != "MOST_FILES" else 1)
    assert searching.search(people.bob, str(workspace.pk), "nothing").truncated


def test_a_search_ends_when_it_has_enough(workspace: Workspace, root: Path, people: SimpleNamespace) -> None:
    (root / "many").write_text("x" * 1000 + "needle\n" * 10)
    found = searching.search(people.bob, str(workspace.pk), "needle", limit=3)
    assert ([match.line for match in found.matches], found.truncated) == ([1, 2, 3], True)
    assert len(found.matches[0].text) == searching.LONGEST


def test_a_search_in_a_loop_of_links_ends(workspace: Workspace, root: Path, people: SimpleNamespace) -> None:
    (root / "src" / "loop").symlink_to("..")
    os.mkfifo(root / "src" / "pipe")
    found = searching.search(people.bob, str(workspace.pk), "first")
    assert [match.path for match in found.matches] == ["src/main.py"]


def test_who_changed_what(workspace: Workspace, root: Path, people: SimpleNamespace, bob: APIClient) -> None:
    key, changes = str(workspace.pk), f"/api/workspaces/{workspace.pk}/changes/"
    editing.write_file(people.robo, key, "src/new", b"x")
    editing.move(people.bob, key, "src/new", "new")
    (root / "b.bin").write_bytes(b"on the disk")
    actions.settle(workspace, ["b.bin"])
    latest = [("file_changed", None), ("file_moved", "bob"), ("file_created", "robo")]
    body = bob.get(changes, {"limit": 3}).json()
    assert [(each["type"], each["data"]["actor"]) for each in body["changes"]] == latest
    before = bob.get(changes, {"before": body["before"]}).json()
    assert {each["data"]["path"] for each in before["changes"]} == {
        ".gitignore",
        "b.bin",
        "src",
        "src/main.py",
    }
    assert before["before"] is None
    body = bob.get(changes, {"path": "src/new"}).json()
    assert [each["type"] for each in body["changes"]] == ["file_moved", "file_created"]
    assert [each["type"] for each in bob.get(changes, {"actor": "robo"}).json()["changes"]] == [
        "file_created"
    ]


def test_a_request_looks_through_so_many_changes(
    workspace: Workspace, root: Path, people: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "MOST_READ", 2)
    seen, before = 0, None
    while True:
        found = history.changes(people.bob, str(workspace.pk), path="src", before=before)
        seen, before = seen + len(found.changes), found.before
        if before is None:
            break
    assert seen == 2


def test_git_is_shown(workspace: Workspace, root: Path, bob: APIClient) -> None:
    git = f"/api/workspaces/{workspace.pk}/git/"
    assert bob.get(f"{git}status/").json()["state"] == "none"
    repo = Repo.new(root)
    oid = repo.commit("src/main.py", "committed\n", "Begin")
    repo.write("src/main.py", "changed\n")
    status = bob.get(f"{git}status/").json()
    assert (status["workspace_id"], status["branch"], status["oid"]) == (workspace.pk, "main", oid)
    assert status["counts"]["unstaged"] == 1
    (commit,) = bob.get(f"{git}log/").json()["commits"]
    assert (commit["oid"], commit["subject"], commit["author"]) == (oid, "Begin", "Ada")
    assert "+changed" in bob.get(f"{git}diff/", {"path": "src/main.py"}).json()["patch"]
    assert bob.get(f"{git}diff/", {"path": "src/other"}).json()["patch"] == ""
    assert bob.get(f"{git}log/", {"path": "b.bin"}).json()["commits"] == []


@pytest.mark.parametrize("query", ["limit=0", "limit=x", "skip=-1", "nothing=1", "path=", "path=--all"])
def test_a_bad_query_of_git(query: str, workspace: Workspace, root: Path, bob: APIClient) -> None:
    answer = bob.get(f"/api/workspaces/{workspace.pk}/git/log/?{query}")
    good = query == "path=--all"  # a name like any other
    assert answer.status_code == (200 if good else 400)


def test_a_directory_that_is_gone_is_a_state(workspace: Workspace, bob: APIClient) -> None:
    Path(workspace.path).rmdir()
    assert bob.get(f"/api/workspaces/{workspace.pk}/git/status/").json()["state"] == "missing"
    for path in ("tree/", "files/a", "search/?q=x"):
        answer = bob.get(f"/api/workspaces/{workspace.pk}/{path}")
        assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
