"""``python -m bench``: measure everybody side by side, and write ``docs/benchmarks.md``."""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path

from tests.services import Postgres, Redis

from . import measures, report
from .contestants import CONTESTANTS, Contestant, Ready
from .measures import Figures

Results = dict[str, Figures]


def main() -> None:
    options = _options()
    chosen = [each for each in CONTESTANTS if not options.only or each.name in options.only.split(",")]
    runs: dict[str, list[Figures]] = defaultdict(list)
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gathering-bench-")))
        directory.chmod(0o755)  # PostgreSQL runs as somebody else
        redis, postgres = stack.enter_context(Redis()), stack.enter_context(Postgres(fsync=True))
        for number in range(options.rounds):
            for contestant in chosen:
                where = directory / f"{contestant.name}-{number}".replace("-", "_")
                with contestant.running(where, redis, postgres) as ready:
                    print(f"{number + 1}/{options.rounds} {contestant.title}", file=sys.stderr)
                    runs[contestant.name].append(_measure(contestant, ready, options))
        results = {name: _medians(figures) for name, figures in runs.items()}
        if options.json:
            Path(options.json).write_text(json.dumps(results, indent=1))
        if options.report:
            report.write(results, options.rounds, [postgres, redis])


def _measure(contestant: Contestant, ready: Ready, options: argparse.Namespace) -> Figures:
    seconds = options.seconds
    steps = {
        "idle": lambda: measures.idle(ready),
        "joins": lambda: measures.joins(ready, seconds),
        "sat500": lambda: measures.saturated(ready, 500, seconds),
        "sat2000": lambda: measures.saturated(ready, 2000, seconds),
        "paced": lambda: measures.paced(ready, seconds),
        "stalled1": lambda: measures.stalled(ready, seconds),
        "stalled50": lambda: measures.stalled(ready, seconds, silent=50),
    }
    if contestant.ours:
        steps["posts"] = lambda: measures.posts(ready, seconds)
        steps["resume"] = lambda: measures.resume(ready)
    figures: Figures = {}
    for name, step in steps.items():
        if options.steps and name not in options.steps.split(","):
            continue
        try:
            seen = step()
        except Exception as error:  # one that cannot do it is told of, and the others go on
            print(f"  {name}: {error}", file=sys.stderr)
            continue
        print("  " + "  ".join(f"{key} {value:,.2f}" for key, value in seen.items()), file=sys.stderr)
        figures |= seen
    return figures


def _medians(runs: list[Figures]) -> Figures:
    names = {name for figures in runs for name in figures}
    return {
        name: statistics.median(figures[name] for figures in runs if name in figures)
        for name in sorted(names)
    }


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="everything is measured so often, in turn")
    parser.add_argument("--seconds", type=float, default=4, help="of each measurement")
    parser.add_argument("--only", default="", help="contestants, with commas")
    parser.add_argument("--steps", default="", help="measurements, with commas")
    parser.add_argument("--json", help="a file for the figures")
    parser.add_argument("--report", action="store_true", help="write docs/benchmarks.md")
    return parser.parse_args()


if __name__ == "__main__":
    main()
