"""What is known of git in a directory."""

from enum import StrEnum


class State(StrEnum):
    """Only ``OK`` and ``BARE`` have a history to show."""

    OK = "ok"
    BARE = "bare"  # the directory is a repository itself, without a work tree
    NONE = "none"  # no repository here
    ELSEWHERE = "elsewhere"  # its repository lies outside, and nothing there says that it belongs here
    BROKEN = "broken"  # git cannot read it
    TIMEOUT = "timeout"  # git did not end in time
    NOT_INSTALLED = "not_installed"  # no git on this machine
    MISSING = "missing"  # no directory


class Unreadable(Exception):
    """There is no repository that may be shown: ``state`` says which case, ``detail`` a sentence."""

    def __init__(self, state: State, detail: str = "") -> None:
        self.state = state
        self.detail = detail
        super().__init__(detail or state)
