"""What all tests share."""

import os
import sys

from django.conf import settings

# Images of containers often forbid bytecode. Then each of the hundred processes that a run starts compiles
# all that it imports of ours, and each worker all tests, with their assertions rewritten: 30 s of CPU.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False


def pytest_configure() -> None:
    # WhiteNoise looks at each static file when a test client makes its first request, and a run makes a
    # thousand clients; so these look for a file when it is asked for. Real servers are as they are.
    settings.WHITENOISE_AUTOREFRESH = True
