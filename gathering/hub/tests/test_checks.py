"""Each way to deploy it wrong is named, and a right deployment is not."""

from typing import Any

import pytest
from django.core.checks import run_checks

from gathering.hub import checks

GOOD = {
    "SECRET_KEY": "k3y" * 20,
    "GATHERING_SECRET_KEY_IS_GENERATED": False,
    "DEBUG": False,
    "ALLOWED_HOSTS": ["hub.example"],
    "GATHERING_ALLOWED_ORIGINS": ["https://hub.example:8443"],
    "GATHERING_HTTPS": True,
    "GATHERING_QUERY_TOKENS": False,
}
CORE = "channels_redis.core.RedisChannelLayer"
PUBSUB = "channels_redis.pubsub.RedisPubSubChannelLayer"
PATIENT = {"address": "redis://x", "socket_timeout": None}
WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "short key": ({"SECRET_KEY": "short"}, "gathering.E001"),
    "placeholder": ({"SECRET_KEY": "django-insecure-" + "x" * 50}, "gathering.E001"),
    "debug in public": ({"DEBUG": True}, "gathering.E003"),
    "any origin": ({"GATHERING_ALLOWED_ORIGINS": ["*"]}, "gathering.E004"),
    "any host": ({"ALLOWED_HOSTS": ["*"]}, "gathering.E005"),
    "an origin with a path": ({"GATHERING_ALLOWED_ORIGINS": ["https://a.example/x"]}, "gathering.E006"),
    "an origin without a scheme": ({"GATHERING_ALLOWED_ORIGINS": ["hub.example"]}, "gathering.E006"),
    "no TLS": ({"GATHERING_HTTPS": False}, "gathering.W009"),
    "tokens in addresses": ({"GATHERING_QUERY_TOKENS": True}, "gathering.W010"),
}


def named(settings: Any, **values: Any) -> set[str]:
    """The ids of our own checks that speak up."""
    for name, value in {**GOOD, **values}.items():
        setattr(settings, name, value)
    found = run_checks(include_deployment_checks=True)
    ids = {message.id or "" for message in found}
    return {name for name in ids if name.startswith("gathering.")}


def test_a_right_deployment_is_not_named(settings: Any) -> None:
    assert named(settings) == set()


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_one_is_named(name: str, settings: Any) -> None:
    values, expected = WRONG[name]
    assert named(settings, **values) == {expected}


def test_debug_on_this_machine_alone_is_fine(settings: Any) -> None:
    assert named(settings, DEBUG=True, ALLOWED_HOSTS=["localhost"]) == set()


@pytest.mark.parametrize(
    ("backend", "hosts", "is_named"),
    [
        (CORE, ["redis://x"], True),
        (CORE, [{"address": "redis://x"}], True),
        (CORE, [{"address": "redis://x", "socket_timeout": 5}], True),
        (CORE, [PATIENT], False),
        (CORE, [PATIENT, "redis://y"], True),
        (PUBSUB, ["redis://x"], False),
    ],
)
def test_the_core_layer_needs_patience(backend: str, hosts: list[Any], is_named: bool, settings: Any) -> None:
    layers = {"default": {"BACKEND": backend, "CONFIG": {"hosts": hosts}}}
    assert ("gathering.E008" in named(settings, CHANNEL_LAYERS=layers)) is is_named


@pytest.mark.parametrize("shared", [True, False])
def test_a_shared_database_wants_redis_and_one_key(
    shared: bool, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "_full", lambda: shared)
    memory = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
    found = named(settings, CHANNEL_LAYERS=memory, GATHERING_SECRET_KEY_IS_GENERATED=True)
    assert found == ({"gathering.E002", "gathering.W007"} if shared else set())
