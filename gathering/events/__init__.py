"""The event bus: what happens elsewhere, told to this hub by anybody who can reach its Redis.

    from gathering.events import EventBus

    event_bus = EventBus()

    @event_bus.subscribe("agent.message")
    def forward(event): ...

    event_bus.publish("agent.message", {"circle_name": "dev-team", "agent_id": 7, "content": "Done"})

``bus.py`` is what programs see, ``delivery.py`` calls the handlers, ``queue.py`` is the Redis Stream
between the two, ``worker.py`` works it off.  Without Redis the handlers run where it is published.
"""

from .bus import BusEvent, EventBus

__all__ = ["BusEvent", "EventBus"]
