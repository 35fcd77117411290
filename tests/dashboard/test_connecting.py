"""Every command on the page that connects an agent is taken from the page, and run as it stands."""

import os
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import unescape
from pathlib import Path

import httpx
import pytest
from playwright.async_api import expect

from tests.dashboard.conftest import Visitors
from tests.nodejs import NODE, NPM
from tests.processes import poll
from tests.servers import ROOT, World

SECONDS = 60
PROGRAMS = {"python": "hello.py", "node": "hello.mjs", "bare": "bare.py", "agent": "agent.py"}
RUN = {".py": "python -u", ".mjs": "node"}


@pytest.fixture(scope="module")
def room(site: World) -> str:
    site.hand("make_circle", "connected")
    site.hand("say", "bob", "connected", "Good morning")
    return "connected"


@pytest.fixture(scope="module")
def texts(site: World, room: str) -> dict[str, str]:
    """What is to be copied from Ada's page, by its id."""
    cookies = {"sessionid": site.hand("session", "ada")}
    path = f"{site.steady.http}/connect/?circle={room}"
    page = httpx.get(path, cookies=cookies, trust_env=False, timeout=30).text
    found = re.findall(r'<pre tabindex="0"(?: id="([\w-]+)")?>(.*?)</pre>', page, re.DOTALL)
    return {name: unescape(text) for name, text in found}


@pytest.fixture(scope="module")
def checkout(texts: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout of the clients, in which the two lines that install them were run.

    What the Python client needs is not installed again: its environment sees this one's packages.
    """
    home = tmp_path_factory.mktemp("checkout")
    ignored = shutil.ignore_patterns("node_modules", "*.egg-info", "__pycache__", "build")
    shutil.copytree(ROOT / "clients", home / "clients", ignore=ignored)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(home / "env")], check=True)
    (packages,) = home.glob("env/lib/python3*/site-packages")
    (packages / "around.pth").write_text(sysconfig.get_path("purelib") + "\n")
    options = "--quiet --no-index --no-deps --no-build-isolation"
    tools = {
        "pip": f'{sys.executable} -m pip --python {home}/env/bin/python "$@" {options}',
        "npm": f'{NODE} {NPM} --offline --no-audit --no-fund --silent "$@"',
        "node": f'{NODE} "$@"',
    }
    for name, command in tools.items():
        tool = home / "env/bin" / name
        tool.write_text(f"#!/bin/sh\nexec {command}\n")
        tool.chmod(0o755)
    for name in ("install-python", "install-javascript"):
        subprocess.run(["bash", "-ec", texts[name]], cwd=home, env=_environment(home), check=True)
    return home


def _environment(home: Path) -> dict[str, str]:
    mine = {name: text for name, text in os.environ.items() if not name.startswith("GATHERING_")}
    state = {"XDG_CONFIG_HOME": str(home / "config"), "XDG_STATE_HOME": str(home / "state")}
    return {**mine, **state, "PATH": f"{home}/env/bin:{os.environ['PATH']}", "NO_PROXY": "127.0.0.1"}


class Terminal:
    """A terminal in the checkout, in which the token was put into the environment as the page says."""

    def __init__(self, site: World, home: Path, texts: dict[str, str], token: str) -> None:
        self.site, self.home, self.texts = site, home, texts
        self._settings = texts["settings"].replace("your-token", token)

    @contextmanager
    def running(self, name: str) -> Iterator[Callable[[], str]]:
        """What was copied runs until the block is left; yields a function that returns what it printed."""
        output = self.home / f"{name}.out"
        with output.open("wb") as out:
            process = subprocess.Popen(
                ["bash", "-ec", f"{self._settings}\n{self._command(name)}"],
                cwd=self.home,
                env={**_environment(self.home), "PYTHONUNBUFFERED": "1"},
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        try:
            yield output.read_text
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def _command(self, name: str) -> str:
        if name not in PROGRAMS:
            return self.texts[name]
        program = self.home / PROGRAMS[name]
        program.write_text(self.texts[name])
        return f"exec {RUN[program.suffix]} {program.name}"


@pytest.fixture
def terminal(site: World, checkout: Path, texts: dict[str, str]) -> Terminal:
    site.steady.start()
    return Terminal(site, checkout, texts, site.tokens["robo"])


SAYS = {
    "curl-says": "Hello from curl",
    "command-says": "Hello from the command line",
    "python": "Hello from Python",
    "node": "Hello from JavaScript",
    "bare": "Hello from a bare socket",
}
FOLLOWS = ["curl-follows", "command-follows", "python", "node", "bare"]
ANSWERS = {"agent": "You said: @robo one two", "command-agent": "0 3 13"}
ELSEWHERE = {"settings", "install-python", "install-javascript", "page"}


def test_nothing_on_the_page_is_unproven(texts: dict[str, str]) -> None:
    assert set(texts) == {*SAYS, *FOLLOWS, *ANSWERS, *ELSEWHERE}


@pytest.mark.parametrize("name", SAYS)
def test_what_speaks_says_it_as_the_agent(name: str, terminal: Terminal, room: str) -> None:
    with terminal.running(name) as printed:
        wanted = ["robo", SAYS[name]]
        assert poll(lambda: wanted in terminal.site.hand("messages", room), SECONDS), printed()


@pytest.mark.parametrize("name", FOLLOWS)
def test_what_listens_prints_what_was_said_and_what_is(name: str, terminal: Terminal, room: str) -> None:
    with terminal.running(name) as printed:
        assert poll(lambda: "Good morning" in printed(), SECONDS), printed()
        terminal.site.hand("say", "bob", room, f"Heard by {name}?")
        assert poll(lambda: f"Heard by {name}?" in printed(), SECONDS), printed()


@pytest.mark.parametrize("name", ANSWERS)
def test_an_agent_answers_when_it_is_mentioned_and_only_then(
    name: str, terminal: Terminal, room: str
) -> None:
    site = terminal.site
    before = len(_said_by_robo(site, room))

    def answers(said: str) -> bool:
        """Whether there is one more, soon; what was said before it listened is none of its."""
        known = len(_said_by_robo(site, room))
        site.hand("say", "bob", room, said)
        return poll(lambda: len(_said_by_robo(site, room)) > known, 1)

    with terminal.running(name) as printed:
        assert poll(lambda: answers("@robo one two"), SECONDS), printed()
        site.hand("say", "bob", room, "nobody in particular")
        assert poll(lambda: answers("@robo one two"), SECONDS), printed()
    assert set(_said_by_robo(site, room)[before:]) == {ANSWERS[name]}


def _said_by_robo(site: World, room: str) -> list[str]:
    return [" ".join(text.split()) for sender, text in site.hand("messages", room) if sender == "robo"]


async def test_a_page_follows_with_the_client_that_the_server_has(
    visitors: Visitors, site: World, texts: dict[str, str], room: str
) -> None:
    own = texts["page"].replace("your-token", site.tokens["robo"])
    page = await (await visitors.enter(None)).new_page()
    await page.route("**/own.html", lambda route: route.fulfill(body=own, content_type="text/html"))
    await page.goto("/own.html")
    await expect(page.locator("#said")).to_contain_text("bob: Good morning")
    site.hand("say", "bob", room, "Seen on a page?")
    await expect(page.locator("#said")).to_contain_text("bob: Seen on a page?")
