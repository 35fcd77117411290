"""The protocol can be carried elsewhere: it imports no framework."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import gathering

ROOT = Path(gathering.__file__).parent.parent
BLOCKED = ("asgiref", "channels", "django", "redis", "rest_framework", "uvicorn", "websockets")
SCRIPT = f"""
import importlib, pkgutil, sys
sys.modules.update(dict.fromkeys({BLOCKED!r}))
import gathering.protocol
found = [module.name for module in pkgutil.iter_modules(gathering.protocol.__path__)]
for name in found:
    if name != "tests":
        importlib.import_module("gathering.protocol." + name)
print(*sorted(found))
"""


def test_it_imports_where_there_is_no_django() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert {"codes", "cursor", "errors", "frames", "names"} <= set(done.stdout.split())
