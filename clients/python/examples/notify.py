"""Tell a circle how a build went, once, however often this step is run.

In a CI job: `python notify.py https://gathering.example dev-team success`, with a token in GATHERING_TOKEN.
"""

import os
import sys

from gathering_client.sync import connect

SIGNS = {"success": "passed", "failure": "FAILED", "cancelled": "was cancelled"}

url, circle, status = sys.argv[1:]
commit = os.environ.get("GITHUB_SHA") or os.environ.get("CI_COMMIT_SHA") or "local"
run = os.environ.get("GITHUB_RUN_ID") or os.environ.get("CI_PIPELINE_ID") or commit

with connect(url, os.environ["GATHERING_TOKEN"], patience=60) as client:
    client.circle(circle).post(f"Build {run} of {commit[:10]} {SIGNS[status]}.", id=f"build-{run}-{status}")
