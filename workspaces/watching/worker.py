"""A thread that has something to do now and then, and outlives the database's absences."""

import logging
import threading
import time
from abc import ABC, abstractmethod

from django.db import InterfaceError, OperationalError, connection

from workspaces.models import Workspace

logger = logging.getLogger(__name__)

RETRY = 1.0  # seconds


class Worker(threading.Thread, ABC):
    """Calls ``work`` when it is due; ``soon`` says when that is."""

    def __init__(self, name: str) -> None:
        super().__init__(name=name, daemon=True)
        self._changed = threading.Condition()
        self._due = time.monotonic()
        self._rests_until = 0.0
        self._stopped = False

    def soon(self, seconds: float = 0) -> None:
        """Have it work in so many seconds, if it would not before."""
        with self._changed:
            self._due = min(self._due, time.monotonic() + seconds)
            self._changed.notify()

    def rest(self, seconds: float) -> None:
        """Have it work no sooner than that, however often it is asked to."""
        self._rests_until = time.monotonic() + seconds

    def stop(self) -> None:
        with self._changed:
            self._stopped = True
            self._changed.notify()

    def run(self) -> None:
        try:
            while self._wait():
                self._try()
        finally:
            connection.close()

    @abstractmethod
    def work(self) -> None:
        """Do what there is to do, and say when there will be more."""

    def after_outage(self) -> None:
        """The database was away in the middle of ``work``: what was under way may be done or not."""

    def _wait(self) -> bool:
        with self._changed:
            while not self._stopped and (left := self._seconds_left()) > 0:
                self._changed.wait(min(left, threading.TIMEOUT_MAX))
            self._due = float("inf")
            return not self._stopped

    def _seconds_left(self) -> float:
        return max(self._due, self._rests_until) - time.monotonic()

    def _try(self) -> None:
        try:
            self.work()
        except (OperationalError, InterfaceError) as error:
            logger.warning("%s: the database is away: %s", self.name, error)
            connection.close()
            self.after_outage()
            self.soon(RETRY)
        except Workspace.DoesNotExist:  # deleted; who follows the database will stop us
            self.stop()
        except Exception:
            logger.exception("%s failed, and begins again", self.name)
            self.after_outage()
            self.soon(RETRY)
