"""What templates of pages are written with."""

import hashlib
from collections.abc import Iterable
from datetime import datetime
from math import ceil
from typing import Any

import orjson
from django import template
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from gathering import text
from gathering.accounts.models import User

register = template.Library()
register.filter("shown", text.shown)
register.filter("legible", text.legible)
register.filter("hue", text.hue)

register.filter("plain", text.plain)
register.filter("markdown", text.markdown)

MINUTE, HOUR, DAY = 60, 3600, 86400
FOLLOWED = 90  # the server takes 100 (GATHERING_MAX_SUBSCRIPTIONS)


@register.filter
def called(user: User | None) -> str:
    """The name to show for a person or an agent: never an empty one."""
    if not user:
        return ""
    return text.shown(user.display_name) or user.username


@register.filter
def goes_by_another(user: User) -> bool:
    """Whether the shown name is not plainly the user's own."""
    return called(user).casefold() != user.username


@register.filter
def at(known: dict[Any, Any], key: Any) -> Any:
    """What is known of a key, if anything."""
    return known.get(key)


@register.filter
def of_circle(rows: Iterable[Any], circle: Any) -> list[Any]:
    """Those that belong to a circle."""
    return [row for row in rows if row.circle_id == circle.pk]


@register.filter
def mood(state: str) -> str:
    """The state of a workspace as one of those that a dot can show."""
    return {"ok": "live", "new": "waiting"}.get(state, "failed")


@register.filter
def digest(text: str) -> str:
    """What names a text in an ``id``, whatever is in it."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


@register.filter
def moment(text: str) -> datetime | None:
    """A moment in ISO 8601."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


@register.simple_tag
def followed(streams: dict[str, Any] | None, own: str) -> str:
    """What a page follows, as JSON: its own stream, then others while a socket takes them, circles first."""
    names = sorted(streams or (), key=lambda name: (name != own, not name.startswith("circles."), name))
    return orjson.dumps({name: (streams or {})[name] for name in names[:FOLLOWED]}).decode()


@register.simple_tag
def ago(moment: datetime | None) -> SafeString | str:
    """A moment as people say it, with the exact one on hover."""
    if moment is None:
        return ""
    local = timezone.localtime(moment)
    exact = f"{local:%a} {local.day} {local:%b %Y, %H:%M:%S %Z}"
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', moment.isoformat(), exact, _said(moment, local)
    )


@register.simple_tag
def until(moment: datetime) -> SafeString | str:
    """A moment to come."""
    local = timezone.localtime(moment)
    left = (moment - timezone.now()).total_seconds()
    if left <= 0:
        return "ended"
    exact = f"{local.day} {local:%b %Y, %H:%M %Z}"
    return format_html('<time datetime="{}" title="{}">in {}</time>', moment.isoformat(), exact, _left(left))


def _left(seconds: float) -> str:
    """Rounded up: what lasts 30 days does not begin with 29."""
    if seconds > 2 * DAY:
        return f"{ceil(seconds / DAY)} days"
    return f"{ceil(seconds / HOUR)} h" if seconds > 2 * HOUR else f"{ceil(seconds / MINUTE)} min"


def _said(moment: datetime, local: datetime) -> str:
    now = timezone.localtime()
    seconds = (now - local).total_seconds()
    if abs(seconds) < MINUTE:
        return "now"
    if 0 < seconds < HOUR:
        return f"{int(seconds // MINUTE)} min ago"
    if local.date() == now.date():
        return f"{local:%H:%M}"
    return (
        f"{local.day} {local:%b}, {local:%H:%M}" if local.year == now.year else f"{local.day} {local:%b %Y}"
    )


@register.simple_tag
def initial(user: User) -> SafeString:
    """The first letter of somebody, round for people and square for agents, in a hue of its own."""
    return format_html(
        '<span class="initial {} hue-{}" aria-hidden="true">{}</span>',
        user.kind,
        text.hue(user.username),
        called(user)[0].upper(),
    )


@register.simple_tag(takes_context=True)
def to(context: Any, name: str, *key: Any) -> SafeString:
    """A link's address, and whether the page that is being made is under it."""
    address = reverse(name, args=key)
    at = context.get("here", "")
    is_here = at == address or (bool(key) and at.startswith(address))
    return format_html('href="{}"{}', address, mark_safe(' aria-current="page"') if is_here else "")


@register.inclusion_tag("parts/field.html")
def field(form: Any, name: str, label: str, **more: Any) -> dict[str, Any]:
    """A field of a form: its label above, what is wrong with it beside it."""
    error = form.errors.get(name)
    return {"name": name, "label": label, "value": form.values.get(name, ""), "error": error, **more}


@register.simple_tag
def lasted(began: datetime, ended: datetime | None = None) -> str:
    """How long something took, or takes by now."""
    seconds = ((ended or timezone.now()) - began).total_seconds()
    if seconds < MINUTE:
        return f"{seconds:.1f} s" if ended and seconds < 10 else f"{int(seconds)} s"
    return f"{int(seconds // MINUTE)} min {int(seconds % MINUTE)} s"


@register.filter
def grouped(number: int) -> str:
    """A number with a thin space between thousands, which no line breaks at."""
    return f"{number:,}".replace(",", "\u202f")


@register.filter
def fields(text: str) -> list[tuple[str, str]]:
    """The fields of a JSON object, a text as it will read and all else as JSON; none if it is no object."""
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        return []
    if not isinstance(found, dict):
        return []
    plain = orjson.OPT_INDENT_2
    return [
        (k, v if isinstance(v, str) else orjson.dumps(v, option=plain).decode()) for k, v in found.items()
    ]


@register.filter
def pretty(text: str) -> str:
    """JSON laid out for reading; what is none, or not yet, as it is."""
    try:
        return orjson.dumps(orjson.loads(text), option=orjson.OPT_INDENT_2).decode()
    except orjson.JSONDecodeError:
        return text
