"""The same cast as in circles."""

from circles.tests.conftest import as_user, circle, people  # noqa: F401
