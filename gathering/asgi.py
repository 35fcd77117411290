"""The ASGI application: the door, then the router."""

import os
import sys

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gathering.settings")

import django

django.setup(set_prefix=False)

from channels.routing import ProtocolTypeRouter
from django.conf import settings

from gathering import routing
from gathering.auth import Door
from gathering.bodies import LimitedBody
from gathering.hub.lifespan import lifespan

# Twisted takes a sixth of a second and 24 MB, so only a process that Daphne serves loads it.
if "daphne.server" in sys.modules:
    from gathering.hub.daphne import civilise

    civilise()

application = ProtocolTypeRouter(
    {
        "http": LimitedBody(Door(routing.http), settings.GATHERING_MAX_BODY),
        "websocket": Door(routing.websocket),
        "lifespan": lifespan,
    }
)
