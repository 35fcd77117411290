"""Messages as HTML, made once for all who watch: what a hundred pages ask for in one moment is the same."""

from collections.abc import Sequence

from django.core.cache import cache
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe

from . import history
from .models import Circle

FRESH = 10  # seconds; after them a new name of an author is seen


def of(circle: Circle, pks: Sequence[int]) -> SafeString:
    """Those of the messages ``pks`` that are of ``circle``, in order, each as the first of its day."""
    zone = timezone.get_current_timezone_name()
    keys = {pk: f"message:{circle.pk}:{pk}:{zone}" for pk in pks[: history.MOST]}
    known = cache.get_many(keys.values())
    made = {keys[pk]: html for pk, html in _render(circle, [pk for pk in keys if keys[pk] not in known])}
    cache.set_many(made, FRESH)
    found = known | made
    return mark_safe("".join(found[keys[pk]] for pk in sorted(keys) if keys[pk] in found))  # noqa: S308 (ours)


def _render(circle: Circle, pks: Sequence[int]) -> list[tuple[int, str]]:
    messages = history.these(circle, pks).messages if pks else ()
    shown = ((each, {"circle": circle, "message": history.laid_out([each])[0]}) for each in messages)
    return [(each.pk, render_to_string("circles/parts/message.html", about)) for each, about in shown]
