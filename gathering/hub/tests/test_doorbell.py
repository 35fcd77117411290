"""The doorbell tells whom it can, and is stopped by nothing."""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

import pytest
from channels.layers import InMemoryChannelLayer

from gathering.hub import doorbell
from gathering.hub.doorbell import BELL, MAX_QUEUED, RETRY, SEND_TIMEOUT, Doorbell, ring
from gathering.hub.frame import Frame

from .fakes import in_no_time, now, turn

ROOM, SHOP = "circles.room", "circles.shop"


class Layer:
    """A channel layer that fails on order: ``broken`` methods raise, ``stuck`` ones do not return."""

    def __init__(self) -> None:
        self.broken: set[str] = set()
        self.stuck: set[str] = set()
        self.sent: list[tuple[str, dict[str, Any]]] = []
        self.groups: defaultdict[str, set[str]] = defaultdict(set)
        self._free = asyncio.Event()
        self._ears: dict[str, asyncio.Queue[dict[str, Any] | Exception]] = {}

    async def new_channel(self) -> str:
        await self._try("new_channel")
        name = f"ear{len(self._ears)}"
        self._ears[name] = asyncio.Queue()
        return name

    async def receive(self, ear: str) -> dict[str, Any]:
        await self._try("receive")
        message = await self._ears[ear].get()
        if isinstance(message, Exception):
            raise message
        return message

    async def group_add(self, group: str, ear: str) -> None:
        await self._try("group_add")
        self.groups[group].add(ear)

    async def group_discard(self, group: str, ear: str) -> None:
        await self._try("group_discard")
        self.groups[group].discard(ear)

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        await self._try("group_send")
        self.sent.append((group, message))
        for ear in self.groups[group]:
            self._ears[ear].put_nowait(message)

    def deafen(self) -> None:
        """Break off every receive that is under way."""
        for ear in self._ears.values():
            ear.put_nowait(ConnectionError("cut off"))

    def unstick(self) -> None:
        """Let go on what was stuck."""
        self.stuck.clear()
        self._free.set()

    async def _try(self, method: str) -> None:
        if method in self.stuck:
            self._free.clear()
            await self._free.wait()
        if method in self.broken:
            raise ConnectionError(f"{method} is broken")


class House:
    """One process's end of the doorbell, and what it heard."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, list[int | None]]] = []
        self.texts: list[str] = []
        self.joined: list[str] = []
        self.bell = Doorbell(self._hear, self.joined.append)

    def _hear(self, channel: str, frames: Sequence[Frame]) -> None:
        self.heard.append((channel, [frame.seq for frame in frames]))
        self.texts += [frame.text for frame in frames]


@contextlib.asynccontextmanager
async def house(*channels: str) -> AsyncIterator[House]:
    it = House()
    it.bell.start()
    for channel in channels:
        it.bell.want(channel)
    await turn(20)
    yield it
    await it.bell.stop()


@contextlib.contextmanager
def elsewhere(*away: House) -> Iterator[None]:
    """Ring as another process would, in which the houses ``away`` are not."""
    here = [other.bell for other in away]
    for bell in here:
        doorbell._running.remove(bell)
    yield
    doorbell._running.extend(here)


@pytest.fixture
def layer(monkeypatch: pytest.MonkeyPatch) -> Layer:
    layer = Layer()
    use(layer, monkeypatch)
    return layer


def use(layer: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doorbell, "get_channel_layer", lambda: layer)
    monkeypatch.setattr(doorbell, "_running", [])


def frames_of(channel: str, *seqs: int | None) -> list[Frame]:
    return [Frame(channel, seq, f"{channel} {seq}") for seq in seqs]


@in_no_time
async def test_who_rings_hears_it_once(layer: Layer) -> None:
    async with house(ROOM) as ours:
        ring(frames_of(ROOM, 1, 2))
        await turn(20)
        assert ours.heard == [(ROOM, [1, 2])]
        assert len(layer.sent) == 1


@in_no_time
async def test_others_hear_what_is_rung_with_its_text(layer: Layer) -> None:
    async with house(ROOM) as theirs:
        with elsewhere(theirs):
            async with house(ROOM) as ours:
                ring(frames_of(ROOM, 1, None))
                await turn(20)
        assert theirs.heard == ours.heard == [(ROOM, [1, None])]
        assert theirs.texts == ["circles.room 1", "circles.room None"]


@in_no_time
async def test_a_ring_is_one_message_for_each_channel(layer: Layer) -> None:
    async with house(ROOM, SHOP) as ours:
        ring([*frames_of(ROOM, 1), *frames_of(SHOP, 7), *frames_of(ROOM, 2)])
        await turn(20)
        assert ours.heard == [(ROOM, [1, 2]), (SHOP, [7])]
    assert [(group, message["type"], message["channel"]) for group, message in layer.sent] == [
        (ROOM, BELL, ROOM),
        (SHOP, BELL, SHOP),
    ]


@in_no_time
async def test_rings_that_wait_are_sent_together(layer: Layer) -> None:
    layer.stuck.add("group_send")
    async with house() as ours:
        for seq in range(1, 6):
            ring(frames_of(ROOM, seq))
            await turn(5)
        layer.unstick()
        await asyncio.sleep(1)
        assert len(ours.heard) == 5
    assert [len(message["events"]) for _, message in layer.sent] == [1, 4]


@in_no_time
async def test_what_waits_to_be_rung_is_bounded(layer: Layer) -> None:
    layer.stuck.add("group_send")
    async with house() as ours:
        ring(frames_of(ROOM, 0))
        await turn(5)
        for start in range(0, 2 * MAX_QUEUED, 100):
            ring(frames_of(ROOM, *range(start, start + 100)))
        await turn(5)
        assert len(ours.bell._queue) == MAX_QUEUED
        assert len(ours.heard) == 1 + 2 * MAX_QUEUED // 100


@in_no_time
async def test_what_is_wanted_is_joined_and_reported(layer: Layer) -> None:
    async with house(ROOM) as ours:
        ours.bell.want(SHOP)
        await turn(20)
        assert (ours.joined, layer.groups[SHOP]) == ([ROOM, SHOP], {"ear0"})
        ours.bell.want(SHOP)
        await turn(20)
        assert ours.joined == [ROOM, SHOP]


@in_no_time
async def test_what_is_wanted_no_more_is_left(layer: Layer) -> None:
    async with house(ROOM) as ours:
        ours.bell.unwant(ROOM)
        await turn(20)
        assert layer.groups[ROOM] == set()
        ours.bell.want(ROOM)
        await turn(20)
        assert (ours.joined, layer.groups[ROOM]) == ([ROOM, ROOM], {"ear0"})


@in_no_time
async def test_a_layer_that_cannot_be_joined_is_tried_again(layer: Layer) -> None:
    layer.broken.add("group_add")
    async with house(ROOM) as ours:
        await asyncio.sleep(RETRY * 3)
        assert ours.joined == []
        layer.broken.clear()
        await asyncio.sleep(RETRY)
        assert ours.joined == [ROOM]


@in_no_time
async def test_a_layer_that_hangs_at_joining_is_tried_again(layer: Layer) -> None:
    layer.stuck.add("group_add")
    async with house(ROOM) as ours:
        await asyncio.sleep(SEND_TIMEOUT + 0.5)
        layer.unstick()
        await asyncio.sleep(RETRY)
        assert ours.joined == [ROOM]


@pytest.mark.parametrize("method", ["new_channel", "receive"])
@in_no_time
async def test_a_layer_that_cannot_be_heard_is_listened_to_again(layer: Layer, method: str) -> None:
    layer.broken.add(method)
    async with house(ROOM) as theirs:
        await asyncio.sleep(RETRY * 3)
        layer.broken.clear()
        await asyncio.sleep(RETRY * 2)
        with elsewhere(theirs):
            async with house():
                ring(frames_of(ROOM, 1))
                await turn(20)
        assert theirs.heard == [(ROOM, [1])]


@in_no_time
async def test_cut_off_it_joins_all_again_and_says_so(layer: Layer) -> None:
    async with house(ROOM, SHOP) as ours:
        layer.deafen()
        await asyncio.sleep(RETRY * 2)
        assert sorted(ours.joined) == [ROOM, ROOM, SHOP, SHOP]
        assert "ear1" in layer.groups[ROOM] & layer.groups[SHOP]


@in_no_time
async def test_cut_off_while_it_joins_it_joins_with_its_new_ear(layer: Layer) -> None:
    async with house() as ours:
        layer.stuck.add("group_add")
        ours.bell.want(ROOM)
        await turn(20)
        layer.deafen()
        await asyncio.sleep(RETRY + 0.5)  # it listens anew, and the joining is still under way
        layer.unstick()
        await asyncio.sleep(RETRY * 2)
        assert "ear1" in layer.groups[ROOM]


@pytest.mark.parametrize("trouble", ["broken", "stuck"])
@in_no_time
async def test_a_layer_that_does_not_take_a_ring_loses_it_and_takes_the_next(
    layer: Layer, trouble: str
) -> None:
    getattr(layer, trouble).add("group_send")
    async with house(ROOM) as ours:
        ring(frames_of(ROOM, 1))
        await asyncio.sleep(SEND_TIMEOUT + 0.5)
        layer.broken.clear()
        layer.unstick()
        ring(frames_of(ROOM, 2))
        await asyncio.sleep(1)
        assert ours.heard == [(ROOM, [1]), (ROOM, [2])]
    assert [message["events"] for _, message in layer.sent] == [[[2, "circles.room 2"]]]


@pytest.mark.parametrize("message", [{}, {"type": "other"}, {"type": BELL}])
@in_no_time
async def test_a_strange_message_is_no_end(layer: Layer, message: dict[str, Any]) -> None:
    async with house(ROOM) as theirs:
        await layer.group_send(ROOM, message)
        await asyncio.sleep(RETRY * 2)
        with elsewhere(theirs):
            async with house():
                ring(frames_of(ROOM, 1))
                await turn(20)
        assert theirs.heard == [(ROOM, [1])]


@in_no_time
async def test_stopped_it_hears_and_rings_no_more(layer: Layer) -> None:
    async with house(ROOM) as ours:
        pass
    ours.bell.ring_from_any_thread(frames_of(ROOM, 1))
    await turn(20)
    assert layer.sent == []


async def test_it_ends_although_a_send_swallows_its_cancellation(
    layer: Layer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one does that is cancelled in the middle of a write to Redis."""

    async def send(*_: object) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()

    monkeypatch.setattr(layer, "group_send", send)
    monkeypatch.setattr(doorbell, "CANCEL_AGAIN", 0.01)
    async with asyncio.timeout(10), house(ROOM):
        ring(frames_of(ROOM, 1))
        await turn(20)


async def test_it_can_be_rung_from_any_thread(layer: Layer) -> None:
    async with house(ROOM) as ours:
        await asyncio.to_thread(ring, frames_of(ROOM, 1))
        await turn(20)
        assert ours.heard == [(ROOM, [1])]


def test_rung_after_its_loop_has_ended_it_is_silent(layer: Layer) -> None:
    async def live() -> House:
        ours = House()
        doorbell._running.append(ours.bell)
        return ours

    ours = asyncio.run(live())
    ring(frames_of(ROOM, 1))
    assert ours.heard == []


def test_without_a_hub_it_is_rung_from_here(layer: Layer) -> None:
    ring(frames_of(ROOM, 1))
    assert [(group, message["events"]) for group, message in layer.sent] == [(ROOM, [[1, "circles.room 1"]])]


def test_without_a_hub_a_broken_layer_is_logged(layer: Layer, caplog: pytest.LogCaptureFixture) -> None:
    layer.broken.add("group_send")
    ring(frames_of(ROOM, 1))
    assert "the doorbell did not ring" in caplog.text


@in_no_time
async def test_without_a_hub_it_is_rung_from_within_a_loop(layer: Layer) -> None:
    ring(frames_of(ROOM, 1))
    await turn(5)
    assert [group for group, _ in layer.sent] == [ROOM]
    assert now() == 0


@in_no_time
async def test_in_memory_the_layer_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[object] = []

    class Memory(InMemoryChannelLayer):
        async def group_send(self, group: str, message: object) -> None:
            sent.append(message)

    use(Memory(), monkeypatch)
    ring(frames_of(ROOM, 1))
    async with house(ROOM) as ours:
        ring(frames_of(ROOM, 2))
        await turn(20)
        assert ours.heard == [(ROOM, [2])]
    assert sent == []
