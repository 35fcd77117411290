"""``python -m gathering_client`` is the command ``gathering``."""

import sys

from .cli.main import main

sys.exit(main())
