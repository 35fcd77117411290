from django.apps import AppConfig


class AgentsConfig(AppConfig):
    name = "agents"

    def ready(self) -> None:
        from gathering.accounts import tokens
        from gathering.hub import chores, kinds

        from . import actions, checks, consumers, signals, silence, texts  # noqa: F401
        from .running import sweeping

        kinds.register(consumers.AGENTS)
        chores.register(chores.Chore(texts.store, texts.EVERY, at_the_end=True))
        chores.register(chores.Chore(silence.sweep, silence.EVERY))
        chores.register(chores.Chore(sweeping.sweep, sweeping.EVERY))
        tokens.register_manager(actions.may_manage)
