"""Every WebSocket path, and the HTTP paths that wait; the other HTTP paths are in ``urls.py``."""

from channels.routing import URLRouter
from django.conf import settings
from django.urls import re_path

from agents import watching
from agents.consumers import AgentConsumer
from circles.consumers import CircleConsumer
from gathering.handler import ThreadedHandler
from gathering.hub.api import events
from gathering.hub.consumers import NowhereConsumer, StreamsConsumer
from workspaces.consumers import WorkspaceConsumer

websocket = URLRouter(
    [
        re_path(r"^ws/$", StreamsConsumer.as_asgi()),
        re_path(r"^ws$", StreamsConsumer.as_asgi()),
        re_path(r"^ws/circles/(?P<key>[^/]+)/?$", CircleConsumer.as_asgi()),
        re_path(r"^ws/workspaces?/(?P<key>[^/]+)/?$", WorkspaceConsumer.as_asgi()),
        re_path(r"^ws/agents/(?P<key>[^/]+)/?$", AgentConsumer.as_asgi()),
        re_path(r"", NowhereConsumer.as_asgi()),
    ]
)
http = URLRouter(
    [
        re_path(r"^api/streams/(?P<name>[^/]+)/events/?$", events),
        re_path(r"^api/agents/(?P<key>[^/]+)/runs/(?P<run>.+)/events/?$", watching.events),
        re_path(r"", ThreadedHandler(settings.GATHERING_HTTP_THREADS)),
    ]
)
