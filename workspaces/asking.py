"""What is asked of workspaces: the fields of queries, bodies and frames."""

from typing import Any

from rest_framework import serializers

from circles.serializers import MAX_ID, Text
from gathering.hub.pages import StrictSerializer

from . import encodings


class NewLeaseSerializer(StrictSerializer):
    paths = serializers.ListField(
        child=Text(allow_blank=True),
        min_length=1,
        max_length=50,
        help_text="Files, and folders with all that is in them; an empty path is the whole workspace.",
    )
    seconds = serializers.IntegerField(default=300, min_value=1, max_value=3600)
    note = Text(max_length=200, allow_blank=True, default="")
    api_only = serializers.BooleanField(
        default=False,
        help_text="You change these paths through this API alone: other changes on the disk are a conflict.",
    )


class ReleaseSerializer(StrictSerializer):
    lease = serializers.IntegerField(required=False, min_value=1, max_value=MAX_ID)


class AfterSerializer(StrictSerializer):
    after = Text(required=False, default="", help_text="Those that come after this path in order.")
    limit = serializers.IntegerField(default=1000, min_value=1, max_value=1000)


class FolderQuerySerializer(AfterSerializer):
    path = Text(required=False, default="", allow_blank=True, help_text="The folder; none is the workspace.")


class NewFolderSerializer(StrictSerializer):
    path = Text()


class MoveSerializer(StrictSerializer):
    path = Text()
    to = Text()
    replace = serializers.BooleanField(default=False, help_text="Also over a file that is there.")


class NewContentSerializer(StrictSerializer):
    text = Text(allow_blank=True)
    encoding = serializers.ChoiceField(encodings.ENCODINGS, default=encodings.ENCODINGS[0])


class FileQuerySerializer(StrictSerializer):
    raw = serializers.BooleanField(
        default=False, help_text="The bytes, as with `Accept: application/octet-stream`."
    )


class WriteQuerySerializer(StrictSerializer):
    parents = serializers.BooleanField(default=False, help_text="Make the folders that are missing.")


class DeleteQuerySerializer(StrictSerializer):
    whole = serializers.BooleanField(default=False, help_text="A folder with all that is in it.")


class SearchQuerySerializer(StrictSerializer):
    q = Text(max_length=200, help_text="A text on one line, as it is: no pattern.")
    path = Text(required=False, default="", allow_blank=True, help_text="Only in this folder.")
    limit = serializers.IntegerField(default=100, min_value=1, max_value=500)
    ignore_case = serializers.BooleanField(default=False)


class ChangesQuerySerializer(StrictSerializer):
    path = Text(required=False, default="", allow_blank=True, help_text="Of this file, or in this folder.")
    actor = Text(required=False, help_text="By this person or agent.")
    before = serializers.IntegerField(required=False, min_value=1, max_value=MAX_ID, help_text="A seq.")
    limit = serializers.IntegerField(default=50, min_value=1, max_value=200)


class LogQuerySerializer(StrictSerializer):
    path = Text(required=False, help_text="Only commits that changed this file or folder.")
    limit = serializers.IntegerField(default=20, min_value=1, max_value=100)
    skip = serializers.IntegerField(default=0, min_value=0, max_value=10_000)


class DiffQuerySerializer(StrictSerializer):
    path = Text(required=False, help_text="Only of this file or folder.")


class BusChangeSerializer(serializers.Serializer[Any]):
    """A ``workspace.file_changed`` of the event bus."""

    workspace_id = serializers.IntegerField(min_value=1, max_value=MAX_ID)
    path = Text()
    agent_id = serializers.IntegerField(
        min_value=1, max_value=MAX_ID, required=False, allow_null=True, default=None
    )
