"""Whose turn it is: of all watchers of one database, one watches and the others wait.

Two could do no harm, since what was compared with an older picture is refused, but each would do the
work of both.  The right ends with the process, however that ends.
"""

import fcntl
from typing import IO, Any

from django.db import connection

KEY = 0x6761_7468_6572  # of PostgreSQL's advisory locks; any number that nobody else takes


class Turn:
    def __init__(self) -> None:
        self._holder: Any = None

    def is_ours(self) -> bool:
        """Take the right if it is free; whether it is ours.  Ask often: it goes with the connection."""
        return self._by_database() if connection.vendor == "postgresql" else self._by_file()

    def end(self) -> None:
        """Let another one have it."""
        if connection.vendor != "postgresql" and self._holder is not None:
            self._holder.close()
        connection.close()
        self._holder = None

    def _by_database(self) -> bool:
        connection.ensure_connection()
        if self._holder is None or self._holder is not connection.connection:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_try_advisory_lock(%s)", [KEY])
                self._holder = connection.connection if cursor.fetchone()[0] else None
        return self._holder is not None

    def _by_file(self) -> bool:
        if self._holder is None:
            file: IO[str] = open(f"{connection.settings_dict['NAME']}.watched", "w")  # noqa: SIM115 (held)
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.close()
                return False
            self._holder = file
        return True
