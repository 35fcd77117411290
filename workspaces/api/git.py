"""REST: the git of a workspace, as it is now."""

from dataclasses import asdict

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from .. import history
from ..asking import DiffQuerySerializer, LogQuerySerializer
from ..serializers import GitDiffSerializer, GitLogSerializer, GitStatusSerializer
from .asked import query, user_of


class StatusView(APIView):
    @extend_schema(responses=GitStatusSerializer)
    def get(self, request: Request, key: str) -> Response:
        """Branch, upstream, stash and every file that differs; `state` says if there is none to be read."""
        return Response(history.git_status(user_of(request), key))


class LogView(APIView):
    @extend_schema(parameters=[LogQuerySerializer], responses=GitLogSerializer)
    def get(self, request: Request, key: str) -> Response:
        """The latest commits of HEAD."""
        return Response(asdict(history.git_log(user_of(request), key, **query(request, LogQuerySerializer))))


class DiffView(APIView):
    @extend_schema(parameters=[DiffQuerySerializer], responses=GitDiffSerializer)
    def get(self, request: Request, key: str) -> Response:
        """What differs between HEAD and the files, as a patch; files that git does not know are not in it."""
        return Response(
            asdict(history.git_diff(user_of(request), key, **query(request, DiffQuerySerializer)))
        )
