"""Which providers there are.  Addresses and keys are the environment's alone.

An agent names a provider; it cannot name an address.  Else whoever owns an agent could have this server's
key sent to a server of its own, or this server ask addresses that only it can reach.
"""

import contextlib
import importlib
import importlib.util
import os

from django.conf import settings

from .interface import Provider, ProviderError
from .language_model import LanguageModel
from .scripted import Scripted

SCRIPTED = "scripted"
ANTHROPIC = "anthropic"


def names() -> list[str]:
    """The providers that an agent may have, the free one first."""
    return [SCRIPTED, *settings.GATHERING_LLM_ENDPOINTS, ANTHROPIC]


def costs(name: str) -> bool:
    """Whether the provider ``name`` spends something of whoever runs this server."""
    return name not in ("", SCRIPTED)


def make(name: str, model: str = "", temperature: float | None = None) -> Provider:
    """The provider ``name``; raises ProviderError if the environment does not (or no longer) know it."""
    if name == SCRIPTED:
        return Scripted()
    if name not in names():
        raise ProviderError("no_provider", f"This server has no provider '{name}'.")
    if not model:
        raise ProviderError("no_model", "The agent has a provider, but no model is named.")
    url = settings.GATHERING_LLM_ENDPOINTS.get(name)
    return LanguageModel(model, temperature, url=url, key=_key(name))


def load(name: str) -> None:
    """Import what the provider ``name`` needs: seconds of work, so not on an event loop."""
    if costs(name):
        with contextlib.suppress(ImportError):  # it says so itself when it is asked
            importlib.import_module(f"pydantic_ai.models.{ANTHROPIC if name == ANTHROPIC else 'openai'}")
            importlib.import_module("pydantic_ai.direct")


def installed() -> bool:
    """Whether the extra for language models is here."""
    return all(importlib.util.find_spec(package) for package in ("pydantic_ai", "openai"))


def key_name(name: str) -> str:
    """The variable of the environment that holds the key of ``name``."""
    if name in ("openai", ANTHROPIC):
        return f"{name.upper()}_API_KEY"
    return f"GATHERING_LLM_KEY_{name.upper().replace('-', '_')}"


def _key(name: str) -> str:
    key = os.environ.get(key_name(name), "")
    if not key and name in ("openai", ANTHROPIC):
        raise ProviderError("no_key", f"This server has no key for {name}: {key_name(name)} is not set.")
    return key
