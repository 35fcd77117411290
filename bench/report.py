"""Writes ``docs/benchmarks.md`` and its charts from what was measured."""

from __future__ import annotations

import platform
import re
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from string import Template

import matplotlib as mpl
import orjson

from tests.processes import Service
from tests.servers import ROOT

from .contestants import CONTESTANTS, CORES, PEERS
from .measures import Figures

mpl.use("Agg")
from matplotlib import pyplot as plt

PAGE = ROOT / "docs" / "benchmarks.md"
CHARTS = ROOT / "docs" / "benchmarks"
TITLES = {contestant.name: contestant.title for contestant in CONTESTANTS}
OURS = {contestant.name for contestant in CONTESTANTS if contestant.ours}
Results = Mapping[str, Figures]


@dataclass(frozen=True)
class Column:
    """One figure as the table shows it."""

    key: str
    title: str
    form: str = ",.0f"


COLUMNS = {
    "Delivering": [
        Column("sat2000_us", "CPU µs, 2,000 subscribers", ".2f"),
        Column("sat2000_rate", "deliveries/s"),
        Column("sat500_us", "CPU µs, 500 subscribers", ".2f"),
        Column("sat500_rate", "deliveries/s"),
    ],
    "At 10,000 deliveries/s to 500 subscribers": [
        Column("paced_us", "CPU µs", ".2f"),
        Column("paced_p50_ms", "p50 ms", ".2f"),
        Column("paced_p99_ms", "p99 ms", ".2f"),
        Column("paced_max_ms", "max ms", ".2f"),
    ],
    "The same, when some never read": [
        Column("stalled1_p99_ms", "p99 ms, 1 of 500", ".2f"),
        Column("stalled1_mb", "MB more", ".1f"),
        Column("stalled50_p99_ms", "p99 ms, 50 of 500", ".2f"),
        Column("stalled50_mb", "MB more", ".1f"),
    ],
    "Joining, idling": [
        Column("joins_rate", "joins/s"),
        Column("joins_us", "CPU µs each"),
        Column("idle_kb", "KB for an idle connection", ".1f"),
    ],
    "What only a hub with a log does": [
        Column("posts_rate", "acknowledged posts/s, one circle"),
        Column("posts_us", "CPU µs each"),
        Column("posts_alone_ms", "ms for one alone", ".2f"),
        Column("resume_s", "s to resume 10,000 events", ".2f"),
    ],
}


@dataclass(frozen=True)
class Mark:
    """What we set ourselves: ``value(results)`` is at most ``limit`` (at least, where ``least``)."""

    title: str
    limit: float
    value: Callable[[Results], float]
    least: bool = False
    form: str = ".2f"

    def row(self, results: Results) -> str:
        try:
            value = self.value(results)
        except KeyError:
            return f"| {self.title} | not measured | | |"
        met = value >= self.limit if self.least else value <= self.limit
        word = "at least" if self.least else "at most"
        limit, seen = format(self.limit, self.form), format(value, self.form)
        return f"| {self.title} | {word} {limit} | {seen} | {'met' if met else '**missed**'} |"


def _ratio(key: str, peer: str) -> Callable[[Results], float]:
    return lambda results: results["full"][key] / results[peer][key]


def _own(key: str) -> Callable[[Results], float]:
    return lambda results: results["full"][key]


def _stalled(results: Results) -> float:
    return results["full"]["stalled1_p99_ms"] / results["full"]["paced_p99_ms"]


MARKS = [
    Mark("CPU for a delivery, 2,000 subscribers: ours / C", 1.2, _ratio("sat2000_us", "raw")),
    Mark("the same: ours / ConnectionManager", 0.4, _ratio("sat2000_us", "connection-manager")),
    Mark("CPU for a delivery, 500 subscribers: ours / node ws", 1.1, _ratio("sat500_us", "node-ws")),
    Mark("the same: ours / ConnectionManager", 0.5, _ratio("sat500_us", "connection-manager")),
    Mark("CPU for a delivery at 10,000/s: ours / node ws", 1.1, _ratio("paced_us", "node-ws")),
    Mark("the same: ours / ConnectionManager", 0.5, _ratio("paced_us", "connection-manager")),
    Mark("p50 at 10,000 deliveries/s: ours / node ws", 1.3, _ratio("paced_p50_ms", "node-ws")),
    Mark("KB for an idle authenticated connection", 35, _own("idle_kb"), form=".1f"),
    Mark("p99 of the others with 1 of 500 stalled: stalled / not", 1.1, _stalled),
    Mark("MB more with 50 stalled", 10, _own("stalled50_mb"), form=".1f"),
    Mark("s to resume 10,000 missed events", 1, _own("resume_s")),
    Mark("acknowledged posts/s, one circle, fsync", 3000, _own("posts_rate"), least=True, form=",.0f"),
    Mark("authenticated joins/s on one core", 1000, _own("joins_rate"), least=True, form=",.0f"),
]


def write(results: Results, rounds: int, services: Sequence[Service]) -> None:
    """Write the page and its charts; ``services`` were used, and their versions are told."""
    CHARTS.mkdir(exist_ok=True)
    marks = ["| mark | wanted | seen | |", "|---|---|---|---|", *(mark.row(results) for mark in MARKS)]
    page = Template(Path(__file__).with_name("report.md").read_text()).substitute(
        rounds=rounds,
        date=f"{datetime.now(UTC):%Y-%m-%d}",
        machine=_machine(),
        versions=_versions(services),
        marks="\n".join(marks),
        charts=_charts(results),
        tables="\n".join(_table(title, columns, results) for title, columns in COLUMNS.items()),
    )
    PAGE.write_text(page)


def _table(title: str, columns: Sequence[Column], results: Results) -> str:
    lines = [f"## {title}\n", f"| | {' | '.join(column.title for column in columns)} |"]
    lines.append("|---|" + "---:|" * len(columns))
    for name, figures in results.items():
        if any(column.key in figures for column in columns):
            cells = [format(figures[c.key], c.form) if c.key in figures else "-" for c in columns]
            lines.append(f"| {TITLES[name]} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _charts(results: Results) -> str:
    made = {
        "cpu.png": ("Server CPU for a delivery, 2,000 subscribers (µs, less is better)", "sat2000_us"),
        "rate.png": ("Deliveries/s to 2,000 subscribers (more is better)", "sat2000_rate"),
        "paced.png": ("Server CPU for a delivery at 10,000/s (µs, less is better)", "paced_us"),
        "latency.png": (
            "p50 from a post to its subscribers at 10,000/s (ms, less is better)",
            "paced_p50_ms",
        ),
        "joins.png": ("Joins/s on one core (more is better)", "joins_rate"),
    }
    for file, (title, key) in made.items():
        _chart(CHARTS / file, title, {name: f[key] for name, f in results.items() if key in f})
    return "\n".join(f"![{title}](benchmarks/{file})" for file, (title, _) in made.items()) + "\n"


def _chart(path: Path, title: str, values: Mapping[str, float]) -> None:
    figure, axes = plt.subplots(figsize=(8, 0.42 * len(values) + 0.8), dpi=110)
    names = list(values)[::-1]
    colors = ["#2563eb" if name in OURS else "#9ca3af" for name in names]
    bars = axes.barh(names, [values[name] for name in names], color=colors)
    axes.bar_label(
        bars,
        [f"{values[name]:,.2f}" if values[name] < 100 else f"{values[name]:,.0f}" for name in names],
        padding=4,
    )
    axes.set_title(title, loc="left", fontsize=10)
    axes.spines[["top", "right", "bottom"]].set_visible(False)
    axes.xaxis.set_visible(False)
    axes.margins(x=0.12)
    figure.tight_layout()
    figure.savefig(path, metadata={"Software": None})
    plt.close(figure)


def _machine() -> str:
    model = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
    memory = re.search(r"MemTotal:\s*(\d+)", Path("/proc/meminfo").read_text())
    name = model.group(1) if model else platform.machine()
    size = f"{int(memory.group(1)) / 2**20:.0f} GB" if memory else "unknown memory"
    return f"{name}, {len(CORES)} cores, {size}, Linux {platform.release().split('-')[0]}"


def _versions(services: Sequence[Service]) -> str:
    locked = orjson.loads((PEERS / "package-lock.json").read_bytes())["packages"]
    python = ["django", "channels", "uvicorn", "uvloop", "daphne", "fastapi", "python-socketio"]
    node = ["ws", "socket.io", "@socket.io/redis-adapter"]
    names = [f"Python {platform.python_version()}"]
    names += [f"{name} {version(name)}" for name in python]
    names += [
        f"node {_said('node', '--version').removeprefix('v')}",
        *(f"{n} {locked[f'node_modules/{n}']['version']}" for n in node),
    ]
    names += [f"gcc {_said('gcc', '-dumpfullversion')}"]
    for service in services:
        found = re.search(r"\d+(\.\d+)+", _said(str(service.binary), "--version"))
        names += [f"{service.name} {found.group() if found else 'of unknown version'}"]
    return ", ".join(names)


def _said(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
