"""A handler that never succeeds."""

from gathering.events import BusEvent, EventBus


@EventBus().subscribe("tests.fail")
def fail(event: BusEvent) -> None:
    raise RuntimeError("no luck")
