"""Finding what was said: all of it, nobody else's, and a bounded stretch at a time."""

import html
import re
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client

from circles import actions, searching
from circles.models import Circle, Message


def found(user: Any, text: str, before: int | None = None, limit: int = 50) -> list[str]:
    return [each.content for each in searching.search(user, text, before, limit).messages]


@pytest.fixture
def said(people: SimpleNamespace, circle: Circle) -> list[Message]:
    contents = ("The Greeter greets", "greeter fails: 100% of_it", "100 times", "nothing")
    return [actions.post_message(people.ada, "team", content) for content in contents]


def test_every_word_is_there_in_any_case_the_newest_first(people: SimpleNamespace, said: Any) -> None:
    assert found(people.bob, "GREETER") == ["greeter fails: 100% of_it", "The Greeter greets"]
    assert found(people.bob, "fails  greeter") == ["greeter fails: 100% of_it"]
    assert found(people.bob, "greeter nothing") == []


def test_what_databases_take_for_patterns_is_text(people: SimpleNamespace, said: Any) -> None:
    assert found(people.bob, "100%") == found(people.bob, "f_i") == ["greeter fails: 100% of_it"]
    assert found(people.bob, "\\") == found(people.bob, "'; --") == []


def test_nobody_finds_what_is_said_elsewhere(people: SimpleNamespace, said: Any) -> None:
    assert found(people.carol, "greeter") == []
    actions.remove_member(people.ada, "team", "bob")
    assert found(people.bob, "greeter") == []


def test_a_search_goes_back_stretch_by_stretch_to_the_first_message(
    people: SimpleNamespace, said: list[Message], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "STRETCH", 2)
    gone, before, steps = [], None, 0
    while steps == 0 or before is not None:
        searched = searching.search(people.bob, "e", before, limit=1)
        gone += [each.pk for each in searched.messages]
        before, steps = searched.further, steps + 1
    assert gone == [each.pk for each in reversed(said) if "e" in each.content.lower()]
    assert steps >= 3  # of two messages each, and one answer each


def test_the_api_says_where_and_how_to_go_on(
    people: SimpleNamespace, said: list[Message], as_user: Any
) -> None:
    answer = as_user(people.bob).get("/api/search/", {"q": "greeter", "limit": 1}).json()
    assert [(each["circle"], each["message"]["id"]) for each in answer["found"]] == [("team", said[1].pk)]
    rest = as_user(people.bob).get("/api/search/", {"q": "greeter", "before": answer["further"]}).json()
    assert [each["message"]["id"] for each in rest["found"]] == [said[0].pk]
    assert rest["further"] is None


@pytest.mark.parametrize("query", [{}, {"q": " "}, {"q": "x" * 201}, {"q": "x", "before": "0"}, {"q": "x\0"}])
def test_a_question_that_is_none_is_refused(
    query: dict[str, str], people: SimpleNamespace, as_user: Any
) -> None:
    assert as_user(people.bob).get("/api/search/", query).status_code == 400


def test_the_page_marks_the_words_and_shows_text_as_text(people: SimpleNamespace, circle: Circle) -> None:
    actions.post_message(people.ada, "team", "y " * 60 + "<script>alert('Greeter')</script>")
    client = Client()
    client.force_login(people.bob)
    page = client.get("/search/", {"q": "greeter <script>"}).content.decode()
    (shown,) = re.findall(r'<p class="text" dir="auto">(.*?)</p>', page)
    assert re.findall(r"<mark>(.*?)</mark>", shown) == ["&lt;script&gt;", "Greeter"]
    assert set(re.findall(r"<([a-z]+)", shown)) == {"mark"}
    assert html.unescape(re.sub("<[^>]*>", "", shown)).startswith("…")
    assert "Team" in client.get("/search/", {"q": "tea"}).content.decode()
    for query in ("", " ", "x" * 5000):
        assert client.get("/search/", {"q": query, "before": "9" * 30}).status_code == 200
    assert client.get("/search/", {"q": "\0"}).status_code == 400
