"""Tools for files: an agent that GatheRing runs does what any member could, and not more."""

import hashlib
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import orjson
import pytest

from agents.models import Agent
from agents.providers.interface import ToolCall
from agents.running import tools
from circles import actions as circles
from circles.models import Circle
from gathering.hub import log
from workspaces import actions
from workspaces.compare import WHOLE
from workspaces.models import Workspace
from workspaces.tests.repositories import Repo


@pytest.fixture
def workspace(circle: Circle, tmp_path: Path) -> Workspace:
    root = tmp_path / "root"
    repo = Repo.new(root)
    repo.commit("src/main.py", "one\ntwo\nthree\n", "Begin")
    (tmp_path / "secret").write_text("a secret")
    (root / "link").symlink_to(tmp_path / "secret")
    made = Workspace(circle=circle, title="Code", path=str(root))
    made.save()
    actions.settle(made, (), [WHOLE])
    return made


@pytest.fixture
def call(people: SimpleNamespace, circle: Circle, workspace: Workspace) -> Any:
    """``call("read_file", path="a")`` is what a model is told."""
    desk = tools.Desk(Agent.objects.get(pk=people.robo.pk), circle, people.ada)
    return lambda name, **arguments: tools.perform(desk, ToolCall("1", name, json.dumps(arguments))).text


def test_it_lists_reads_searches_and_compares(call: Any, workspace: Workspace) -> None:
    digest = hashlib.sha256(b"one\ntwo\nthree\n").hexdigest()
    assert call("list_files") == f"link ({len(str(Path(workspace.path).parent / 'secret'))} bytes)\nsrc/"
    assert call("list_files", path="src") == "src/main.py (14 bytes)"
    assert call("read_file", path="src/main.py") == f"hash {digest}, lines 1 to 3 of 3\none\ntwo\nthree\n"
    assert (
        call("read_file", path="src/main.py", first=2, lines=1) == f"hash {digest}, lines 2 to 2 of 3\ntwo\n"
    )
    assert call("search_files", text="tw") == "src/main.py:2: two"
    assert call("search_files", text="nowhere") == "Nothing."
    Path(workspace.path, "src", "main.py").write_text("one\n2\nthree\n")
    assert "-two\n+2\n" in call("git_diff", path="src")


def test_what_it_writes_is_its_own(call: Any, workspace: Workspace) -> None:
    assert call("write_file", path="docs/new.md", text="new").startswith("Written: 3 bytes, hash ")
    assert call("write_file", path="docs/new.md", text="again").startswith("Refused (changed_meanwhile)")
    seen = hashlib.sha256(b"new").hexdigest()
    assert call("write_file", path="docs/new.md", text="again", hash=seen).startswith("Written")
    assert Path(workspace.path, "docs", "new.md").read_text() == "again"
    told = [orjson.loads(frame.text) for frame in log.read(workspace.channel, 0)]
    assert [(each["type"], each["data"]["path"]) for each in told if each["data"].get("actor") == "robo"] == [
        ("file_created", "docs"),
        ("file_created", "docs/new.md"),
        ("file_changed", "docs/new.md"),
    ]


@pytest.mark.parametrize(
    "path", ["../secret", "/etc/passwd", "link", ".git/config", "src/../../secret", "x\0"]
)
def test_a_file_that_tells_it_to_leave_leads_nowhere(path: str, call: Any, workspace: Workspace) -> None:
    for name in ("list_files", "read_file", "search_files", "git_diff", "write_file"):
        more = {"text": "secret"} if name in ("search_files", "write_file") else {}
        told = call(name, path=path, **more)
        assert "a secret" not in told
        assert told.startswith("Refused") or (name in ("search_files", "git_diff") and path == "link")
    assert (Path(workspace.path).parent / "secret").read_text() == "a secret"


def test_which_workspace_is_asked_only_if_there_are_several(
    call: Any, workspace: Workspace, people: SimpleNamespace, tmp_path: Path
) -> None:
    other = Workspace(circle=workspace.circle, title="Papers", path=str(tmp_path))
    other.save()
    hidden = Workspace(circle=circles.create_circle(people.carol, "hers"), title="Hers", path=str(tmp_path))
    hidden.save()
    assert f"{workspace.pk} (Code), {other.pk} (Papers)" in call("list_files")
    assert "secret (8 bytes)" in call("list_files", workspace=other.pk)
    assert call("list_files", workspace=hidden.pk).startswith("Refused (not_found)")


def test_it_shows_nobody_what_only_it_may_see(
    call: Any, circle: Circle, workspace: Workspace, people: SimpleNamespace, tmp_path: Path
) -> None:
    """Carol's circle has a workspace and Robo in it; Ada, who calls Robo in hers, is not there."""
    private = circles.create_circle(people.carol, "private")
    circles.add_member(people.carol, "private", "robo")
    circles.post_message(people.carol, "private", "the plan")
    hers = Workspace(circle=private, title="Hers", path=str(tmp_path))
    hers.save()
    attempts: list[tuple[str, dict[str, Any]]] = [
        ("list_files", {"workspace": hers.pk}),
        ("read_file", {"workspace": hers.pk, "path": "secret"}),
        ("search_files", {"workspace": hers.pk, "text": "secret"}),
        ("write_file", {"workspace": hers.pk, "path": "new", "text": "x"}),
        ("git_diff", {"workspace": hers.pk}),
        ("read_messages", {"circle": "private"}),
        ("post_message", {"circle": "private", "content": "hello"}),
    ]
    assert {call(name, **arguments)[:19] for name, arguments in attempts} == {"Refused (not_found)"}
    for by, other, told in ((people.carol, private, "the plan"), (people.robo, private, "the plan")):
        desk = tools.Desk(Agent.objects.get(pk=people.robo.pk), other, by)
        outcome = tools.perform(desk, ToolCall("1", "read_messages", '{"circle": "private"}'))
        assert told in outcome.text
    for by, told in ((people.carol, "the plan"), (people.robo, "Refused (not_found)")):
        desk = tools.Desk(Agent.objects.get(pk=people.robo.pk), circle, by)
        outcome = tools.perform(desk, ToolCall("1", "read_messages", '{"circle": "private"}'))
        assert told in outcome.text


def test_an_observer_does_not_write(call: Any, workspace: Workspace, people: SimpleNamespace) -> None:
    circles.change_role(people.ada, "team", "robo", "observer")
    assert call("write_file", path="new", text="x").startswith("Refused (not_allowed)")
    assert call("read_file", path="src/main.py").startswith("hash ")


def test_a_circle_without_a_workspace(call: Any, workspace: Workspace) -> None:
    workspace.delete()
    assert call("list_files") == "Refused (not_found): This circle has no workspace."


def test_tools_for_files_are_offered_to_whom_has_some(people: SimpleNamespace, workspace: Workspace) -> None:
    robo = Agent.objects.get(pk=people.robo.pk)
    offered = {tool.name: tool for tool in tools.tools_for(robo)}
    assert {"list_files", "read_file", "search_files", "write_file", "git_diff"} <= set(offered)
    assert offered["read_file"].parameters["required"] == ["path"]
    workspace.delete()
    assert {tool.name for tool in tools.tools_for(robo)} == {"read_messages", "post_message"}
    assert tools.acts(ToolCall("1", "write_file", "{}"))
    assert not tools.acts(ToolCall("1", "read_file", "{}"))
