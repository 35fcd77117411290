"""Which sites' pages may connect: the ``Origin`` header (RFC 6454, section 7)."""

import re
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv6Address

from django.conf import settings
from django.http.request import split_domain_port, validate_host

ANY = "*"
DEFAULT_PORTS = {"http": 80, "https": 443}

_SHAPE = re.compile(
    r"([a-z][a-z0-9+.-]*)://(\[[0-9a-f:.]+\]|[a-z0-9_.-]+)(?::([0-9]{1,5}))?",
    re.ASCII | re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Origin:
    """A site: two that are equal are the same site.  A default port is written out."""

    scheme: str
    host: str
    port: int | None


def parse(text: str) -> Origin | None:
    """The site that ``text`` names; None for ``null``, a list, a path, userinfo and the like.

    Case and a default port make no difference.  A trailing dot does, as it does for browsers.
    """
    match = _SHAPE.fullmatch(text)
    if match is None:
        return None
    scheme, host, port = match[1].lower(), _host(match[2].lower()), match[3]
    number = int(port) if port else DEFAULT_PORTS.get(scheme)
    return Origin(scheme, host, number) if host and (number or 0) < 65536 else None


def is_own(text: str, host: str) -> bool:
    """Is ``text`` the site that ``host`` (the Host header) serves, or one that the settings name?

    Only such a site's pages may act with a user's cookie.
    """
    origin = parse(text)
    if origin is None:
        return False
    named = [parse(each) for each in settings.GATHERING_ALLOWED_ORIGINS]
    return origin in named or _serves(host, origin)


def is_allowed(text: str, host: str) -> bool:
    """May a page of the site ``text`` connect?  ``*`` admits any, but its cookie does not count."""
    if ANY in settings.GATHERING_ALLOWED_ORIGINS and (text == "null" or parse(text) is not None):
        return True
    return is_own(text, host)


def _serves(host: str, origin: Origin) -> bool:
    # The origin's scheme, since behind a proxy that ends TLS this server does not know its own.
    same = origin.scheme in DEFAULT_PORTS and parse(f"{origin.scheme}://{host}") == origin
    return same and validate_host(split_domain_port(host)[0], _allowed_hosts())


def _allowed_hosts() -> list[str]:
    if settings.DEBUG and not settings.ALLOWED_HOSTS:
        return [".localhost", "127.0.0.1", "[::1]"]
    return settings.ALLOWED_HOSTS


def _host(text: str) -> str | None:
    if not text.startswith("["):
        return text
    try:
        return f"[{IPv6Address(text[1:-1]).compressed}]"
    except AddressValueError:
        return None
