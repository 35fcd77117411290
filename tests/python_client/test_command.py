"""The command ``gathering``, run as a program."""

import asyncio
import json
import os
import signal
import stat
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path
from typing import Any

import pytest

from tests.clients import eventually
from tests.python_client.reading import ONE_WORLD
from tests.rooms import Room
from tests.servers import ROOT, World

pytestmark = ONE_WORLD
SECONDS = 30


class Command:
    """Runs ``gathering`` as one of the cast, with a home of its own."""

    def __init__(self, world: World, home: Path) -> None:
        self.world, self.home = world, home
        self.config = home / "config" / "gathering" / "login.json"
        self.started: list[Process] = []

    def log_in(self, who: str) -> None:
        self.config.parent.mkdir(parents=True, exist_ok=True)
        self.config.write_text(json.dumps({"url": self.world.steady.http, "token": self.world.tokens[who]}))
        self.config.chmod(0o600)

    async def start(self, *arguments: str, log: str = "stderr") -> Process:
        environment = {
            **{name: text for name, text in os.environ.items() if not name.startswith("GATHERING_")},
            "PYTHONPATH": str(ROOT / "clients/python/src"),
            "PYTHONUNBUFFERED": "1",
            "XDG_CONFIG_HOME": str(self.home / "config"),
            "XDG_STATE_HOME": str(self.home / "state"),
            "NO_PROXY": "127.0.0.1",
        }
        command = [sys.executable, "-m", "gathering_client", *arguments]
        with (self.home / log).open("ab") as errors:
            process = await asyncio.create_subprocess_exec(
                *command,
                env=environment,
                stdin=PIPE,
                stdout=PIPE,
                stderr=errors,
                cwd=self.home,
                # A shell starts what is in its background with SIGINT ignored, and children inherit that.
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
            )
        self.started.append(process)
        return process

    async def __call__(self, *arguments: str, stdin: str = "", status: int = 0) -> str:
        """Run to the end; returns what it printed."""
        process = await self.start(*arguments)
        printed, _ = await asyncio.wait_for(process.communicate(stdin.encode()), SECONDS)
        assert process.returncode == status, self.errors
        return printed.decode()

    @property
    def errors(self) -> str:
        return (self.home / "stderr").read_text()


@pytest.fixture
async def gathering(world: World, tmp_path: Path) -> Any:
    command = Command(world, tmp_path)
    command.log_in("ada")
    yield command
    for process in command.started:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def test_login_keeps_the_token_for_its_owner_alone(world: World, gathering: Command) -> None:
    gathering.config.unlink()
    await gathering("login", world.steady.http + "/", stdin=world.tokens["bob"] + "\n")
    assert stat.S_IMODE(gathering.config.stat().st_mode) == 0o600
    assert json.loads(gathering.config.read_text()) == {
        "url": world.steady.http, "token": world.tokens["bob"],
    }  # fmt: skip
    assert "You are bob" in gathering.errors
    assert world.tokens["bob"] not in gathering.errors


async def test_a_wrong_token_is_not_kept(world: World, gathering: Command) -> None:
    kept = gathering.config.read_text()
    await gathering("login", world.steady.http, stdin="wrong\n", status=1)
    assert gathering.config.read_text() == kept
    assert "not_authenticated" in gathering.errors


async def test_without_a_login_it_says_how_to_begin(gathering: Command) -> None:
    gathering.config.unlink()
    await gathering("circles", status=1)
    assert "gathering login" in gathering.errors
    assert "Traceback" not in gathering.errors


async def test_a_token_that_others_can_read_is_not_used(gathering: Command) -> None:
    gathering.config.chmod(0o644)
    await gathering("circles", status=1)
    assert "Others can read" in gathering.errors


async def test_circles_lists_those_that_one_may_see(room: Room, gathering: Command) -> None:
    assert any(line.startswith(f"{room.name} ") for line in (await gathering("circles")).splitlines())
    names = [json.loads(line)["name"] for line in (await gathering("circles", "--json")).splitlines()]
    assert room.name in names


async def test_say_posts_once_for_each_id(room: Room, gathering: Command) -> None:
    first = await gathering("say", room.name, "Built", "it.", "--id", f"build-{room.name}")
    again = await gathering("say", room.name, "Built it.", "--id", f"build-{room.name}")
    await gathering("say", room.name, "-", stdin="from\na pipe")
    assert first == again == f"{room.head + 1}\n"
    assert room.hand("messages", room.name) == [["ada", "Built it."], ["ada", "from\na pipe"]]


async def test_a_refusal_is_one_line_and_a_status(room: Room, gathering: Command) -> None:
    room.hand("archive", room.name)
    await gathering("say", room.name, "Hello", status=1)
    assert gathering.errors.startswith("gathering: circle_archived: ")
    assert len(gathering.errors.splitlines()) == 1


async def test_tail_resumes_where_it_stopped(room: Room, gathering: Command) -> None:
    for number in range(3):
        room.hand("say", "bob", room.name, f"first {number}")
    tail = await gathering.start("tail", room.name)
    for number in range(3):
        assert (await _line(tail, f"first {number}")).split()[1] == "bob"
    await _stop(tail, signal.SIGINT)
    for number in range(3):
        room.hand("say", "bob", room.name, f"second {number}")
    tail = await gathering.start("tail", room.name)
    seen = [await _line(tail, "") for _ in range(3)]
    # the last of the first life may not have been stored as handled
    assert [text.split("bob")[1].strip() for text in seen][-2:] in (
        ["second 1", "second 2"], ["second 0", "second 1"],
    )  # fmt: skip


async def test_tail_is_for_pipes_as_json(room: Room, gathering: Command) -> None:
    room.hand("say", "bob", room.name, "one")
    tail = await gathering.start("tail", room.name, "--json", "--since", str(room.head))
    event = json.loads(await _line(tail, "one"))
    assert (event["type"], event["data"]["sender"], event["seq"]) == ("user_message", "bob", room.head + 1)
    assert (event["channel"], event["content"]) == (room.channel, "one")


async def test_nothing_that_is_said_steers_the_terminal(room: Room, gathering: Command) -> None:
    room.hand("say", "bob", room.name, "\x1b[31mred\x1b]0;title\x07 [bold]not bold[/bold] \u202ebidi")
    tail = await gathering.start("tail", room.name, "--since", str(room.head))
    line = await _line(tail, "red")
    assert "[bold]not bold[/bold]" in line
    assert not {"\x1b", "\x07", "\u202e"} & set(line)


async def test_watch_shows_files_and_git(room: Room, gathering: Command, tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    workspace = room.hand("make_workspace", room.name, str(tmp_path / "work"))
    watch = await gathering.start("watch", str(workspace))
    assert "not looked at yet" in await _line(watch, "# git")
    async with room.http("bob") as http:
        body = {"text": "hello", "encoding": "utf-8"}
        await http.post(f"/api/workspaces/{workspace}/files/notes.txt", json=body)
    line = await _line(watch, "notes.txt")
    assert line.split()[1:] == ["bob", "+", "notes.txt"]


async def test_any_program_becomes_an_agent(room: Room, gathering: Command) -> None:
    before = await _tokens(room)
    agent = await _agent(gathering, room, "tr a-z A-Z")
    asked = room.hand("say", "bob", room.name, "@robo shout; $(touch pwned) `touch pwned` | touch pwned")
    room.hand("say", "bob", room.name, "not for you")
    await eventually(lambda: len(room.hand("messages", room.name)) == 3, SECONDS)
    answer = await _answer(room, "robo")
    assert answer["content"] == "@ROBO SHOUT; $(TOUCH PWNED) `TOUCH PWNED` | TOUCH PWNED"
    assert answer["reply_to"] == asked
    assert not (gathering.home / "pwned").exists()
    assert await _tokens(room) == before + 1
    await _stop(agent, signal.SIGTERM)
    assert await _tokens(room) == before
    async with room.http("ada") as http:
        state = (await http.get(f"/api/agents/{room.hand('user_id', 'robo')}/")).json()
    assert state["agent"]["status"] == "offline"


async def test_what_was_asked_while_it_was_away_is_answered_once(room: Room, gathering: Command) -> None:
    agent = await _agent(gathering, room, "cat")
    agent.kill()
    await agent.wait()
    for number in range(3):
        room.hand("say", "bob", room.name, f"@robo {number}")
    agent = await _agent(gathering, room, "cat")
    await eventually(lambda: len(room.hand("messages", room.name)) == 6, SECONDS)
    agent.kill()  # wherever it is between answering and storing
    await agent.wait()
    await _agent(gathering, room, "cat")
    room.hand("say", "bob", room.name, "@robo 3")
    await eventually(lambda: len(room.hand("messages", room.name)) == 8, SECONDS)
    said = [text for name, text in room.hand("messages", room.name) if name == "robo"]
    assert said == [f"@robo {number}" for number in range(4)]


@pytest.mark.parametrize(
    ("program", "report"),
    [
        ("sh -c 'cat >/dev/null; exit 3'", "ended with status 3"),
        ("true", "(no output)"),
    ],
)
async def test_a_program_without_an_answer_is_reported(
    room: Room, gathering: Command, program: str, report: str
) -> None:
    await _agent(gathering, room, program)
    room.hand("say", "bob", room.name, "@robo hello")
    await eventually(lambda: len(room.hand("messages", room.name)) == 2, SECONDS)
    assert report in (await _answer(room, "robo"))["content"]


async def test_somebody_elses_agent_cannot_be_run(room: Room, gathering: Command) -> None:
    gathering.log_in("carol")
    await gathering("agent", "robo", "--exec", "cat", status=1)
    assert "gathering: " in gathering.errors


async def _agent(gathering: Command, room: Room, program: str, *arguments: str) -> Process:
    """Robo as its owner runs it, listening in the room."""
    log = f"agent-{len(gathering.started)}"
    options = ("--circle", room.name, *arguments)
    process = await gathering.start("agent", "robo", "--exec", program, *options, log=log)
    await eventually(lambda: "listening" in (gathering.home / log).read_text(), SECONDS)
    return process


async def _tokens(room: Room) -> int:
    """How many tokens Robo has."""
    async with room.http("ada") as http:
        tokens = (await http.get("/api/tokens/", params={"agent": "robo"})).json()
    return len(tokens)


async def _answer(room: Room, name: str) -> dict[str, Any]:
    async with room.http("ada") as http:
        found = (await http.get(f"/api/circles/{room.name}/messages/")).json()["messages"]
    return [message for message in found if message["sender"] == name][-1]


async def _line(process: Process, holding: str) -> str:
    """The next line that holds a text."""
    assert process.stdout is not None
    async with asyncio.timeout(SECONDS):
        while holding not in (line := (await process.stdout.readline()).decode()):
            assert line, "it has ended"
    return line


async def _stop(process: Process, how: signal.Signals) -> None:
    process.send_signal(how)
    assert await asyncio.wait_for(process.wait(), SECONDS) == 0
