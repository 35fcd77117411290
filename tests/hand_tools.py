"""What the hand can do (``tests/hand.py``): arrange a world through the project's own actions."""

import json
import time
from datetime import timedelta
from typing import Any

from django.contrib.sessions.backends.db import SessionStore
from django.core.management import call_command
from django.db import transaction
from django.test import Client
from django.utils import timezone

from agents import actions as agents
from agents import oversight
from agents.models import Activity, Agent, Approval, Errand, Run
from circles import actions as circles
from circles.models import Circle, Message
from gathering.accounts import tickets, tokens
from gathering.accounts.models import Ticket, Token, User
from gathering.events.models import DeadLetter
from gathering.events.queue import Queue
from gathering.events.worker import settle
from gathering.hub import log, receipts
from gathering.hub.models import Event, Receipt
from workspaces import actions as workspaces
from workspaces import compare
from workspaces.compare import WHOLE
from workspaces.models import Workspace

PEOPLE = ("ada", "bob", "carol")


def make_cast() -> dict[str, str]:
    """Ada owns, Bob is a member, Carol is outside, Robo is an agent, Stan is staff: their tokens."""
    call_command("migrate", verbosity=0)
    users = [User.objects.create_user(name) for name in PEOPLE]
    users.append(User.objects.create_user("stan", is_staff=True))
    users.append(agents.create_agent(users[0], "robo").user)
    return {user.username: mint(user.username) for user in users}


def user_id(name: str) -> int:
    return _user(name).pk


def make_circle(name: str, owner: str = "ada", members: tuple[str, ...] = ("bob", "robo")) -> int:
    """Make a circle; returns the head of its stream."""
    circles.create_circle(_user(owner), name)
    for member in members:
        circles.add_member(_user(owner), name, member)
    return head(f"circles.{name}")


def make_user(name: str, circle: str | None = None, role: str = "member") -> str:
    """Make a person, in a circle of Ada's if it is named; returns a token."""
    User.objects.create_user(name)
    if circle is not None:
        circles.add_member(_user("ada"), circle, name, role)
    return mint(name)


def make_superuser(name: str) -> None:
    """Make a person who may do everything in the admin."""
    User.objects.create_superuser(name)


def make_agent(name: str, circle: str) -> tuple[int, str]:
    """Make an agent of Ada's, in a circle of hers; returns its id and a token."""
    agent = agents.create_agent(_user("ada"), name)
    circles.add_member(_user("ada"), circle, name)
    return agent.pk, mint(name)


def workspace_differs(key: int) -> bool:
    """Whether the picture of a workspace is another one than its directory."""
    return bool(compare.changes(Workspace.objects.get(pk=key), (), [WHOLE]))


def reconcile(key: int) -> dict[str, float]:
    """Compare a workspace with its directory twice; the seconds of CPU and of the clock that it took."""
    workspace = Workspace.objects.get(pk=key)
    took = {}
    for _ in range(2):
        clock, cpu = time.monotonic(), time.process_time()
        workspaces.settle(workspace, (), compare.differing(workspace))
        took = {
            "full reconcile": time.monotonic() - clock,
            "full reconcile, CPU": time.process_time() - cpu,
        }
    return took


def make_workspace(circle: str, path: str) -> int:
    """Make a workspace of the directory ``path``, and look at it once; returns its id."""
    made = Workspace(circle=Circle.objects.get(name=circle), title="Code", path=path)
    made.save()
    workspaces.settle(made, (), [WHOLE])
    return made.pk


def remove_member(circle: str, name: str) -> None:
    circles.remove_member(_user("ada"), circle, name)


def archive(circle: str) -> None:
    circles.change_circle(_user("ada"), circle, status=Circle.Status.ARCHIVED)


def resume(circle: str) -> None:
    circles.change_circle(_user("ada"), circle, status=Circle.Status.ACTIVE)


def delete_circle(circle: str) -> None:
    Circle.objects.get(name=circle).delete()


def deactivate(name: str) -> None:
    user = _user(name)
    user.is_active = False
    user.save()


def mint(name: str, seconds: float | None = None) -> str:
    life = None if seconds is None else timedelta(seconds=seconds)
    return tokens.mint(_user(name), expires_in=life)[1]


def mint_expired(name: str) -> str:
    row, text = tokens.mint(_user(name))
    Token.objects.filter(pk=row.pk).update(expiry=timezone.now())
    return text


def revoke(token: str) -> None:
    tokens.revoke(Token.objects.get(digest=tokens.verify(token).token_id))


def ticket(token: str) -> str:
    return tickets.issue(tokens.verify(token))[0]


def age_tickets() -> None:
    """Make every ticket as old as a ticket can be."""
    Ticket.objects.update(expires_at=timezone.now())


def session(name: str) -> str:
    """Log in; returns the value of the session cookie."""
    browser = Client()
    browser.force_login(_user(name))
    return browser.cookies["sessionid"].value


def end_session(key: str) -> None:
    SessionStore.get_model_class().objects.get(pk=key).delete()


def post(name: str, circle: str, count: int = 1, size: int = 0) -> int:
    """Post ``count`` messages, numbered, in one transaction; returns the head."""
    user, where = _user(name), Circle.objects.get(name=circle)
    said = (
        Message(circle=where, author=user, content=f"{number}".ljust(size, ".")) for number in range(count)
    )
    Message.objects.bulk_create(said)
    return head(f"circles.{circle}")


def head(channel: str) -> int:
    return log.position(channel).head


def epoch(channel: str) -> str:
    return log.position(channel).epoch


def messages(circle: str) -> list[list[str]]:
    """Who said what in a circle, in order."""
    rows = Circle.objects.get(name=circle).messages.order_by("pk")
    return [list(row) for row in rows.values_list("author__username", "content")]


def prune(channel: str) -> int:
    """Forget all that is in a stream until now."""
    return log.prune(channel, before=timezone.now() + timedelta(seconds=1))


def prune_events(keep: float, remember: float) -> None:
    """What ``manage.py prune_events`` does, but for seconds instead of days, and longer for receipts."""
    now = timezone.now()
    for channel in log.channels():
        log.prune(channel, before=now - timedelta(seconds=keep))
    receipts.prune(before=now - timedelta(seconds=remember))


def forgive_the_future() -> None:
    """Date what a clock that was ahead has recorded: it would keep all that follows from being pruned."""
    now = timezone.now()
    for model in (Event, Receipt):
        model.objects.filter(created_at__gt=now).update(created_at=now)


def post_and_prune(name: str, circle: str, count: int) -> None:
    """Post, and forget it in the same transaction: nobody can have read it."""
    with transaction.atomic():
        post(name, circle, count)
        prune(f"circles.{circle}")


def heads(channels: list[str]) -> dict[str, int]:
    return {channel: position.head for channel, position in log.positions(channels).items()}


def last_message() -> int:
    """The highest id of a message."""
    return Message.objects.order_by("pk").values_list("pk", flat=True).last() or 0


def said_since(bases: dict[str, int], message: int) -> dict[str, dict[str, Any]]:
    """Of each stream: where it stands, what it logged after its base, and which messages are stored
    that are newer than ``message``.  A message is named by its first word."""
    return {channel: _said_since(channel, base, message) for channel, base in bases.items()}


def _said_since(channel: str, base: int, message: int) -> dict[str, Any]:
    position = log.position(channel)
    rows = Event.objects.filter(stream__name=channel, seq__gt=base).order_by("seq")
    said = Message.objects.filter(circle__name=channel.partition(".")[2], pk__gt=message)
    return {
        "head": position.head,
        "floor": position.floor,
        "log": [(seq, _first_word(json.loads(data))) for seq, data in rows.values_list("seq", "data")],
        "stored": [_first_word({"content": text}) for text in said.values_list("content", flat=True)],
    }


def _first_word(data: dict[str, Any]) -> str:
    return str(data.get("content") or "-").split(None, 1)[0]


def renew(channel: str) -> str:
    return log.renew(channel)


def _user(name: str) -> User:
    return User.objects.get(username=name)


def events(channel: str) -> list[dict[str, Any]]:
    """The events of a stream, as they go on the wire."""
    return [json.loads(frame.text) for frame in log.read(channel, 0)]


def dead_letters() -> list[dict[str, object]]:
    return list(DeadLetter.objects.order_by("pk").values("type", "error", "tries"))


def work_without_acknowledging(url: str) -> None:
    """What a worker does with one entry that dies just before it says so."""
    entry = Queue(url).take("doomed", 5)
    assert entry is not None
    assert settle(entry)


def make_thinker(name: str, circle: str, model: str = "", **mind: object) -> int:
    """Make an agent that the server runs, on ``model`` of the tests' server if it is named; its id."""
    agent = agents.create_agent(_user("ada"), name)
    mind = {"provider": "local" if model else "scripted", "model": model, **mind}
    for field, value in mind.items():
        setattr(agent, field, value)
    agent.save()
    circles.add_member(_user("ada"), circle, name)
    return agent.pk


def say(name: str, circle: str, content: str) -> int:
    """Post; returns the id of the message."""
    return circles.post_message(_user(name), circle, content).pk


def errands(name: str) -> list[dict[str, object]]:
    """What an agent was called for, in order: state, problem, attempt, tokens, and whether it answered."""
    rows = Errand.objects.filter(agent__user__username=name).order_by("pk")
    columns = ("state", "problem", "attempt", "tokens", "worker")
    answered = rows.values_list("answer", flat=True)
    return [
        {**row, "answered": pk is not None} for row, pk in zip(rows.values(*columns), answered, strict=True)
    ]


def runs(name: str) -> list[list[str]]:
    """The runs of an agent, in order: id, status and the code of an error."""
    rows = Run.objects.filter(agent__user__username=name).order_by("pk")
    return [list(row) for row in rows.values_list("run_id", "status", "error_code")]


def activity(name: str) -> list[dict[str, object]]:
    """The kept events of an agent, in order, with the whole text beside an END."""
    rows = Activity.objects.filter(agent__user__username=name).order_by("pk")
    return [{**row.event, "content": row.content or row.event.get("content")} for row in rows]


def statuses(name: str) -> list[str]:
    """What the stream of an agent said of its status, in order."""
    frames = log.read(f"agents.{_user(name).pk}", 0)
    events = [json.loads(frame.text) for frame in frames]
    return [event["data"]["status"] for event in events if event["type"] == "agent_status"]


def stop(name: str, agent: str) -> None:
    """Have ``name`` stop what the agent is doing."""
    pk = _user(agent).pk
    oversight.stop_run(_user(name), str(pk), Run.objects.open().get(agent=pk).run_id)


def decide(name: str, agent: str, decision: str) -> None:
    """Have ``name`` say yes or no to what the agent asks."""
    waiting = Approval.objects.pending().get(errand__agent__user__username=agent)
    oversight.decide(_user(name), waiting.pk, decision)


def status(name: str) -> str:
    return Agent.objects.get(user__username=name).status
