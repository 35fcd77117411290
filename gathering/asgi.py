"""The ASGI application: the door, then the router."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gathering.settings")

import django

django.setup(set_prefix=False)

from channels.routing import ProtocolTypeRouter
from django.conf import settings

from gathering import routing
from gathering.auth import Door
from gathering.bodies import LimitedBody
from gathering.hub.daphne import civilise
from gathering.hub.lifespan import lifespan

civilise()
application = ProtocolTypeRouter(
    {
        "http": LimitedBody(Door(routing.http), settings.GATHERING_MAX_BODY),
        "websocket": Door(routing.websocket),
        "lifespan": lifespan,
    }
)
