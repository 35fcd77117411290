"""The cast of the circles, and a workspace of theirs in a fresh directory."""

from pathlib import Path
from typing import Any

import pytest

from circles.models import Circle
from circles.tests.conftest import as_user, circle, people  # noqa: F401
from workspaces.models import Workspace


@pytest.fixture
def workspace(circle: Circle, tmp_path: Path) -> Any:  # noqa: F811
    made = Workspace(circle=circle, title="Code", path=str(tmp_path))
    made.save()
    return made
