"""Running somebody's program on a message."""

from __future__ import annotations

import asyncio
import shlex
import time
from pathlib import Path

import pytest

from gathering_client.cli.program import ProgramFailed, answer_of


async def ask(command: str, message: str = "hello", seconds: float = 20) -> str:
    return await answer_of(
        shlex.split(command), message, seconds=seconds, environment={"GATHERING_CIRCLE": "dev-team"}
    )


async def test_the_message_is_its_input_and_its_output_the_answer() -> None:
    assert await ask("tr a-z A-Z", "é $(echo no) `no` ; no\n") == "é $(ECHO NO) `NO` ; NO"


async def test_the_circle_is_in_its_environment() -> None:
    assert await ask("printenv GATHERING_CIRCLE") == "dev-team"


async def test_a_program_that_reads_nothing_may_still_answer() -> None:
    assert await ask("echo fine", "x" * 1_000_000) == "fine"


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("sh -c 'exit 3'", "ended with status 3"),
        ("sh -c 'kill -9 $$'", "ended by signal 9"),
        ("no-such-program", "could not be started: No such file"),
        ("/", "could not be started"),
    ],
)
async def test_a_failure_says_why(command: str, why: str) -> None:
    with pytest.raises(ProgramFailed, match=why):
        await ask(command)


async def test_it_ends_in_time_with_all_that_it_has_started(tmp_path: Path) -> None:
    begin = time.monotonic()
    with pytest.raises(ProgramFailed, match=r"longer than 0\.3 seconds"):
        await ask(f"sh -c 'sh -c \"sleep 1; touch {tmp_path}/late\" & wait'", seconds=0.3)
    assert time.monotonic() - begin < 10
    await asyncio.sleep(max(0.0, begin + 1.5 - time.monotonic()))  # when it would be there
    assert not (tmp_path / "late").exists()


async def test_an_endless_answer_is_cut() -> None:
    answer = await ask("yes")
    assert answer.endswith("y\n... (cut here)")
    assert len(answer) < 32_000


async def test_what_is_no_text_is_made_one() -> None:
    assert await ask("printf 'a\\000b\\377c'") == "a\ufffdb\ufffdc"
