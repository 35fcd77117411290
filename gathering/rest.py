"""How REST says no: one shape for whatever went wrong.

``{"code", "detail", "retryable"[, "fields": {field: [sentences]}]}``, with the codes of a socket's
``error`` frame.
"""

import logging
import math
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import (
    NON_FIELD_ERRORS,
    PermissionDenied,
    RequestDataTooBig,
    ValidationError,
)
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views import defaults
from django.views.decorators.csrf import csrf_exempt
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.settings import api_settings

from gathering.protocol import frames
from gathering.protocol.errors import (
    BadField,
    BadInput,
    FrameTooLarge,
    GatheringError,
    InternalError,
    NotAllowed,
    NotAuthenticated,
    NotFound,
    RateLimited,
    Unavailable,
)

logger = logging.getLogger(__name__)

API = "/api/"
_BY_STATUS = {
    error.status: error
    for error in (
        BadInput,
        NotAuthenticated,
        NotAllowed,
        NotFound,
        RateLimited,
        InternalError,
        Unavailable,
    )
}


@dataclass(frozen=True)
class Refusal:
    """One answer that says no.  ``wait`` is the seconds after which trying again makes sense."""

    status: int
    code: str
    detail: str
    retryable: bool = False
    fields: dict[str, list[str]] = field(default_factory=dict)
    wait: float = 1

    @property
    def body(self) -> dict[str, Any]:
        about = {"code": self.code, "detail": self.detail, "retryable": self.retryable}
        return {**about, "fields": self.fields} if self.fields else about

    @property
    def headers(self) -> dict[str, str]:
        if self.status == NotAuthenticated.status:
            return {"WWW-Authenticate": "Bearer"}
        if self.status in (RateLimited.status, Unavailable.status):
            return {"Retry-After": str(math.ceil(self.wait))}
        return {}


def exception_handler(exc: Exception, context: dict[str, Any]) -> Response | None:
    """REST framework's ``EXCEPTION_HANDLER``; None leaves the exception, our fault, to Django."""
    from rest_framework.views import set_rollback  # here, since its module asks this one for the parser

    refusal = refusal_of(exc)
    if refusal is None:
        return None
    set_rollback()
    return Response(refusal.body, status=refusal.status, headers=refusal.headers)


def checked(serializer: Serializer[Any]) -> dict[str, Any]:
    """The fields that a request brought, or the refusal of what is wrong with them."""
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


def reference(request: Request, ref: str | None = None) -> str | None:
    """What the client calls its request, so that it is done once: ``ref`` of the body, or the header."""
    given = {ref, request.headers.get("Idempotency-Key")} - {None}
    if len(given) > 1:
        raise BadField("The id is not the Idempotency-Key: send one of them.", field="id")
    for name in given:
        if not (name and len(name) <= frames.MAX_ID and name.isprintable()):
            raise BadField(f"An id has 1 to {frames.MAX_ID} printable characters.", field="id")
        return name
    return None


def refusal_of(exc: BaseException | None) -> Refusal | None:
    """What to answer to ``exc``; None if nothing is known of it."""
    if isinstance(exc, exceptions.AuthenticationFailed) and isinstance(exc.__cause__, GatheringError):
        exc = exc.__cause__
    for kinds, translate in _TRANSLATIONS:
        if isinstance(exc, kinds):
            return translate(exc)
    return None


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _page(request, BadInput(), lambda: defaults.bad_request(request, exception))


@csrf_exempt  # it does nothing, and a page about a missing cookie would mislead
def nothing_here(request: HttpRequest) -> HttpResponse:
    """A path under ``/api/`` that leads nowhere, also where a missing slash would be added otherwise."""
    return _page(request, NotFound(), lambda: defaults.page_not_found(request, Http404()))


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _page(request, NotAllowed(), lambda: defaults.permission_denied(request, exception))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _page(request, NotFound(), lambda: defaults.page_not_found(request, exception))


def server_error(request: HttpRequest) -> HttpResponse:
    error = sys.exc_info()[1]
    away = isinstance(error, OperationalError | InterfaceError)
    shown = Unavailable() if away else InternalError()
    return _page(request, shown, lambda: defaults.server_error(request))


def _page(request: HttpRequest, error: GatheringError, html: Callable[[], HttpResponse]) -> HttpResponse:
    if not request.path.startswith(API):
        return html()
    refusal = _ours(error)
    return JsonResponse(refusal.body, status=refusal.status, headers=refusal.headers)


def _ours(error: GatheringError) -> Refusal:
    fields = {error.field: [error.detail]} if error.field else {}
    return Refusal(error.status, error.code, error.detail, error.retryable, fields)


def _away(error: Exception) -> Refusal:
    logger.error("the database is away: %s", error)
    return _ours(Unavailable())


def _django_invalid(error: ValidationError) -> Refusal:
    named = hasattr(error, "error_dict")
    return _invalid(error.message_dict if named else error.messages)


def _framework(error: exceptions.APIException) -> Refusal:
    if isinstance(error, exceptions.ValidationError):
        return _invalid(error.detail)
    known = _BY_STATUS.get(error.status_code)
    code = known.code if known else error.default_code
    wait = getattr(error, "wait", None) or 1
    retryable = known is not None and known.retryable
    return Refusal(error.status_code, code, str(error.detail), retryable, wait=wait)


def _invalid(detail: Any) -> Refusal:
    general = api_settings.NON_FIELD_ERRORS_KEY
    fields = {path or general: said for path, said in _flat(detail).items()}
    path, said = next(iter(fields.items()), (general, [BadField.default_detail]))
    sentence = said[0] if path == general else f"{path}: {said[0]}"
    return Refusal(BadField.status, BadField.code, sentence, fields=fields)


def _flat(detail: Any, path: str = "") -> dict[str, list[str]]:
    """``{"items.0.name": [sentences]}`` of however deep a nest."""
    if isinstance(detail, dict):
        inner = [("" if name == NON_FIELD_ERRORS else str(name), each) for name, each in detail.items()]
    elif isinstance(detail, list) and any(isinstance(each, dict | list) for each in detail):
        inner = [(str(index), each) for index, each in enumerate(detail)]
    else:
        return {path: [str(each) for each in (detail if isinstance(detail, list) else [detail])]}
    found: dict[str, list[str]] = {}
    for name, each in inner:
        found.update(_flat(each, ".".join(filter(None, (path, name)))))
    return found


_TRANSLATIONS: tuple[tuple[Any, Callable[[Any], Refusal]], ...] = (
    (GatheringError, _ours),
    (exceptions.APIException, _framework),
    (Http404, lambda _: _ours(NotFound())),
    (PermissionDenied, lambda _: _ours(NotAllowed())),
    (ValidationError, _django_invalid),
    (RequestDataTooBig, lambda _: _ours(FrameTooLarge("The body is larger than this server takes."))),
    ((OperationalError, InterfaceError), _away),
)
