"""A patch becomes lines with numbers, and the words that differ."""

import pytest

from workspaces import patch

PATCH = """diff --git a/a.py b/a.py
index 1..2 100644
--- a/a.py
+++ b/a.py
@@ -1,3 +1,3 @@ def a():
 one
-the old word
+the new word
 three
@@ -10 +10,2 @@
-gone
\\ No newline at end of file
+here
+more
diff --git a/b.bin b/b.bin
new file mode 100644
Binary files /dev/null and b/b.bin differ
"""


def test_files_hunks_and_numbers() -> None:
    (a, b), cut = patch.read(PATCH)
    assert (a.path, len(a.hunks), b.path, b.hunks, cut) == ("a.py", 2, "b.bin", [], False)
    assert [(line.sign, line.old, line.new) for line in a.hunks[0].lines] == [
        (" ", 1, 1),
        ("-", 2, None),
        ("+", None, 2),
        (" ", 3, 3),
    ]
    assert "new file" in b.note
    assert "Binary" in b.note


def test_words_that_differ_are_marked_where_lines_were_replaced() -> None:
    (a, _), _ = patch.read(PATCH)
    removed, added = a.hunks[0].lines[1:3]
    assert removed.parts == [("the ", False), ("old", True), (" word", False)]
    assert added.parts == [("the ", False), ("new", True), (" word", False)]
    assert all(line.parts == [(line.text, False)] for line in a.hunks[1].lines)


@pytest.mark.parametrize(
    "text", ["", "\n\n", "no patch at all", "@@ -1 +1 @@\n+x", "diff --git\n@@ -x +y @@\n+a"]
)
def test_what_is_no_patch_is_none(text: str) -> None:
    files, _ = patch.read(text)
    assert sum(len(hunk.lines) for file in files for hunk in file.hunks) == 0


def test_a_long_patch_is_cut() -> None:
    lines = "".join(f"+{number}\n" for number in range(5000))
    (only,), cut = patch.read(f"diff --git a/a b/a\n@@ -0,0 +1,5000 @@\n{lines}")
    assert cut
    assert len(only.hunks[0].lines) == patch.MOST_LINES - 2


@pytest.mark.parametrize(
    ("quoted", "path"),
    [
        (r'"a/\303\274bung \"1\".md" "b/\303\274bung \"1\".md"', 'übung "1".md'),
        (r'"a/tab\there\\" "b/tab\there\\"', "tab\there\\"),
        (r'"a/\377" "b/\377"', "\ufffd"),
    ],
)
def test_a_name_that_git_quotes_is_read(quoted: str, path: str) -> None:
    (only,), _ = patch.read(f"diff --git {quoted}\nnew file mode 100644")
    assert only.path == path
