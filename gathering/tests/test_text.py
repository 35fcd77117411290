"""How text of people and agents is shown."""

import re

import pytest

from gathering.text import markdown, plain

ADDRESSES = {
    "see https://a.example/b.": ["https://a.example/b"],
    "(http://a.example/b_(c)?x=1&y=2), and so on": ["http://a.example/b_(c)?x=1&y=2"],
    "**https://a.example/**, https://b.example!": ["https://a.example/", "https://b.example"],
    "[https://a.example](https://b.example)": ["https://b.example"],
    "<https://a.example> `https://b.example`": ["https://a.example"],
    "https://a.example/\u202egnp.exe": ["https://a.example/"],
    "https://a.example/@bob": ["https://a.example/@bob"],
    "a.example, ada@a.example, ftp://a.example, //a.example, javascript:alert(1)": [],
    "https:// http://[::1": [],
}


@pytest.mark.parametrize("said", ADDRESSES)
def test_an_address_of_the_web_is_a_link_and_what_follows_it_is_not(said: str) -> None:
    shown = str(markdown(said, ["bob"]))
    assert [found.replace("&amp;", "&") for found in re.findall(r'href="([^"]*)"', shown)] == ADDRESSES[said]
    assert re.sub(r"<[^>]*>", "", shown).count("bob") == said.count("bob")


PLAIN = {
    "so *very* **long**, `code` and [a link](https://a.example)": "so very long, code and a link",
    "# Head\n\n- one\n- two\n\n> said": "Head one two said",
    "```python\nx = 1\n```\nafter": "x = 1 after",
    "| a | b |\n|---|---|\n| 1 | 2 |": "a b 1 2",
    "<b>text</b> is_text 2*3": "<b>text</b> is_text 2*3",
    " ": "",
}


@pytest.mark.parametrize("said", PLAIN)
def test_a_line_of_it_is_without_its_marks(said: str) -> None:
    assert plain(said) == PLAIN[said]


# Ten times what a message may have: one pass takes a moment, text looked at again for each part minutes.
@pytest.mark.parametrize("part", ["https://a.", "https://a/", "http://", "https://a/) ", ")", "()", ";)"])
def test_hostile_addresses_end(part: str) -> None:
    said = f"https://a.example/{part * (300_000 // len(part))}"
    assert str(markdown(said)).count("<a ") >= 1
