"""Members in the admin: the rules are those of REST, and the list says whose a circle is."""

import re
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.db.models import QuerySet
from django.test import Client
from django.utils import timezone

from circles import actions
from circles.models import Circle, Membership, Message

CIRCLES = "/admin/circles/circle/"
MEMBERS = "/admin/circles/membership/"
LAST = "The last owner of team stays: make somebody else an owner first."


@pytest.fixture
def sue(people: SimpleNamespace, client: Client) -> Client:
    client.force_login(people.sue)
    return client


def act(client: Client, path: str, action: str, *rows: Any, **more: Any) -> str:
    body = {"action": action, "_selected_action": [row.pk for row in rows], **more}
    return client.post(path, body, follow=True).content.decode()


def roles(circle: Circle) -> dict[str, str]:
    return dict(circle.memberships.values_list("user__username", "role"))


def members_form(circle: Circle, **changes: dict[str, str]) -> dict[str, Any]:
    """The form of a circle with its members, and what is changed of some, by their name."""
    rows = list(circle.memberships.select_related("user").order_by("pk"))
    form = {"title": "", "description": "", "status": "active"}
    for prefix, count in (("memberships", len(rows)), ("memberships-2", 0)):
        form |= {f"{prefix}-TOTAL_FORMS": str(count), f"{prefix}-INITIAL_FORMS": str(count)}
    for number, row in enumerate(rows):
        fields = {"id": row.pk, "circle": circle.pk, "role": row.role, **changes.get(row.user.username, {})}
        form |= {f"memberships-{number}-{name}": text for name, text in fields.items()}
    return form


# The last owner


@pytest.mark.parametrize("change", [{"role": "member"}, {"DELETE": "on"}])
def test_the_last_owner_stays_on_the_page_of_its_circle(
    change: dict[str, str], sue: Client, circle: Circle
) -> None:
    before = roles(circle)
    page = sue.post(f"{CIRCLES}{circle.pk}/change/", members_form(circle, ada=change))
    assert (page.status_code, LAST in page.content.decode()) == (200, True)
    assert roles(circle) == before


def test_an_owner_goes_where_another_one_is_made_at_once(sue: Client, circle: Circle) -> None:
    form = members_form(circle, ada={"DELETE": "on"}, bob={"role": "owner"})
    assert sue.post(f"{CIRCLES}{circle.pk}/change/", form).status_code == 302
    assert roles(circle)["bob"] == "owner"
    assert "ada" not in roles(circle)


def test_a_circle_that_has_no_owner_can_be_changed_all_the_same(sue: Client, circle: Circle) -> None:
    circle.memberships.filter(role="owner").delete()
    form = members_form(circle, bob={"role": "observer"})
    assert sue.post(f"{CIRCLES}{circle.pk}/change/", form).status_code == 302
    assert roles(circle)["bob"] == "observer"


def test_the_last_owner_gets_no_other_role_and_is_not_deleted(sue: Client, circle: Circle) -> None:
    row = circle.memberships.get(role="owner")
    page = sue.post(f"{MEMBERS}{row.pk}/change/", {"role": "member"})
    assert (page.status_code, LAST in page.content.decode()) == (200, True)
    page = sue.post(f"{MEMBERS}{row.pk}/delete/", {"post": "yes"}, follow=True)
    assert LAST in page.content.decode()
    assert roles(circle)["ada"] == "owner"


def test_of_all_owners_chosen_to_be_deleted_none_is(
    sue: Client, people: SimpleNamespace, circle: Circle
) -> None:
    actions.change_role(people.ada, "team", "bob", "owner")
    page = act(sue, MEMBERS, "delete_selected", *circle.memberships.all(), post="yes")
    assert f"Nobody was put out. {LAST}" in page
    assert [roles(circle)[name] for name in ("ada", "bob")] == ["owner", "owner"]
    page = act(sue, MEMBERS, "delete_selected", circle.memberships.get(user=people.ada), post="yes")
    assert "Successfully deleted 1 membership" in page
    assert "ada" not in roles(circle)


def test_a_circle_is_deleted_with_its_last_owner(sue: Client, circle: Circle) -> None:
    sue.post(f"{CIRCLES}{circle.pk}/delete/", {"post": "yes"})
    assert not Membership.objects.exists()


# Several circles at once


def test_names_are_let_into_all_circles_that_are_chosen(
    sue: Client, people: SimpleNamespace, circle: Circle
) -> None:
    other = actions.create_circle(people.ada, "other")
    page = act(sue, CIRCLES, "let_in", circle, other, who="@carol, nobody-of-this-name")
    assert all("carol" in roles(each) for each in (circle, other))
    assert "Let in: carol, other." in page
    assert "There is nobody called &#x27;nobody-of-this-name&#x27;." in page
    page = act(sue, CIRCLES, "put_out", circle, other, who="carol ada")
    assert not any("carol" in roles(each) for each in (circle, other))
    assert page.count("The last owner of ") == 2


def test_whoever_names_nobody_is_told_where_names_go(sue: Client, circle: Circle) -> None:
    before = roles(circle)
    assert "Write names into the field" in act(sue, CIRCLES, "let_in", circle)
    assert roles(circle) == before


# What the list says


def test_the_list_says_whose_a_circle_is_and_when_it_was_last_spoken_in(
    sue: Client, people: SimpleNamespace, circle: Circle
) -> None:
    row = sue.get(CIRCLES).content.decode().split("<tr>")[-1]
    cells = re.findall(r'field-(\w+)[^"]*">(.*?)</td>', row)
    people_, agents = (circle.memberships.filter(user__kind=kind).count() for kind in ("person", "agent"))
    told = dict(cells)
    assert (told["owners"], told["people"], told["agents"]) == ("ada", str(people_), str(agents))
    assert told["last_message"] == "never"
    assert 'href="/circles/team/"' in told["page"]
    assert 'class="state is-active"' in told["now"]
    assert "View on site" in sue.get(f"{CIRCLES}{circle.pk}/change/").content.decode()


def test_circles_are_found_by_what_happens_in_them_and_who_is_in(
    sue: Client, people: SimpleNamespace, circle: Circle
) -> None:
    for name in ("fresh", "quiet", "silent"):
        actions.create_circle(people.ada, name)
    actions.add_member(people.ada, "fresh", "robo")
    for name in ("fresh", "quiet"):
        actions.post_message(people.ada, name, "hello")
    long_ago = timezone.now() - timedelta(days=40)
    QuerySet(Message).filter(circle__name="quiet").update(created_at=long_ago)  # as Django has it: unguarded
    Circle.objects.get(name="silent").memberships.all().delete()

    def found(**query: str) -> set[str]:
        return set(re.findall(r"change/[^>]*>([a-z]+)</a>", sue.get(CIRCLES, query).content.decode()))

    assert found(said="day") == found(said="month") == {"fresh"}
    assert found(said="quiet") == {"quiet"}
    assert found(said="never") == {"silent", "team"}
    assert "fresh" in found(has="agents")
    assert "quiet" in found(has="people")
    assert found(has="nobody") == {"silent"}
    assert found(q="robo") == found(has="agents")
