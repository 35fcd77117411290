"""The package, built and installed from its archive into an empty environment, as a user would have it.

What it depends on is not installed again: the environment sees this one's packages, after its own.
"""

import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.servers import ROOT

SAMPLE = """
from gathering_client import Event, FileStore, connect
from gathering_client.sync import connect as connect_and_wait


async def main() -> None:
    async with connect("https://gathering.example", lambda: "token", store=FileStore("x")) as client:
        seq: int = (await client.circle("dev-team").post("Hello")).seq
        async for event in client.circle("dev-team").events(since=seq):
            show(event)
        async with client.agent(3).run("dev-team") as run:
            await run.text("Hello")
        await client.circle("dev-team").post(7)


def show(event: Event) -> str:
    with connect_and_wait("https://gathering.example", "token") as client:
        return client.circle("dev-team").post(event.type).id
"""
WRONG = 'error: Argument 1 to "post" of "Circle" has incompatible type "int"; expected "str"  [arg-type]'
BUILD = """
import sys
from setuptools import build_meta
print(getattr(build_meta, sys.argv[1])(sys.argv[2]))
"""


@pytest.fixture(scope="module")
def archives(tmp_path_factory: Any) -> dict[str, Path]:
    """The source archive, and the wheel that is built from it."""
    made: Path = tmp_path_factory.mktemp("package")
    ignored = shutil.ignore_patterns("*.egg-info", "__pycache__", "build")
    source = shutil.copytree(ROOT / "clients/python", made / "source", ignore=ignored)
    sdist = made / _build("build_sdist", source, made)
    with tarfile.open(sdist) as archive:
        archive.extractall(made / "unpacked", filter="data")
    (unpacked,) = (made / "unpacked").iterdir()
    return {"sdist": sdist, "wheel": made / _build("build_wheel", unpacked, made)}


@pytest.fixture(scope="module")
def python(archives: dict[str, Path], tmp_path_factory: Any) -> Path:
    """The Python of an environment in which only the wheel was installed."""
    home: Path = tmp_path_factory.mktemp("environment")
    _run(sys.executable, "-m", "venv", "--without-pip", str(home))
    python = home / "bin" / "python"
    _run(
        *(sys.executable, "-m", "pip", "-qq", "--python", str(python)),
        *("install", "--no-deps", "--no-index", str(archives["wheel"])),
    )
    (packages,) = home.glob("lib/python3*/site-packages")
    (packages / "around.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return python


def test_the_archives_hold_what_they_should_and_no_more(archives: dict[str, Path]) -> None:
    with zipfile.ZipFile(archives["wheel"]) as wheel:
        names = wheel.namelist()
    mine = {
        path.relative_to(ROOT / "clients/python/src").as_posix()
        for path in (ROOT / "clients/python/src").rglob("*")
        if path.suffix in (".py", ".typed")
    }
    assert {name for name in names if ".dist-info/" not in name} == mine
    assert any(name.endswith("licenses/LICENSE") for name in names)
    with tarfile.open(archives["sdist"]) as sdist:
        assert {"README.md", "pyproject.toml"} <= {Path(name).name for name in sdist.getnames()}


def test_the_command_and_the_module_come_from_the_archive(python: Path) -> None:
    assert _run(str(python.parent / "gathering"), "--version") == "gathering-client 0.1.0\n"
    where = _run(str(python), "-c", "import gathering_client; print(gathering_client.__file__)")
    assert Path(where).is_relative_to(python.parent.parent)


def test_nothing_of_the_server_is_imported(python: Path) -> None:
    program = "import gathering_client.cli.main, sys; print(*sys.modules)"
    loaded = {name.split(".")[0] for name in _run(str(python), "-c", program).split()}
    assert not loaded & {"django", "channels", "gathering", "circles", "agents", "workspaces", "orjson"}


def test_its_types_are_seen_and_strict(python: Path, tmp_path: Path) -> None:
    (tmp_path / "sample.py").write_text(SAMPLE)
    command = [sys.executable, "-m", "mypy", "--strict", "--python-executable", str(python), "sample.py"]
    found = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    line = SAMPLE.splitlines().index('        await client.circle("dev-team").post(7)') + 1
    assert found.stdout.splitlines()[:-1] == [f"sample.py:{line}: {WRONG}"], found.stdout + found.stderr


def _build(what: str, source: Path, target: Path) -> str:
    """The name of the archive that the declared backend makes, with the tools that are here."""
    done = subprocess.run(
        [sys.executable, "-c", BUILD, what, str(target)],
        cwd=source,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()[-1]


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
