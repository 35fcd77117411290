"""The admin's index: everything, in sections, each list with a line on what it is."""

import re
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.test import Client

from gathering.accounts.models import User
from gathering.pages.admin import SECTIONS


@pytest.fixture
def staff(client: Client, db: Any) -> User:
    user = User.objects.create_user("stan", is_staff=True)
    client.force_login(user)
    return user


def sections(page: str) -> list[str]:
    return re.findall(r'class="section">([^<]+)<', page.split('id="content"')[-1])


def test_every_list_of_the_admin_is_on_the_index_with_a_line_on_what_it_is(
    client: Client, staff: User
) -> None:
    known = {f"{model._meta.app_label}.{model._meta.object_name}" for model in admin.site._registry}
    assert known == {name for abouts in SECTIONS.values() for name in abouts}
    User.objects.filter(pk=staff.pk).update(is_superuser=True)
    page = client.get("/admin/").content.decode()
    assert sections(page) == list(SECTIONS)
    assert page.count('class="about"') == len(known)


def test_staff_find_what_they_may_see_and_no_empty_section(client: Client, staff: User) -> None:
    staff.user_permissions.set(Permission.objects.filter(codename__in=["view_circle", "view_stream"]))
    page = client.get("/admin/").content.decode()
    assert sections(page) == ["Circles", "Behind it"]
    assert "Where people and agents talk" in page
    assert "/admin/agents/" not in page


def test_staff_without_a_right_are_told_so(client: Client, staff: User) -> None:
    page = client.get("/admin/")
    assert (page.status_code, "ask whoever runs this server" in page.content.decode()) == (200, True)
