"""Streams in the admin: looked at, never edited."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import transaction
from django.test import Client

from gathering.accounts.models import User
from gathering.hub import log
from gathering.hub.admin import LATEST, LONGEST
from gathering.hub.log import Draft
from gathering.hub.models import Stream

STREAMS = "/admin/hub/stream/"
CHANNEL = "circles.team"


@pytest.fixture
def root(db: Any, client: Client) -> Client:
    client.force_login(User.objects.create_superuser("root"))
    return client


def append(*texts: str) -> Stream:
    with transaction.atomic():
        log.append(CHANNEL, [Draft(CHANNEL, "said", {"text": text}) for text in texts])
    return Stream.objects.get(name=CHANNEL)


def act(client: Client, action: str, stream: Stream) -> str:
    body = {"action": action, "_selected_action": [stream.pk]}
    return str(client.post(STREAMS, body, follow=True).content.decode())


def page(client: Client, stream: Stream) -> str:
    answer = client.get(f"{STREAMS}{stream.pk}/change/")
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_the_list_says_where_a_stream_stands(root: Client) -> None:
    stream = append("one", "two", "three")
    Stream.objects.filter(pk=stream.pk).update(floor=1)
    text = root.get(STREAMS).content.decode()
    for name, value in {"head": 3, "floor": 1, "retained": 2, "epoch": stream.epoch}.items():
        assert f'field-{name}">{value}<' in text


def test_a_stream_shows_its_latest_events_as_text(root: Client) -> None:
    texts = [f"event-{number}-" for number in range(LATEST + 5)]
    text = page(root, append(*texts, "<script>alert(1)</script>", "x" * LONGEST * 2))
    assert "event-24-" in text
    assert "event-6-" not in text  # the twenty before the head, and no more
    assert "&lt;script&gt;" in text
    assert "<script>alert" not in text
    assert "x" * LONGEST not in text


def test_a_stream_without_events_shows_none(root: Client) -> None:
    log.position(CHANNEL)
    assert "<pre></pre>" in page(root, Stream.objects.get(name=CHANNEL))


@pytest.mark.parametrize("path", ["add/", "{pk}/change/", "{pk}/delete/"])
def test_nothing_is_edited(path: str, root: Client) -> None:
    stream = append("one", "two")
    body = {"head": 1, "floor": 0, "epoch": "mine", "post": "yes"}
    assert root.post(STREAMS + path.format(pk=stream.pk), body).status_code == 403
    assert list(Stream.objects.values("head", "epoch")) == [{"head": 2, "epoch": stream.epoch}]


def test_no_action_deletes(root: Client) -> None:
    assert "delete_selected" not in root.get(STREAMS).content.decode()


def test_a_new_epoch_is_given(root: Client) -> None:
    stream = append("one")
    assert "Given a new epoch: 1." in act(root, "renew", stream)
    position = log.position(CHANNEL)
    assert (position.head, position.epoch != stream.epoch) == (1, True)


def test_what_is_older_than_the_retention_is_pruned(root: Client, settings: Any) -> None:
    stream = append("one", "two")
    settings.GATHERING_RETENTION_DAYS = 1
    assert "Events forgotten: 0." in act(root, "prune", stream)
    settings.GATHERING_RETENTION_DAYS = 1e-9
    assert "Events forgotten: 2." in act(root, "prune", stream)
    assert log.position(CHANNEL).floor == 2


def test_without_a_retention_nothing_is_pruned(root: Client, settings: Any) -> None:
    settings.GATHERING_RETENTION_DAYS = 0
    assert "everything is kept" in act(root, "prune", append("one"))
    assert log.position(CHANNEL).floor == 0


@pytest.mark.parametrize(("permission", "works"), [("view_stream", False), ("change_stream", True)])
def test_who_may_only_look_may_not_act(permission: str, works: bool, db: Any, client: Client) -> None:
    stan = User.objects.create_user("stan", is_staff=True)
    stan.user_permissions.set(Permission.objects.filter(codename__in=["view_stream", permission]))
    client.force_login(stan)
    stream = append("one")
    page(client, stream)
    act(client, "renew", stream)
    assert (log.position(CHANNEL).epoch != stream.epoch) is works
