from importlib import import_module

from django.apps import AppConfig
from django.conf import settings
from django.utils.module_loading import autodiscover_modules


class EventsConfig(AppConfig):
    name = "gathering.events"
    label = "events"
    verbose_name = "event bus"

    def ready(self) -> None:
        """Load the handlers: each app's ``bus.py``, and the modules of ``GATHERING_BUS_MODULES``."""
        autodiscover_modules("bus")
        for module in settings.GATHERING_BUS_MODULES:
            import_module(module)
