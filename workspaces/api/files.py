"""REST: the files of a workspace, as they are on the disk."""

from typing import Any, ClassVar

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiParameter, OpenApiTypes, extend_schema
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from gathering.protocol.errors import ChangedMeanwhile, Conflict
from gathering.rest import checked

from .. import editing, encodings
from ..actions import find_workspace
from ..asking import (
    DeleteQuerySerializer,
    FileQuerySerializer,
    FolderQuerySerializer,
    MoveSerializer,
    NewContentSerializer,
    NewFolderSerializer,
    WriteQuerySerializer,
)
from ..files import Content, Expected, Seen
from ..serializers import ContentSerializer, FileSerializer, FolderSerializer
from . import raw
from .asked import part, query, seen, seen_tag, user_of

BODY = {"application/json": NewContentSerializer, raw.BYTES: OpenApiTypes.BINARY}


def _header(name: str, about: str, **options: Any) -> OpenApiParameter:
    return OpenApiParameter(name, str, "header", description=about, **options)


IF_MATCH = _header("If-Match", "The hash of the file that you have seen, in quotes; `*` for any.")
IF_NONE_MATCH = _header("If-None-Match", "`*`: there is no such file yet.")


class FolderView(APIView):
    @extend_schema(parameters=[FolderQuerySerializer], responses=FolderSerializer)
    def get(self, request: Request, key: str) -> Response:
        """A page of what is in a folder on the disk, by name; also what is ignored, but nothing of git's."""
        found, has_more = editing.list_folder(user_of(request), key, **query(request, FolderQuerySerializer))
        return Response({"entries": FileSerializer(found, many=True).data, "has_more": has_more})

    @extend_schema(request=NewFolderSerializer, responses={201: FileSerializer})
    def post(self, request: Request, key: str) -> Response:
        """Make a folder."""
        fields = checked(NewFolderSerializer(data=request.data))
        return Response(FileSerializer(editing.make_folder(user_of(request), key, **fields)).data, status=201)


class MoveView(APIView):
    @extend_schema(request=MoveSerializer, responses=FileSerializer)
    def post(self, request: Request, key: str) -> Response:
        """Give a file or a folder another path."""
        fields = checked(MoveSerializer(data=request.data))
        return Response(FileSerializer(editing.move(user_of(request), key, **fields)).data)


class FileView(APIView):
    renderer_classes: ClassVar = [JSONRenderer, raw.BytesRenderer]
    parser_classes: ClassVar = [raw.JSONBody, raw.BytesBody]

    @extend_schema(
        parameters=[FileQuerySerializer, _header("Range", "Bytes of a file, such as `bytes=0-99`.")],
        responses={200: ContentSerializer, (200, raw.BYTES): bytes, (206, raw.BYTES): bytes, 304: None},
    )
    def get(self, request: Request, key: str, path: str) -> Response | HttpResponse:
        """A file: as text with its encoding, or its bytes, whole or a range of them."""
        wants_raw = query(request, FileQuerySerializer)["raw"] or raw.is_wanted(request)
        asked = part(request) if wants_raw else None
        content = editing.read_file(user_of(request), key, path, asked)
        if _is_known(request, content):
            return raw.tagged(Response(status=304), content.entry.digest)
        if wants_raw:
            return raw.answer(path, content, partial=asked is not None)
        return raw.tagged(Response(_as_text(path, content)), content.entry.digest)

    @extend_schema(
        parameters=[WriteQuerySerializer, IF_MATCH, IF_NONE_MATCH],
        request=BODY,
        responses={200: FileSerializer, 201: FileSerializer},
    )
    def put(self, request: Request, key: str, path: str) -> Response:
        """Write a file whole: with `If-Match` over what you have seen, with `If-None-Match: *` a new one."""
        return self._write(request, key, path, seen(request))

    @extend_schema(parameters=[WriteQuerySerializer], request=BODY, responses={201: FileSerializer})
    def post(self, request: Request, key: str, path: str) -> Response:
        """Write a new file."""
        try:
            return self._write(request, key, path, Expected.NOTHING)
        except ChangedMeanwhile as error:
            raise Conflict(error.detail) from None

    @extend_schema(parameters=[DeleteQuerySerializer, IF_MATCH], responses={204: None})
    def delete(self, request: Request, key: str, path: str) -> Response:
        """Delete the file that you have seen, or a folder."""
        whole = query(request, DeleteQuerySerializer)["whole"]
        match = request.headers.get("If-Match")
        editing.delete(user_of(request), key, path, seen_tag(match) if match else None, whole=whole)
        return Response(status=204)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        if getattr(response, "exception", False):  # a refusal is JSON, whatever was accepted
            request.accepted_renderer, request.accepted_media_type = JSONRenderer(), JSONRenderer.media_type
        return super().finalize_response(request, response, *args, **kwargs)

    def _write(self, request: Request, key: str, path: str, seen: Seen) -> Response:
        user, parents = user_of(request), query(request, WriteQuerySerializer)["parents"]
        find_workspace(user, key)  # before anything is said about the body
        written = editing.write_file(user, key, path, _body(request), seen, parents=parents)
        status = 201 if seen is Expected.NOTHING else 200
        return raw.tagged(Response(FileSerializer(written).data, status=status), written[1].digest)


def _body(request: Request) -> bytes:
    if isinstance(request.data, bytes):
        return request.data
    return encodings.encode(**checked(NewContentSerializer(data=request.data)))


def _as_text(path: str, content: Content) -> dict[str, Any]:
    text, encoding = encodings.decode(content.data)
    return {**FileSerializer((path, content.entry)).data, "encoding": encoding, "text": text}


def _is_known(request: Request, content: Content) -> bool:
    digest = content.entry.digest
    return bool(digest) and request.headers.get("If-None-Match") == f'"{digest}"'
