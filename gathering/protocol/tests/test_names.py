"""Names of streams, whatever is asked."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from gathering.protocol import names
from gathering.protocol.errors import BadName

GROUP = re.compile(r"[a-zA-Z0-9\-_.]{1,99}", re.ASCII)  # what a channel layer takes
anything = st.none() | st.booleans() | st.integers() | st.floats() | st.binary() | st.text()
nearly = st.from_regex(r"\A[a-z]{0,22}\.?[a-z0-9A-Z_.\-]{0,100}\n?\Z")


@given(anything | nearly | st.lists(st.text()) | st.text(st.characters()))
def test_anything_is_a_name_or_refused(value: object) -> None:
    try:
        name = names.parse(value)
    except BadName:
        return
    assert str(name) == value
    assert GROUP.fullmatch(str(name))
    assert names.parse(str(name)) == name


@given(st.from_regex(r"\A[a-z]{1,20}\Z"), st.from_regex(r"\A[a-z0-9][a-z0-9_-]{0,77}\Z"))
def test_a_kind_and_a_key_make_a_name_and_come_back(kind: str, key: str) -> None:
    name = names.parse(names.join(kind, key))
    assert (name.kind, name.key) == (kind, key)


@given(st.text(st.characters()), anything)
def test_a_join_makes_a_name_or_is_refused(kind: str, key: object) -> None:
    try:
        assert names.parse(names.join(kind, key)).kind == kind
    except BadName:
        assert kind is not None


def test_a_key_may_be_a_number() -> None:
    assert names.join("agents", 7) == "agents.7"
