"""What an agent may do in the workspaces of its circle: the actions of ``workspaces``, as the agent.

No path leads out of a workspace there, whatever a model, or a file that it has read, asks for.
"""

from rest_framework import serializers

from circles.serializers import Text
from gathering.hub.pages import StrictSerializer
from gathering.protocol.errors import BadField, NotFound
from workspaces import actions, editing, encodings, history, searching
from workspaces.files import Expected
from workspaces.models import Workspace
from workspaces.picture import Kind

from .offers import Desk, Offer

MOST_LINES = 2000


class _InWorkspace(StrictSerializer):
    workspace = serializers.IntegerField(
        required=False, min_value=1, help_text="The number of a workspace, if the circle has several."
    )


class ListFiles(_InWorkspace):
    path = Text(default="", allow_blank=True, help_text="A folder; without it, the whole workspace's.")
    after = Text(default="", allow_blank=True, help_text="The last path of the page before.")


class ReadFile(_InWorkspace):
    path = Text(help_text="Relative to the workspace.")
    first = serializers.IntegerField(default=1, min_value=1, help_text="The first line.")
    lines = serializers.IntegerField(default=400, min_value=1, max_value=MOST_LINES)


class SearchFiles(_InWorkspace):
    text = Text(max_length=200, help_text="As it stands in a line; no pattern.")
    path = Text(default="", allow_blank=True, help_text="Only in this folder.")


class WriteFile(_InWorkspace):
    path = Text(help_text="Relative to the workspace; folders that are missing are made.")
    text = Text(allow_blank=True, help_text="All that shall be in the file.")
    hash = Text(required=False, help_text="Of the file as you have read it; without it, the file is new.")


class GitDiff(_InWorkspace):
    path = Text(required=False, help_text="Only of this file or folder.")


def list_files(desk: Desk, path: str, after: str, workspace: int | None = None) -> str:
    found, has_more = editing.list_folder(desk.agent.user, _key(desk, workspace), path, after)
    lines = [
        f"{name}/" if entry.kind == Kind.FOLDER else f"{name} ({entry.size} bytes)" for name, entry in found
    ]
    return (
        "\n".join([*lines, *(["There are more: ask for those after the last."] if has_more else [])])
        or "Nothing."
    )


def read_file(desk: Desk, path: str, first: int, lines: int, workspace: int | None = None) -> str:
    content = editing.read_file(desk.agent.user, _key(desk, workspace), path)
    text, _ = encodings.decode(content.data)
    if text is None:
        return f"That is no text ({content.entry.size} bytes)."
    every = text.splitlines(keepends=True)
    part = every[first - 1 : first - 1 + lines]
    where = f"lines {first} to {first - 1 + len(part)} of {len(every)}"
    return f"hash {content.entry.digest}, {where}\n{''.join(part)}"


def search_files(desk: Desk, text: str, path: str, workspace: int | None = None) -> str:
    found = searching.search(desk.agent.user, _key(desk, workspace), text, path)
    lines = [f"{each.path}:{each.line}: {each.text}" for each in found.matches]
    return "\n".join([*lines, *(["There may be more."] if found.truncated else [])]) or "Nothing."


def write_file(
    desk: Desk, path: str, text: str, hash: str | None = None, workspace: int | None = None
) -> str:
    key, seen = _key(desk, workspace), Expected.NOTHING if hash is None else hash
    _, entry = editing.write_file(
        desk.agent.user, key, path, encodings.encode(text), seen, parents=hash is None
    )
    return f"Written: {entry.size} bytes, hash {entry.digest}."


def git_diff(desk: Desk, path: str | None = None, workspace: int | None = None) -> str:
    diff = history.git_diff(desk.agent.user, _key(desk, workspace), path)
    return diff.patch or diff.detail or "Nothing differs."


def _key(desk: Desk, workspace: int | None) -> str:
    """The workspace that is named, or the only one of the circle."""
    if workspace is not None:
        desk.reach(actions.find_workspace(desk.agent.user, str(workspace)).circle)
        return str(workspace)
    mine = Workspace.objects.visible_to(desk.agent.user).filter(circle=desk.circle)
    rows = list(mine.values_list("pk", "title"))
    if not rows:
        raise NotFound("This circle has no workspace.")
    if len(rows) > 1:
        named = ", ".join(f"{pk} ({title})" for pk, title in rows)
        raise BadField(f"Say which workspace: {named}.", field="workspace")
    return str(rows[0][0])


OFFERS = (
    Offer("list_files", "List a folder of the circle's workspace.", ListFiles, list_files),
    Offer("read_file", "Read a text file, with its hash.", ReadFile, read_file),
    Offer("search_files", "Find the lines that hold a text.", SearchFiles, search_files),
    Offer(
        "write_file",
        "Write a file whole: a new one, or over the one whose hash you name.",
        WriteFile,
        write_file,
        acts=True,
    ),
    Offer("git_diff", "Show what differs from the latest commit.", GitDiff, git_diff),
)
