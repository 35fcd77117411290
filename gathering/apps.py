from django.apps import AppConfig


class GatheringConfig(AppConfig):
    """The compose layer as a Django application: its commands, and the wiring of what others announce."""

    name = "gathering"
    label = "gathering"

    def ready(self) -> None:
        from . import wiring  # noqa: F401
