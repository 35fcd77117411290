"""The cast: Ada owns, Bob is a member, Olga observes, Carol is outside, Robo is an agent, Sue is staff."""

from types import SimpleNamespace
from typing import Any

import pytest
from django.core.cache import cache
from rest_framework.test import APIClient

from agents.actions import create_agent
from circles import actions
from circles.models import Circle
from gathering.accounts.models import User


@pytest.fixture(autouse=True)
def nothing_is_kept() -> None:
    """Ids come again once a test is rolled back; what was kept of them must not."""
    cache.clear()


@pytest.fixture
def people(db: Any) -> SimpleNamespace:
    users = {name: User.objects.create_user(name) for name in ("ada", "bob", "olga", "carol")}
    users["sue"] = User.objects.create_superuser("sue")
    users["robo"] = create_agent(users["ada"], "robo").user
    return SimpleNamespace(**users)


@pytest.fixture
def circle(people: SimpleNamespace) -> Circle:
    made = actions.create_circle(people.ada, "team", "Team")
    actions.add_member(people.ada, "team", "bob")
    actions.add_member(people.ada, "team", "olga", "observer")
    actions.add_member(people.ada, "team", "robo")
    return made


@pytest.fixture
def as_user() -> Any:
    """``as_user(bob)`` is a REST client that Bob is signed in to."""

    def client(user: User | None) -> APIClient:
        made = APIClient()
        if user is not None:
            made.force_authenticate(user)
        return made

    return client
