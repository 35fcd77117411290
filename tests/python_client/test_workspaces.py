"""Files and git of a workspace, through the client."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from gathering_client import ChangedMeanwhile, NotFound, Workspace
from tests.python_client.reading import ONE_WORLD, await_type
from tests.rooms import Room

pytestmark = ONE_WORLD
Join = Any
STRANGE = "näme with 100% ?#&/in it"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """One with one commit."""
    (tmp_path / "README.md").write_text("# Hello\n")
    git = ["git", "-C", str(tmp_path), "-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    for arguments in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-qm", "Begin."]):
        subprocess.run([*git, *arguments], check=True)
    return tmp_path


@pytest.fixture
async def workspace(room: Room, join: Join, repository: Path) -> Workspace:
    return (await join("bob")).workspace(room.hand("make_workspace", room.name, str(repository)))


async def test_a_file_is_written_read_and_followed(workspace: Workspace) -> None:
    async with workspace.events() as events:
        made = await workspace.write("notes.txt", "é\n", None)
        created = await await_type(events, "file_created")
    assert (created.data["path"], created.data["actor"]) == ("notes.txt", "bob")
    assert (await workspace.read("notes.txt"))["text"] == "é\n"
    assert await workspace.read_bytes("notes.txt") == "é\n".encode()
    again = await workspace.write("notes.txt", b"\x00\xff", made["hash"])
    with pytest.raises(ChangedMeanwhile):
        await workspace.write("notes.txt", "lost", made["hash"])
    with pytest.raises(ChangedMeanwhile):
        await workspace.write("notes.txt", "lost", None)
    await workspace.delete("notes.txt", again["hash"])
    with pytest.raises(NotFound):
        await workspace.read("notes.txt")


async def test_folders_names_and_searches(workspace: Workspace) -> None:
    await workspace.make_folder("näme with 100% ?#&")
    await workspace.write(STRANGE, "find me\n", None)
    await workspace.move(STRANGE, "plain.txt")
    assert [each["path"] async for each in workspace.folder()] == [
        "README.md", "näme with 100% ?#&", "plain.txt",
    ]  # fmt: skip
    assert [each["path"] async for each in workspace.files()][-1] == "plain.txt"
    assert [each["line"] for each in await workspace.search("FIND", ignore_case=True)] == [1]
    assert (await workspace.changes())[0]["data"]["actor"] == "bob"


async def test_git_and_leases(room: Room, workspace: Workspace, join: Join) -> None:
    seen = await workspace.read("README.md")
    await workspace.write("README.md", "# Hello again\n", seen["hash"])
    status = await workspace.git_status()
    assert (status["branch"], [each["path"] for each in status["files"]]) == ("main", ["README.md"])
    assert [each["subject"] for each in await workspace.git_log()] == ["Begin."]
    assert "+# Hello again" in await workspace.git_diff("README.md")
    mine = await workspace.lease(["src"], note="refactoring")
    other = await (await join("ada")).workspace(workspace.key).lease(["src/main.py"])
    assert [each["holder"] for each in other["overlaps"]] == ["bob"]
    await workspace.release(mine["id"])
    leases = (await workspace.snapshot()).data["leases"]
    assert [each["holder"] for each in leases] == ["ada"]
    assert room.name in [each["circle"] async for each in workspace.client.workspaces()]
