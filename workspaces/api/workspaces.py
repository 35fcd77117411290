"""REST: which workspaces there are, and what is known of one."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from gathering.hub import log, pages

from .. import history, leasing, searching
from ..actions import find_workspace
from ..asking import AfterSerializer, ChangesQuerySerializer, SearchQuerySerializer
from ..models import Workspace
from ..serializers import (
    ChangesSerializer,
    FileSerializer,
    FilesSerializer,
    LeaseSerializer,
    MatchesSerializer,
    SnapshotSerializer,
    WorkspaceSerializer,
)
from .asked import query, user_of

MOST = 1000  # files in a snapshot


class WorkspacesView(APIView):
    @extend_schema(parameters=[pages.PageSerializer], responses=WorkspaceSerializer(many=True))
    def get(self, request: Request) -> Response:
        """The workspaces that you may see, by id."""
        after, limit = pages.asked(request)
        rows = Workspace.objects.visible_to(user_of(request)).select_related("circle").order_by("pk")
        rows = rows.filter(pk__gt=int(after)) if after.isdecimal() else rows
        return Response(WorkspaceSerializer(rows[:limit], many=True).data)


class WorkspaceView(APIView):
    @extend_schema(responses=SnapshotSerializer)
    def get(self, request: Request, key: str) -> Response:
        """A workspace, its git and leases, the first of its files, and the `seq` at which that is true."""
        user = user_of(request)
        with log.snapshot(find_workspace(user, key).channel):
            return Response(snapshot(find_workspace(user, key)))


class FilesView(APIView):
    @extend_schema(
        operation_id="workspaces_files_list", parameters=[AfterSerializer], responses=FilesSerializer
    )
    def get(self, request: Request, key: str) -> Response:
        """A page of all files and folders that are not ignored, by path, as the watcher knows them.

        Each page is true at its own `seq`: follow the stream from the first one's."""
        asked = query(request, AfterSerializer)
        workspace = find_workspace(user_of(request), key)
        seq = log.position(workspace.channel).head  # first, so that the page cannot be older than it
        return Response({**_files(workspace, **asked), "seq": seq})


class SearchView(APIView):
    @extend_schema(parameters=[SearchQuerySerializer], responses=MatchesSerializer)
    def get(self, request: Request, key: str) -> Response:
        """The lines that hold a text, in files that are not ignored; bounded in time and size."""
        found = searching.search(user_of(request), key, **query(request, SearchQuerySerializer))
        return Response(MatchesSerializer(found).data)


class ChangesView(APIView):
    @extend_schema(parameters=[ChangesQuerySerializer], responses=ChangesSerializer)
    def get(self, request: Request, key: str) -> Response:
        """Who changed what, from the log; an `actor` of null is somebody on the disk."""
        found = history.changes(user_of(request), key, **query(request, ChangesQuerySerializer))
        return Response({"changes": found.changes, "before": found.before})


def snapshot(workspace: Workspace) -> dict[str, Any]:
    """The workspace as it is; in ``log.snapshot()``, as it is at ``seq``."""
    position = log.heads([workspace.channel])[workspace.channel]
    return {
        "workspace": WorkspaceSerializer(workspace).data,
        "git": workspace.git,
        "commit": workspace.commit,
        "leases": LeaseSerializer(leasing.running(workspace), many=True).data,
        **_files(workspace, limit=MOST),
        "channel": workspace.channel,
        "epoch": position.epoch,
        "seq": position.head,
    }


def _files(workspace: Workspace, limit: int, after: str = "") -> dict[str, Any]:
    rows = list(workspace.files.filter(path__gt=after).order_by("path")[: limit + 1])
    found = [(row.path, row.entry) for row in rows[:limit]]
    return {"files": FileSerializer(found, many=True).data, "has_more": len(rows) > limit}
