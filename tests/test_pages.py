"""Pages, health, description of the API, and the admin: each opens, and costs no more with more rows."""

from typing import Any

import pytest
from django.contrib import admin
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from circles import actions
from gathering.accounts.models import User


@pytest.fixture
def sue(db: Any) -> User:
    sue = User.objects.create_superuser("sue")
    actions.create_circle(sue, "team", "<b>Team</b>")
    actions.post_message(sue, "team", "<script>alert(1)</script>")
    return sue


@pytest.fixture
def browser(sue: User) -> Client:
    client = Client()
    client.force_login(sue)
    return client


def test_the_description_of_the_api_is_valid_and_complete(tmp_path: Any) -> None:
    file = tmp_path / "schema.yml"
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(file))
    for path in ("/api/circles/{name}/messages/", "/api/streams/{name}/events", "/api/tickets/"):
        assert path in file.read_text()


def test_the_docs_come_from_this_server_alone(client: Client) -> None:
    page = client.get("/api/docs/").content.decode()
    assert "swagger-ui" in page
    assert "https://" not in page


def test_the_first_page_and_the_error_pages(client: Client, db: Any) -> None:
    assert b"GatheRing" in client.get("/").content
    missing = client.get("/nothing")
    assert missing.status_code == 404
    assert b"Nothing is here" in missing.content


def test_health(client: Client, db: Any) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}
    ready = client.get("/readyz")
    assert (ready.status_code, ready.json()["database"]) == (200, "ok")


@pytest.mark.parametrize("model", list(admin.site._registry), ids=lambda model: model._meta.label)
@pytest.mark.django_db
def test_every_page_of_the_admin_opens(model: Any, browser: Client) -> None:
    path = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
    assert browser.get(path).status_code == 200
    assert browser.get(path, {"q": "a"}).status_code in (200, 302)
    assert browser.get(f"{path}add/").status_code in (200, 403)
    row = model._default_manager.first()
    if row is not None:
        page = browser.get(f"{path}{row.pk}/change/")
        assert page.status_code == 200
        assert b"<script>alert" not in page.content
        assert b"<b>Team" not in page.content


@pytest.mark.parametrize("path", ["circles/circle", "circles/message", "agents/agent", "hub/stream"])
def test_a_list_in_the_admin_costs_no_more_with_more_rows(path: str, browser: Client, sue: User) -> None:
    from agents.actions import create_agent

    create_agent(sue, "first")

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert browser.get(f"/admin/{path}/").status_code == 200
        return len(queries)

    few = cost()
    for n in range(20):
        actions.create_circle(sue, f"c{n}")
        actions.post_message(sue, "team", str(n))
        create_agent(sue, f"agent{n}")
    assert cost() == few


def test_the_admin_closes_sockets_by_an_event(browser: Client, sue: User) -> None:
    from gathering.hub import access, log

    before = log.position(access.CHANNEL).head
    data = {"action": "close_sockets", "_selected_action": sue.pk}
    assert browser.post("/admin/accounts/user/", data).status_code == 302
    (frame,) = log.read(access.CHANNEL, before)
    assert '"kick":true' in frame.text


def test_deleting_a_circle_in_the_admin_takes_its_messages_along(browser: Client) -> None:
    from circles.models import Circle, Message

    circle = Circle.objects.get()
    answer = browser.post(f"/admin/circles/circle/{circle.pk}/delete/", {"post": "yes"})
    assert answer.status_code == 302
    assert not Circle.objects.exists()
    assert not Message.objects.exists()
