"""Settings: from the environment, with defaults that run one machine with nothing else installed.

Embedded (neither ``DATABASE_URL`` nor ``REDIS_URL``): SQLite under ``GATHERING_DATA_DIR``.
Full: PostgreSQL and Redis.  A value that cannot be used stops the start; a value that can be used but
should not be is named by a system check (``gathering/hub/checks.py``).  ``docs/settings.md`` lists all.
"""

import os
import re
import secrets
import sys
from pathlib import Path

import environ

env = environ.Env()
BASE_DIR = Path(__file__).resolve().parent.parent


def _data_dir() -> Path:
    path = Path(env.str("GATHERING_DATA_DIR", default=str(BASE_DIR / "var"))).resolve()
    path.mkdir(parents=True, exist_ok=True)
    return path


def _secret_key() -> str:
    """The key of the environment, or one that is made once and kept beside the data."""
    if key := env.str("GATHERING_SECRET_KEY", default=""):
        return key
    path = GATHERING_DATA_DIR / "secret_key"
    try:
        with open(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as new:
            new.write(secrets.token_urlsafe(50))
    except FileExistsError:
        pass
    return path.read_text()


def _number(name: str, default: float, *, least: float = 0) -> float:
    value = env.float(name, default=default)
    if value < least:
        raise environ.ImproperlyConfigured(f"{name} is at least {least:g}, not {value:g}.")
    return value


def _whole(name: str, default: int) -> int:
    return int(_number(name, default))


# Where things are

GATHERING_DATA_DIR = _data_dir()
SECRET_KEY = _secret_key()
GATHERING_SECRET_KEY_IS_GENERATED = not env.str("GATHERING_SECRET_KEY", default="")
DEBUG = env.bool("GATHERING_DEBUG", default=False)
ALLOWED_HOSTS = env.list("GATHERING_ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
GATHERING_ALLOWED_ORIGINS = env.list("GATHERING_ALLOWED_ORIGINS", default=[])
CSRF_TRUSTED_ORIGINS = [origin for origin in GATHERING_ALLOWED_ORIGINS if origin != "*"]
GATHERING_HTTPS = env.bool("GATHERING_HTTPS", default=False)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = GATHERING_HTTPS
if GATHERING_HTTPS:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# Limits of the wire (PROTOCOL: "Limits"); 0 switches one off

GATHERING_MAX_FRAME = _whole("GATHERING_MAX_FRAME", 64 * 1024)
GATHERING_MAX_CONTENT = _whole("GATHERING_MAX_CONTENT", 32_000)
GATHERING_MAX_ACTIVITY = _whole("GATHERING_MAX_ACTIVITY", 256 * 1024)
GATHERING_FRAME_RATE = _number("GATHERING_FRAME_RATE", 20)
GATHERING_FRAME_BURST = _whole("GATHERING_FRAME_BURST", 50)
# A language model writes some 50 to 100 pieces a second, and each may be a frame.
GATHERING_DELTA_RATE = _number("GATHERING_DELTA_RATE", 100)
GATHERING_DELTA_BURST = _whole("GATHERING_DELTA_BURST", 200)
GATHERING_MAX_SOCKETS = _whole("GATHERING_MAX_SOCKETS", 100)
GATHERING_MAX_SUBSCRIPTIONS = _whole("GATHERING_MAX_SUBSCRIPTIONS", 100)
GATHERING_AUTH_TIMEOUT = _number("GATHERING_AUTH_TIMEOUT", 10)
GATHERING_HEARTBEAT = _number("GATHERING_HEARTBEAT", 30)
GATHERING_MAX_UNREAD = _whole("GATHERING_MAX_UNREAD", 1024 * 1024)
GATHERING_STALL_TIMEOUT = _number("GATHERING_STALL_TIMEOUT", 60)
GATHERING_OFFLINE_AFTER = _number("GATHERING_OFFLINE_AFTER", 60)
GATHERING_RUN_TIMEOUT = _number("GATHERING_RUN_TIMEOUT", 300)
GATHERING_TICKET_SECONDS = _number("GATHERING_TICKET_SECONDS", 30, least=1)
GATHERING_QUERY_TOKENS = env.bool("GATHERING_QUERY_TOKENS", default=True)

# Language models (agents/providers): where they are.  Keys are read where they are used, and kept nowhere.


def _endpoints() -> dict[str, str]:
    """``name=address`` of every server that agents may use, from the environment alone."""
    found = {"openai": "https://api.openai.com/v1"}
    for entry in env.list("GATHERING_LLM_ENDPOINTS", default=[]):
        name, _, address = entry.partition("=")
        good = re.fullmatch(r"[a-z][a-z0-9-]{0,31}", name) and name not in ("scripted", "anthropic")
        if not good or not re.match(r"https?://[^/]", address):
            raise environ.ImproperlyConfigured(
                f"GATHERING_LLM_ENDPOINTS: '{entry}' is no name=address, such as "
                "local=http://127.0.0.1:11434/v1."
            )
        found[name] = address
    return found


GATHERING_LLM_ENDPOINTS = _endpoints()
GATHERING_LLM_TIMEOUT = _number("GATHERING_LLM_TIMEOUT", 60, least=0.1)

# Workspaces

GATHERING_MAX_FILE_EVENTS = _whole("GATHERING_MAX_FILE_EVENTS", 100)
GATHERING_MAX_FILE = int(_number("GATHERING_MAX_FILE", 8 * 1024 * 1024, least=1))
# A file as JSON, where escapes take room.  0 is no limit for a frame, but a body always has one.
GATHERING_MAX_BODY = 2 * GATHERING_MAX_FILE + 64 * 1024
GATHERING_RECONCILE = _number("GATHERING_RECONCILE", 300, least=1)
GATHERING_MAX_HASHED = _whole("GATHERING_MAX_HASHED", 1024 * 1024)

# Agents that this server runs

GATHERING_AGENT_CEILINGS = env.dict("GATHERING_AGENT_CEILINGS", cast={"value": int}, default={})
for _guard in set(GATHERING_AGENT_CEILINGS) - {"turns", "hops", "run_tokens", "day_tokens", "seconds"}:
    raise environ.ImproperlyConfigured(f"GATHERING_AGENT_CEILINGS: '{_guard}' is no guard.")
GATHERING_AGENT_LEASE = _number("GATHERING_AGENT_LEASE", 15, least=1)
GATHERING_AGENT_RUNS = int(_number("GATHERING_AGENT_RUNS", 8, least=1))
GATHERING_APPROVAL_SECONDS = min(3600, _number("GATHERING_APPROVAL_SECONDS", 600, least=1))

# Applications

# Daphne's application is for `runserver` alone, and brings Twisted along: 27 MB in every process.
INSTALLED_APPS = [
    *(["daphne"] if sys.argv[1:2] == ["runserver"] else []),
    "gathering.accounts",
    "gathering.hub",
    "gathering.events",
    "circles",
    "workspaces",
    "agents",
    "gathering.apps.OwnAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "channels",
    "rest_framework",
    "knox",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "gathering.apps.GatheringConfig",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "gathering.security.content_security_policy",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "gathering.pages.zone.readers_zone",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "gathering.pages.navigation.navigation",
            ],
        },
    },
]
ROOT_URLCONF = "gathering.urls"
ASGI_APPLICATION = "gathering.asgi.application"
AUTH_USER_MODEL = "accounts.User"
KNOX_TOKEN_MODEL = "accounts.Token"  # noqa: S105 (the name of a model)
MIGRATION_MODULES = {"knox": None}  # its table is not used: accounts.Token stands in for it
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LOGIN_URL = "signin"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "signin"
X_FRAME_OPTIONS = "DENY"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
    )
]
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True

# Database.  Each thread that answers HTTP requests keeps its connection (handler.py), and looks whether it
# still lives before the next request; so does the hub's one thread (hub/database.py).

if env.str("DATABASE_URL", default=""):
    DATABASES = {"default": env.db("DATABASE_URL")}
    if DATABASES["default"]["ENGINE"] == "django.db.backends.postgresql":
        DATABASES["default"].setdefault("OPTIONS", {})["connect_timeout"] = 5
else:
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": GATHERING_DATA_DIR / "gathering.sqlite3",
        }
    }
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # FULL, because an acknowledged post must outlive a power cut: NORMAL may lose the last commits.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
    }
    DATABASES["default"]["TEST"] = {"NAME": str(GATHERING_DATA_DIR / "test.sqlite3")}
DATABASES["default"] |= {"CONN_MAX_AGE": 600, "CONN_HEALTH_CHECKS": True}
GATHERING_HTTP_THREADS = int(_number("GATHERING_HTTP_THREADS", 12, least=1))

# The doorbell

REDIS_URL = env.str("REDIS_URL", default="")
if REDIS_URL:
    CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": [{"address": REDIS_URL, "socket_connect_timeout": 2}]},
        }
    }
elif os.name == "posix" and len(os.fsencode(GATHERING_DATA_DIR)) <= 80:  # a socket's path has 104 bytes
    CHANNEL_LAYERS = {"default": {"BACKEND": "gathering.hub.neighbours.NeighbourLayer"}}
else:
    CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
# With Redis the poll is a net under the doorbell; half a second, so that a withdrawn right takes effect
# within a second even while Redis is away.  Without it, the poll is what carries news between processes.
GATHERING_POLL = _number("GATHERING_POLL", 0.5 if REDIS_URL else 0.2, least=0.01)
GATHERING_RETENTION_DAYS = _number("GATHERING_RETENTION_DAYS", 0)

# The event bus

GATHERING_BUS_RETRY = _number("GATHERING_BUS_RETRY", 10, least=0.1)
GATHERING_BUS_MODULES = env.list("GATHERING_BUS_MODULES", default=[])

# REST

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "gathering.auth.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["gathering.parsers.StrictJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "URL_FORMAT_OVERRIDE": None,  # who wants another format says so by Accept
    "EXCEPTION_HANDLER": "gathering.rest.exception_handler",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "GatheRing",
    "DESCRIPTION": "People and AI agents, working together in real time.",
    "VERSION": "0.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "COMPONENT_SPLIT_PATCH": False,  # which fields a PATCH needs, its serializer says
    "ENUM_NAME_OVERRIDES": {
        "CircleStatus": "circles.models.Circle.Status",
        "AgentStatus": "agents.models.Agent.Status",
        "RunStatus": "agents.models.Run.Status",
        "KindOfUser": "gathering.accounts.models.User.Kind",
        "WorkspaceState": "workspaces.models.Workspace.State",
        "FileKind": "workspaces.picture.Kind",
        "GitState": "workspaces.git.State",
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "gathering.hub.openapi.describe_events",
        "agents.openapi.describe_run_events",
        "gathering.hub.openapi.describe_errors",
    ],
}

# Static files

STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static", ("client", BASE_DIR / "clients/js/src")]
STATIC_ROOT = GATHERING_DATA_DIR / "static"
STATIC_ROOT.mkdir(exist_ok=True)
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "gathering.static.Storage"},
}
WHITENOISE_USE_FINDERS = True
WHITENOISE_KEEP_ONLY_HASHED_FILES = True
WHITENOISE_AUTOREFRESH = DEBUG

# Logs: tokens in a query never reach them

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"scrub": {"()": "gathering.accounts.scrub.ScrubTokens"}},
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "plain",
            "filters": ["scrub"],
        }
    },
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        name: {
            "handlers": ["console"],
            "level": env.str("GATHERING_LOG_LEVEL", default="INFO"),
            "propagate": False,
        }
        for name in ("gathering", "django", "daphne", "uvicorn.access")
    }
    # While Redis is away it logs a traceback each second; the doorbell says so in a line.
    | {"channels_redis.pubsub": {"level": "CRITICAL"}},
}
