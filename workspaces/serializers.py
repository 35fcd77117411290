"""How a workspace and what is in it look, in REST, in replies and in events alike."""

from typing import Any

from rest_framework import serializers

from . import git, leasing
from .models import Lease, Workspace
from .picture import Entry, Kind


class WorkspaceSerializer(serializers.Serializer[Workspace]):
    """``{"id", "circle", "title", "path", "ignore", "trusted", "state", "note"}``; circle is a name."""

    id = serializers.IntegerField()
    circle = serializers.CharField()
    title = serializers.CharField()
    path = serializers.CharField()
    ignore = serializers.CharField()
    trusted = serializers.BooleanField()
    state = serializers.ChoiceField(Workspace.State.choices)
    note = serializers.CharField()

    def to_representation(self, instance: Workspace) -> dict[str, Any]:
        names = ("title", "path", "ignore", "trusted", "state", "note")
        circle = {"id": instance.pk, "circle": instance.circle.name}
        return circle | {name: getattr(instance, name) for name in names}


class FileSerializer(serializers.Serializer[tuple[str, Entry]]):
    """``{"path", "kind", "is_dir", "size", "mtime", "hash"}`` of a pair of a path and an entry.

    A folder has neither ``size`` nor ``mtime``; ``mtime`` is in seconds since 1970, as years are that no
    calendar of ours has; ``hash`` is the SHA-256 of a file that is not too large.
    """

    path = serializers.CharField()
    kind = serializers.ChoiceField([(kind.value, kind.name) for kind in Kind])
    is_dir = serializers.BooleanField()
    size = serializers.IntegerField(allow_null=True)
    mtime = serializers.FloatField(allow_null=True)
    hash = serializers.CharField(allow_null=True)

    def to_representation(self, instance: tuple[str, Entry]) -> dict[str, Any]:
        path, entry = instance
        is_dir = entry.kind == Kind.FOLDER
        return {
            "path": path,
            "kind": entry.kind.value,
            "is_dir": is_dir,
            "size": None if is_dir else entry.size,
            "mtime": None if is_dir else round(entry.mtime_ns / 1e9, 6),
            "hash": entry.digest or None,
        }


class LeaseSerializer(serializers.Serializer[Lease]):
    """``{"id", "holder", "paths", "note", "api_only", "until"}``; holder is a name."""

    id = serializers.IntegerField()
    holder = serializers.CharField()
    paths = serializers.ListField(child=serializers.CharField())
    note = serializers.CharField()
    api_only = serializers.BooleanField()
    until = serializers.DateTimeField()

    def to_representation(self, instance: Lease) -> dict[str, Any]:
        return {
            "id": instance.pk,
            "holder": instance.holder.username,
            "paths": instance.paths,
            "note": instance.note,
            "api_only": instance.api_only,
            "until": instance.until.isoformat().replace("+00:00", "Z"),
        }


class TakenLeaseSerializer(LeaseSerializer):
    """A lease as its holder gets it: with those of others that it overlaps."""

    overlaps = LeaseSerializer(many=True)

    def to_representation(self, instance: Lease) -> dict[str, Any]:
        others = leasing.overlapping(instance)
        return {**super().to_representation(instance), "overlaps": LeaseSerializer(others, many=True).data}


class SnapshotSerializer(serializers.Serializer[Any]):
    """A workspace as it is at ``seq``: follow its stream from there and miss nothing."""

    workspace = WorkspaceSerializer()
    git = serializers.JSONField(allow_null=True, help_text="As in the latest `git_status`.")
    commit = serializers.JSONField(allow_null=True, help_text="As in the latest `git_commit`.")
    leases = LeaseSerializer(many=True)
    files = FileSerializer(many=True)
    has_more = serializers.BooleanField(help_text="Whether there are more files than these.")
    channel = serializers.CharField()
    epoch = serializers.CharField()
    seq = serializers.IntegerField()


class FilesSerializer(serializers.Serializer[Any]):
    files = FileSerializer(many=True)
    has_more = serializers.BooleanField()
    seq = serializers.IntegerField(help_text="The page holds what is known at this seq, or later.")


class FolderSerializer(serializers.Serializer[Any]):
    entries = FileSerializer(many=True)
    has_more = serializers.BooleanField()


class ContentSerializer(FileSerializer):
    """A file with what is in it: ``text`` is null if no ``encoding`` reads it."""

    encoding = serializers.CharField(allow_null=True)
    text = serializers.CharField(allow_null=True)


class MatchSerializer(serializers.Serializer[Any]):
    path = serializers.CharField()
    line = serializers.IntegerField()
    text = serializers.CharField()


class MatchesSerializer(serializers.Serializer[Any]):
    matches = MatchSerializer(many=True)
    truncated = serializers.BooleanField(help_text="There may be more than was looked at.")


class ChangeSerializer(serializers.Serializer[Any]):
    """An event of the stream, without what every one of them repeats."""

    seq = serializers.IntegerField()
    type = serializers.CharField()
    timestamp = serializers.DateTimeField()
    data = serializers.DictField()


class ChangesSerializer(serializers.Serializer[Any]):
    changes = ChangeSerializer(many=True, help_text="The latest first.")
    before = serializers.IntegerField(allow_null=True, help_text="For the next page; null if there is none.")


class GitChangeSerializer(serializers.Serializer[Any]):
    path = serializers.CharField()
    old_path = serializers.CharField(allow_null=True)
    index = serializers.CharField()
    worktree = serializers.CharField()
    conflict = serializers.CharField(allow_null=True)
    submodule = serializers.BooleanField()
    filtered = serializers.BooleanField(help_text="Compared without its filter: it may be no change at all.")


class GitStatusSerializer(serializers.Serializer[Any]):
    """What is told of git, here and in `git_status`."""

    workspace_id = serializers.IntegerField()
    state = serializers.ChoiceField([(state.value, state.name) for state in git.State])
    detail = serializers.CharField()
    branch = serializers.CharField(allow_null=True)
    oid = serializers.CharField(allow_null=True)
    upstream = serializers.CharField(allow_null=True)
    ahead = serializers.IntegerField(allow_null=True)
    behind = serializers.IntegerField(allow_null=True)
    stash = serializers.IntegerField()
    clean = serializers.BooleanField()
    counts = serializers.DictField(child=serializers.IntegerField())
    files = GitChangeSerializer(many=True)
    truncated = serializers.BooleanField()
    trusted = serializers.BooleanField()


class CommitSerializer(serializers.Serializer[Any]):
    oid = serializers.CharField()
    parents = serializers.ListField(child=serializers.CharField())
    author = serializers.CharField()
    email = serializers.CharField()
    date = serializers.CharField()
    subject = serializers.CharField()


class GitLogSerializer(serializers.Serializer[Any]):
    state = serializers.ChoiceField([(state.value, state.name) for state in git.State])
    detail = serializers.CharField()
    commits = CommitSerializer(many=True)
    has_more = serializers.BooleanField()


class GitDiffSerializer(serializers.Serializer[Any]):
    state = serializers.ChoiceField([(state.value, state.name) for state in git.State])
    detail = serializers.CharField()
    patch = serializers.CharField()
    truncated = serializers.BooleanField()
