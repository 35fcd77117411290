"""Every name on a disk has one way to be written, and only that leads back to it."""

import random

import pytest

from workspaces.paths import to_bytes, to_text


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (b"plain.py", "plain.py"),
        ("Grüße ☃".encode(), "Grüße ☃"),
        (b"two\nlines", "two\nlines"),
        (b"a\\b", "a\\\\b"),
        (b"\xff\xfe", "\\xff\\xfe"),
        (b"\\xff", "\\\\xff"),
        (b"half \xe2\x98", "half \\xe2\\x98"),
    ],
)
def test_a_name_is_written_and_found_again(name: bytes, text: str) -> None:
    assert to_text(name) == text
    assert to_bytes(text) == name


@pytest.mark.parametrize("text", ["a\\b", "\\", "\\x41", "\\xFF", "\\xe2\\x98\\x83", "\udcff", "\\\\\\"])
def test_what_no_name_is_written_like_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        to_bytes(text)


def test_no_two_names_are_written_alike() -> None:
    dice = random.Random(4)
    alphabet = [b"\\", b"x", b"f", b"a", b"\xc3", b"\xa9", b"\xff"]
    names = {b"".join(dice.choices(alphabet, k=dice.randint(1, 7))) for _ in range(5000)}
    assert len({to_text(name) for name in names}) == len(names)
    assert all(to_bytes(to_text(name)) == name for name in names)
