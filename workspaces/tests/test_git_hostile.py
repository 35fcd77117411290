"""Repositories that name programs: a person's git runs them, ours never does.

Each attack is tried twice: with git as at a prompt, which shows that the attack works, and with ours.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from workspaces import git
from workspaces.git import State

from .repositories import Repo, program


@dataclass
class Attack:
    """A repository, the program that must not run, and the file by which it tells that it did."""

    repo: Repo
    command: str
    canary: Path
    outside: Path


@pytest.fixture
def attack(tmp_path: Path) -> Attack:
    canary = tmp_path / "canary"
    repo = Repo.with_commit(tmp_path / "repo")
    outside = tmp_path / "outside"
    outside.mkdir()
    return Attack(repo, program(tmp_path / "evil", canary), canary, outside)


def _change(repo: Repo) -> None:
    """Make git look at the content, not at the times alone."""
    repo.write("a.txt", "two\n")


def fsmonitor(it: Attack) -> tuple[str, ...]:
    it.repo.config("core.fsmonitor", it.command)
    return ("status",)


def clean_filter(it: Attack) -> tuple[str, ...]:
    it.repo.write(".gitattributes", "* filter=evil\n")
    it.repo.config("filter.evil.clean", it.command)
    _change(it.repo)
    return ("diff",)


def process_filter(it: Attack) -> tuple[str, ...]:
    it.repo.write(".git/info/attributes", "* filter=evil\n")
    it.repo.config("filter.evil.process", it.command)
    _change(it.repo)
    return ("status",)


def smudge_filter(it: Attack) -> tuple[str, ...]:
    it.repo.write(".gitattributes", "* filter=evil\n")
    it.repo.config("filter.evil.smudge", it.command)
    _change(it.repo)
    return ("checkout", "--", "a.txt")


def index_hook(it: Attack) -> tuple[str, ...]:
    program(it.repo.path / ".git/hooks/post-index-change", it.canary)
    (it.repo.path / "a.txt").touch()
    return ("status",)


def hooks_path(it: Attack) -> tuple[str, ...]:
    program(it.outside / "post-index-change", it.canary)
    it.repo.config("core.hooksPath", str(it.outside))
    (it.repo.path / "a.txt").touch()
    return ("status",)


def pager(it: Attack) -> tuple[str, ...]:
    it.repo.config("core.pager", it.command)
    return ("log",)


def pager_of_one_command(it: Attack) -> tuple[str, ...]:
    it.repo.config("pager.status", it.command)
    return ("status",)


def external_diff(it: Attack) -> tuple[str, ...]:
    it.repo.config("diff.external", it.command)
    _change(it.repo)
    return ("diff", "HEAD")


def diff_driver(it: Attack) -> tuple[str, ...]:
    it.repo.write(".gitattributes", "* diff=evil\n")
    it.repo.config("diff.evil.command", it.command)
    _change(it.repo)
    return ("diff", "HEAD")


def textconv(it: Attack) -> tuple[str, ...]:
    it.repo.write(".gitattributes", "* diff=evil\n")
    it.repo.config("diff.evil.textconv", it.command)
    _change(it.repo)
    return ("diff", "HEAD")


def signature(it: Attack) -> tuple[str, ...]:
    tree = it.repo.git("rev-parse", "HEAD^{tree}")
    who = "Ada <ada@example.org> 1700000000 +0000"
    signature = "gpgsig -----BEGIN PGP SIGNATURE-----\n \n x\n -----END PGP SIGNATURE-----"
    signed = f"tree {tree}\nauthor {who}\ncommitter {who}\n{signature}\n\nSigned\n"
    raw = it.repo.write("commit", signed)
    it.repo.git("reset", "-q", "--hard", it.repo.git("hash-object", "-t", "commit", "-w", str(raw)))
    it.repo.config("gpg.program", it.command)
    it.repo.config("log.showSignature", "true")
    return ("log",)


def included(it: Attack) -> tuple[str, ...]:
    (it.outside / "config").write_text(f"[core]\n\tfsmonitor = {it.command}\n")
    it.repo.config("include.path", str(it.outside / "config"))
    return ("status",)


def worktree_config(it: Attack) -> tuple[str, ...]:
    it.repo.config("core.repositoryformatversion", "1")
    it.repo.config("extensions.worktreeConfig", "true")
    it.repo.write(".git/config.worktree", f"[core]\n\tfsmonitor = {it.command}\n")
    return ("status",)


def common_directory(it: Attack) -> tuple[str, ...]:
    other = Repo.with_commit(it.outside / "other")
    other.config("core.fsmonitor", it.command)
    it.repo.write(".git/commondir", str(other.path / ".git"))
    return ("status",)


def ssh_of_a_promisor(it: Attack) -> tuple[str, ...]:
    it.repo.config("core.sshCommand", program(it.outside / "ssh", it.canary, "exit 1"))
    return _promisor(it, "ssh://nowhere.invalid/x")


def helper_of_a_promisor(it: Attack) -> tuple[str, ...]:
    it.repo.config("protocol.ext.allow", "always")
    return _promisor(it, f"ext::{program(it.outside / 'helper', it.canary, 'exit 1')}")


def _promisor(it: Attack, url: str) -> tuple[str, ...]:
    """A partial clone that lacks what a diff needs, and would fetch it."""
    blob = it.repo.git("rev-parse", "HEAD:a.txt")
    (it.repo.path / ".git/objects" / blob[:2] / blob[2:]).unlink()
    it.repo.config("core.repositoryformatversion", "1")
    it.repo.config("extensions.partialClone", "origin")
    it.repo.config("remote.origin.promisor", "true")
    it.repo.config("remote.origin.url", url)
    _change(it.repo)
    return ("diff", "HEAD")


def submodule(it: Attack) -> tuple[str, ...]:
    other = Repo.with_commit(it.outside / "other")
    it.repo.git("submodule", "add", "-q", str(other.path), "sub")
    it.repo.git("commit", "-q", "-m", "With a submodule")
    inner = Repo(it.repo.path / "sub")
    inner.write(".gitattributes", "* filter=evil\n")
    inner.config("filter.evil.clean", it.command)
    _change(inner)
    return ("status",)


def submodule_update(it: Attack) -> tuple[str, ...]:
    other = Repo.with_commit(it.outside / "other")
    it.repo.git("submodule", "add", "-q", str(other.path), "sub")
    it.repo.config("submodule.sub.update", f"!{it.command}")
    other.commit("a.txt", "two\n", "Second")
    Repo(it.repo.path / "sub").git("pull", "-q")
    return ("submodule", "update")


def alias(it: Attack) -> tuple[str, ...]:
    it.repo.config("alias.st", f"!{it.command}")
    return ("st",)


ATTACKS: list[Callable[[Attack], tuple[str, ...]]] = [
    fsmonitor,
    clean_filter,
    process_filter,
    smudge_filter,
    index_hook,
    hooks_path,
    pager,
    pager_of_one_command,
    external_diff,
    diff_driver,
    textconv,
    signature,
    included,
    worktree_config,
    common_directory,
    ssh_of_a_promisor,
    helper_of_a_promisor,
    submodule,
    submodule_update,
    alias,
]
ON_A_TERMINAL = {pager, pager_of_one_command}


@pytest.mark.parametrize("arrange", ATTACKS, ids=lambda arrange: arrange.__name__)
def test_nothing_that_a_repository_names_is_run(
    arrange: Callable[..., tuple[str, ...]], attack: Attack
) -> None:
    careless = arrange(attack)
    path = str(attack.repo.path)
    seen = [
        git.status(path),
        git.log(path),
        git.log(path, path=b"a.txt"),
        git.diff(path),
        git.diff(path, path=b"a.txt"),
    ]
    assert not attack.canary.exists()
    assert seen[0].state == (State.ELSEWHERE if arrange is common_directory else State.OK)
    assert {each.state for each in seen} <= {State.OK, State.BROKEN, State.ELSEWHERE}
    attack.repo.git(*careless, check=False, on_terminal=arrange in ON_A_TERMINAL)
    assert attack.canary.exists()  # it is an attack
