"""What is ignored is what git ignores; and no pattern keeps us busy."""

import random
import subprocess
import time
from pathlib import Path

import pytest

from workspaces.disk import Disk
from workspaces.ignoring import Rules

LINES = [
    *("*.log", "build/", "/dist", "a/b", "a/**", "**/c", "a/**/c", "b/*", "!b/a", "!*.log", "!a/", "*"),
    *(
        "!*.py",
        "?",
        "[ab]",
        "[!c]",
        "# no pattern",
        "",
        "  ",
        "\\!b",
        "!/a/b/c",
        "a//b",
        "[",
        "!",
        "c/",
        "/a*",
    ),
]


def test_the_usual_folders_and_git_are_ignored() -> None:
    rules = Rules.of_workspace("")
    assert all(rules.ignores(f"x/{name}", True) for name in (".git", ".GIT", "node_modules", ".venv"))
    assert not rules.ignores("node_modules", False)
    assert not rules.ignores(".gitignore", False)


def test_an_admin_ignores_and_takes_back_but_not_git() -> None:
    rules = Rules.of_workspace("*.secret\n!node_modules/\n!.git")
    assert rules.ignores("a/b.secret", False)
    assert not rules.ignores("node_modules", True)
    assert rules.ignores(".git", True)


@pytest.mark.parametrize(
    "pattern", ["*a" * 30 + "b", "**/a/" * 30 + "b", "[a-z]*" * 20, "*?" * 99, "(" * 5000]
)
def test_no_pattern_takes_long(pattern: str) -> None:
    rules = Rules.of_workspace(pattern)
    begin = time.process_time()
    for path in ("a" * 255, "a/" * 400 + "c"):
        rules.ignores(path, False)
    assert time.process_time() - begin < 0.5


def test_many_patterns_do_not_take_long_together() -> None:
    rules = Rules.of_workspace("\n".join(f"*a*a*a{number}b" for number in range(1000)))
    begin = time.process_time()
    rules.ignores("a" * 255, False)
    assert time.process_time() - begin < 1


@pytest.mark.parametrize("seed", range(12))
def test_what_is_seen_is_what_git_sees(seed: int, tmp_path: Path) -> None:
    dice = random.Random(seed)
    _fill(dice, tmp_path)
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    listed = subprocess.run(
        ["git", "-c", "core.excludesFile=", "ls-files", "-zo", "--exclude-standard"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    with Disk(str(tmp_path)) as disk:
        seen = {path for path, entry in disk.walk() if entry.kind == "file"}
    assert seen == set(listed.stdout.split("\0")) - {""}


def _fill(dice: random.Random, root: Path) -> None:
    for _ in range(12):
        parts = [dice.choice(["a", "b", "c", "build", "dist"]) for _ in range(dice.randint(0, 3))]
        path = root.joinpath(*parts, dice.choice(["a", "b", "c", "x.py", "y.log", "dist"]))
        if not path.exists() and not any(above.is_file() for above in path.parents):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("x")
    for folder in (root, root / "a", root / "b"):
        if folder.is_dir() and dice.random() < 0.8:
            lines = dice.choices(LINES, k=dice.randint(1, 4))
            (folder / ".gitignore").write_text("\n".join(lines) + "\n")
