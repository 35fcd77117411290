"""What runs beside the server: it starts with it, is started again, and ends with it."""

import subprocess
from collections.abc import Iterator
from contextlib import closing

import psutil
import pytest

from tests.clients import eventually
from tests.processes import free_port
from tests.servers import World, manage

pytestmark = pytest.mark.xdist_group("companions")  # one worker has all of them, with one world
COMPANION = "tail circles.room"  # any command that does not end by itself


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with closing(World("uvicorn", "embedded", tmp_path_factory.mktemp("companions"))) as world:
        world.hand("make_circle", "room")
        yield world


@pytest.fixture
def serving(embedded: World) -> Iterator[subprocess.Popen[bytes]]:
    command = manage("serve", "--port", str(free_port()), "--with", COMPANION)
    process = subprocess.Popen(command, env=embedded.environment(), stderr=subprocess.DEVNULL)
    yield process
    process.kill()
    process.wait()


async def test_a_companion_is_started_again_and_ends_with_the_server(
    serving: subprocess.Popen[bytes],
) -> None:
    first = await _companion(serving)
    first.kill()
    second = await _companion(serving, other_than=first.pid)
    serving.terminate()
    assert serving.wait(20) == 0
    assert not second.is_running()


async def test_a_companion_does_not_outlive_a_server_that_is_killed(serving: subprocess.Popen[bytes]) -> None:
    companion = await _companion(serving)
    serving.kill()
    serving.wait()
    await eventually(lambda: not companion.is_running(), seconds=20)


def test_a_companion_that_is_no_command_is_refused(embedded: World) -> None:
    done = subprocess.run(
        manage("serve", "--with", "dance"),
        env=embedded.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "there is no command dance" in done.stderr


async def _companion(serving: subprocess.Popen[bytes], other_than: int = 0) -> psutil.Process:
    found: list[psutil.Process] = []

    def runs() -> bool:
        children = psutil.Process(serving.pid).children()
        found[:] = [
            each for each in children if each.pid != other_than and each.status() != psutil.STATUS_ZOMBIE
        ]
        return bool(found)

    await eventually(runs, seconds=20)
    return found[0]
