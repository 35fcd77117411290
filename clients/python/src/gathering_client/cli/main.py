"""The command ``gathering``: what it takes, and how it ends.

What a program wants is on standard output, what a person wants to know on standard error, and a refusal
ends with the status 1.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import shlex
import signal
import sys
from collections.abc import Awaitable
from typing import TypeAlias

from .. import __version__
from ..errors import GatheringError, NotAuthenticated
from . import answer, commands, login

WITH_LOGIN = {
    "circles": commands.circles,
    "say": commands.say,
    "tail": commands.tail,
    "watch": commands.watch,
    "agent": answer.serve,
}


def main(arguments: list[str] | None = None) -> int:
    """Run one command line; returns the exit status."""
    asked = parser().parse_args(arguments)
    try:
        asyncio.run(_until_terminated(_run(asked)))
    except GatheringError as error:
        print(f"gathering: {error}", file=sys.stderr)
        if isinstance(error, NotAuthenticated):
            print("gathering: log in again with a new token", file=sys.stderr)
        return 1
    except ValueError as error:  # a file of cursors that is none
        print(f"gathering: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # `gathering tail | head` has what it wanted
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (KeyboardInterrupt, asyncio.CancelledError):
        pass
    return 0


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(prog="gathering", description="Speak to a GatheRing server.")
    top.add_argument("--version", action="version", version=f"gathering-client {__version__}")
    of = top.add_subparsers(dest="command", required=True)
    _add_login(of)
    _add_reading(of)
    _add_say(of)
    _add_agent(of)
    return top


# argparse has no public name for it.
Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def _add_login(of: Commands) -> None:
    login_ = of.add_parser("login", help="keep an address, and a token that is asked for")
    login_.add_argument("url", help="such as https://gathering.example")


def _add_reading(of: Commands) -> None:
    circles = of.add_parser("circles", help="the circles that you may see")
    tail = of.add_parser("tail", help="what is said in a circle, from where the last tail stopped")
    tail.add_argument("circle")
    tail.add_argument("--since", type=int, help="begin after this seq, and remember nothing")
    watch = of.add_parser("watch", help="what happens in a workspace")
    watch.add_argument("workspace", type=int, help="its id")
    for each in (circles, tail, watch):
        each.add_argument("--json", action="store_true", help="one JSON object on a line")


def _add_say(of: Commands) -> None:
    say = of.add_parser("say", help="post to a circle, and print the seq")
    say.add_argument("circle")
    say.add_argument("text", nargs="+", help="'-' reads it from standard input")
    say.add_argument("--id", help="said once, however often the command is run with this id")
    say.add_argument("--reply-to", type=int, help="the id of the message that this answers")


def _add_agent(of: Commands) -> None:
    agent = of.add_parser("agent", help="answer every mention of an agent with a program's output")
    agent.add_argument("name", help="the agent that you are, or that you own")
    agent.add_argument("--exec", type=_words, required=True, metavar="COMMAND", help="run without a shell")
    agent.add_argument("--circle", action="append", default=[], help="only in this circle (once or more)")
    agent.add_argument("--timeout", type=float, default=60, metavar="SECONDS", help="for one answer (60)")
    agent.add_argument("--agents", action="store_true", help="answer agents, too, and not only people")


def _words(text: str) -> list[str]:
    words = shlex.split(text)
    if not words:
        raise argparse.ArgumentTypeError("a program is needed")
    return words


async def _run(asked: argparse.Namespace) -> None:
    if asked.command == "login":
        await commands.log_in(asked)
    else:
        await WITH_LOGIN[asked.command](asked, login.load())


async def _until_terminated(work: Awaitable[None]) -> None:
    """SIGTERM ends it as Ctrl-C does: in order."""
    task = asyncio.ensure_future(work)
    with contextlib.suppress(NotImplementedError):  # not on Windows
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    await task
