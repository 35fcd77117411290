"""Git, read safely: whatever a repository holds, nothing of it is run.

Others use what stands here: :func:`status`, :func:`log` and :func:`diff` answer questions and never
raise, :func:`find` says where the repository of a directory lies.
"""

from .reports import Commit, Diff, Log, Status, diff, log, status
from .repository import Repository, find
from .state import State, Unreadable

__all__ = [
    "Commit",
    "Diff",
    "Log",
    "Repository",
    "State",
    "Status",
    "Unreadable",
    "diff",
    "find",
    "log",
    "status",
]
