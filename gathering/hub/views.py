"""REST: which streams there are."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from . import kinds, log, pages


class StreamSerializer(serializers.Serializer[Any]):
    channel = serializers.CharField()
    epoch = serializers.CharField()
    head = serializers.IntegerField(help_text="The seq of the latest event.")
    floor = serializers.IntegerField(help_text="Events up to this seq are no longer kept.")


class StreamsView(APIView):
    @extend_schema(parameters=[pages.PageSerializer], responses=StreamSerializer(many=True))
    def get(self, request: Request) -> Response:
        """The streams that you may follow, by name."""
        after, limit = pages.asked(request)
        channels = [name for name in kinds.visible_to(request.user) if name > after][:limit]
        known = log.heads(channels)
        found = [(name, known.get(name) or log.position(name)) for name in channels]
        return Response(
            [{"channel": name, "epoch": at.epoch, "head": at.head, "floor": at.floor} for name, at in found]
        )
