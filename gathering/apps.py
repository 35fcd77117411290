from django.apps import AppConfig


class GatheringConfig(AppConfig):
    """The compose layer as a Django application: its commands, and the wiring of what others announce.

    It stands last in ``INSTALLED_APPS``, so that all that it wires is there.
    """

    name = "gathering"
    label = "gathering"

    def ready(self) -> None:
        from . import wiring

        wiring.add_to_admin()
