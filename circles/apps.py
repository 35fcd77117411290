from django.apps import AppConfig


class CirclesConfig(AppConfig):
    name = "circles"

    def ready(self) -> None:
        from gathering.hub import kinds

        from . import consumers, signals  # noqa: F401

        kinds.register(consumers.CIRCLES)
