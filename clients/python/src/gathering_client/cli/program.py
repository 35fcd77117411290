"""Running somebody's program on a message: its standard input is the message, its output the answer."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Mapping, Sequence

MOST_CHARACTERS = 31_000  # of an answer; a server takes 32,000
MOST_BYTES = 4 * MOST_CHARACTERS
CUT = "\n... (cut here)"


class ProgramFailed(Exception):
    """The program has no answer; the text says why."""


async def answer_of(
    command: Sequence[str], message: str, *, seconds: float, environment: Mapping[str, str]
) -> str:
    """What ``command`` writes when it reads ``message``.

    It is started without a shell, and the message reaches it as standard input only, so nothing that
    somebody writes can become a command.  What it starts ends with it.  Its standard error is ours.
    Raises :class:`ProgramFailed` for a program that cannot be started, ends with another status than 0,
    or takes longer than ``seconds``.
    """
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, **environment},
            start_new_session=True,
        )
    except OSError as error:
        raise ProgramFailed(f"could not be started: {error.strerror}") from None
    try:
        output, status = await asyncio.wait_for(_talk(process, message), seconds)
    except asyncio.TimeoutError:
        raise ProgramFailed(f"took longer than {seconds:g} seconds") from None
    finally:
        _end(process)
        await process.wait()
    if status and len(output) <= MOST_BYTES:  # one that was cut was killed by us
        raise ProgramFailed(f"was ended by signal {-status}" if status < 0 else f"ended with status {status}")
    return _text(output)


async def _talk(process: asyncio.subprocess.Process, message: str) -> tuple[bytes, int]:
    feeding = asyncio.create_task(_feed(process, message))
    try:
        output = await _read(process)
        if len(output) > MOST_BYTES:
            _end(process)
        return output, await process.wait()
    finally:
        feeding.cancel()


async def _feed(process: asyncio.subprocess.Process, message: str) -> None:
    stdin = process.stdin
    if stdin is None:
        return
    with contextlib.suppress(OSError):  # it need not read what it is told
        stdin.write(message.encode())
        await stdin.drain()
        stdin.close()


async def _read(process: asyncio.subprocess.Process) -> bytes:
    output = b""
    while process.stdout is not None and len(output) <= MOST_BYTES:
        chunk = await process.stdout.read(65536)
        if not chunk:
            break
        output += chunk
    return output


def _end(process: asyncio.subprocess.Process) -> None:
    """End it, and all that it has started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def _text(output: bytes) -> str:
    text = output.decode("utf-8", "replace").replace("\x00", "�").strip("\n")
    return text if len(text) <= MOST_CHARACTERS else text[:MOST_CHARACTERS].rstrip() + CUT
