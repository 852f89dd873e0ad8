"""The sender: messages a second from a queued job to a delivered one, and memory with many queued.

The yardstick: aiosmtplib that hands the same messages, written beforehand, to the same server on one reused connection.
Sender and yardstick take turns, each as a process of its own; the server is another one. `ratio` is how many messages
the sender delivers for each one of the yardstick: the median over the rounds.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median
from typing import Any

from bench.measuring import MIB, report


def main() -> None:
    """Let sender and yardstick take turns, and report."""
    parser = argparse.ArgumentParser(prog="python -m bench sender", description=__doc__)
    parser.add_argument("--messages", type=int, default=2_000, help="in each run")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--queued", type=int, default=100_000, help="jobs that wait for a relay that is down")
    parser.add_argument("--json", action="store_true", help="print the last line alone")
    arguments = parser.parse_args()
    measured = rates(arguments.messages, arguments.rounds)
    if arguments.queued:
        measured |= memory(arguments.queued)
    report({"bench": "sender", "messages": arguments.messages, **measured}, arguments.json)


def rates(messages: int, rounds: int) -> dict[str, Any]:
    """Messages a second, by who sends them."""
    raw: list[dict[str, float]] = []
    sender: list[dict[str, float]] = []
    with _child("peer") as peer:
        port = int(_figures(peer)["port"])
        for _ in range(rounds):
            raw.append(_run("raw", port, messages))
            sender.append(_run("sender", port, messages))
    pairs = [(one["rate"], other["rate"]) for one, other in zip(raw, sender, strict=True)]
    return {
        "message_bytes": round(raw[0]["size"]),
        "raw_per_second": round(median(one for one, _ in pairs)),
        "sender_per_second": round(median(other for _, other in pairs)),
        "accepted_per_second": round(median(one["accept_rate"] for one in sender)),
        "sender_mib": round(median(one["peak"] for one in sender) / MIB, 1),
        "ratio": round(median(other / one for one, other in pairs), 3),
        "rounds": [{"raw": round(one), "sender": round(other)} for one, other in pairs],
    }


def memory(jobs: int) -> dict[str, Any]:
    """Resident memory with few jobs queued and with many, the relay being down."""
    found = _run("queued", jobs)
    return {
        "queued": jobs,
        "few_queued_mib": round(found["before"] / MIB, 1),
        "queued_mib": round(found["after"] / MIB, 1),
    }


def _run(what: str, *numbers: int) -> dict[str, float]:
    with _child(what, *numbers) as child:
        return _figures(child)


def _figures(child: subprocess.Popen[str]) -> dict[str, float]:
    assert child.stdout is not None
    figures: dict[str, float] = json.loads(child.stdout.readline())
    return figures


@contextmanager
def _child(what: str, *numbers: int) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "bench.sender_runs", what, *map(str, numbers)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        try:
            yield child
        finally:
            child.kill()


if __name__ == "__main__":
    main()
