"""Every way to write finds its event, in the same transaction; a rollback leaves neither."""

import contextlib
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
from asgiref.sync import async_to_sync
from django.core.management import call_command
from django.db import transaction
from django.test import Client

from agents.models import Agent
from circles import actions
from circles.models import Circle, Membership, Message
from gathering.accounts.models import User
from gathering.hub import log
from gathering.hub.receipts import perform

Write = Callable[[SimpleNamespace, Circle], Any]


def _rest(user: str, method: str, path: str, **data: Any) -> Write:
    def write(p: SimpleNamespace, circle: Circle) -> None:
        client = p.rest(getattr(p, user))
        assert getattr(client, method)(f"/api/circles/team/{path}", data, format="json").status_code < 300

    return write


def _admin(path: str, **data: Any) -> Write:
    def write(p: SimpleNamespace, circle: Circle) -> None:
        client = Client()
        client.force_login(p.sue)
        fields = {name: value(circle) if callable(value) else value for name, value in data.items()}
        answer = client.post(path.format(circle=circle), fields)
        assert answer.status_code == 302, answer.content

    return write


def _inline(circle: Circle, **change: Any) -> dict[str, Any]:
    rows = list(circle.memberships.order_by("user__username"))
    form = {"memberships-TOTAL_FORMS": len(rows), "memberships-INITIAL_FORMS": len(rows)}
    for n, row in enumerate(rows):
        fields = {"id": row.pk, "circle": circle.pk, "role": row.role}
        form |= {f"memberships-{n}-{name}": value for name, value in fields.items()}
    new = {"TOTAL_FORMS": 1, "INITIAL_FORMS": 0, "0-circle": circle.pk, "0-user": "", "0-role": "member"}
    form |= {f"memberships-2-{name}": value for name, value in new.items()}
    return {"title": "Team", "description": "", "status": "active", **form, **change}


def _change_form(change: Callable[[Circle], dict[str, Any]]) -> Write:
    def write(p: SimpleNamespace, circle: Circle) -> None:
        client = Client()
        client.force_login(p.sue)
        answer = client.post(f"/admin/circles/circle/{circle.pk}/change/", _inline(circle, **change(circle)))
        assert answer.status_code == 302, answer.content

    return write


def _bulk_create(p: SimpleNamespace, circle: Circle) -> None:
    Message.objects.bulk_create([Message(circle=circle, author=p.bob, content="bulk")])


def _bulk_update(p: SimpleNamespace, circle: Circle) -> None:
    fresh = Circle.objects.get(pk=circle.pk)
    fresh.title = "Bulk"
    Circle.objects.bulk_update([fresh], ["title"])


def _renamed(circle: Circle) -> Circle:
    fresh = Circle.objects.get(pk=circle.pk)
    fresh.title = "New"
    return fresh


def _save(p: SimpleNamespace, circle: Circle) -> None:
    fresh = Circle.objects.get(pk=circle.pk)
    fresh.status = "paused"
    fresh.save()


def _delete(p: SimpleNamespace, circle: Circle) -> None:
    circle.memberships.get(user=p.bob).delete()


def _action(name: str) -> Write:
    return _admin("/admin/circles/circle/", action=name, _selected_action=lambda circle: circle.pk)


def _carol() -> int:
    return User.objects.get(username="carol").pk


PATHS: dict[str, tuple[Write, str]] = {
    "REST posts": (_rest("bob", "post", "messages/", content="hi"), "user_message"),
    "REST lets in": (_rest("ada", "post", "members/", name="carol"), "member_joined"),
    "REST changes a role": (_rest("ada", "patch", "members/bob/", role="owner"), "member_joined"),
    "REST puts out": (_rest("ada", "delete", "members/bob/"), "member_left"),
    "REST pauses": (_rest("ada", "patch", "", status="paused"), "circle_status"),
    "admin's form": (_change_form(lambda c: {"status": "paused"}), "circle_status"),
    "admin's inline": (_change_form(lambda c: {"memberships-1-role": "observer"}), "member_joined"),
    "admin's inline removal": (_change_form(lambda c: {"memberships-1-DELETE": "on"}), "member_left"),
    "admin's inline addition": (_change_form(lambda c: {"memberships-2-0-user": _carol()}), "member_joined"),
    "admin's pause": (_action("pause"), "circle_status"),
    "admin's archive": (_action("archive"), "circle_status"),
    "admin's bulk deletion": (
        _admin(
            "/admin/circles/membership/",
            action="delete_selected",
            post="yes",
            _selected_action=lambda circle: circle.memberships.get(user__username="bob").pk,
        ),
        "member_left",
    ),
    "shell save": (_save, "circle_status"),
    "shell create": (
        lambda p, c: Message.objects.create(circle=c, author=p.robo, content="x"),
        "agent_message",
    ),
    "get_or_create": (
        lambda p, c: Membership.objects.get_or_create(circle=c, user=p.carol),
        "member_joined",
    ),
    "update_or_create": (
        lambda p, c: Membership.objects.update_or_create(circle=c, user=p.bob, defaults={"role": "observer"}),
        "member_joined",
    ),
    "queryset update": (lambda p, c: Circle.objects.filter(pk=c.pk).update(title="New"), "circle_status"),
    "queryset delete": (lambda p, c: Membership.objects.filter(user=p.bob).delete(), "member_left"),
    "bulk_create": (_bulk_create, "user_message"),
    "bulk_update": (_bulk_update, "circle_status"),
    "row delete": (_delete, "member_left"),
    "related add": (lambda p, c: c.members.add(p.carol), "member_joined"),
    "related remove": (lambda p, c: c.members.remove(p.bob), "member_left"),
    "related set": (lambda p, c: c.members.set([p.ada, p.olga, p.robo]), "member_left"),
    "related create": (lambda p, c: c.messages.create(author=p.bob, content="x"), "user_message"),
    "related update": (lambda p, c: p.bob.memberships.update(role="observer"), "member_joined"),
    "reverse add": (lambda p, c: p.carol.circles.add(c), "member_joined"),
    "reverse clear": (lambda p, c: p.bob.circles.clear(), "member_left"),
    "asynchronous save": (lambda p, c: async_to_sync(_renamed(c).asave)(), "circle_status"),
    "asynchronous update": (
        lambda p, c: async_to_sync(Circle.objects.filter(pk=c.pk).aupdate)(title="New"),
        "circle_status",
    ),
    "cascade": (lambda p, c: p.bob.delete(), "member_left"),
    "command": (lambda p, c: call_command("say", "team", "hello"), "user_message"),
    "perform": (
        lambda p, c: perform(p.bob.pk, "r1", lambda: actions.post_message(p.bob, "team", "x")),
        "user_message",
    ),
}


@pytest.fixture
def everyone(people: SimpleNamespace, as_user: Any) -> SimpleNamespace:
    people.rest = as_user
    return people


def _types_after(circle: Circle, seq: int) -> list[str]:
    return [orjson.loads(frame.text)["type"] for frame in log.read(circle.channel, seq)]


@pytest.mark.parametrize("path", PATHS)
def test_a_write_has_its_event(path: str, everyone: SimpleNamespace, circle: Circle) -> None:
    write, expected = PATHS[path]
    before = log.heads([circle.channel])[circle.channel].head
    write(everyone, circle)
    assert _types_after(circle, before) == [expected]


@pytest.mark.parametrize("path", PATHS)
def test_a_rollback_leaves_neither_row_nor_event_nor_hole(
    path: str, everyone: SimpleNamespace, circle: Circle
) -> None:
    write, _ = PATHS[path]
    before = log.heads([circle.channel])[circle.channel].head
    rows = _rows()
    with contextlib.suppress(ZeroDivisionError), transaction.atomic():
        write(everyone, circle)
        raise ZeroDivisionError
    assert (_rows(), _types_after(circle, before)) == (rows, [])
    actions.post_message(everyone.ada, "team", "after")
    assert log.read(circle.channel, before)[0].seq == before + 1


def _rows() -> list[Any]:
    models = (Circle, Membership, Message, Agent)
    return [list(model.objects.order_by("pk").values()) for model in models]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "path", ["shell save", "shell create", "row delete", "queryset update", "REST posts"]
)
def test_row_and_event_are_one_transaction_without_any_around(
    path: str, everyone: SimpleNamespace, circle: Circle, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the event cannot be logged, the row is not there either."""
    rows = _rows()
    monkeypatch.setattr(log, "_insert", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        PATHS[path][0](everyone, circle)
    assert _rows() == rows


def test_deleting_a_circle_ends_its_stream_and_another_of_its_name_begins_anew(
    people: SimpleNamespace, circle: Circle
) -> None:
    actions.post_message(people.ada, "team", "secret", None)
    epoch = log.position("circles.team").epoch
    circle.delete()
    assert log.heads(["circles.team"]) == {}
    actions.create_circle(people.carol, "team")
    assert log.position("circles.team").head == 1
    assert log.position("circles.team").epoch != epoch


def test_posting_is_one_short_transaction(
    people: SimpleNamespace, circle: Circle, django_assert_num_queries: Any
) -> None:
    # who may post where, message, head, event; what surrounds it brings the transaction
    with django_assert_num_queries(4):
        actions.post_message(people.bob, "team", "hello")


def test_the_layer_is_named_in_the_hub_alone() -> None:
    import pathlib

    root = pathlib.Path(__file__).resolve().parents[2]
    named = {
        str(path.relative_to(root))
        for folder in ("gathering", "circles", "workspaces", "agents")
        for path in (root / folder).rglob("*.py")
        if "tests" not in path.parts
        and any(word in path.read_text() for word in ("group_send", "get_channel_layer"))
    }
    # The one who uses a layer, and the one who is a layer.
    assert named == {"gathering/hub/doorbell.py", "gathering/hub/neighbours.py"}
