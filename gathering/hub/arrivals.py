"""Who comes at the same moment is looked at together: two queries for all of them, not two for each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gathering.protocol.cursor import Position, Since
from gathering.protocol.errors import BadCursor, GatheringError

from . import kinds, log
from .feed import Feed

MOST = 50


@dataclass(frozen=True, slots=True)
class Wish:
    """A stream that a client would follow: from a position (``since``), or from one that made no sense
    (``bad``); ``welcome`` if it is to be greeted."""

    channel: str
    since: Since | None = None
    bad: BadCursor | None = None
    welcome: bool = False


@dataclass(frozen=True, slots=True)
class Arrival:
    """Somebody with an ``identity``, or with a ``credential`` that ``authenticate`` knows how to read.

    ``authenticate`` takes many and returns for each an identity or an error.
    """

    wish: Wish | None = None
    identity: Any = None
    credential: Any = None
    authenticate: Callable[[Sequence[Any]], Sequence[Any]] | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """Who it is, and where the wanted stream stands: None if that is for the feed to say, which knows;
    an error if there is no such stream for this client."""

    identity: Any
    position: Position | GatheringError | None = None


def look(arrivals: Sequence[Arrival], feeds: Mapping[str, Feed]) -> list[Found | Exception]:
    """Look who comes, and what each may follow.  In the database thread."""
    identities = _identities(arrivals)
    wanted = {
        place: (identity.user, arrival.wish.channel)
        for place, (arrival, identity) in enumerate(zip(arrivals, identities, strict=True))
        if arrival.wish is not None and not isinstance(identity, Exception)
    }
    refused = dict(zip(wanted, kinds.refusals(list(wanted.values())), strict=True))
    unknown = [place for place in wanted if refused[place] is None and _must_ask(arrivals[place], feeds)]
    positions = log.positions({wanted[place][1] for place in unknown})
    at = {place: positions[wanted[place][1]] for place in unknown}
    return [
        identity if isinstance(identity, Exception) else Found(identity, refused.get(place) or at.get(place))
        for place, identity in enumerate(identities)
    ]


def _identities(arrivals: Sequence[Arrival]) -> list[Any]:
    identities = [arrival.identity for arrival in arrivals]
    for door in {arrival.authenticate for arrival in arrivals if arrival.authenticate is not None}:
        places = [place for place, arrival in enumerate(arrivals) if arrival.authenticate is door]
        for place, identity in zip(places, door([arrivals[p].credential for p in places]), strict=True):
            identities[place] = identity
    return identities


def _must_ask(arrival: Arrival, feeds: Mapping[str, Feed]) -> bool:
    """Whether the log has to say where the stream stands, since no feed here can."""
    wish = arrival.wish
    feed = feeds.get(wish.channel) if wish is not None else None
    if wish is None or feed is None or feed.cursor != feed.known:
        return True
    since = wish.since
    return since is not None and (since.seq > feed.cursor or since.epoch not in (None, feed.epoch))
