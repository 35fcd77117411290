"""How events look on a terminal: colours by actor where there is one, plain lines elsewhere."""

from __future__ import annotations

import sys
import zlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ..frames import Event

try:
    from rich.console import Console
    from rich.text import Text
except ImportError:  # the extra [cli] is not installed
    RICH = False
else:
    RICH = True

COLOURS = ("cyan", "green", "magenta", "yellow", "blue", "bright_red", "bright_cyan", "bright_green")
SIGNS = {"file_created": "+", "file_changed": "~", "file_deleted": "-"}


class Screen:
    """Prints lines: when, who, what."""

    def __init__(self) -> None:
        self._console = Console(highlight=False, soft_wrap=True) if RICH and sys.stdout.isatty() else None

    def event(self, event: Event) -> None:
        """One event of a circle or a workspace; what says nothing to people is left out."""
        actor, text = _said(event)
        if text:
            self.line(_clock(event.timestamp), actor, text, quiet="message" not in event.type)

    def line(self, when: str, actor: str, text: str, *, quiet: bool = False) -> None:
        """One line, and more below it if ``text`` has more; nothing in it steers the terminal."""
        name, body = clean(actor), clean(text).replace("\n", "\n" + " " * 22)
        if self._console is None:
            print(f"{when:8} {name:<12} {body}", flush=True)
            return
        line = Text(f"{when:8} ", "dim")
        line.append(f"{name:<12} ", f"bold {colour(name)}")
        line.append(body, "dim" if quiet else "")
        self._console.print(line)


def clean(text: str) -> str:
    """``text`` without what could steer a terminal: only what is printable, and new lines."""
    return "".join(c if c.isprintable() or c == "\n" else " " if c == "\t" else "�" for c in text)


def colour(name: str) -> str:
    """The colour of an actor, always the same."""
    return COLOURS[zlib.crc32(name.encode()) % len(COLOURS)]


def _clock(timestamp: str | None) -> str:
    try:
        moment = datetime.fromisoformat((timestamp or "").replace("Z", "+00:00"))
    except ValueError:
        return ""
    return f"{moment.astimezone():%H:%M:%S}"


def _said(event: Event) -> tuple[str, str]:
    """Who, and what in words."""
    data = event.data if isinstance(event.data, dict) else {}
    kind = event.type
    if kind == "reset":
        return "", f"(what came between is no longer kept: {data.get('reason')})"
    if event.seq is None:
        return "", ""
    if kind in ("user_message", "agent_message"):
        return str(data.get("sender", "")), str(data.get("content", ""))
    who = str(data.get("user") or data.get("agent") or data.get("actor") or "")
    if kind.startswith("file") or kind.startswith("git"):
        return who, _changed(kind, data)
    what = kind.split("_")[-1] if kind.endswith(("_joined", "_left")) else kind.replace("_", " ")
    return who, f"{what} {data.get('status') or data.get('role') or ''}".strip()


def _changed(kind: str, data: Mapping[str, Any]) -> str:
    if kind == "file_moved":
        return f"> {data.get('old_path')} -> {data.get('path')}"
    if kind == "files_changed":
        counts = data.get("counts") or {}
        return "* " + ", ".join(f"{count} {name}" for name, count in counts.items() if count)
    if kind == "git_commit":
        return f"@ {str(data.get('oid'))[:10]} {data.get('subject')}"
    if kind == "git_status":
        return branch(data)
    return f"{SIGNS.get(kind, '!')} {data.get('path') or ', '.join(data.get('paths', []))}"


def branch(data: Mapping[str, Any]) -> str:
    """A git status in one line."""
    if not data:
        return "# git: not looked at yet"
    if data.get("state") not in (None, "ok"):
        return f"# git: {data.get('state')} {data.get('detail') or ''}".rstrip()
    ahead, behind = data.get("ahead") or 0, data.get("behind") or 0
    apart = f" ahead {ahead}, behind {behind}" if ahead or behind else ""
    counts = ", ".join(f"{n} {name}" for name, n in (data.get("counts") or {}).items() if n)
    return f"# on {data.get('branch') or data.get('oid')}{apart}: {counts or 'clean'}"
