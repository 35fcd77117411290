"""A small directory to look at, with a history: the demo's workspace."""

import os
import shutil
import subprocess
from pathlib import Path

README = """# Greeter

Says hello to whoever is named.

    python greeter.py Ada
"""
GREETER = """import sys


def greeting(name):
    return f"Hello, {name}!"


if __name__ == "__main__":
    print(greeting(" ".join(sys.argv[1:]) or "world"))
"""
TESTS = """from greeter import greeting


def test_it_greets_by_name():
    assert greeting("Ada") == "Hello, Ada!"
"""
STEPS: list[tuple[str, dict[str, str]]] = [
    ("Say what this is", {"README.md": README, ".gitignore": "__pycache__/\n*.log\n"}),
    ("Greet whoever is named", {"greeter.py": GREETER}),
    ("Show that it greets", {"tests/test_greeter.py": TESTS}),
]
LEFT_OPEN = {"notes.md": "- Greet several people at once?\n"}


def make(directory: Path) -> None:
    """Make the directory, a commit for each step, and something that is not committed yet."""
    git = shutil.which("git")
    for subject, files in STEPS:
        _write(directory, files)
        if git:
            _commit(git, directory, subject)
    _write(directory, LEFT_OPEN)


def _write(directory: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def _commit(git: str, directory: Path, subject: str) -> None:
    """With nobody's configuration: the demo looks the same everywhere."""
    own = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "PATH": os.defpath}
    who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "init.defaultBranch=main")
    for words in (("init", "-q"), ("add", "--all"), ("commit", "-qm", subject)):
        subprocess.run([git, *who, *words], cwd=directory, env=own, check=True, capture_output=True)  # noqa: S603
