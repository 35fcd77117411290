"""Alive and ready: told to supervisors and load balancers, and true."""

import asyncio
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client

from gathering.hub import doorbell, process


def test_a_process_that_answers_is_alive_without_a_database(client: Client) -> None:
    """Without the ``db`` fixture a query would fail."""
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    assert "no-cache" in answer["Cache-Control"]


def test_a_process_that_can_serve_is_ready(db: Any, client: Client) -> None:
    answer = client.get("/readyz")
    parts = {"database": "ok", "doorbell": "ok", "server": "ok"}
    assert (answer.status_code, answer.json()) == (200, {"status": "ok", **parts})


def refused(client: Client, part: str, state: str) -> None:
    answer = client.get("/readyz")
    body = answer.json()
    assert (answer.status_code, body["code"], body["retryable"]) == (503, "unavailable", True)
    assert (body[part], body["detail"]) == (state, f"Not ready: {part} {state}.")


def test_a_database_that_is_away_is_named(db: Any, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: Any) -> None:
        raise OperationalError("connection refused")

    monkeypatch.setattr(MigrationRecorder, "has_table", away)
    refused(client, "database", "away")


def test_a_migration_that_is_missing_is_named(db: Any, client: Client) -> None:
    (last,) = MigrationExecutor(connection).loader.graph.leaf_nodes("circles")
    MigrationRecorder(connection).record_unapplied(*last)
    refused(client, "database", "not migrated")


class Layer:
    """A channel layer that does with a message what it is told to."""

    def __init__(self, delay: float = 0, error: Exception | None = None) -> None:
        self.delay, self.error = delay, error

    async def group_send(self, *_: Any) -> None:
        await asyncio.sleep(self.delay)
        if self.error:
            raise self.error


@pytest.mark.parametrize("layer", [Layer(error=ConnectionError("refused")), Layer(delay=30)])
def test_a_doorbell_that_does_not_answer_is_named(
    layer: Layer, db: Any, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doorbell, "get_channel_layer", lambda: layer)
    refused(client, "doorbell", "away")


def test_a_process_that_is_ending_is_not_ready(
    db: Any, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "any_draining", lambda: True)
    refused(client, "server", "draining")


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_it_is_asked_and_not_told(path: str, db: Any, client: Client) -> None:
    assert client.head(path).status_code == 200
    assert client.post(path).status_code == 405
