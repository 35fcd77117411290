"""Shapes of JSON: small checks that are put together to say what a value must look like.

A check is called with the path of a value and the value; it returns nothing, or raises BadField with
that path.  Fields that a shape does not name are let through.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from .errors import BadField

Check: TypeAlias = Callable[[str, object], None]

LARGEST = 2**53 - 1  # the whole numbers that every reader of JSON can tell apart


def anything(path: str, value: object) -> None:
    """Any JSON."""


def text(path: str, value: object) -> None:
    """A text."""
    if not isinstance(value, str):
        raise wrong(path, "a text")


def record(path: str, value: object) -> None:
    """An object with any fields."""
    if not isinstance(value, Mapping):
        raise wrong(path, "an object")


def flag(path: str, value: object) -> None:
    """True or false."""
    if not isinstance(value, bool):
        raise wrong(path, "true or false")


@dataclass(frozen=True)
class Present:
    """In a shape, an optional field that may be absent but not null."""

    check: Check

    def __call__(self, path: str, value: object) -> None:
        self.check(path, value)


def key(longest: int) -> Check:
    """A text that things are told apart by: at most ``longest`` characters, none of them NUL."""

    def check(path: str, value: object) -> None:
        if not isinstance(value, str) or len(value) > longest or "\0" in value:
            raise wrong(path, f"a text of at most {longest} characters, without NUL")

    return check


def whole(least: int) -> Check:
    """A whole number from ``least`` on."""

    def check(path: str, value: object) -> None:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= LARGEST:
            raise wrong(path, f"a whole number from {least} to {LARGEST}")

    return check


def one_of(*allowed: str) -> Check:
    """One of some texts."""

    def check(path: str, value: object) -> None:
        if value not in allowed:
            raise wrong(path, "one of " + ", ".join(allowed))

    return check


def like(pattern: str, what: str) -> Check:
    """A text of a pattern; ``what`` that is called."""
    compiled = re.compile(pattern)

    def check(path: str, value: object) -> None:
        if not isinstance(value, str) or not compiled.fullmatch(value):
            raise wrong(path, what)

    return check


def many(item: Check, least: int = 0) -> Check:
    """A list of ``least`` or more."""

    def check(path: str, value: object) -> None:
        if not isinstance(value, list) or len(value) < least:
            raise wrong(path, f"a list of {least} or more")
        for place, each in enumerate(value):
            item(f"{path}.{place}", each)

    return check


def text_or(other: Check) -> Check:
    """A text, or what ``other`` checks."""

    def check(path: str, value: object) -> None:
        if not isinstance(value, str):
            other(path, value)

    return check


def shape(required: Mapping[str, Check], optional: Mapping[str, Check] | None = None) -> Check:
    """An object with ``required`` fields, and ``optional`` ones that may be absent or null."""
    may = optional or {}

    def check(path: str, value: object) -> None:
        record(path, value)
        assert isinstance(value, Mapping)  # noqa: S101 (for the type checker: record has judged)
        inside = f"{path}." if path else ""
        for name, field in required.items():
            if name not in value:
                raise BadField(f"'{inside}{name}' is missing.", field=inside + name)
            field(inside + name, value[name])
        for name, field in may.items():
            if value.get(name) is not None or (name in value and isinstance(field, Present)):
                field(inside + name, value[name])

    return check


def by(tag: str, shapes: Mapping[str, Check]) -> Check:
    """One of ``shapes``: the one that the field ``tag`` names."""
    which = one_of(*shapes)

    def check(path: str, value: object) -> None:
        record(path, value)
        assert isinstance(value, Mapping)  # noqa: S101 (for the type checker: record has judged)
        said = value.get(tag)
        which(f"{path}.{tag}" if path else tag, said)
        shapes[str(said)](path, value)

    return check


def wrong(path: str, what: str) -> BadField:
    """The error of a value at ``path`` that should have been ``what``."""
    return BadField(f"'{path}' is {what}.", field=path)
