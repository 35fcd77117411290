"""Several processes, and processes that end."""

import asyncio
import json
import time

import pytest

from tests.clients import eventually, seqs
from tests.faithful import Faithful
from tests.processes import poll
from tests.rooms import Room
from tests.servers import Server, World, manage

MANY = 40


@pytest.fixture
def mortal(world: World) -> Server:
    """A server to be killed."""
    return world.spare.start()


async def test_what_is_said_on_one_process_is_heard_on_the_other(room: Room) -> None:
    clients = [await room.join("ada", on=server) for server in room.world.both]
    for number in range(10):
        begin = time.monotonic()
        await clients[number % 2].post(str(number))
        for client in clients:
            assert (await client.event())["data"]["content"] == str(number)
        assert time.monotonic() - begin < 2


async def test_kill_9_loses_and_repeats_nothing(room: Room, mortal: Server) -> None:
    ada, bob = Faithful(room, "ada", mortal), Faithful(room, "bob", mortal)
    following = asyncio.create_task(bob.follow_until(room.head + 60))
    for number in range(60):
        if number == 20:
            killing = asyncio.create_task(asyncio.to_thread(_kill_and_start, mortal))
        await ada.say(str(number))
    await asyncio.gather(following, killing, ada.follow_until(room.head + 60))
    said = [str(number) for number in range(60)]
    assert room.hand("messages", room.name) == [["ada", text] for text in said]
    assert bob.contents == ada.contents == said
    assert bob.joins == ada.joins == 2


async def test_what_was_said_to_a_killed_server_is_said_once(room: Room, mortal: Server) -> None:
    client = await room.join("ada", on=mortal)
    for number in range(20):  # the server is killed somewhere in here, with no ack for some
        await client.tell("user_message", content=str(number), id=f"{room.name}-{number}")
    await client.of_type("ack")
    await asyncio.to_thread(_kill_and_start, mortal)
    again = await room.join("ada", on=mortal)
    acks = [await again.post(str(n), id=f"{room.name}-{n}") for n in range(20)]
    assert seqs(acks) == list(range(room.head + 1, room.head + 21))
    assert len(room.hand("messages", room.name)) == 20


async def test_sigterm_tells_every_client_to_come_back(room: Room, mortal: Server) -> None:
    clients = await asyncio.gather(*(room.join("bob", on=mortal) for _ in range(MANY)))
    ada = Faithful(room, "ada", mortal)
    talking = asyncio.create_task(_talk(ada, 50))
    await clients[0].events(5)
    mortal.terminate()
    codes = await asyncio.gather(*(client.closed() for client in clients))
    assert set(codes) == {1012}
    await asyncio.to_thread(poll, lambda: mortal.pid is None, 10)
    await asyncio.to_thread(mortal.start)
    await talking
    back = await room.join("bob", since=room.head, on=mortal)
    assert seqs(await back.until(room.head + 50))[-1] == room.head + 50
    assert len(room.hand("messages", room.name)) == 50


async def test_the_command_line_speaks_to_sockets_and_hears_them(room: Room) -> None:
    client, printed = await room.join("bob"), room.world.directory / f"{room.name}.printed"
    with printed.open("wb") as out:
        command = manage("tail", room.channel, "--json", "--since", str(room.head))
        environment = room.world.environment()
        tail = await asyncio.create_subprocess_exec(*command, env=environment, stdout=out)
    try:
        said = await _run(room.world, "say", room.name, "From", "outside", "--as", "ada")
        event = await client.event(2)
        await eventually(lambda: printed.read_bytes().endswith(b"\n"))
    finally:
        tail.kill()
        await tail.wait()
    assert (event["data"]["content"], str(event["seq"])) == ("From outside", said.strip())
    assert json.loads(printed.read_text()) == event


def _kill_and_start(server: Server) -> None:
    server.kill()
    server.start()


async def _talk(client: Faithful, count: int) -> None:
    for number in range(count):
        await client.say(str(number))


async def _run(world: World, *arguments: str) -> str:
    """Run a management command; returns what it printed."""
    process = await asyncio.create_subprocess_exec(
        *manage(*arguments), env=world.environment(), stdout=asyncio.subprocess.PIPE
    )
    printed, _ = await process.communicate()
    assert process.returncode == 0, arguments
    return printed.decode()
