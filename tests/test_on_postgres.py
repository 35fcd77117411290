"""The law once more on PostgreSQL, and what SQLite cannot show: two who write at once."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.services import Postgres

ROOT = Path(__file__).resolve().parent.parent
TESTS = (
    "circles/tests/test_law.py",
    "circles/tests/test_told.py",
    "agents/tests/test_told.py",
    "agents/tests/test_locks.py",
    "workspaces/tests/test_api_looking.py::test_old_snapshot_and_events_make_the_fresh_snapshot",
    "workspaces/tests/test_two_writers.py",
    "workspaces/tests/test_record.py",
    "workspaces/tests/test_settle.py::test_whatever_happens_the_picture_is_the_disk_at_the_end",
    "circles/tests/test_asking.py::test_a_snapshot_holds_nothing_that_came_after_its_seq",
)


@pytest.mark.timeout(240)
def test_the_law_holds_on_postgresql(postgres: Postgres, tmp_path: Path) -> None:
    url = postgres.create_database("apps")
    environment = {**os.environ, "DATABASE_URL": url, "GATHERING_DATA_DIR": str(tmp_path)}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-rs", *TESTS]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=230, check=False
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert "skipped" not in done.stdout.splitlines()[-1], done.stdout[-2000:]
