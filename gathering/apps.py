from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class OwnAdminConfig(AdminConfig):
    """Django's admin, with an index in our order."""

    default_site = "gathering.pages.admin.Site"


class GatheringConfig(AppConfig):
    """The compose layer as a Django application: its commands, and the wiring of what others announce.

    It stands last in ``INSTALLED_APPS``, so that all that it wires is there.
    """

    name = "gathering"
    label = "gathering"

    def ready(self) -> None:
        from . import wiring

        wiring.add_to_admin()
