"""System checks: every way that is known to deploy this wrong."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks

LOOPBACK = {"localhost", "127.0.0.1", "[::1]", "::1", "testserver"}
MIN_KEY = 32


def _public() -> bool:
    """Whether the server answers to anybody but this machine."""
    return not set(settings.ALLOWED_HOSTS) <= LOOPBACK


@checks.register(checks.Tags.security)
def secret_key(**_: Any) -> list[checks.CheckMessage]:
    key = settings.SECRET_KEY
    if len(key) < MIN_KEY or "insecure" in key or "changeme" in key.lower():
        return [
            checks.Error(
                "The secret key is short or a placeholder.",
                hint="Set GATHERING_SECRET_KEY to 50 random characters.",
                id="gathering.E001",
            )
        ]
    if settings.GATHERING_SECRET_KEY_IS_GENERATED and _full():
        return [
            checks.Error(
                "The secret key was made for this machine, but the database is shared.",
                hint="Set GATHERING_SECRET_KEY to the same value on every host.",
                id="gathering.E002",
            )
        ]
    return []


@checks.register(checks.Tags.security)
def debug(**_: Any) -> list[checks.CheckMessage]:
    if settings.DEBUG and _public():
        return [
            checks.Error(
                "GATHERING_DEBUG shows source and settings to whoever finds an error.",
                hint="Switch it off, or allow only this machine in GATHERING_ALLOWED_HOSTS.",
                id="gathering.E003",
            )
        ]
    return []


@checks.register(checks.Tags.security)
def origins(**_: Any) -> list[checks.CheckMessage]:
    found: list[checks.CheckMessage] = []
    if "*" in settings.GATHERING_ALLOWED_ORIGINS:
        found.append(
            checks.Error(
                "Every site may open sockets with its visitors' cookies.",
                hint="List the origins in GATHERING_ALLOWED_ORIGINS, such as https://hub.example.",
                id="gathering.E004",
            )
        )
    if "*" in settings.ALLOWED_HOSTS:
        found.append(
            checks.Error(
                "Any Host header is believed, and an Origin is compared with it.",
                hint="List the names in GATHERING_ALLOWED_HOSTS.",
                id="gathering.E005",
            )
        )
    found += [
        checks.Error(
            f"'{origin}' is no origin.",
            hint="An origin is a scheme, a host and perhaps a port: https://hub.example:8443.",
            id="gathering.E006",
        )
        for origin in settings.GATHERING_ALLOWED_ORIGINS
        if origin != "*" and not _is_origin(origin)
    ]
    return found


@checks.register()
def channel_layer(**_: Any) -> list[checks.CheckMessage]:
    backend = str(_layer()["BACKEND"])
    found: list[checks.CheckMessage] = []
    if "Redis" not in backend and _full():
        found.append(
            checks.Warning(
                "A shared database without Redis: what happens on one host reaches another by the poll.",
                hint="Set REDIS_URL.",
                id="gathering.W007",
            )
        )
    if backend.endswith("core.RedisChannelLayer") and not _core_layer_waits():
        found.append(
            checks.Error(
                "redis-py 8 ends the core layer's blocking read after 5 s, and every idle socket "
                "with it (django/channels_redis#422).",
                hint="Use channels_redis.pubsub.RedisPubSubChannelLayer, or give each host as "
                "{'address': ..., 'socket_timeout': None}.",
                id="gathering.E008",
            )
        )
    return found


@checks.register(checks.Tags.security, deploy=True)
def https(**_: Any) -> list[checks.CheckMessage]:
    if _public() and not settings.GATHERING_HTTPS:
        return [
            checks.Warning(
                "Tokens and cookies travel in the clear.",
                hint="Put a proxy with TLS in front, and set GATHERING_HTTPS=1.",
                id="gathering.W009",
            )
        ]
    return []


@checks.register(checks.Tags.security, deploy=True)
def query_tokens(**_: Any) -> list[checks.CheckMessage]:
    if _public() and settings.GATHERING_QUERY_TOKENS:
        return [
            checks.Warning(
                "Tokens are taken from the query of an address, which proxies and browsers keep.",
                hint="Set GATHERING_QUERY_TOKENS=0; tickets still work.",
                id="gathering.W010",
            )
        ]
    return []


def _full() -> bool:
    return bool(settings.DATABASES["default"]["ENGINE"] != "django.db.backends.sqlite3")


def _core_layer_waits() -> bool:
    return int(version("redis").split(".")[0]) < 8 or all(map(_keeps_waiting, _hosts()))


def _hosts() -> list[Any]:
    return list(_layer().get("CONFIG", {}).get("hosts", [None]))


def _layer() -> dict[str, Any]:
    layers: Any = settings.CHANNEL_LAYERS
    return dict(layers["default"])


def _keeps_waiting(host: Any) -> bool:
    return isinstance(host, dict) and "socket_timeout" in host and host["socket_timeout"] is None


def _is_origin(text: str) -> bool:
    parts = urlsplit(text)
    return bool(parts.scheme in ("http", "https") and parts.hostname) and not (
        parts.path or parts.query or parts.fragment or parts.username
    )
