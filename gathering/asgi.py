"""The ASGI application: the door, then the router; and the server's end, which every socket is told of."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gathering.settings")

import django

django.setup(set_prefix=False)

from channels.routing import ProtocolTypeRouter

from gathering import routing
from gathering.auth import Door
from gathering.hub.lifespan import Lifespan

application = Lifespan(ProtocolTypeRouter({"http": Door(routing.http), "websocket": Door(routing.websocket)}))
