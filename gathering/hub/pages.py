"""What REST asks of lists: bounded pages, by key and not by offset, and nothing is silently ignored."""

from __future__ import annotations

from typing import Any, TypeVar

from django.db.models import Model, QuerySet
from rest_framework import serializers
from rest_framework.request import Request

MOST = 200
M = TypeVar("M", bound=Model)


class StrictSerializer(serializers.Serializer[Any]):
    """Refuses a field that it does not know: a name that was misspelt must not pass for a default."""

    def to_internal_value(self, data: Any) -> Any:
        known = super().to_internal_value(data)
        if unknown := sorted(set(data) - set(self.fields)):
            raise serializers.ValidationError({name: ["There is no such field here."] for name in unknown})
        return known


class PageSerializer(StrictSerializer):
    """Which part of a list is asked for.  A page that is not full is the last one."""

    after = serializers.CharField(
        required=False,
        max_length=99,
        trim_whitespace=False,
        help_text="Those that come after this name in order: the last one of the page before.",
    )
    limit = serializers.IntegerField(default=MOST, min_value=1, max_value=MOST)


def asked(request: Request) -> tuple[str, int]:
    """``after`` ("" if none) and ``limit`` of a request; raises DRF's ValidationError."""
    query = PageSerializer(data=request.query_params.dict())
    query.is_valid(raise_exception=True)
    return query.validated_data.get("after", ""), query.validated_data["limit"]


def page(request: Request, rows: QuerySet[M], key: str) -> QuerySet[M]:
    """The page of ``rows`` that is asked for, in order of ``key``, a field of text without repeats."""
    after, limit = asked(request)
    return rows.filter(**{f"{key}__gt": after}).order_by(key)[:limit]
