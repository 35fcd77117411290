"""What an agent writes, shown as it is written: to its circle, and on its own stream."""

import asyncio

from agents import activity
from agents.models import Agent
from circles.drafts import show
from circles.models import Circle
from gathering.hub.kinds import Asked
from gathering.protocol.agui import Event

PACE = 0.08  # seconds between two deltas: quicker is not seen, and costs every watcher


class Words:
    """The answer of a run so far.  ``text`` is what will be posted; deltas of it are whispered."""

    def __init__(self, agent: Agent, circle: Circle, draft: str, reply_to: int | None) -> None:
        self.text = ""
        self.draft = draft
        self.reply_to = reply_to
        self._missed = ""  # of the open message, what its stream has not been told
        self._agent = agent
        self._circle = circle
        self._shown = 0
        self._told = 0
        self._message = ""
        self._timer: asyncio.TimerHandle | None = None

    def open(self, message: str) -> int:
        """Begin another message of the run; all of them make one answer.  Returns where it begins in it."""
        if self.text:
            self.text += "\n\n"
        self._message, self._told, self._missed = message, len(self.text), ""
        return len(self.text)

    def close(self, message: str) -> list[Event]:
        """The events that end a message, with what its stream has missed."""
        self.flush()
        end = {"type": "TEXT_MESSAGE_END", "messageId": message}
        missed = {"type": "TEXT_MESSAGE_CONTENT", "messageId": message, "delta": self._missed}
        return [missed, end] if self._missed else [end]

    def add(self, delta: str) -> None:
        self.text += delta
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(PACE, self.flush)

    def flush(self) -> None:
        """Show what was added and not shown yet."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if (fresh := self.text[self._shown :]) != "":
            self._show(delta=fresh, offset=self._shown, reply_to=self.reply_to)
            self._shown = len(self.text)
        if (fresh := self.text[self._told :]) != "":
            self._tell(fresh)
            self._told = len(self.text)

    def give_up(self) -> None:
        """Say that no message will come of it."""
        self.flush()
        if self._shown:
            self._show(ended=True)

    def _tell(self, fresh: str) -> None:
        event = {"type": "TEXT_MESSAGE_CONTENT", "messageId": self._message, "delta": self._missed + fresh}
        agent = self._agent
        told = activity.lightly(Asked(agent.user, str(agent.pk), {"event": event}))
        self._missed = "" if told else self._missed + fresh

    def _show(self, **fields: object) -> None:
        show(self._agent.user, self._circle.name, {"draft": self.draft, **fields})


def end(agent: Agent, circle: str, draft: str) -> None:
    """Say that no message will come of a draft that was shown."""
    show(agent.user, circle, {"draft": draft, "ended": True})
