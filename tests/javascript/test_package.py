"""The package, built, and installed from its archive into an empty project."""

import asyncio
import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.clients import eventually
from tests.javascript.worlds import one_world
from tests.nodejs import NODE, NPM
from tests.rooms import Room
from tests.servers import ROOT

PACKAGE = ROOT / "clients/js"
EXAMPLES = PACKAGE / "examples"
DOCUMENT = (ROOT / "docs/clients-javascript.md").read_text()
SAMPLES = re.findall(r"^```js\n(.*?)^```$", DOCUMENT, re.MULTILINE | re.DOTALL)
PATIENCE = 30.0
CONFIG = {
    "compilerOptions": {
        "strict": True,
        "noEmit": True,
        "target": "ES2022",
        "module": "NodeNext",
        "jsx": "react-jsx",
        "lib": ["ES2022", "DOM", "DOM.Iterable"],
        "types": ["node"],
    }
}
TYPED = """
import { GatheringClient, GatheringError, WebSocketClient, storageStore } from '@gathering/client';
import type { Circle, Frame, State, Store } from '@gathering/client';
import { useCircle, useWebSocket } from '@gathering/client/react';

const store: Store = storageStore(localStorage);
const client = new GatheringClient({ store, token: async () => ({ token: 'x', expiresAt: Date.now() }) });
const circle: Circle = client.circle('dev-team');
const seq: Promise<number | null> = circle.post('x', { reply_to: 1 }).then((done) => done.seq);
const off: () => void = circle.watch((state: State) => console.log(state.status, state.behind, seq));
export async function read(): Promise<Frame[]> {
  for await (const frame of circle.events({ since: { seq: 1, epoch: 'a' } })) return [frame];
  throw new GatheringError('closed', 'It ended.');
}
const old: WebSocketClient = new WebSocketClient('ws://localhost:8000/ws/circles/dev-team');
old.onAgentMessage = (data) => console.log(data.content, off);
export function Chat(): string {
  const { messages, isLive } = useCircle('dev-team');
  const { isConnected, send } = useWebSocket('ws://localhost:8000/ws/circles/dev-team');
  send({ type: 'ping' });
  return `${messages.map(({ key, sender }) => key + sender)} ${isLive && isConnected}`;
}
// @ts-expect-error a post is a text
circle.post(7);
// @ts-expect-error there is no such option
new GatheringClient({ tokn: 'x' });
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty project in which the archive of the package was installed."""
    source, project = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("project")
    unwanted = shutil.ignore_patterns("node_modules", "types")
    shutil.copytree(PACKAGE, source, dirs_exist_ok=True, ignore=unwanted)
    (source / "node_modules").symlink_to(PACKAGE / "node_modules")
    npm("pack", "--silent", "--pack-destination", str(project), cwd=source)
    (archive,) = project.glob("*.tgz")
    (project / "package.json").write_text(json.dumps({"type": "module", "private": True}))
    npm("install", "--offline", "--no-audit", "--no-fund", "--no-save", str(archive), cwd=project)
    for types in ("@types/node", "@types/react", "csstype", "undici-types", "react"):
        target = project / "node_modules" / types
        target.parent.mkdir(exist_ok=True)
        target.symlink_to(PACKAGE / "node_modules" / types)
    (project / "tsconfig.json").write_text(json.dumps(CONFIG))
    return project


def test_the_archive_holds_modules_and_types_and_nothing_else(project: Path) -> None:
    installed = project / "node_modules/@gathering/client"
    found = {path.relative_to(installed).parts[0] for path in installed.rglob("*")}
    assert found == {"README.md", "package.json", "react", "src", "types"}
    assert (installed / "types/src/index.d.ts").exists()


def test_a_strict_project_that_uses_it_is_typed(project: Path) -> None:
    (project / "sample.ts").write_text(TYPED)
    tsc = PACKAGE / "node_modules/typescript/bin/tsc"
    done = subprocess.run([NODE, tsc, "--project", project], cwd=project, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@one_world
async def test_the_samples_of_the_document_run(project: Path, room: Room) -> None:
    assert len(SAMPLES) >= 5
    room.hand("post", "bob", room.name, 2)
    texts = [fitted(text, room) for text in SAMPLES]
    runs = [run(project, room, f"sample-{number}.js", text) for number, text in enumerate(texts)]
    assert all(await asyncio.gather(*runs))


@one_world
async def test_the_chat_and_the_agent_talk(project: Path, room: Room) -> None:
    chat = await start(project, room, "ada", EXAMPLES / "chat.js")
    agent = await start(project, room, "robo", EXAMPLES / "agent.js")
    assert chat.stdin is not None
    lines, others = said_by(chat), said_by(agent)
    async with room.http("ada") as http:
        while "robo" not in (await http.get(f"/api/circles/{room.name}/presence/")).text:
            assert agent.returncode is None, "".join(others())
            await asyncio.sleep(0.05)
    chat.stdin.write(b"Good morning @robo\n")
    await eventually(lambda: "robo: You said: Good morning @robo" in "".join(lines()), PATIENCE)
    for process in (chat, agent):
        process.kill()
        await process.wait()


async def run(project: Path, room: Room, name: str, text: str) -> str:
    """What a sample says until it ends, or for as long as nothing more is to come."""
    (project / name).write_text(text)
    process = await start(project, room, "ada", project / name)
    lines = said_by(process)
    await eventually(lambda: bool(lines()) or process.returncode is not None, PATIENCE)
    if process.returncode is None:
        process.kill()
    await process.wait()
    assert process.returncode in (0, -9), "".join(lines())
    return "".join(lines())


async def start(project: Path, room: Room, who: str, script: Path) -> asyncio.subprocess.Process:
    if script.parent != project:
        script = Path(shutil.copy(script, project))
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(
        *(NODE, script, room.world.steady.http, room.name),
        env=os.environ | {"GATHERING_TOKEN": room.world.tokens[who]},
        stdin=pipe,
        stdout=pipe,
        stderr=asyncio.subprocess.STDOUT,
    )


def said_by(process: asyncio.subprocess.Process) -> Callable[[], list[str]]:
    """The lines that a process has said so far, as a function; they are read as they come."""
    lines: list[str] = []

    async def read() -> None:
        assert process.stdout is not None
        async for line in process.stdout:
            lines.append(line.decode())

    reader = asyncio.create_task(read())
    return lambda: lines if reader else []


def fitted(text: str, room: Room) -> str:
    """A sample, with this server and this circle in the place of those that the document names."""
    server = room.world.steady
    places = {"https://hub.example": server.http, "wss://hub.example": server.ws, "dev-team": room.name}
    for named, real in places.items():
        text = text.replace(named, real)
    return text


def npm(*arguments: str, cwd: Path) -> None:
    path = f"{NODE.parent}{os.pathsep}{os.environ['PATH']}"
    subprocess.run([NODE, NPM, *arguments], cwd=cwd, check=True, env=os.environ | {"PATH": path})
