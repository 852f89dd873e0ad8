"""Decisions about a folder of recorded events, each judged at its own time: `python -m bench decide DIR --json`.

DIR holds `events.jsonl` (one CloudEvent on each line) and `directory/`. The yardstick: the same events decoded
from JSON and thrown away. Python's own evaluator answers the rules.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import msgspec
from msgspec import Struct

from adapters.files.directory_folder import load_directory
from adapters.rule_files.load import load_rulebook
from bench.measuring import MIB, peak_memory, report
from engine.decide import Decision, decide_all
from engine.directory.directory import Directory
from engine.rulebook.rulebook import Rulebook
from schemas.event import read_event

BATCH = 50
"""Events decided together, as the engine does."""


class Recorded(Struct, frozen=True):
    """Events as they are on the wire, and all that decisions about them need."""

    lines: Sequence[bytes]
    directory: Directory
    rulebook: Rulebook


def main() -> None:
    """Decide about every event of the folder, several times, and report."""
    parser = argparse.ArgumentParser(prog="python -m bench decide", description=__doc__)
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--rules", type=Path, help="a rule file; the default rules where none is named")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="print the last line alone")
    arguments = parser.parse_args()
    with (arguments.folder / "events.jsonl").open("rb") as file:
        lines = [line for line in file if not line.isspace()]
    loaded = load_directory(arguments.folder / "directory")
    recorded = Recorded(lines, loaded.directory, load_rulebook(arguments.rules))
    report({"bench": "decide", "problems": len(loaded.problems), **measure(recorded, arguments.rounds)}, arguments.json)


def measure(recorded: Recorded, rounds: int) -> dict[str, Any]:
    """Outcomes of all events, and their rate. `ratio` is the time of a decision to that of a mere decode."""
    decide_seconds, decode_seconds = [], []
    for _ in range(rounds):
        decode_seconds.append(_seconds(lambda: _decode(recorded.lines)))
        decide_seconds.append(_seconds(lambda: sum(len(one.jobs) for one in decisions(recorded))))
    deciding, decoding = median(decide_seconds), median(decode_seconds)
    events = len(recorded.lines)
    return {
        "events": events,
        "events_per_second": round(events / deciding),
        "decodes_per_second": round(events / decoding),
        "ratio": round(deciding / decoding, 2),
        "peak_memory_mib": round(peak_memory() / MIB, 1),
        **outcomes(recorded),
    }


def decisions(recorded: Recorded) -> Iterator[Decision]:
    """The decision about each event, in their order."""
    received = datetime.now(UTC)
    events = (read_event(line, received) for line in recorded.lines)
    while batch := [(event, event.time) for event in islice(events, BATCH)]:
        yield from decide_all(batch, recorded.directory, recorded.rulebook)


def outcomes(recorded: Recorded) -> dict[str, Any]:
    """How many events raised which triggers, how many messages there are, and why people were skipped."""
    triggers: Counter[str] = Counter()
    raised: Counter[int] = Counter()
    messages: Counter[str] = Counter()
    skips: Counter[str] = Counter()
    for decision in decisions(recorded):
        triggers.update(trigger.value for trigger in decision.triggers)
        raised[len(decision.triggers)] += 1
        messages.update(job.trigger.value for job in decision.jobs)
        skips.update(skip.reason.value for skip in decision.skipped)
    return {
        "messages": messages.total(),
        "messages_by_trigger": dict(messages.most_common()),
        "triggers": dict(triggers.most_common()),
        "events_by_number_of_triggers": {str(number): count for number, count in sorted(raised.items())},
        "skips": dict(skips.most_common()),
    }


def _decode(lines: Sequence[bytes]) -> None:
    decode = msgspec.json.decode
    for line in lines:
        decode(line)


def _seconds(work: Callable[[], object]) -> float:
    started = perf_counter()
    work()
    return perf_counter() - started


if __name__ == "__main__":
    main()
