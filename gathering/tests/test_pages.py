"""The pages that the server makes itself, and the ones for what goes wrong."""

import re
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.test import Client, RequestFactory

from gathering import rest


def test_the_first_page_names_the_admin_and_the_api(client: Client) -> None:
    page = client.get("/").content.decode()
    assert 'href="/admin/"' in page
    assert 'href="/api/docs/"' in page


def test_pages_stand_alone_and_run_nothing(client: Client) -> None:
    page = client.get("/").content.decode()
    assert "<script" not in page
    (style,) = re.findall(r'rel="stylesheet" href="([^"]+)"', page)
    assert b"light dark" in b"".join(client.get(style))


@pytest.mark.parametrize("path", ["/nothing", "/nothing/", "/admins/"])
def test_an_unknown_page_is_a_page(path: str, client: Client) -> None:
    answer = client.get(path)
    assert (answer.status_code, "Nothing is here" in answer.content.decode()) == (404, True)


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (400, lambda request: rest.bad_request(request, SuspiciousOperation("secret"))),
        (403, lambda request: rest.permission_denied(request, PermissionDenied("secret"))),
        (500, rest.server_error),
    ],
)
def test_what_goes_wrong_is_a_page_that_tells_nothing(status: int, answer: Any) -> None:
    made = answer(RequestFactory().get("/page/"))
    page = made.content.decode()
    assert (made.status_code, "<h1>" in page) == (status, True)
    assert "secret" not in page


@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete"])
@pytest.mark.parametrize("path", ["/api/nothing/", "/api/circles", "/api/", "/api/circles//"])
def test_an_unknown_address_of_the_api_is_json_and_no_redirect(
    method: str, path: str, client: Client
) -> None:
    """A POST that was redirected would come back as a GET, and look as if it had worked."""
    answer = getattr(Client(enforce_csrf_checks=True), method)(path)
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/json")
    assert answer.json()["code"] == "not_found"
