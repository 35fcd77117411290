from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from gathering.accounts import tokens
from gathering.accounts.models import Token, User


def test_a_made_token_stands_alone_on_standard_output(robo: User, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("create_token", "robo", "--expires", "30d", "--label", "ci")
    out, err = capsys.readouterr()
    identity = tokens.verify(out.removesuffix("\n"))
    assert (identity.user, err) == (robo, "")
    assert timedelta(days=29) < identity.expires_at - timezone.now() <= timedelta(days=30)
    assert Token.objects.get().name == "ci"


def test_without_expires_a_token_has_no_end(ada: User) -> None:
    call_command("create_token", "ada")
    assert Token.objects.get().expiry is None


@pytest.mark.parametrize("duration", ["", "30", "d", "-1d", "0d", "1.5h", "1y", "999999d"])
def test_a_duration_is_a_number_and_a_unit(ada: User, duration: str) -> None:
    with pytest.raises(CommandError, match="no duration"):
        call_command("create_token", "ada", f"--expires={duration}")


def test_there_is_no_token_for_nobody_or_the_inactive(ada: User, capsys: pytest.CaptureFixture[str]) -> None:
    User.objects.update(is_active=False)
    for name, why in (("nobody", "nobody called"), ("ada", "not active")):
        with pytest.raises(CommandError, match=why):
            call_command("create_token", name)
    assert capsys.readouterr().out == ""


def test_one_token_is_revoked_by_its_id(ada: User, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = (tokens.mint(ada)[0] for _ in range(2))
    call_command("revoke_token", "ada", "--id", first.public_id)
    assert Token.objects.get() == second
    assert capsys.readouterr().out == "Revoked 1 token of ada.\n"


def test_all_tokens_are_revoked(ada: User, bob: User, capsys: pytest.CaptureFixture[str]) -> None:
    for user in (ada, ada, bob):
        tokens.mint(user)
    call_command("revoke_token", "ada", "--all")
    assert Token.objects.get().user == bob
    assert capsys.readouterr().out == "Revoked 2 tokens of ada.\n"


@pytest.mark.parametrize(
    "arguments", [["nobody", "--all"], ["ada", "--all"], ["ada", "--id", "0"], ["ada", "--id", ""]]
)
def test_to_revoke_nothing_is_an_error(ada: User, bob: User, arguments: list[str]) -> None:
    tokens.mint(bob)
    with pytest.raises(CommandError):
        call_command("revoke_token", *arguments)
    assert Token.objects.count() == 1


@pytest.mark.parametrize("arguments", [["ada"], ["ada", "--all", "--id", "0"]])
def test_which_to_revoke_is_said_once(ada: User, arguments: list[str]) -> None:
    with pytest.raises(CommandError):
        call_command("revoke_token", *arguments)
