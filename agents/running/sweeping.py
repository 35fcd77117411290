"""What each server process does for errands: it ends the runs of processes that died, so that none stays
open where nobody runs agents any more."""

from . import records, words

EVERY = 5.0  # seconds


def sweep() -> None:
    """End them; what had not begun waits for whoever runs agents again."""
    for draft in records.take_over():
        words.end(*draft)
