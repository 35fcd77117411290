"""The vectors as Python reads them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parent.parent / "vectors"

Case = dict[str, Any]


def files() -> list[Path]:
    return sorted(FOLDER.glob("*.json"))


def load(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))


def cases(file: str, call: str | None = None) -> list[Any]:
    """The cases of ``file`` as parameters of a test, only those of ``call`` if it is given."""
    return [
        pytest.param(case, id=case["name"])
        for case in load(FOLDER / file)["cases"]
        if call is None or case["call"] == call
    ]


def given(case: Case) -> Any:
    """What a case gives to the function under test, from whichever form it is written in."""
    if "in_hex" in case:
        return bytes.fromhex(case["in_hex"])
    if "in_long" in case:
        long = case["in_long"]
        return long["head"] + long["fill"] * long["times"] + long["tail"]
    return case["in"]
