"""Several who write at the same time, in threads of one process and on a real database."""

import hashlib
import threading
from pathlib import Path
from types import SimpleNamespace

import orjson
import pytest
from django.db import connection

from gathering.hub import log
from gathering.protocol.errors import ChangedMeanwhile
from workspaces import actions, editing
from workspaces.compare import WHOLE
from workspaces.models import Workspace


@pytest.mark.django_db(transaction=True)
def test_one_wins_and_the_others_are_told(workspace: Workspace, people: SimpleNamespace) -> None:
    key, file = str(workspace.pk), Path(workspace.path) / "file"
    file.write_bytes(b"0")
    for _ in range(5):
        seen = hashlib.sha256(file.read_bytes()).hexdigest()
        texts = [b"%d of %s" % (number, seen.encode()) for number in range(4)]
        won = _all_at_once(people, key, texts, seen)
        assert [file.read_bytes()] == won
    told = [orjson.loads(frame.text)["data"] for frame in log.read(workspace.channel, 0)]
    assert [each["actor"] for each in told] == ["bob"] * 5
    assert told[-1]["hash"] == hashlib.sha256(file.read_bytes()).hexdigest()


@pytest.mark.django_db(transaction=True)
def test_a_watcher_that_looks_all_the_time_takes_no_change_from_its_author(
    workspace: Workspace, people: SimpleNamespace
) -> None:
    key, stop = str(workspace.pk), threading.Event()
    looks = 0

    def watch() -> None:
        nonlocal looks
        try:
            while not stop.is_set():
                actions.settle(Workspace.objects.get(pk=workspace.pk), (), [WHOLE])
                looks += 1
        finally:
            connection.close()

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        for number in range(15):
            editing.write_file(people.bob, key, f"{number % 5}/{number}", b"x", parents=True)
            editing.move(people.bob, key, f"{number % 5}/{number}", f"moved-{number}")
    finally:
        stop.set()
        watcher.join(60)
    told = [orjson.loads(frame.text) for frame in log.read(workspace.channel, 0, limit=1000)]
    assert looks > 1
    assert {each["data"]["actor"] for each in told} == {"bob"}
    assert len(told) == 5 + 2 * 15


def _all_at_once(people: SimpleNamespace, key: str, texts: list[bytes], seen: str) -> list[bytes]:
    """Writes all ``texts`` over what was ``seen``; those that were not refused."""
    won: list[bytes] = []
    barrier = threading.Barrier(len(texts))

    def write(text: bytes) -> None:
        try:
            barrier.wait(30)
            editing.write_file(people.bob, key, "file", text, seen)
            won.append(text)
        except ChangedMeanwhile:
            pass
        finally:
            connection.close()

    threads = [threading.Thread(target=write, args=(text,)) for text in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return won
