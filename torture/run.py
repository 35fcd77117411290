"""A run: round after round of faults, each followed by rest, and then by the verdict."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain, islice

from .cast import CHANNELS
from .evidence import Witness
from .faults import FAULTS
from .judge import Verdict
from .plan import Planned, deal
from .report import Report
from .stage import Stage

LOOK = 0.05  # seconds between two looks at the journals
WARM_UP: Sequence[Planned] = ()  # programs take a while to start, and faults should find them there


@dataclass(frozen=True)
class Options:
    """What is asked of a run."""

    rounds: int
    seed: str
    faults: Sequence[str]
    at_once: int = 4  # faults in each round
    window: float = 2.5  # seconds in which they begin
    patience: float = 60.0  # seconds that all may take to recover


async def run(stage: Stage, options: Options, say: Callable[[str], None]) -> Report:
    """Torture ``stage``, which is entered, until a round finds something or all have found nothing."""
    report = Report()
    witness = Witness(stage)
    plans = islice(deal(options.seed, options.faults, options.at_once, options.window), options.rounds)
    for number, plan in enumerate(chain([WARM_UP], plans)):
        say(f"{number}/{options.rounds}  {', '.join(map(str, plan)) or 'nothing, until all have come'}")
        verdict, seconds = await _round(stage, witness, plan, options)
        report.add(plan, verdict, seconds)
        say(report.line(verdict, seconds))
        if verdict.findings:
            break
    return report


async def _round(
    stage: Stage, witness: Witness, plan: Sequence[Planned], options: Options
) -> tuple[Verdict, float]:
    await stage.hand("forgive_the_future")
    last = await stage.hand("last_message")
    witness.begin(await stage.hand("heads", CHANNELS))
    for program in stage.publishers:
        program.speak(True)
    if plan:
        await asyncio.gather(asyncio.sleep(options.window), *(_happen(stage, each) for each in plan))
    else:
        await _until(lambda: witness.all_have_come, witness, options.patience)
    for program in stage.publishers:
        program.speak(False)
    mended = time.monotonic()
    await _recover(stage, witness, options.patience)
    seconds = time.monotonic() - mended
    return witness.verdict(await stage.hand("said_since", witness.bases, last)), seconds


async def _happen(stage: Stage, planned: Planned) -> None:
    await asyncio.sleep(planned.after)
    await FAULTS[planned.name](stage, planned.dice)


async def _recover(stage: Stage, witness: Witness, patience: float) -> None:
    """Wait until every publisher has its acknowledgements and every client all events; or no longer."""
    await _until(lambda: witness.at_rest, witness, patience)
    heads = await stage.hand("heads", CHANNELS)
    await _until(lambda: not witness.behind(heads), witness, patience)


async def _until(condition: Callable[[], bool], witness: Witness, patience: float) -> None:
    deadline = time.monotonic() + patience
    while not condition() and time.monotonic() < deadline:
        await asyncio.sleep(LOOK)
        witness.look()
