"""Real repositories, made with real git, and a git that is as careless as a person's at a prompt."""

import os
import pty
import subprocess
from pathlib import Path

_PLAIN = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.org",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.org",
    "GIT_TERMINAL_PROMPT": "0",
    "TERM": "dumb",
}


class Repo:
    """A repository at ``path``; ``git`` runs there as a person would run it, configuration and all."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def new(cls, path: Path, *options: str) -> "Repo":
        path.mkdir(parents=True, exist_ok=True)
        made = cls(path)
        made.git("init", "-q", "-b", "main", *options)
        return made

    @classmethod
    def with_commit(cls, path: Path) -> "Repo":
        made = cls.new(path)
        made.commit("a.txt", "one\n", "First")
        return made

    def git(self, *args: str, check: bool = True, on_terminal: bool = False) -> str:
        if on_terminal:
            return self._on_terminal(args)
        environment = {**os.environ, **_PLAIN}
        command = ["git", "-c", "protocol.file.allow=always", *args]
        done = subprocess.run(
            command,
            cwd=self.path,
            env=environment,
            capture_output=True,
            check=False,
            timeout=60,
            stdin=subprocess.DEVNULL,
        )
        assert not check or done.returncode == 0, done.stderr.decode()
        return done.stdout.decode(errors="replace").strip()

    def write(self, name: str, text: str) -> Path:
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    def commit(self, name: str, text: str, subject: str) -> str:
        self.write(name, text)
        self.git("add", "--", name)
        self.git("commit", "-q", "-m", subject)
        return self.git("rev-parse", "HEAD")

    def config(self, name: str, value: str) -> None:
        self.git("config", name, value)

    def _on_terminal(self, args: tuple[str, ...]) -> str:
        ours, theirs = pty.openpty()
        try:
            environment = {**os.environ, **_PLAIN}
            subprocess.run(
                ["git", *args], cwd=self.path, env=environment, stdout=theirs, check=False, timeout=60
            )
        finally:
            os.close(theirs)
            os.close(ours)
        return ""


def program(path: Path, canary: Path, then: str = "cat") -> str:
    """A program that shows by a file that it was run; the command that runs it."""
    path.write_text(f"#!/bin/sh\ntouch {canary}\n{then}\n")
    path.chmod(0o755)
    return str(path)
