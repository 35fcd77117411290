"""Where the command keeps who it is (a file that only its owner can read) and how far it has read."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import GatheringError
from ..stores import FileStore


class NotLoggedIn(GatheringError):
    """There is no address and token to use."""


@dataclass(frozen=True)
class Login:
    """A server, and the token to use there."""

    url: str
    token: str = field(repr=False)


def load() -> Login:
    """The address and token of ``gathering login``; GATHERING_URL and GATHERING_TOKEN go before them.

    Raises :class:`NotLoggedIn`, also if others can read the file.
    """
    url, token = os.environ.get("GATHERING_URL"), os.environ.get("GATHERING_TOKEN")
    if url and token:
        return Login(url, token)
    path = _config() / "login.json"
    try:
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise NotLoggedIn(f"Others can read {path}: chmod 600 it, and think of a new token.")
        kept = json.loads(path.read_text("utf-8"))
        return Login(url or kept["url"], token or kept["token"])
    except (OSError, ValueError, KeyError, TypeError):
        raise NotLoggedIn("Log in first: gathering login https://gathering.example") from None


def save(login: Login) -> Path:
    """Keep ``login``, readable by its owner alone from the first byte on; returns the file."""
    folder = _config()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=folder)  # mode 0600
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump({"url": login.url, "token": login.token}, file)
    os.replace(temporary, folder / "login.json")
    return folder / "login.json"


def cursors(login: Login, me: dict[str, Any], purpose: str) -> FileStore:
    """The cursors of one purpose (``tail circles.dev-team``, say) of one actor at one server."""
    state = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state")
    server = hashlib.sha256(login.url.encode()).hexdigest()[:12]
    return FileStore(state / "gathering" / f"{server}-{me['name']}" / f"{purpose}.json")


def _config() -> Path:
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "gathering"
