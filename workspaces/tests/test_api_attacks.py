"""Paths that lead out, against every endpoint that takes one."""

import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote

import pytest
from rest_framework.test import APIClient

from gathering.hub import log
from workspaces import actions
from workspaces.compare import WHOLE
from workspaces.models import Workspace

SECRET = "a secret"


@pytest.fixture
def outside(workspace: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What lies beside the workspace, and every kind of entry in it that leads there."""
    outside = tmp_path_factory.mktemp("outside")
    (outside / "secret").write_text(SECRET)
    root = Path(workspace.path)
    (root / "folder").mkdir()
    (root / "file").write_text("file")
    (root / "to-file").symlink_to(outside / "secret")
    (root / "to-folder").symlink_to(outside)
    (root / "loop").symlink_to("loop")
    (root / "up").symlink_to("..")
    (root / ".git" / "hooks").mkdir(parents=True)
    (root / ".git" / "config").write_text(SECRET)
    os.mkfifo(root / "pipe")
    actions.settle(workspace, (), [WHOLE])
    return outside


@pytest.fixture
def bob(people: SimpleNamespace, as_user: Any) -> APIClient:
    return as_user(people.bob)


PATHS = [
    *(
        "../outside0/secret",
        "folder/../../outside0/secret",
        "folder/..",
        "..",
        ".",
        "./file",
        "folder//secret",
    ),
    *("/etc/passwd", "//etc/passwd", "to-file", "to-folder/secret", "up/outside0/secret", "loop", "pipe"),
    *(".git/config", ".git/hooks/post-checkout", ".GIT/config", "folder/.git/config", ".gathering-0"),
    *(
        "file\0.txt",
        "\0",
        "\\x2e\\x2e/secret",
        "a\\x41",
        "..\\secret",
        "x" * 300,
        "x/" * 600 + "x",
        "file/",
        "file/x",
    ),
]

ATTACKS: dict[str, Callable[[APIClient, str, str], Any]] = {
    "read": lambda c, w, p: c.get(f"{w}files/{quote(p)}"),
    "read raw": lambda c, w, p: c.get(f"{w}files/{quote(p)}?raw"),
    "read encoded": lambda c, w, p: c.get(f"{w}files/{quote(p, safe='')}"),
    "overwrite": lambda c, w, p: c.put(
        f"{w}files/{quote(p)}", {"text": "x"}, "json", headers={"if-match": "*"}
    ),
    "create": lambda c, w, p: c.post(f"{w}files/{quote(p)}?parents", {"text": "x"}, "json"),
    "delete": lambda c, w, p: c.delete(f"{w}files/{quote(p)}/secret?whole", headers={"if-match": "*"}),
    "list": lambda c, w, p: c.get(f"{w}tree/", {"path": p}),
    "list after": lambda c, w, p: c.get(f"{w}tree/", {"path": p, "after": p}),
    "make folder": lambda c, w, p: c.post(f"{w}tree/", {"path": f"{p}/new"}, "json"),
    "move from": lambda c, w, p: c.post(f"{w}move/", {"path": f"{p}/secret", "to": "stolen"}, "json"),
    "move to": lambda c, w, p: c.post(f"{w}move/", {"path": "file", "to": f"{p}/x", "replace": True}, "json"),
    "search": lambda c, w, p: c.get(f"{w}search/", {"q": SECRET, "path": p}),
    "git log": lambda c, w, p: c.get(f"{w}git/log/", {"path": p}),
    "git diff": lambda c, w, p: c.get(f"{w}git/diff/", {"path": p}),
    "lease": lambda c, w, p: c.post(f"{w}leases/", {"paths": [p]}, "json"),
    "changes": lambda c, w, p: c.get(f"{w}changes/", {"path": p}),
}
# These only compare texts, or ask git by name: a link is as good a name as another.
HARMLESS = {"git log", "git diff", "lease", "changes", "search"}


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_path_leads_out(attack: str, workspace: Workspace, outside: Path, bob: APIClient) -> None:
    root = Path(workspace.path)
    before, since = sorted(root.rglob("*")), log.position(workspace.channel).head
    for path in PATHS:
        answer = ATTACKS[attack](bob, f"/api/workspaces/{workspace.pk}/", path)
        assert answer.status_code < 500, path
        assert SECRET not in answer.content.decode(), path
        if attack not in HARMLESS and path != "file/":
            assert answer.status_code >= 400, (path, answer.content)
            assert set(answer.json()) >= {"code", "detail", "retryable"}
    assert sorted(root.rglob("*")) == before
    assert [each.name for each in outside.rglob("*")] == ["secret"]
    assert (outside / "secret").read_text() == SECRET
    assert (root / ".git" / "config").read_text() == SECRET
    assert [frame.text for frame in log.read(workspace.channel, since) if '"file_' in frame.text] == []


def test_a_link_itself_may_be_moved_and_deleted(workspace: Workspace, outside: Path, bob: APIClient) -> None:
    w = f"/api/workspaces/{workspace.pk}/"
    assert bob.post(f"{w}move/", {"path": "to-folder", "to": "link"}, "json").status_code == 200
    assert bob.delete(f"{w}files/link?whole").status_code == 204
    assert (outside / "secret").read_text() == SECRET


def test_a_secret_file_behind_a_link_is_not_found_by_search(
    workspace: Workspace, outside: Path, bob: APIClient
) -> None:
    body = bob.get(f"/api/workspaces/{workspace.pk}/search/", {"q": SECRET}).json()
    assert body == {"matches": [], "truncated": False}
