"""Who is mentioned: ``@name`` in a message, outside of words and addresses."""

import re

_MENTION = re.compile(r"(?<![\w@./-])@([a-z0-9][a-z0-9_.-]{0,62})", re.ASCII | re.IGNORECASE)


def mentioned(content: str) -> list[str]:
    """The names after an ``@`` in ``content``, lower case, each once, in order of appearance."""
    found = (match.rstrip(".-").lower() for match in _MENTION.findall(content))
    return list(dict.fromkeys(found))
