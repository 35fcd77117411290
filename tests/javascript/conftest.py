"""What the tests of the JavaScript client share."""

from collections.abc import Iterator

import pytest

from tests.servers import Server, World

QUICK = {"GATHERING_HEARTBEAT": "0.4", "GATHERING_FRAME_RATE": "0", "GATHERING_MAX_SOCKETS": "0"}


@pytest.fixture(scope="module")
def server(world: World) -> Iterator[Server]:
    """A server with a quick heart, which may be killed: ``start`` it."""
    made = world.serve(QUICK)
    yield made
    made.stop()
