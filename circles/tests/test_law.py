"""The law, for every action: old snapshot + the events it emitted = fresh snapshot."""

from types import SimpleNamespace

import pytest

from circles import actions
from circles.models import Circle, Message
from gathering.hub.kinds import Asked

from .law import replay, take

ACTIONS = {
    "title": lambda p: actions.change_circle(p.ada, "team", title="The team"),
    "description": lambda p: actions.change_circle(p.ada, "team", description="All of us."),
    "pause": lambda p: actions.change_circle(p.ada, "team", status="paused"),
    "archive": lambda p: actions.change_circle(p.ada, "team", status="archived"),
    "nothing": lambda p: actions.change_circle(p.ada, "team", title="Team"),
    "a person joins": lambda p: actions.add_member(p.ada, "team", "carol"),
    "an observer joins": lambda p: actions.add_member(p.ada, "team", "carol", "observer"),
    "joins again": lambda p: actions.add_member(p.ada, "team", "bob"),
    "new role": lambda p: actions.change_role(p.ada, "team", "bob", "owner"),
    "an agent's role": lambda p: actions.change_role(p.ada, "team", "robo", "observer"),
    "put out": lambda p: actions.remove_member(p.ada, "team", "bob"),
    "leave": lambda p: actions.remove_member(p.bob, "team", "bob"),
    "an agent leaves": lambda p: actions.remove_member(p.ada, "team", "robo"),
    "a message": lambda p: actions.post_message(p.bob, "team", "Hello"),
    "an agent's message": lambda p: actions.post_message(p.robo, "team", "Done, @ada"),
    "a reply": lambda p: actions.post_message(
        p.bob, "team", "Yes @robo, @carol @bob", reply_to=actions.post_message(p.ada, "team", "?").pk
    ),
    "staff from outside": lambda p: actions.post_message(p.sue, "team", "<b>News</b> \u2028 ☃ 𝄞"),
    "many": lambda p: [actions.post_message(p.ada, "team", str(n)) for n in range(60)],
    "many together": lambda p: actions.speak_together(
        [
            Asked(user, "team", {"content": f"@bob {n}"})
            for n in range(30)
            for user in (p.ada, p.robo, p.carol)
        ]
    ),
}


@pytest.mark.parametrize("name", ACTIONS)
def test_old_snapshot_and_events_make_the_fresh_snapshot(
    name: str, people: SimpleNamespace, circle: Circle
) -> None:
    actions.post_message(people.ada, "team", "Before")
    old = take(circle)
    ACTIONS[name](people)
    assert replay(old) == take(circle)
    assert (take(circle)["seq"] == old["seq"]) == (name in ("nothing", "joins again"))


def test_a_new_circle_is_told_from_its_first_member_on(people: SimpleNamespace) -> None:
    circle = actions.create_circle(people.ada, "fresh")
    fresh = take(circle)
    nothing = {**fresh, "members": [], "messages": [], "seq": 0}
    assert replay(nothing) == fresh
    assert fresh["seq"] == 1


def test_every_action_is_under_the_law() -> None:
    import inspect

    of_module = inspect.getmembers(actions, inspect.isfunction)
    public = {n for n, f in of_module if not n.startswith("_") and f.__module__ == actions.__name__}
    reading = {"find_circle", "seen_circles", "names_of_circles", "open_circle", "false_claim"}
    # post_messages, after a look at who claims to speak
    by_frames = {"speak", "speak_as_agent", "speak_together", "speak_as_agents_together"}
    private = {"mark_read"}  # how far somebody has read is nobody else's to know, and in no snapshot
    shown = {"change_circle", "add_member", "change_role", "remove_member", "post_message", "post_messages"}
    assert public == reading | by_frames | private | shown | {"create_circle"}


def test_mentions_name_members_only(people: SimpleNamespace, circle: Circle) -> None:
    actions.post_message(people.ada, "team", "@bob, @carol, @Robo. a@bob.org @nobody @bob")
    assert Message.objects.get().mentions == ["bob", "robo"]
