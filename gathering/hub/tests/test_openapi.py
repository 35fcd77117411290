"""The description of the API: complete, valid, and read without the net."""

import re
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import get_resolver


@pytest.fixture
def schema(client: Client) -> dict[str, Any]:
    answer = client.get("/api/schema/", headers={"accept": "application/json"})
    assert answer.status_code == 200
    return dict(answer.json())


def test_it_is_made_without_a_warning_and_is_valid(tmp_path: Any) -> None:
    call_command("spectacular", "--fail-on-warn", "--validate", file=str(tmp_path / "schema.yaml"))
    assert (tmp_path / "schema.yaml").read_text().startswith("openapi: 3.")


def _paths(patterns: Any, before: str = "") -> set[str]:
    found: set[str] = set()
    for pattern in patterns:
        path = before + str(pattern.pattern)
        if hasattr(pattern, "url_patterns"):
            found |= _paths(pattern.url_patterns, path)
        elif hasattr(getattr(pattern.callback, "cls", None), "get_view_name"):
            found.add("/" + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", path))
    return found


def test_every_path_of_the_api_is_described(schema: dict[str, Any]) -> None:
    served = {path.replace("{pk}", "{id}") for path in _paths(get_resolver().url_patterns)}
    by_hand = {"/api/streams/{name}/events", "/api/agents/{key}/runs/{run_id}/events"}
    about_itself = {"/api/schema/", "/api/docs/"}
    assert set(schema["paths"]) == served - about_itself | by_hand


def test_every_operation_says_what_it_does_who_may_and_how_it_refuses(schema: dict[str, Any]) -> None:
    shape = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    for path, operations in schema["paths"].items():
        for operation in operations.values():
            assert operation["description"], path
            assert operation["security"] == [{"token": []}, {"cookieAuth": []}], path
            for status in ("4XX", "5XX"):
                assert operation["responses"][status]["content"] == shape, path


def test_an_error_is_described_with_every_code(schema: dict[str, Any]) -> None:
    codes = schema["components"]["schemas"]["Error"]["properties"]["code"]["enum"]
    assert {"bad_field", "circle_paused", "not_found", "unavailable", "method_not_allowed"} <= set(codes)


def test_the_pages_of_a_list_are_described(schema: dict[str, Any]) -> None:
    (limit,) = [p for p in schema["paths"]["/api/circles/"]["get"]["parameters"] if p["name"] == "limit"]
    assert limit["schema"] == {"type": "integer", "maximum": 200, "minimum": 1, "default": 200}


def test_the_documentation_is_read_without_the_net(client: Client) -> None:
    page = client.get("/api/docs/").content.decode()
    addresses = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert addresses
    assert not [address for address in addresses if "//" in address]
    for address in addresses:
        answer = client.get(address)
        assert answer.status_code == 200, address
        assert b"".join(answer)
