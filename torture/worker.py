"""``python -m torture.worker CLOCK ARGUMENTS``: ``manage.py ARGUMENTS`` in a process whose clock may jump.

The product has no switch for this, so that nobody can set it by mistake.
"""

import os
import sys
from pathlib import Path

from django.core.management import execute_from_command_line

from . import clock


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gathering.settings")
    clock.follow(Path(sys.argv[1]))
    execute_from_command_line(["manage.py", *sys.argv[2:]])


if __name__ == "__main__":
    main()
