"""Doing what frames ask: those that wait in one process at the same moment share a transaction.

A commit waits for the disk, and a stream's counter row lets one writer in at a time.  So while one
transaction is under way, what comes in waits, and then goes into the next one together.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, TypeAlias

from django.db import InterfaceError, OperationalError

from gathering.protocol.frames import Command

from . import kinds, receipts
from .kinds import Asked, Taken, Together
from .receipts import Outcome

logger = logging.getLogger(__name__)

MOST = 100  # frames in one transaction, so that none waits for many others


@dataclass(frozen=True, slots=True)
class Job:
    """One frame of ``user``, for the stream of ``key``; ``taken`` says how it is taken."""

    user: Any
    key: str
    command: Command
    taken: Taken

    @classmethod
    def of(cls, user: Any, channel: str, command: Command) -> Job:
        """The job for a frame; raises UnknownType or NotFound for what no stream takes."""
        kind, key = kinds.of(channel)
        return cls(user, key, command, kind.taken(command))

    def asked(self) -> Asked:
        """What it asks; raises BadField if the frame is not right."""
        return Asked(self.user, self.key, self.taken.check(self.command), self.command.ref)

    def lightly(self) -> bool:
        """Do it at once and without the database, if that can be; returns whether it was done."""
        return self.taken.lightly is not None and self.taken.lightly(self.asked())


Result: TypeAlias = Outcome | Exception


def perform(jobs: Sequence[Job]) -> list[Result]:
    """Do ``jobs`` in order, in as few transactions as may be; each has its own result.

    In the database thread.  Errors of the database itself are raised.
    """
    return [result for taken, some in groupby(jobs, _taken) for result in _together(taken, list(some))]


def _taken(job: Job) -> Taken:
    return job.taken


def _together(taken: Taken, jobs: list[Job]) -> Iterator[Result]:
    checked = [_check(job) for job in jobs]
    asked = [(job, each) for job, each in zip(jobs, checked, strict=True) if isinstance(each, Asked)]
    share = taken.together if len(asked) > 1 else None
    rest = iter(_share(share, asked) if share else map(_alone, asked))
    return (next(rest) if isinstance(each, Asked) else each for each in checked)


def _check(job: Job) -> Asked | Exception:
    try:
        return job.asked()
    except Exception as error:
        return error


def _share(together: Together, asked: Sequence[tuple[Job, Asked]]) -> Sequence[Result]:
    """One transaction for all; if it fails, one for each, so that one bad frame costs no other."""
    refs = [(job.user.pk, job.command.ref) for job, _ in asked]
    try:
        return receipts.perform_together(refs, lambda: together([each for _, each in asked]))
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        logger.debug("%d frames could not share a transaction: %r", len(asked), error)
        return [_alone(each) for each in asked]


def _alone(job_and_asked: tuple[Job, Asked]) -> Result:
    job, asked = job_and_asked
    try:
        return receipts.perform(
            job.user.pk,
            job.command.ref,
            lambda: job.taken.action(asked.user, asked.key, **asked.fields),
        )
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        return error
