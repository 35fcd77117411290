"""What every page shares: who may see it, from where it is followed, and how a form says what is wrong."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import BadRequest, PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import cache_control
from django.views.decorators.gzip import gzip_page
from rest_framework import exceptions
from rest_framework.fields import empty
from rest_framework.serializers import CharField, ListField, Serializer

from gathering.hub import kinds, log
from gathering.protocol.errors import GatheringError, NotAllowed, NotFound
from gathering.rest import refusal_of

INTERNAL = 500  # from this status on it is not the reader's doing
T = TypeVar("T")
View = Callable[..., HttpResponse]


def page(view: View) -> View:
    """A page for whoever is signed in.

    ``request.streams`` is where the streams stood *before* the page looked at anything: followed from
    there, a page may hear of what it already shows, and never misses what it does not.

    It is sent compressed: a sixth of the bytes, for a millisecond.  The tokens in its forms are masked anew
    each time, and Django adds bytes of chance, so its length tells nothing.  (Answers of the API are not:
    what is compressed has no strong ETag, and ``If-Match`` needs one.)
    """

    @part
    @wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        request.streams = _positions(request.user)  # type: ignore[attr-defined]
        return view(request, *args, **kwargs)

    return wrapped


def part(view: View) -> View:
    """Part of a page, for a page that is there already and knows where it follows from."""

    @gzip_page
    @cache_control(private=True, no_cache=True)
    @login_required
    @wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if any("\0" in text for text in request.GET.values()):  # PostgreSQL does not even look for it
            raise BadRequest
        try:
            return view(request, *args, **kwargs)
        except NotFound as error:
            raise Http404 from error
        except NotAllowed as error:
            raise PermissionDenied from error
        except GatheringError as error:
            if error.status >= INTERNAL:
                raise
            raise BadRequest(error.detail) from error

    return wrapped


class Form:
    """A form of a page, judged by the serializer of REST: what was filled in, and what is wrong with it."""

    def __init__(self, request: HttpRequest, serializer: type[Serializer[Any]], **initial: Any) -> None:
        self._serializer = serializer
        self.sent = request.method == "POST"
        self.values: dict[str, Any] = initial | (self._filled_in(request) if self.sent else {})
        self.errors: dict[str, str] = {}
        self.problem = ""
        self.status = 200

    def does(self, action: Callable[..., T]) -> T | None:
        """What ``action(**fields)`` returns; None if it was not sent, or refused: then see ``errors``."""
        if not self.sent:
            return None
        try:
            checked = self._serializer(data=self.values)
            checked.is_valid(raise_exception=True)
            return action(**checked.validated_data)
        except (GatheringError, exceptions.ValidationError, ValidationError) as error:
            self._refuse(error)
            return None

    def _filled_in(self, request: HttpRequest) -> dict[str, Any]:
        found = {name: _sent(request, name, field) for name, field in self._serializer().fields.items()}
        return {name: value for name, value in found.items() if value is not empty}

    def _refuse(self, error: Exception) -> None:
        refusal = refusal_of(error)
        assert refusal is not None  # noqa: S101 (each of these is known to it)
        self.status = refusal.status
        self.errors = {name: said[0] for name, said in refusal.fields.items()}
        if not self.errors.keys() & self._serializer().fields.keys():
            self.problem = refusal.detail


def _sent(request: HttpRequest, name: str, field: Any) -> Any:
    """What a form says of a field.  Boxes of which none is ticked are not sent at all; an input that was
    left empty is sent as an empty text, which is no number."""
    if isinstance(field, ListField):
        return request.POST.getlist(name)
    text = request.POST.get(name)
    if text is None:
        return empty
    if text or isinstance(field, CharField):
        return text.replace("\r\n", "\n")  # forms end lines as mail does
    return None if field.allow_null else empty


def back(request: HttpRequest, name: str, *key: Any) -> str:
    """The page of ours that a form says it stands on, or else the one of that name."""
    asked = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(asked, {request.get_host()}, request.is_secure())
    return asked if safe and asked.startswith("/") else reverse(name, args=key)


def attempt(request: HttpRequest, action: Callable[[], object], done: str = "") -> bool:
    """Do it, and say at the top of the next page what came of it."""
    try:
        action()
    except (NotFound, NotAllowed):
        raise
    except GatheringError as error:
        messages.error(request, error.detail)
        return False
    if done:
        messages.success(request, done)
    return True


def _positions(user: Any) -> dict[str, dict[str, Any]]:
    channels = kinds.visible_to(user)
    known = log.heads(channels)
    return {
        name: {"seq": known[name].head, "epoch": known[name].epoch} if name in known else {"seq": 0}
        for name in channels
    }
