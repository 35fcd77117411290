"""The pages of a circle: complete without a script, closed to others, and as cheap late as early."""

import re
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from circles import actions, history
from circles.models import Circle, Membership, Message

ROOM = "/circles/team/"
PAGES = (
    ROOM,
    f"{ROOM}members/",
    f"{ROOM}settings/",
    f"{ROOM}messages/?ids=1",
    "/",
    "/places/",
    "/search/?q=first",
)


@pytest.fixture
def sign_in() -> Any:
    def client(user: Any) -> Client:
        made = Client()
        made.force_login(user)
        return made

    return client


def text(answer: Any) -> str:
    return str(answer.content.decode())


def ids(answer: Any) -> list[int]:
    return [int(pk) for pk in re.findall(r'data-id="(\d+)"', text(answer))]


def say(user: Any, *contents: str) -> list[Message]:
    return [actions.post_message(user, "team", content) for content in contents]


def test_the_conversation_is_there_and_a_form_posts(
    people: SimpleNamespace, circle: Circle, sign_in: Any
) -> None:
    ada = sign_in(people.ada)
    answer = ada.post(ROOM, {"content": "Hello\r\n*there*", "reply_to": "", "id": "once"})
    assert (answer.status_code, answer["Location"]) == (302, f"{ROOM}#end")
    ada.post(ROOM, {"content": "Hello\r\n*there*", "reply_to": "", "id": "once"})
    assert [message.content for message in Message.objects.all()] == ["Hello\n*there*"]
    assert "<em>there</em>" in text(ada.get(ROOM))


def test_a_reply_names_what_it_answers(people: SimpleNamespace, circle: Circle, sign_in: Any) -> None:
    (question,) = say(people.bob, "Why?")
    ada = sign_in(people.ada)
    page = text(ada.get(f"{ROOM}?reply={question.pk}"))
    assert f'name="reply_to" value="{question.pk}"' in page
    ada.post(ROOM, {"content": "Because.", "reply_to": question.pk})
    assert "Why?</a></p>" in text(ada.get(ROOM))


@pytest.mark.parametrize("content", ["", "   ", "x" * 32_001])
def test_what_cannot_be_posted_is_said_beside_the_field(
    content: str, people: SimpleNamespace, circle: Circle, sign_in: Any
) -> None:
    answer = sign_in(people.ada).post(ROOM, {"content": content})
    assert answer.status_code == 400
    assert re.search(r'id="say-wrong" role="alert">[^<]+<', text(answer))


@pytest.mark.parametrize("path", PAGES[:4])
def test_others_pages_are_not_there(path: str, people: SimpleNamespace, circle: Circle, sign_in: Any) -> None:
    assert sign_in(people.carol).get(path).status_code == 404
    assert sign_in(people.bob).get(path).status_code == 200


@pytest.mark.parametrize("path", ["", "members/", "members/bob/", "settings/", "read/"])
def test_others_forms_do_nothing(path: str, people: SimpleNamespace, circle: Circle, sign_in: Any) -> None:
    body = {"content": "x", "name": "carol", "role": "owner", "status": "archived", "message": "1"}
    assert sign_in(people.carol).post(f"{ROOM}{path}", body).status_code == 404
    assert not Message.objects.exists()


@pytest.mark.parametrize(
    ("path", "body"),
    [("members/", {"name": "carol", "role": "owner"}), ("settings/", {"status": "archived"})],
)
def test_who_is_no_owner_changes_nothing(
    path: str, body: Any, people: SimpleNamespace, circle: Circle, sign_in: Any
) -> None:
    assert sign_in(people.bob).post(f"{ROOM}{path}", body).status_code == 403
    circle.refresh_from_db()
    assert (circle.status, circle.memberships.count()) == ("active", 4)


def test_an_owner_lets_in_changes_and_puts_out(people: SimpleNamespace, circle: Circle, sign_in: Any) -> None:
    ada = sign_in(people.ada)
    ada.post(f"{ROOM}members/", {"name": "carol", "role": "observer"})
    ada.post(f"{ROOM}members/bob/", {"role": "owner"})
    ada.post(f"{ROOM}members/olga/")
    roles = dict(Membership.objects.values_list("user__username", "role"))
    assert roles == {"ada": "owner", "bob": "owner", "carol": "observer", "robo": "member"}


def test_the_last_owner_is_told_why_it_stays(people: SimpleNamespace, circle: Circle, sign_in: Any) -> None:
    page = text(sign_in(people.ada).post(f"{ROOM}members/ada/", follow=True))
    assert "The last owner of team stays" in page


def test_an_unknown_name_is_said_beside_the_form(
    people: SimpleNamespace, circle: Circle, sign_in: Any
) -> None:
    answer = sign_in(people.ada).post(f"{ROOM}members/", {"name": "nobody", "role": "member"})
    assert "There is nobody called &#x27;nobody&#x27;" in text(answer)


def test_an_observer_has_no_form(people: SimpleNamespace, circle: Circle, sign_in: Any) -> None:
    assert "You observe this circle" in text(sign_in(people.olga).get(ROOM))


# History


def test_history_is_read_in_pages_by_links(people: SimpleNamespace, circle: Circle, sign_in: Any) -> None:
    said = [message.pk for message in say(people.ada, *map(str, range(120)))]
    client, path, seen = sign_in(people.bob), ROOM, []
    while path:
        answer = client.get(path)
        seen[:0] = ids(answer)
        older = re.search(r'href="(\?before=\d+)"', text(answer))
        path = ROOM + older[1] if older else ""
    assert seen == said


def test_a_link_to_a_message_shows_it_among_its_neighbours(
    people: SimpleNamespace, circle: Circle, sign_in: Any
) -> None:
    said = [message.pk for message in say(people.ada, *map(str, range(120)))]
    answer = sign_in(people.bob).get(f"{ROOM}?at={said[60]}")
    assert ids(answer) == said[35:85]
    assert "Back to now" in text(answer)


@pytest.mark.parametrize("query", ["before=x", "before=-1", "at=", f"at={10**30}", "before=1,2"])
def test_a_place_that_is_none_leads_nowhere(
    query: str, people: SimpleNamespace, circle: Circle, sign_in: Any
) -> None:
    assert sign_in(people.bob).get(f"{ROOM}?{query}").status_code in (200, 404)


def test_a_fragment_has_no_message_of_another_circle(
    people: SimpleNamespace, circle: Circle, sign_in: Any
) -> None:
    actions.create_circle(people.carol, "hers")
    hers = actions.post_message(people.carol, "hers", "secret")
    (mine,) = say(people.ada, "open")
    answer = sign_in(people.bob).get(f"{ROOM}messages/?ids={hers.pk},{mine.pk},x,")
    assert ids(answer) == [mine.pk]


def test_what_all_ask_for_is_made_once_and_shown_to_whom_it_may(
    people: SimpleNamespace, circle: Circle, sign_in: Any
) -> None:
    said = say(people.ada, "one", "two")
    path = f"{ROOM}messages/?ids={said[1].pk},{said[0].pk},{said[0].pk}"

    def cost(user: Any) -> tuple[str, int]:
        client = sign_in(user)
        with CaptureQueriesContext(connection) as queries:
            answer = client.get(path)
        assert re.findall(r"<p>(\w+)</p>", text(answer)) == ["one", "two"]
        return text(answer), len(queries)

    (shown, first), (again, second) = cost(people.bob), cost(people.olga)
    assert (again, second) == (shown, first - 1)  # no message was looked up, and none was rendered
    assert sign_in(people.carol).get(path).status_code == 404
    other = actions.create_circle(people.carol, "hers")
    assert ids(sign_in(people.carol).get(f"/circles/{other.name}/messages/?ids={said[0].pk}")) == []


def test_the_first_unread_message_has_a_line_and_reading_takes_it(
    people: SimpleNamespace, circle: Circle, sign_in: Any
) -> None:
    _, second = say(people.ada, "one", "two")
    bob = sign_in(people.bob)
    assert text(bob.get(ROOM)).count('id="unread"') == 1
    assert '2<span class="unseen"> unread' in text(bob.get("/places/"))
    assert bob.post(f"{ROOM}read/", {"message": second.pk}).status_code == 204
    assert 'id="unread"' not in text(bob.get(ROOM))
    assert "unread</span>" not in text(bob.get("/places/"))


def test_what_one_said_oneself_is_not_unread(people: SimpleNamespace, circle: Circle) -> None:
    say(people.ada, "one")
    say(people.bob, *map(str, range(150)))
    unread = {each: history.memberships_of(each).get().unread for each in (people.ada, people.bob)}
    assert unread == {people.ada: 99, people.bob: 1}


def test_no_page_costs_more_with_more_history(people: SimpleNamespace, circle: Circle, sign_in: Any) -> None:
    client = sign_in(people.bob)

    def cost(path: str) -> int:
        cache.clear()
        with CaptureQueriesContext(connection) as queries:
            assert client.get(path).status_code == 200
        return len(queries)

    say(people.ada, "first")
    few = [cost(path) for path in PAGES]
    Message.objects.bulk_create(
        Message(circle=circle, author=people.ada, content=f"{n} @bob") for n in range(300)
    )
    for number in range(20):
        actions.create_circle(people.bob, f"room-{number}")
    assert [cost(path) for path in PAGES] == few


# Hostile content

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[click](javascript:alert(1))",
    "[click](JaVaScRiPt:alert(1))",
    "[click](data:text/html,<script>alert(1)</script>)",
    "<javascript:alert(1)>",
    "![x](https://ok.example/pixel.png)",
    "[a]: javascript:alert(1)\n\n[a]",
    '[x](https://ok.example "onmouseover=alert(1)")',
    "# <b>heading</b>",
    'https://ok.example/"onmouseover=alert(1)',
    "https://ok.example/<script>alert(1)</script>",
    "https://ok.example@evil.example:99999999/ http://[::1 https://",
    "`<script>`",
    "@<b>bob</b>",
    "\u202egnp.exe",
]


@pytest.mark.parametrize("content", HOSTILE)
def test_hostile_content_is_text(content: str, people: SimpleNamespace, circle: Circle, sign_in: Any) -> None:
    say(people.ada, content)
    (shown,) = re.findall(
        r'<div class="text" dir="auto">(.*?)</div>', text(sign_in(people.bob).get(ROOM)), re.S
    )
    tags = set(re.findall(r"<([a-z0-9]+)", shown))
    assert tags <= {"p", "a", "code", "br", "b", "span", "em"} - {"script", "img"}
    assert not re.search(r'href="(?!https://ok\.example)', shown)
    assert not re.search(r"<[^>]* on[a-z]+=(?![^<]*\")", shown)
    assert "<b>" not in shown


def test_a_link_opens_nothing_of_ours(people: SimpleNamespace, circle: Circle, sign_in: Any) -> None:
    say(people.ada, "[docs](https://ok.example/?a=1&b=2) [mail](mailto:a@b.example)")
    page = text(sign_in(people.bob).get(ROOM))
    assert page.count('rel="noopener noreferrer nofollow ugc"') == 2


def test_thirty_thousand_characters_without_a_space_are_one_message(
    people: SimpleNamespace, circle: Circle, sign_in: Any
) -> None:
    say(people.ada, "x" * 30_000)
    assert "x" * 30_000 in text(sign_in(people.bob).get(ROOM))


def test_deep_markdown_is_cheap(people: SimpleNamespace, circle: Circle, sign_in: Any) -> None:
    say(people.ada, "> " * 2_000 + "x", "[" * 8_000, "*a " * 4_000)
    assert sign_in(people.bob).get(ROOM).status_code == 200
