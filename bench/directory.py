"""What a large directory costs: the time to load it, the memory that it takes, and one decision in it.

The yardsticks: the same records decoded and thrown away, and the same decisions in a directory of 100 contracts.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import msgspec

from adapters.files.directory_folder import LoadedDirectory, load_directory
from adapters.rule_files.load import load_rulebook
from bench.made_up import SHAPES, Size, save, write_directory
from bench.measuring import MIB, peak_memory, report
from engine.decide import decide
from engine.directory.directory import Directory
from engine.rulebook.rulebook import Rulebook
from schemas.directory import read_record
from schemas.event import Event, read_event

FULL = Size(contracts=100_000, people=1_000_000)
SMALL = Size(contracts=2_000, people=20_000)
YARDSTICK = Size(contracts=SHAPES, people=1_000)
ROUNDS = 15
EVENTS = 400
"""Saves in one round, on contracts all over the directory."""


def main() -> None:
    """Make the folders, measure in a fresh process, and report."""
    arguments = _arguments()
    if arguments.measure:
        folder, yardstick = map(Path, arguments.measure)
        print(json.dumps(measure(folder, yardstick, ROUNDS)))
        return
    size = SMALL if arguments.small else Size(arguments.contracts, arguments.people)
    with tempfile.TemporaryDirectory(prefix="tocsin-bench-") as made:
        large, yardstick = Path(made, "large"), Path(made, "yardstick")
        write_directory(large, size)
        write_directory(yardstick, YARDSTICK)
        command = [sys.executable, "-m", "bench.directory", "--measure", str(large), str(yardstick)]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    sizes = {"contracts": size.contracts, "people": size.people}
    report({"bench": "directory", **sizes, **json.loads(done.stdout.splitlines()[-1])}, arguments.json)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench directory", description=__doc__)
    parser.add_argument("--contracts", type=int, default=FULL.contracts, help="and as many sites, services, customers")
    parser.add_argument("--people", type=int, default=FULL.people, help="nine contacts to one collaborator")
    parser.add_argument("--small", action="store_true", help="a size for continuous integration")
    parser.add_argument("--json", action="store_true", help="print the last line alone")
    parser.add_argument("--measure", nargs=2, metavar=("FOLDER", "YARDSTICK"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if not SHAPES <= arguments.contracts <= arguments.people:
        parser.error(f"--contracts is at least {SHAPES}, and --people is not less")
    return arguments


def measure(folder: Path, yardstick: Path, rounds: int) -> dict[str, Any]:
    """Load both folders, the large one first, and compare decisions in them. `ratio` is large to small."""
    started = perf_counter()
    large = _complete(load_directory(folder))
    load_seconds = perf_counter() - started
    peak = peak_memory()
    small = _complete(load_directory(yardstick))
    decode_seconds = _decode(folder)
    decisions = compare_decisions(large.directory, small.directory, rounds)
    return {
        "records": large.records,
        "load_seconds": round(load_seconds, 2),
        "records_per_second": round(large.records / load_seconds),
        "decode_seconds": round(decode_seconds, 2),
        "load_to_decode": round(load_seconds / decode_seconds, 2),
        "peak_memory_mib": round(peak / MIB, 1),
        **decisions,
    }


def _complete(loaded: LoadedDirectory) -> LoadedDirectory:
    assert not loaded.problems, loaded.problems[0].shown()
    return loaded


def _decode(folder: Path) -> float:
    """Seconds to decode every record once, keeping none."""
    started = perf_counter()
    for file in folder.glob("*.jsonl"):
        with file.open("rb") as lines:
            for line in lines:
                read_record(line)
    return perf_counter() - started


def compare_decisions(large: Directory, small: Directory, rounds: int) -> dict[str, Any]:
    """The cost of a decision in either directory, in microseconds: the median of rounds that alternate."""
    rulebook = load_rulebook(None)
    cases = [(directory, _saves(len([*directory.contracts()]))) for directory in (large, small)]
    messages = [_messages(directory, events, rulebook) for directory, events in cases]
    assert messages[0] == messages[1] > 0, messages
    times: list[list[float]] = [[], []]
    for turn in range(rounds):
        for side in (0, 1) if turn % 2 else (1, 0):
            started = perf_counter()
            _messages(*cases[side], rulebook)
            times[side].append((perf_counter() - started) / EVENTS * 1e6)
    in_large, in_small = map(median, times)
    return {
        "decision_us": round(in_large, 1),
        "decision_us_at_100": round(in_small, 1),
        "ratio": round(in_large / in_small, 3),
        "messages_per_decision": round(messages[0] / EVENTS, 2),
    }


def _saves(contracts: int) -> list[Event]:
    """Saves on contracts of every shape, spread over the whole directory."""
    spread = contracts // SHAPES
    numbers = [one % SHAPES + one * 37 % spread * SHAPES for one in range(EVENTS)]
    wire = [save(number, sequence) for sequence, number in enumerate(numbers)]
    return [read_event(msgspec.json.encode(one), datetime.now(UTC)) for one in wire]


def _messages(directory: Directory, events: Sequence[Event], rulebook: Rulebook) -> int:
    return sum(len(decide(event, directory, rulebook, event.time).jobs) for event in events)


if __name__ == "__main__":
    main()
