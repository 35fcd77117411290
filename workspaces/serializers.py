"""How a workspace and what is in it look, in REST, in replies and in events alike."""

from typing import Any

from rest_framework import serializers

from .models import Workspace
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
    kind = serializers.ChoiceField([kind.value for kind in Kind])
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


class NothingSerializer(serializers.Serializer[Any]):
    """A frame without fields of its own."""
