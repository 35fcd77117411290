"""The tree of errors and the close codes keep what they promise."""

from __future__ import annotations

import re

import pytest

from gathering.protocol import codes, errors
from gathering.protocol.codes import Advice
from gathering.protocol.errors import GatheringError

from .test_vectors import tree

EVERY = tree(GatheringError)
CLOSES = {name: value for name, value in vars(codes).items() if isinstance(value, int)}
LINE = re.compile(r"^    (?P<branch>[| `-]*)(?P<name>[A-Z]\w+)(?: +(?P<code>[a-z_]+))?(?:  .*)?$")


def drawn() -> list[tuple[str, str | None, int]]:
    """The classes of the tree in the docstring: (name, code, depth)."""
    lines = [LINE.match(line) for line in (errors.__doc__ or "").splitlines()]
    return [(m["name"], m["code"], len(m["branch"]) // 4) for m in lines if m is not None]


def below(kind: type[GatheringError], depth: int = 0) -> list[tuple[str, str | None, int]]:
    found = [(kind.__name__, kind.code if depth else None, depth)]
    for inner in kind.__subclasses__():
        if inner in EVERY:
            found += below(inner, depth + 1)
    return found


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    assert drawn() == below(GatheringError)


def test_every_class_has_a_code_of_its_own() -> None:
    assert len({kind.code for kind in EVERY}) == len(EVERY)
    assert all("code" in vars(kind) for kind in EVERY)


def test_every_class_has_a_sentence_of_its_own() -> None:
    sentences = [kind.default_detail for kind in EVERY]
    assert len(set(sentences)) == len(sentences)
    assert all(sentence.endswith(".") for sentence in sentences)


@pytest.mark.parametrize("kind", EVERY, ids=lambda kind: kind.__name__)
def test_an_error_can_be_told_on_every_face(kind: type[GatheringError]) -> None:
    error = kind(field="content")
    assert 400 <= error.status < 600
    assert error.close in codes.ADVICE
    assert str(error) == error.detail == kind.default_detail
    assert error.as_data("7") == {
        "code": kind.code,
        "detail": kind.default_detail,
        "ref": "7",
        "retryable": kind.retryable,
        "field": "content",
    }


@pytest.mark.parametrize("kind", EVERY, ids=lambda kind: kind.__name__)
def test_what_is_worth_trying_again_does_not_close_for_good(kind: type[GatheringError]) -> None:
    assert not (kind.retryable and codes.advice(kind.close) is Advice.STAY_AWAY)


def test_every_close_code_has_advice_and_a_number_of_its_own() -> None:
    assert set(CLOSES.values()) == set(codes.ADVICE)
    assert len(set(CLOSES.values())) == len(CLOSES)


@pytest.mark.parametrize("code", sorted(CLOSES.values()))
def test_a_close_code_is_one_that_a_server_may_send(code: int) -> None:
    assert code in {1000, 1001, 1009, 1012} or 4000 <= code <= 4999


@pytest.mark.parametrize("code", [-1, 0, 1005, 1006, 1011, 1015, 3000, 4000, 4999, 10**9])
def test_after_any_other_close_a_client_resumes(code: int) -> None:
    assert codes.advice(code) is Advice.RESUME
