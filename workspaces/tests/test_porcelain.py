"""The output of ``git status`` as values, wherever it was cut off."""

from workspaces.git.porcelain import Change, parse

OID = b"0" * 40
SAID = b"\0".join(
    [
        b"# branch.oid " + OID,
        b"# branch.head main",
        b"# branch.upstream origin/main",
        b"# branch.ab +2 -3",
        b"# stash 4",
        b"1 .M N... 100644 100644 100644 " + OID + b" " + OID + b" with space",
        b"2 R. N... 100644 100644 100644 " + OID + b" " + OID + b" R100 new",
        b"old\nname",
        b"u UD N... 100644 100644 000000 100644 " + OID + b" " + OID + b" " + OID + b" torn",
        b"1 .M SC.. 160000 160000 160000 " + OID + b" " + OID + b" sub",
        b"? \xff",
        b"! ignored",
        b"",
    ]
)


def test_every_kind_of_record() -> None:
    report = parse(SAID)
    assert (report.oid, report.branch, report.upstream) == (OID.decode(), "main", "origin/main")
    assert (report.ahead, report.behind, report.stash) == (2, 3, 4)
    assert report.changes == [
        Change("with space", ".", "M"),
        Change("new", "R", ".", old_path="old\nname"),
        Change("torn", conflict="UD"),
        Change("sub", ".", "M", submodule=True),
        Change("\\xff", "?", "?"),
    ]


def test_what_is_cut_off_is_left_out() -> None:
    whole = parse(SAID).changes
    for end in range(len(SAID)):
        changes = parse(SAID[:end]).changes
        assert changes == whole[: len(changes)]


def test_before_the_first_commit_and_with_a_detached_head() -> None:
    report = parse(b"# branch.oid (initial)\0# branch.head (detached)\0")
    assert (report.oid, report.branch) == (None, None)
