"""How text of people and agents is shown: Markdown made safe, and names that can be seen."""

import re
import unicodedata
import zlib
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token

HUES = 12
LONGEST_LINE = 1000  # characters that a line is made of
SCHEMES = {"http", "https", "mailto"}
REL = "noopener noreferrer nofollow ugc"
_ADDRESS = re.compile(r"""\bhttps?://[^\s<>"'`\u200b-\u200f\u202a-\u202e\u2066-\u2069]+""", re.IGNORECASE)
_UNSEEN = re.compile(
    r"[\0-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2064\u2066-\u2069\ufeff]"
)
_MENTION = re.compile(r"(?<![\w@./-])@([a-z0-9][a-z0-9_.-]{0,62})", re.ASCII | re.IGNORECASE)


def markdown(text: str, mentions: Iterable[str] = ()) -> SafeString:
    """``text`` as HTML: no tags of its own, no images, links only to the web and to addresses of mail.

    An ``@name`` in it that is one of ``mentions`` is marked.
    """
    html = _markdown.render(text, {"mentions": set(mentions)})
    return mark_safe(html)  # noqa: S308 (html is off, links and images are judged here)


def plain(text: str) -> str:
    """The beginning of ``text`` in one line, as it reads without the marks of Markdown."""
    blocks = [token for token in _markdown.parse(text[:LONGEST_LINE]) if token.content]
    return " ".join(" ".join("".join(map(_words, each.children or [each])) for each in blocks).split())


def _words(token: Token) -> str:
    return token.content or (" " if token.type in ("softbreak", "hardbreak") else "")


def shown(name: str) -> str:
    """``name`` without what cannot be seen or turns the line around; empty if nothing is left."""
    kept = (char for char in name if unicodedata.category(char) not in ("Cc", "Cf", "Co", "Cs"))
    return " ".join("".join(kept).split())


def legible(name: str) -> str:
    """``name`` with a mark for each character that cannot be seen or turns the line around.

    For what must be told apart, such as files: ``a`` + U+202E + ``txt.py`` would read as a text.
    """
    return _UNSEEN.sub("\N{REPLACEMENT CHARACTER}", name)


def state(name: str, words: str) -> SafeString:
    """A state as a dot and a word, in the admin as on the pages: never by its colour alone."""
    return format_html('<span class="state is-{}">{}</span>', name, words)


def hue(name: str) -> int:
    """One of ``HUES``, always the same for a name."""
    return zlib.crc32(name.encode()) % HUES


def _safe(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme.lower() in SCHEMES


def _link_open(_: RendererHTML, tokens: list[Token], index: int, options: Any, env: Any) -> str:
    env["in_link"] = True
    token = tokens[index]
    token.attrSet("rel", REL)
    return str(_.renderToken(tokens, index, options, env))


def _link_close(_: RendererHTML, tokens: list[Token], index: int, options: Any, env: Any) -> str:
    env["in_link"] = False
    return str(_.renderToken(tokens, index, options, env))


def _text(_: RendererHTML, tokens: list[Token], index: int, options: Any, env: Any) -> str:
    """Text with its addresses as links, in one pass: the plugin for that takes seconds over hostile text."""
    text, said, end = tokens[index].content, [], 0
    for found in () if env.get("in_link") else _ADDRESS.finditer(text):
        address = _without_the_sentence(found[0])
        said += [_plain(text[end : found.start()], env), _linked(address)]
        end = found.start() + len(address)
    return "".join([*said, _plain(text[end:], env)])


def _without_the_sentence(address: str) -> str:
    """``address`` without what follows it in a sentence: a full stop, or the bracket that it stands in."""
    surplus = address.count(")") - address.count("(")
    end = len(address)
    while address[end - 1] in ".,:;!?*_~" or (address[end - 1] == ")" and surplus > 0):
        surplus -= address[end - 1] == ")"
        end -= 1
    return address[:end]


def _linked(address: str) -> str:
    shown = escapeHtml(address)
    return f'<a href="{shown}" rel="{REL}">{shown}</a>' if _safe(address) else shown


def _plain(text: str, env: Any) -> str:
    return _MENTION.sub(lambda found: _marked(found, env["mentions"]), escapeHtml(text))


def _marked(found: re.Match[str], mentions: set[str]) -> str:
    name = found[1].rstrip(".-")
    if name.lower() not in mentions:
        return found[0]
    return f'<span class="mention">@{name}</span>{found[1][len(name) :]}'


def _make() -> MarkdownIt:
    made = MarkdownIt("commonmark", {"html": False, "breaks": True, "linkify": False})
    made.enable(["table", "strikethrough"]).disable(["image", "html_block", "html_inline"])
    made.validateLink = _safe  # type: ignore[method-assign]
    made.add_render_rule("link_open", _link_open)
    made.add_render_rule("link_close", _link_close)
    made.add_render_rule("text", _text)
    # A heading inside a message would stand among those of the page.
    made.add_render_rule("heading_open", lambda *_: '<p class="heading">')
    made.add_render_rule("heading_close", lambda *_: "</p>\n")
    return made


_markdown = _make()
