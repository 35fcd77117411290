"""The files of a workspace, opened so that no path ever leaves its directory.

``directory`` is what an admin named, and is trusted; everything after it comes from anybody, as the
:data:`Parts` of :func:`parse`.  Every refusal is one of our errors.
"""

from .changing import delete, make_folder, move
from .listing import Page, look, page
from .names import Parts, parse, parse_folder, text_of
from .reading import Content, Range, read
from .writing import Expected, Seen, Written, written

__all__ = [
    "Content",
    "Expected",
    "Page",
    "Parts",
    "Range",
    "Seen",
    "Written",
    "delete",
    "look",
    "make_folder",
    "move",
    "page",
    "parse",
    "parse_folder",
    "read",
    "text_of",
    "written",
]
