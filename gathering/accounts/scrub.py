"""Keeps credentials out of the logs.

Logging is configured before the models can be imported, so this module imports nothing of ours.
"""

import logging
import re
from collections.abc import Mapping
from typing import Any

_SECRETS = re.compile(
    r"""((?:token|ticket)=             # a query: ?token=...
        |\bbearer(?:\.|\ +)            # a header or a subprotocol
        |["'](?:token|ticket)["']:\s*["']  # a frame or an answer, as JSON or as a dict
        )[^\s&"'#,;)\]}]+""",
    re.VERBOSE | re.IGNORECASE,
)


def scrub(text: str) -> str:
    """``text`` with ``***`` for every token and ticket in it."""
    return _SECRETS.sub(r"\1***", text)


class ScrubTokens(logging.Filter):
    """Takes credentials out of a record's message and arguments; the record always passes.

    The arguments keep their number, their names and, where clean, their objects: ``uvicorn.access``
    unpacks a tuple of five, and daphne formats from a dictionary.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg = _clean(record.msg)
        if isinstance(record.args, Mapping):
            record.args = {name: _clean(value) for name, value in record.args.items()}
        elif record.args:
            record.args = tuple(_clean(value) for value in record.args)
        return True


def _clean(value: Any) -> Any:
    if value is None or isinstance(value, int | float):
        return value
    text = str(value)
    clean = scrub(text)
    return value if clean == text else clean
