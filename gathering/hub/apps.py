from django.apps import AppConfig


class HubConfig(AppConfig):
    name = "gathering.hub"
    label = "hub"
    verbose_name = "Streams"

    def ready(self) -> None:
        from . import checks  # noqa: F401
