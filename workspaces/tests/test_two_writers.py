"""Two who write the same file at the same time, in threads of one process and on a real database."""

import hashlib
import threading
from pathlib import Path
from types import SimpleNamespace

import orjson
import pytest
from django.db import connection

from gathering.hub import log
from gathering.protocol.errors import ChangedMeanwhile
from workspaces import editing
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
