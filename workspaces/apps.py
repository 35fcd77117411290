from django.apps import AppConfig


class WorkspacesConfig(AppConfig):
    name = "workspaces"

    def ready(self) -> None:
        from gathering.hub import kinds

        from . import consumers, signals  # noqa: F401

        kinds.register(consumers.WORKSPACES)
