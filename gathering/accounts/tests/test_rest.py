from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, OperationalError
from django.http import Http404
from django.test import Client, RequestFactory
from rest_framework import exceptions

from gathering import rest
from gathering.accounts import tokens
from gathering.accounts.models import User
from gathering.protocol.errors import CirclePaused, NotFound


@pytest.mark.parametrize(
    ("error", "status", "code", "retryable"),
    [
        (CirclePaused(), 409, "circle_paused", True),
        (Http404("No Circle matches"), 404, "not_found", False),
        (PermissionDenied("secret"), 403, "not_allowed", False),
        (OperationalError("gone"), 503, "unavailable", True),
        (exceptions.ParseError(), 400, "bad_input", False),
        (exceptions.NotAuthenticated(), 401, "not_authenticated", False),
        (exceptions.MethodNotAllowed("PUT"), 405, "method_not_allowed", False),
        (exceptions.UnsupportedMediaType("a/b"), 415, "unsupported_media_type", False),
        (exceptions.Throttled(wait=2.1), 429, "rate_limited", True),
        (exceptions.APIException(), 500, "internal_error", False),
    ],
)
def test_every_error_has_the_one_shape(error: Exception, status: int, code: str, retryable: bool) -> None:
    answer = rest.exception_handler(error, {})
    assert answer is not None
    assert answer.status_code == status
    assert answer.data == {"code": code, "detail": answer.data["detail"], "retryable": retryable}
    assert answer.data["detail"].endswith((".", "seconds."))


def test_what_django_says_for_itself_is_not_passed_on() -> None:
    assert rest.refusal_of(Http404("No Circle matches")).detail == NotFound.default_detail
    assert "secret" not in rest.refusal_of(PermissionDenied("secret")).detail


def test_the_right_headers_come_with_it() -> None:
    assert rest.refusal_of(exceptions.NotAuthenticated()).headers == {"WWW-Authenticate": "Bearer"}
    assert rest.refusal_of(exceptions.Throttled(wait=2.1)).headers == {"Retry-After": "3"}
    assert rest.refusal_of(OperationalError()).headers == {"Retry-After": "1"}


def test_an_unknown_error_is_left_to_django() -> None:
    assert rest.exception_handler(IntegrityError("ours"), {}) is None
    assert rest.exception_handler(KeyError("ours"), {}) is None


@pytest.mark.parametrize(
    ("error", "detail", "fields"),
    [
        (
            exceptions.ValidationError({"name": ["Too long."], "n": ["No."]}),
            "name: Too long.",
            {"name": ["Too long."], "n": ["No."]},
        ),
        (exceptions.ValidationError("No."), "No.", {"non_field_errors": ["No."]}),
        (
            exceptions.ValidationError({"items": [{}, {"name": ["No."]}]}),
            "items.1.name: No.",
            {"items.1.name": ["No."]},
        ),
        (ValidationError("No."), "No.", {"non_field_errors": ["No."]}),
        (ValidationError({"name": "No."}), "name: No.", {"name": ["No."]}),
        (ValidationError({"__all__": ["No."]}), "No.", {"non_field_errors": ["No."]}),
        (NotFound("No.", field="agent"), "No.", {"agent": ["No."]}),
    ],
)
def test_wrong_fields_are_named(error: Exception, detail: str, fields: dict[str, list[str]]) -> None:
    refusal = rest.refusal_of(error)
    assert (refusal.detail, refusal.fields) == (detail, fields)


def test_a_database_that_is_away_during_authentication_is_a_503(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_: object) -> None:
        raise OperationalError("connection refused")

    monkeypatch.setattr(tokens, "verify", away)
    answer = client.get("/api/me/", headers={"authorization": "Bearer x"})
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert answer.headers["Retry-After"] == "1"


# Outside of REST framework


def test_an_unknown_path_of_the_api_is_answered_in_json() -> None:
    answer = rest.not_found(RequestFactory().get("/api/nothing/"), Http404())
    assert answer.status_code == 404
    assert answer["Content-Type"] == "application/json"


def test_another_unknown_path_is_answered_with_a_page() -> None:
    answer = rest.not_found(RequestFactory().get("/nothing/"), Http404())
    assert answer.status_code == 404
    assert answer["Content-Type"].startswith("text/html")


def test_a_failure_of_the_api_is_answered_in_json() -> None:
    request = RequestFactory().get("/api/x/")
    assert rest.server_error(request).status_code == 500
    try:
        raise OperationalError
    except OperationalError:
        assert rest.server_error(request).status_code == 503


def test_a_body_that_is_not_json_is_bad_input(ada: User, client: Client) -> None:
    client.force_login(ada)
    answer = client.post("/api/tokens/", "{", content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_input")
    odd: Any = client.post("/api/tokens/", "[]", content_type="application/json").json()
    assert odd["code"] == "bad_field"
