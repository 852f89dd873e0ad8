"""`python -m tests.night`: the production shape through an hour of quiet, load and faults, judged by what was read.

It needs what the tests need (`make setup broker postfix prometheus`), and about an hour; `--minute 20` makes each of
its minutes 20 seconds long, for a look, though the times of the alert rules stay as they are. Exit code 1: something
that must hold did not.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.night.course import Night, deaths, say
from tests.night.desk import Desk
from tests.night.judges import Counts, Fired, Phase, counted, delays, fired, missing, without_cause
from tests.night.stack import stack

SHOWS_FOR = 300.0
"""Seconds for which an alert may begin after the phase that explains it: rules look back, and wait."""


def main() -> None:
    """Run a night, and judge it."""
    options = _options()
    folder = Path(options.folder or tempfile.mkdtemp(prefix="tocsin-night-"))
    say(f"everything is kept in {folder}")
    with stack(folder) as made:
        desk = Desk(made.cluster, options.customers, options.seed)
        desk.load_directory()
        night = Night(made, desk, options.seed, options.minute)
        start = time.time()
        desk.start()
        try:
            night.run()
        finally:
            desk.close()
        alerts = fired(made.prometheus, start, time.time())
        counts = counted(made.cluster, made.ledger_url, desk.saved, made.relay.arrivals())
        waits = delays(made.cluster, desk.saved, night.phases)
        _show(night.phases, alerts, waits, counts, night.notes)
        faults = [
            *counts.faults(),
            *(
                f"fired without a cause: {one.alert} {one.labels}"
                for one in without_cause(alerts, night.phases, SHOWS_FOR)
            ),
            *(f"did not fire: {one}" for one in missing(alerts, night.phases)),
            *deaths(made.services),
        ]
    for fault in faults:
        say(f"FAULT: {fault}")
    sys.exit(bool(faults))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.night", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="for kills and tickets")
    parser.add_argument("--minute", type=float, default=60.0, help="seconds in a minute of the night")
    parser.add_argument("--customers", type=int, default=1_000, help="each with a contract and three people")
    parser.add_argument("--folder", help="where logs, mails and data are kept; else a temporary one")
    return parser.parse_args()


def _show(
    phases: Sequence[Phase], alerts: Sequence[Fired], waits: dict[str, float], counts: Counts, notes: Sequence[str]
) -> None:
    console = Console(width=150)
    table = Table("phase", "from", "minutes", "longest wait for a decision", "alerts that began in it (after, for)")
    for phase in phases:
        began = [
            f"{one.alert} (+{one.start - phase.start:.0f} s, {one.end - one.start:.0f} s)"
            for one in alerts
            if phase.start <= one.start < phase.end
        ]
        clock = time.strftime("%H:%M:%S", time.localtime(phase.start))
        long = f"{(phase.end - phase.start) / 60:.1f}"
        table.add_row(phase.name, clock, long, f"{waits[phase.name]:.1f} s", ", ".join(began) or "none")
    console.print(table)
    for note in notes:
        console.print(f"  {note}", highlight=False)
    console.print(counts, highlight=False)


if __name__ == "__main__":
    main()
