"""System checks: language models that are configured, but cannot be used."""

import os
from typing import Any

from django.conf import settings
from django.core import checks

from .providers import catalog


@checks.register()
def language_models(**_: Any) -> list[checks.CheckMessage]:
    wanted = [
        name
        for name in catalog.names()
        if catalog.costs(name) and (catalog.key_name(name) in os.environ or _is_own(name))
    ]
    if not wanted or catalog.installed():
        return []
    return [
        checks.Warning(
            f"There are settings for language models ({', '.join(wanted)}), but not the packages.",
            hint="pip install -r requirements-llm.txt",
            id="gathering.W011",
        )
    ]


def _is_own(name: str) -> bool:
    """Whether ``GATHERING_LLM_ENDPOINTS`` names it: a server of one's own may need no key."""
    return name != "openai" and name in settings.GATHERING_LLM_ENDPOINTS
