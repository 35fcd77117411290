"""Workspaces in the admin and on the command line."""

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from circles.models import Circle
from workspaces import actions
from workspaces.compare import WHOLE
from workspaces.models import Workspace

PAGE = "/admin/workspaces/workspace/"


@pytest.fixture
def browser(people: SimpleNamespace) -> Client:
    client = Client()
    client.force_login(people.sue)
    return client


def _form(workspace: Workspace, **changes: str) -> dict[str, str]:
    shown = {"title": workspace.title, "path": workspace.path, "ignore": workspace.ignore}
    return {**shown, **changes}


def test_one_is_added_and_shown(browser: Client, circle: Circle, tmp_path: Path) -> None:
    asked = {"circle": str(circle.pk), "title": "Code", "path": str(tmp_path), "ignore": "*.log"}
    assert browser.post(f"{PAGE}add/", asked).status_code == 302
    made = Workspace.objects.get()
    assert (made.circle, made.path, made.ignore, made.state) == (circle, str(tmp_path), "*.log", "new")
    assert b"not looked at yet" in browser.get(PAGE).content


@pytest.mark.parametrize("path", ["relative", "", "~/code"])
def test_a_path_begins_at_the_root(browser: Client, circle: Circle, path: str) -> None:
    asked = {"circle": str(circle.pk), "title": "Code", "path": path}
    assert browser.post(f"{PAGE}add/", asked).status_code == 200
    assert not Workspace.objects.exists()


def test_what_the_watcher_wrote_meanwhile_is_kept(browser: Client, workspace: Workspace) -> None:
    actions.report_state(workspace, "missing", "There is no such directory.")
    browser.post(f"{PAGE}{workspace.pk}/change/", _form(workspace, title="Other"))
    now = Workspace.objects.get()
    assert (now.title, now.state) == ("Other", "missing")
    assert b"There is no such directory." in browser.get(f"{PAGE}{workspace.pk}/change/").content


def test_the_list_says_how_each_stands_and_counts_no_files(browser: Client, workspace: Workspace) -> None:
    git = {"branch": "main", "files": [{"path": "a.txt"}], "truncated": False}
    Workspace.objects.filter(pk=workspace.pk).update(git=git, commit={"oid": "1", "subject": "First <b>"})
    (Path(workspace.path) / "a.txt").write_text("x")
    actions.settle(Workspace.objects.get(), (), [WHOLE])
    with CaptureQueriesContext(connection) as queries:
        page = browser.get(PAGE).content.decode()
    assert not [query["sql"] for query in queries if "workspacefile" in query["sql"]]
    assert 'class="state is-' in page
    assert (">main<" in page, "First &lt;b&gt;" in page, 'field-changed">1<' in page) == (True, True, True)
    assert f'<a href="/workspaces/{workspace.pk}/">Open</a>' in page
    assert 'field-entries">1<' not in page
    one = browser.get(f"{PAGE}{workspace.pk}/change/").content.decode()
    assert re.search(r'field-entries".*?readonly">1<', one, re.DOTALL)


def test_deleting_one_leaves_the_disk_alone(browser: Client, workspace: Workspace) -> None:
    file = Path(workspace.path) / "a.txt"
    file.write_text("x")
    actions.settle(workspace, (), [WHOLE])
    browser.post(f"{PAGE}{workspace.pk}/delete/", {"post": "yes"})
    assert not Workspace.objects.exists()
    assert file.exists()


def test_a_directory_is_added_by_a_command(circle: Circle, tmp_path: Path, capsys: Any) -> None:
    call_command("add_workspace", "team", str(tmp_path), "--title", "Code", "--ignore", "a", "--ignore", "b")
    made = Workspace.objects.get()
    assert capsys.readouterr().out == f"{made.pk}\n"
    assert (made.circle, made.title, made.path, made.ignore) == (circle, "Code", str(tmp_path), "a\nb")


@pytest.mark.parametrize(("circle_name", "path"), [("nowhere", "."), ("team", "missing")])
def test_what_is_not_there_is_not_added(circle: Circle, circle_name: str, path: str) -> None:
    with pytest.raises(CommandError, match="There is no"):
        call_command("add_workspace", circle_name, path)
    assert not Workspace.objects.exists()
