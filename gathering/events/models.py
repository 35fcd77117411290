"""What the bus could not deliver."""

from django.db import models


class DeadLetter(models.Model):
    """An event that was given up.

    In the database, and not in a second Redis stream: it outlives a flush of Redis, and the admin shows,
    filters and retries it like any row.  ``ref`` is the id under which handlers note what they did, so
    a retry repeats nothing that one of them had done.
    """

    key = models.CharField(max_length=64, unique=True, help_text="The id that the queue gave it.")
    type = models.CharField(max_length=100, blank=True, db_index=True)
    data = models.TextField(help_text="JSON, unless that is what was wrong.")
    ref = models.CharField(max_length=64)
    error = models.TextField()
    tries = models.PositiveSmallIntegerField()
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        ordering = ("-created_at", "-pk")

    def __str__(self) -> str:
        return f"{self.type} {self.key}"
