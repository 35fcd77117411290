"""Files as bytes: how they come in, and how they go out without ever being run on our origin."""

from typing import Any, TypeVar
from urllib.parse import quote

from django.conf import settings
from django.http import HttpResponse
from rest_framework.parsers import BaseParser
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from gathering.parsers import StrictJSONParser
from gathering.protocol.errors import TooLarge

from ..files import Content

Answer = TypeVar("Answer", HttpResponse, Response)

BYTES = "application/octet-stream"
# Whatever a file is, a browser saves it: it does not guess a type, run a script or load anything.
SAFE = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "private, no-cache",
}


class BytesRenderer(JSONRenderer):
    """For who accepts bytes; a refusal is JSON all the same."""

    media_type = BYTES
    format = "raw"


class JSONBody(StrictJSONParser):
    """JSON of at most twice what a file may have: escapes take room."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        _refuse_large(parser_context, 2 * settings.GATHERING_MAX_FILE + 4096)
        return super().parse(stream, media_type, parser_context)


class BytesBody(BaseParser):
    """Any other body, as it is."""

    media_type = "*/*"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> bytes:
        _refuse_large(parser_context, settings.GATHERING_MAX_FILE)
        data: bytes = stream.read(settings.GATHERING_MAX_FILE + 1)
        return data


def answer(path: str, content: Content, *, partial: bool) -> HttpResponse:
    """The bytes of ``content``: 206 for a part, else 200."""
    response = HttpResponse(content.data, content_type=BYTES, status=206 if partial else 200, headers=SAFE)
    name = quote(path.rpartition("/")[2].replace("\n", " "), safe="")
    response["Content-Disposition"] = f"attachment; filename*=UTF-8''{name}"
    response["Accept-Ranges"] = "bytes"
    response["Vary"] = "Accept"
    if partial:
        end = content.start + len(content.data) - 1
        response["Content-Range"] = f"bytes {content.start}-{end}/{content.entry.size}"
    return tagged(response, content.entry.digest)


def tagged(response: Answer, digest: str) -> Answer:
    """With the hash as its ``ETag``, if there is one."""
    if digest:
        response["ETag"] = f'"{digest}"'
    return response


def is_wanted(request: Request) -> bool:
    """Whether the client accepts bytes rather than JSON."""
    return request.accepted_renderer.media_type == BYTES


def _refuse_large(parser_context: Any, most: int) -> None:
    length = parser_context["request"].META.get("CONTENT_LENGTH") or 0
    if int(length) > most:
        raise TooLarge(f"The body has {length} bytes; at most {most} are taken.")
