"""What a request says: who asks, the fields of its query, and what its headers demand."""

import re
from typing import Any, cast

from rest_framework.request import Request
from rest_framework.serializers import BooleanField, Serializer

from gathering.accounts.models import User
from gathering.protocol.errors import BadInput, HashNeeded
from gathering.rest import checked

from ..files import Expected, Range, Seen

_TAG = re.compile(r'"?([0-9a-f]{64})"?')
_RANGE = re.compile(r"bytes=(?:([0-9]{1,18})-([0-9]{1,18})?|-([0-9]{1,18}))")


def user_of(request: Request) -> User:
    return cast(User, request.user)


def query(request: Request, serializer: type[Serializer[Any]]) -> dict[str, Any]:
    """The fields of the query; a flag without a value, such as ``?raw``, is set."""
    flags = {name for name, field in serializer().fields.items() if isinstance(field, BooleanField)}
    given = {
        name: "true" if name in flags and not value else value for name, value in request.query_params.items()
    }
    return checked(serializer(data=given))


def seen(request: Request) -> Seen:
    """What the writer says that it has seen, by ``If-Match`` or ``If-None-Match: *``; raises HashNeeded."""
    match, none_match = request.headers.get("If-Match"), request.headers.get("If-None-Match")
    if match and none_match:
        raise BadInput("If-Match and If-None-Match contradict each other.")
    if none_match:
        if none_match.strip() != "*":
            raise BadInput("If-None-Match is '*' here: for a file that is not there yet.")
        return Expected.NOTHING
    if not match:
        raise HashNeeded
    return seen_tag(match)


def seen_tag(match: str) -> Seen:
    """What ``If-Match`` says: a hash, in quotes or not, or ``*`` for any file that is there."""
    if match.strip() == "*":
        return Expected.ANYTHING
    tag = _TAG.fullmatch(match.strip())
    if tag is None:
        raise BadInput("If-Match is one hash, as a read of the file names it, or '*'.")
    return tag[1]


def part(request: Request) -> Range | None:
    """The one range that is asked for; None for the whole, and for what RFC 9110 lets a server ignore."""
    found = _RANGE.fullmatch(request.headers.get("Range", "").replace(" ", ""))
    if found is None:
        return None
    start, end, last = found.groups()
    if last is not None:
        return Range(-int(last)) if int(last) else Range(0, 0)
    return Range(int(start), int(end) + 1 if end else None)
