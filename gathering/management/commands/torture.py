"""``manage.py torture``: break a hub of one's own in every way there is, and count what was lost."""

import asyncio
import secrets
import signal
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

try:
    from tests.processes import ServiceError
    from torture.cast import Cast
    from torture.faults import FAULTS, possible
    from torture.report import Report
    from torture.run import Options, run
    from torture.stage import Stage

    missing = None
except ModuleNotFoundError as error:  # a deployed hub, without the tests and what they need
    missing = error


class Command(BaseCommand):
    help = (
        "Start a hub of its own with publishers and clients, kill and stall its parts, and compare what was "
        "acknowledged with what each client was given. Ends with 1 unless lost = duplicated = reordered = 0."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--rounds", type=int, default=10)
        parser.add_argument("--seed", help="deal the same faults again")
        parser.add_argument("--mode", choices=["embedded", "full"], default="full")
        parser.add_argument("--faults", help="only these, with commas (--list tells all)")
        parser.add_argument("--list", action="store_true", help="tell the faults and end")
        parser.add_argument("--at-once", type=int, help="faults in a round")
        parser.add_argument("--patience", type=float, help="seconds that a round may take to recover")
        parser.add_argument("--publishers", type=int)
        parser.add_argument("--clients", type=int)
        parser.add_argument("--processes", type=int, help="that the publishers share, and the clients")

    def handle(self, *args: Any, **options: Any) -> None:
        if missing is not None:
            raise CommandError(f"This needs the tests and requirements-dev.txt: {missing}.")
        if options["list"]:
            self.stdout.write("\n".join(f"{name:16}{fault.__doc__}" for name, fault in FAULTS.items()))
            return
        asked = self._asked(options)
        cast = Cast(**_given(options, "publishers", "clients", "processes"))
        try:
            report = self._run(Stage(options["mode"], cast), asked)
        except ServiceError as error:
            raise CommandError(str(error)) from error
        except (asyncio.CancelledError, KeyboardInterrupt):
            raise CommandError("Stopped, with all that it had started.") from None
        if not report.passed:
            raise CommandError(f"Not as promised; --seed {asked.seed} deals the same faults again.")

    def _asked(self, options: dict[str, Any]) -> "Options":
        able = possible(options["mode"])
        faults = options["faults"].split(",") if options["faults"] else able
        if unknown := set(faults) - set(able):
            raise CommandError(f"--faults: {', '.join(sorted(unknown))}; there are {', '.join(able)}.")
        seed = options["seed"] or secrets.token_hex(4)
        return Options(seed=seed, faults=faults, **_given(options, "rounds", "at_once", "patience"))

    def _run(self, stage: "Stage", asked: "Options") -> "Report":
        self.stderr.write(f"{stage.mode}, --seed {asked.seed}; logs and journals in {stage.directory}")
        report: Report = asyncio.run(_until_told(self._torture(stage, asked)))
        self.stdout.write(report.summary())
        if report.passed:
            stage.forget()
        return report

    async def _torture(self, stage: "Stage", asked: "Options") -> "Report":
        async with stage:
            return await run(stage, asked, self._say)

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()


def _given(options: dict[str, Any], *names: str) -> dict[str, Any]:
    """Those of ``names`` that were given; for the others there are defaults."""
    given = {name: options[name] for name in names if options[name] is not None}
    if low := [name for name, value in given.items() if value <= 0]:
        raise CommandError(f"--{low[0].replace('_', '-')} is more than 0.")
    return given


async def _until_told(running: Any) -> Any:
    """Let a SIGTERM end it in order, as Ctrl-C does: else its servers would be left."""
    task = asyncio.ensure_future(running)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await task
