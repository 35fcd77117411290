import pytest
from django.contrib.auth import authenticate
from django.core.exceptions import ValidationError
from django.db import IntegrityError

from gathering.accounts.models import Token, User

from .conftest import PASSWORD

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("name", ["a", "7", "dev-team", "a.b_c-d", "x" * 63])
def test_a_plain_name_is_taken(name: str) -> None:
    assert User.objects.create_user(name).username == name


@pytest.mark.parametrize("name", ["", "Ada", "-a", ".a", "a b", "a\n", "é", "x" * 64, "a/b", "a\0", "\u212a"])
def test_another_name_is_refused(name: str) -> None:
    with pytest.raises(ValidationError):
        User.objects.create_user(name)


def test_people_and_agents_share_one_name_space(ada: User) -> None:
    with pytest.raises(IntegrityError):
        User.objects.create_agent("ada")


def test_a_name_cannot_be_changed(ada: User) -> None:
    ada.username = "eve"
    with pytest.raises(ValidationError, match="for ever"):
        ada.save()
    with pytest.raises(ValidationError, match="for ever"):
        ada.save(update_fields=["username"])
    assert User.objects.get(pk=ada.pk).username == "ada"


def test_a_name_cannot_be_changed_by_a_second_instance(ada: User) -> None:
    with pytest.raises(ValidationError, match="for ever"):
        User(pk=ada.pk, username="eve").save()


def test_everything_else_can_be_changed(ada: User) -> None:
    ada.display_name = "Countess"
    ada.save()
    assert User.objects.get(pk=ada.pk).get_full_name() == "Countess"


def test_an_agent_has_no_password(robo: User) -> None:
    assert robo.is_agent
    assert not robo.has_usable_password()


def test_a_person_is_no_agent(ada: User) -> None:
    assert not ada.is_agent


def test_a_capital_does_not_matter_to_the_login(ada: User) -> None:
    assert authenticate(username="Ada", password=PASSWORD) == ada


def test_a_token_does_not_show_its_digest(ada: User) -> None:
    token, text = Token.objects.create(ada, name="laptop")
    assert str(token) == f"laptop {token.digest[:16]}"
    assert token.public_id not in text
