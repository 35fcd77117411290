"""Soft leases: who says that it is editing what, and who is told when somebody else does."""

from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
from django.utils import timezone

from gathering.hub import log
from gathering.hub.commands import Job, perform
from gathering.protocol.errors import BadField, Conflict, NotAllowed, NotFound
from gathering.protocol.frames import Command
from workspaces import actions, editing, leasing
from workspaces.compare import WHOLE
from workspaces.consumers import WORKSPACES
from workspaces.files import Expected
from workspaces.models import Lease, Workspace


@pytest.fixture
def key(workspace: Workspace) -> str:
    root = Path(workspace.path)
    (root / "src").mkdir()
    (root / "src" / "a.py").write_text("a")
    (root / "b.py").write_text("b")
    actions.settle(workspace, (), [WHOLE])
    return str(workspace.pk)


def told(workspace: Workspace, *kinds: str) -> list[dict[str, Any]]:
    events = [orjson.loads(frame.text) for frame in log.read(workspace.channel, 0)]
    return [event["data"] for event in events if event["type"] in kinds]


def expire(lease: Lease) -> None:
    Lease.objects.filter(pk=lease.pk)._update([(Lease._meta.get_field("until"), None, timezone.now())])


def test_a_lease_is_told(workspace: Workspace, key: str, people: SimpleNamespace, as_user: Any) -> None:
    answer = as_user(people.robo).post(
        f"/api/workspaces/{key}/leases/", {"paths": ["src"], "seconds": 60, "note": "refactoring"}, "json"
    )
    assert answer.status_code == 201
    (taken,) = told(workspace, "lease_taken")
    assert taken == {
        "workspace_id": workspace.pk,
        "id": answer.json()["id"],
        "holder": "robo",
        "paths": ["src"],
        "note": "refactoring",
        "api_only": False,
        "until": taken["until"],
    }
    (listed,) = as_user(people.olga).get(f"/api/workspaces/{key}/leases/").json()
    assert {"workspace_id": workspace.pk, **listed} == taken


def test_the_same_paths_again_renew_the_lease(
    workspace: Workspace, key: str, people: SimpleNamespace
) -> None:
    first = leasing.lease(people.robo, key, ["src", "b.py"], seconds=10)
    again = leasing.lease(people.robo, key, ["b.py", "src", "src"], seconds=1000)
    assert (again.pk, again.until > first.until) == (first.pk, True)
    assert [each["id"] for each in told(workspace, "lease_taken")] == [first.pk, first.pk]
    assert leasing.running(workspace) == [again]


def test_a_lease_is_given_up(workspace: Workspace, key: str, people: SimpleNamespace, as_user: Any) -> None:
    lease = leasing.lease(people.robo, key, ["src"])
    address = f"/api/workspaces/{key}/leases/{lease.pk}/"
    assert as_user(people.bob).delete(address).status_code == 403
    assert as_user(people.robo).delete(address).status_code == 204
    assert as_user(people.robo).delete(address).status_code == 404
    assert [(each["id"], each["reason"]) for each in told(workspace, "lease_ended")] == [
        (lease.pk, "released")
    ]


def test_staff_ends_anybodys(workspace: Workspace, key: str, people: SimpleNamespace) -> None:
    leasing.release(people.sue, key, leasing.lease(people.robo, key, ["src"]).pk)
    assert leasing.running(workspace) == []


def test_a_lease_is_over_at_its_time(workspace: Workspace, key: str, people: SimpleNamespace) -> None:
    lease = leasing.lease(people.robo, key, ["src"])
    expire(lease)
    assert leasing.running(workspace) == []
    editing.write_file(people.bob, key, "src/a.py", b"x", Expected.ANYTHING)
    assert told(workspace, "file_conflict", "lease_ended") == []
    leasing.end_those_over()
    assert [(each["id"], each["reason"]) for each in told(workspace, "lease_ended")] == [
        (lease.pk, "expired")
    ]


def test_a_change_by_somebody_else_is_a_conflict(
    workspace: Workspace, key: str, people: SimpleNamespace
) -> None:
    lease = leasing.lease(people.robo, key, ["src"])
    editing.write_file(people.robo, key, "src/a.py", b"mine", Expected.ANYTHING)
    editing.write_file(people.bob, key, "b.py", b"elsewhere", Expected.ANYTHING)
    assert told(workspace, "file_conflict") == []
    editing.write_file(people.bob, key, "src/a.py", b"theirs", Expected.ANYTHING)
    changed = told(workspace, "file_changed")[-1]
    assert told(workspace, "file_conflict") == [
        {
            "workspace_id": workspace.pk,
            "lease": lease.pk,
            "holder": "robo",
            "paths": ["src/a.py"],
            "count": 1,
            "batch": changed["batch"],
            "actor": "bob",
        }
    ]


@pytest.mark.parametrize("leased", ["", "src", "src/a.py"])
def test_a_folder_that_moves_touches_what_is_in_it(
    leased: str, workspace: Workspace, key: str, people: SimpleNamespace
) -> None:
    leasing.lease(people.robo, key, [leased])
    editing.move(people.bob, key, "src", "lib")
    assert [each["paths"] for each in told(workspace, "file_conflict")] == [["lib"]]


def test_a_name_that_begins_alike_is_not_leased(
    workspace: Workspace, key: str, people: SimpleNamespace
) -> None:
    leasing.lease(people.robo, key, ["src/a", "b"])
    editing.write_file(people.bob, key, "src/a.py", b"x", Expected.ANYTHING)
    editing.write_file(people.bob, key, "b.py", b"x", Expected.ANYTHING)
    assert told(workspace, "file_conflict") == []


@pytest.mark.parametrize("api_only", [False, True])
def test_a_change_on_the_disk_is_somebody_elses_only_if_the_holder_says_so(
    api_only: bool, workspace: Workspace, key: str, people: SimpleNamespace
) -> None:
    leasing.lease(people.robo, key, ["src"], api_only=api_only)
    Path(workspace.path, "src", "a.py").write_text("by an editor")
    actions.settle(workspace, ["src/a.py"])
    conflicts = [(each["paths"], each["actor"]) for each in told(workspace, "file_conflict")]
    assert conflicts == ([(["src/a.py"], None)] if api_only else [])


def test_a_storm_is_one_notice(workspace: Workspace, key: str, people: SimpleNamespace) -> None:
    leasing.lease(people.robo, key, [""], api_only=True)
    for number in range(120):
        Path(workspace.path, f"{number}").touch()
    actions.settle(workspace, (), [WHOLE])
    (notice,) = told(workspace, "file_conflict")
    (summary,) = told(workspace, "files_changed")
    assert (notice["count"], len(notice["paths"]), notice["batch"]) == (120, 20, summary["batch"])


def test_who_takes_a_lease_learns_of_those_of_others(key: str, people: SimpleNamespace, as_user: Any) -> None:
    other = leasing.lease(people.robo, key, ["src/a.py"])
    leasing.lease(people.robo, key, ["b.py"])
    answer = as_user(people.bob).post(f"/api/workspaces/{key}/leases/", {"paths": ["src"]}, "json")
    assert [each["id"] for each in answer.json()["overlaps"]] == [other.pk]


def test_there_are_not_too_many(key: str, people: SimpleNamespace) -> None:
    for number in range(leasing.MOST):
        leasing.lease(people.robo, key, [f"{number}"])
    with pytest.raises(Conflict):
        leasing.lease(people.robo, key, ["more"])
    leasing.lease(people.robo, key, ["1"])  # renews
    leasing.lease(people.bob, key, ["more"])


@pytest.mark.parametrize(
    "fields",
    [{}, {"paths": []}, {"paths": "src"}, {"paths": [5]}, {"paths": ["../x"]}, {"paths": ["a"], "seconds": 0},
     {"paths": ["a"], "seconds": 10**6}, {"paths": ["a"] * 51}, {"paths": ["a"], "until": "x"}],
)  # fmt: skip
def test_bad_input(fields: dict[str, Any], key: str, people: SimpleNamespace, as_user: Any) -> None:
    answer = as_user(people.robo).post(f"/api/workspaces/{key}/leases/", fields, "json")
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_field")


def frame(user: Any, key: str, kind: str, **fields: Any) -> Any:
    command = Command(kind, fields)
    (result,) = perform([Job(user, key, command, WORKSPACES.taken(command))])
    if isinstance(result, Exception):
        raise result
    return result


def test_a_frame_takes_and_gives_up(workspace: Workspace, key: str, people: SimpleNamespace) -> None:
    taken = frame(people.robo, key, "lease", paths=["src"], seconds=60)
    frame(people.robo, key, "lease", paths=["b.py"])
    assert taken.seq == log.position(workspace.channel).head - 1
    frame(people.robo, key, "release", lease=leasing.running(workspace)[0].pk)
    assert [each.paths for each in leasing.running(workspace)] == [["b.py"]]
    frame(people.robo, key, "release")
    assert leasing.running(workspace) == []
    assert [each["paths"] for each in told(workspace, "lease_ended")] == [["src"], ["b.py"]]


@pytest.mark.parametrize(("name", "error"), [("olga", NotAllowed), ("carol", NotFound)])
def test_who_may_not(name: str, error: type[Exception], key: str, people: SimpleNamespace) -> None:
    with pytest.raises(error):
        frame(getattr(people, name), key, "lease", paths=["src"])


def test_a_bad_frame_is_refused(key: str, people: SimpleNamespace) -> None:
    with pytest.raises(BadField):
        frame(people.robo, key, "lease", paths=["/etc"])
    with pytest.raises(BadField):
        frame(people.robo, key, "release", lease="all")


def test_a_lease_can_be_short(workspace: Workspace, key: str, people: SimpleNamespace) -> None:
    lease = leasing.lease(people.robo, key, ["src"], seconds=1)
    assert timezone.now() < lease.until <= timezone.now() + timedelta(seconds=1)
