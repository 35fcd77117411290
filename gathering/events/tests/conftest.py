import pytest

from gathering.events import EventBus, bus


@pytest.fixture
def event_bus(monkeypatch: pytest.MonkeyPatch) -> EventBus:
    """A bus without the handlers of others, and without Redis."""
    monkeypatch.setattr(bus, "_handlers", {})
    return EventBus()
