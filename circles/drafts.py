"""What an agent says of a message while it writes it: passed on to whoever watches, and never kept."""

import time
from collections.abc import Mapping
from typing import Any

from gathering.accounts.models import User
from gathering.hub.announce import whisper
from gathering.hub.kinds import Asked
from gathering.hub.log import Draft
from gathering.protocol import names
from gathering.protocol.errors import NotAllowed

from .actions import false_claim, open_circle

BELIEVED = 1.0  # seconds that a right to speak is believed without asking again, as for sockets
MOST = 10_000

_believed: dict[tuple[int, str], float] = {}


def write(user: User, name: str, **fields: Any) -> None:
    """Pass on some more of the message that the agent calls ``draft``, or that it gives it up."""
    if not user.is_agent:
        raise NotAllowed("Only an agent shows what it is writing.")
    if (refused := false_claim(Asked(user, name, fields))) is not None:
        raise refused
    open_circle(user, name)
    if len(_believed) >= MOST:
        _believed.clear()
    _believed[user.pk, name] = time.monotonic() + BELIEVED
    show(user, name, fields)


def lightly(asked: Asked) -> bool:
    """The same without the database, if the agent was let speak a moment ago."""
    if _believed.get((asked.user.pk, asked.key), 0) < time.monotonic() or false_claim(asked) is not None:
        return False
    show(asked.user, asked.key, asked.fields)
    return True


def show(user: User, name: str, fields: Mapping[str, Any]) -> None:
    """Tell whoever watches, for one of whom it is known that it may speak."""
    who = {"draft": fields["draft"], "agent_id": user.pk, "sender": user.get_username()}
    news = {"ended": True} if fields.get("ended") else {"delta": fields["delta"], "offset": fields["offset"]}
    if fields.get("reply_to") and "delta" in news:
        news["reply_to"] = fields["reply_to"]
    whisper(Draft(names.join("circles", name), "message_delta", {**who, **news}))
