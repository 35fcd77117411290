"""In which worlds the client is tried: one is enough, since what differs between them is the server's."""

import pytest

one_world = pytest.mark.parametrize("world", [("uvicorn", "embedded")], ids="-".join, indirect=True)
