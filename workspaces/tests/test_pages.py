"""The pages of a workspace: the tree, what git says, the diff, a file; and nothing outside of it."""

import html
import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from workspaces import actions, git
from workspaces.compare import WHOLE
from workspaces.models import Workspace
from workspaces.tests.repositories import Repo

HOSTILE = "<script>alert(1)</script>.txt"


@pytest.fixture
def repo(workspace: Workspace) -> Repo:
    made = Repo.new(Path(workspace.path))
    made.commit("app.py", "def hello():\n    return 'hello'\n", "Say hello")
    made.write("app.py", "def hello():\n    return 'good morning'\n")
    made.write("docs/use.md", "# Use\n")
    made.write(HOSTILE.replace("/", "\u2215"), "<b>bold</b>\n")
    made.write("empty.txt", "")
    (made.path / "picture.png").write_bytes(b"\x89PNG\x00\xff")
    look(workspace)
    return made


def look(workspace: Workspace) -> None:
    """What the watcher does."""
    actions.settle(workspace, (), [WHOLE])
    workspace.git = git.status(workspace.path).as_data()
    workspace.state = "ok"
    workspace.save(update_fields=["git", "state"])


@pytest.fixture
def bob(people: SimpleNamespace) -> Client:
    made = Client()
    made.force_login(people.bob)
    return made


def text(client: Client, workspace: Workspace, rest: str = "", status: int = 200) -> str:
    answer = client.get(f"/workspaces/{workspace.pk}/{rest}")
    assert answer.status_code == status
    return str(answer.content.decode())


def test_the_tree_bears_the_marks_of_git(workspace: Workspace, repo: Repo, bob: Client) -> None:
    page = text(bob, workspace)
    assert '<code>app.py</code></a><span class="word w-changed">changed</span>' in page
    assert "<code>docs/</code>" in page
    assert "Say hello" in page
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page
    assert "<code>use.md</code>" in text(bob, workspace, "?folder=docs")


def test_a_folder_of_many_files_is_leafed_through(
    workspace: Workspace, repo: Repo, bob: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workspaces.views.MOST_ENTRIES", 2)
    seen, rest = [], ""
    while True:
        page = text(bob, workspace, rest)
        seen += re.findall(r'data-path="([^"]*)" data-pulse', page)
        more = re.search(r'<a href="([^"]*)" rel="next">', page)
        if more is None:
            break
        rest = html.unescape(more[1])
    assert sorted(seen) == sorted(set(seen))
    assert len(seen) == workspace.files.filter(folder="").count() > 4


def test_the_feed_says_who_changed_what(
    workspace: Workspace, repo: Repo, bob: Client, people: SimpleNamespace
) -> None:
    body = {"text": "by hand"}
    bob.post(f"/api/workspaces/{workspace.pk}/files/new.txt", body, content_type="application/json")
    page = text(bob, workspace)
    assert "<b>bob</b> created" in page
    assert "<b>on the disk</b> created" in page


def test_a_diff_marks_the_words(workspace: Workspace, repo: Repo, bob: Client) -> None:
    page = text(bob, workspace, "diff/?path=app.py")
    assert "<mark>hello</mark>" in page
    assert "<mark>good morning</mark>" in page
    assert 'data-no="2"></td>' in page


def test_a_file_is_shown_line_by_line(workspace: Workspace, repo: Repo, bob: Client) -> None:
    page = text(bob, workspace, "files/app.py")
    assert '<tr id="L2"><td class="no" data-no="2"></td>' in page
    assert "&lt;b&gt;bold" in text(bob, workspace, f"files/{HOSTILE.replace('/', '%E2%88%95')}")
    assert "This is no text" in text(bob, workspace, "files/picture.png")
    assert "The file is empty" in text(bob, workspace, "files/empty.txt")


@pytest.mark.parametrize(
    "path", ["../secret", "/etc/passwd", "a/../../b", "%2e%2e/x", ".git/config", "nothing", "docs"]
)
def test_no_path_leads_out(path: str, workspace: Workspace, repo: Repo, bob: Client) -> None:
    answer = bob.get(f"/workspaces/{workspace.pk}/files/{path}")
    assert answer.status_code in (400, 403, 404, 409)
    assert b"root:" not in answer.content
    assert b"[core]" not in answer.content


@pytest.mark.parametrize("rest", ["", "diff/", "files/app.py"])
def test_others_do_not_see_it(
    rest: str, workspace: Workspace, repo: Repo, people: SimpleNamespace, client: Client
) -> None:
    client.force_login(people.carol)
    assert client.get(f"/workspaces/{workspace.pk}/{rest}").status_code == 404


def test_without_git_it_says_so(workspace: Workspace, bob: Client) -> None:
    assert "Not looked at yet" in text(bob, workspace)
    look(workspace)
    assert "Nothing is in here" in text(bob, workspace)
    assert "Nothing differs" in text(bob, workspace, "diff/")


def test_no_page_costs_more_with_more_files(workspace: Workspace, repo: Repo, bob: Client) -> None:
    def cost(path: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert bob.get(path).status_code == 200
        return len(queries)

    paths = [f"/workspaces/{workspace.pk}/", f"/workspaces/{workspace.pk}/diff/", "/", "/circles/team/side/"]
    few = [cost(path) for path in paths]
    for number in range(60):
        repo.write(f"more/{number}.txt", str(number))
    look(workspace)
    assert all(cost(path) <= before for path, before in zip(paths, few, strict=True))


def test_a_name_shows_what_turns_it_around(workspace: Workspace, repo: Repo, bob: Client) -> None:
    """Else ``report`` + U+202E + ``txt.py`` would read as a text."""
    repo.commit("report\u202etxt.py", "x\n", "Add\u202e it")
    repo.write("report\u202etxt.py", "y\n")
    look(workspace)
    for rest in ("", "diff/", "files/report\u202etxt.py"):
        page = re.sub(r'(href|data-path|value)="[^"]*"', "", text(bob, workspace, rest))
        assert "report\ufffdtxt.py" in page
        assert "\u202e" not in page


@pytest.mark.parametrize("path", ["../x", "//x", "%00", "x" * 5000])
def test_a_diff_of_what_is_no_path_is_refused(
    path: str, workspace: Workspace, repo: Repo, bob: Client
) -> None:
    text(bob, workspace, f"diff/?path={path}", 400)
