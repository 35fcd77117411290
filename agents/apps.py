from django.apps import AppConfig


class AgentsConfig(AppConfig):
    name = "agents"

    def ready(self) -> None:
        from gathering.accounts import tokens
        from gathering.hub import kinds

        from . import actions, checks, consumers, signals  # noqa: F401

        kinds.register(consumers.AGENTS)
        tokens.register_manager(actions.may_manage)
