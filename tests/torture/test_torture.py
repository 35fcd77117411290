"""``manage.py torture``: short runs find nothing wrong, and a hub that is broken on purpose is found out."""

import subprocess
import sys

import pytest
from django.core.management import CommandError, call_command

from tests.conftest import FULL
from tests.servers import ROOT, manage
from tests.services import Postgres, Redis
from torture.cast import Cast
from torture.faults import FAULTS, possible
from torture.report import Report
from torture.run import Options, run
from torture.stage import WORKER, Stage

SMALL = Cast(servers=("uvicorn", "daphne"), publishers=8, clients=12, processes=2, pause=0.1)
FEW = Cast(servers=("uvicorn", "uvicorn"), publishers=4, clients=8, processes=1, pause=0.1)
BROKEN = (sys.executable, "-m", "tests.torture.deaf_worker")
services = pytest.mark.xdist_group("-".join(FULL[0]))  # where they run already


async def torture(
    options: Options, redis: Redis, postgres: Postgres, cast: Cast = SMALL, launcher: tuple[str, ...] = WORKER
) -> Report:
    async with Stage("full", cast, redis=redis, postgres=postgres, launcher=launcher) as stage:
        report = await run(stage, options, print)
    stage.forget()
    print(report.summary())
    return report


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    words = manage("torture", *arguments)
    return subprocess.run(words, capture_output=True, text=True, timeout=110)


@services
async def test_every_fault_at_once_loses_nothing(redis: Redis, postgres: Postgres) -> None:
    options = Options(rounds=1, seed="all", faults=possible("full"), at_once=len(FAULTS))
    report = await torture(options, redis, postgres)
    assert report.passed
    assert report.total.acknowledged > 30
    assert report.total.applied > report.total.acknowledged  # several clients follow each circle


def test_the_command_proves_it_with_nothing_but_sqlite() -> None:
    cast = ["--publishers", "8", "--clients", "12", "--processes", "2"]
    faults = ["--at-once", str(len(possible("embedded")))]
    done = command("--mode", "embedded", "--rounds", "1", "--seed", "all", *cast, *faults)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "lost 0, duplicated 0, reordered 0" in done.stdout
    assert "--seed all" in done.stderr


@services
async def test_a_hub_that_neither_hears_nor_polls_is_found_out(redis: Redis, postgres: Postgres) -> None:
    options = Options(rounds=1, seed="deaf", faults=["delay"], at_once=1, patience=2)
    report = await torture(options, redis, postgres, FEW, BROKEN)
    assert report.total.lost
    assert not report.passed


def test_a_fault_that_the_mode_cannot_have_is_refused() -> None:
    with pytest.raises(CommandError, match="kill-redis"):
        call_command("torture", "--mode", "embedded", "--faults", "cut,kill-redis")


def test_every_fault_is_documented() -> None:
    page = (ROOT / "docs" / "torture.md").read_text()
    assert [name for name in FAULTS if f"| `{name}` |" not in page] == []


def test_a_hub_that_was_deployed_without_the_tests_says_so() -> None:
    program = (
        "import sys; sys.modules['tests'] = None\n"
        "from gathering.management.commands.torture import Command\n"
        "Command().handle()"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1
    assert "CommandError: This needs the tests and requirements-dev.txt" in done.stderr
