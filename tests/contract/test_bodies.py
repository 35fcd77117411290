"""A body that is too large is refused before it is stored anywhere."""

from collections.abc import AsyncIterator

from django.conf import settings

from tests.rooms import Room

PIECE = b" " * 1024 * 1024


async def _pieces() -> AsyncIterator[bytes]:
    for _ in range(settings.GATHERING_MAX_BODY // len(PIECE) + 2):
        yield PIECE


async def test_a_body_that_is_too_large_is_refused(room: Room) -> None:
    async with room.http("bob") as http:
        announced = await http.post("/api/circles/", content=b" " * (settings.GATHERING_MAX_BODY + 1))
        streamed = await http.post("/api/circles/", content=_pieces())
        assert [(each.status_code, each.json()["code"]) for each in (announced, streamed)] == [
            (413, "too_large")
        ] * 2
        assert (await http.get("/api/circles/")).status_code == 200
