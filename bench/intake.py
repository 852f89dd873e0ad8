"""The intake over HTTP: events and webhooks a second, the time of an answer under a steady load, and memory.

The yardstick: the same server and routes, which answer 202 without a look at what they got. Both take turns, each as a
process of its own that may use a whole processor; `ratio` is how many posts are kept for each one that is only
answered, the median over the rounds. What is kept is in a SQLite file, durably, before it is answered.
"""

from __future__ import annotations

import argparse
import itertools
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from statistics import median, quantiles
from typing import Any, Final

from bench.intake_runs import HOST, TOKEN
from bench.measuring import MIB, report

BATCH: Final = 100
CONNECTIONS: Final = 16
"""That a steady load comes over."""
TAKEN: Final = b"HTTP/1.1 202"
_SETTLED: Final = 20
"""Memory is first looked at after a 20th of the posts."""


def main() -> None:
    """Measure rates, times and memory, and report."""
    parser = argparse.ArgumentParser(prog="python -m bench intake", description=__doc__)
    parser.add_argument("--posts", type=int, default=2_000, help="in each run")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--load", type=int, default=500, help="events a second while answers are timed")
    parser.add_argument("--seconds", type=float, default=10.0, help="for which that load lasts")
    parser.add_argument("--memory", type=int, default=20_000, help="webhooks over which memory is watched")
    parser.add_argument("--json", action="store_true", help="print the last line alone")
    arguments = parser.parse_args()
    with server("kept") as kept, server("bare") as bare:
        measured = rates(kept, bare, arguments.posts, arguments.rounds)
        measured |= answer_times(kept, arguments.load, arguments.seconds)
        if arguments.memory:
            measured |= memory(kept, arguments.memory)
    report({"bench": "intake", "posts": arguments.posts, **measured}, arguments.json)


# --- requests


_NUMBERS: Final = itertools.count(1)
Make = Callable[[], bytes]
"""Makes the next request."""


def event() -> bytes:
    """One event in structured content mode."""
    return _request("/v1/events", "application/cloudevents+json", json.dumps(_event(next(_NUMBERS))))


def batch() -> bytes:
    """As many events as a batch has here."""
    events = [_event(next(_NUMBERS)) for _ in range(BATCH)]
    return _request("/v1/events", "application/cloudevents-batch+json", json.dumps(events))


def webhook() -> bytes:
    """What the shipped mapping `generic` reads: ten posts of each ticket."""
    number = next(_NUMBERS)
    said = {"id": f"T-{number // 10}", "delivery": f"{number}", "moment": "updated", "status": f"s{number % 7}"}
    ticket = {"contract": "C-7", "customer": "acme", "title": "Invoices do not print", "description": "d" * 300}
    return _request("/v1/hooks/generic", "application/json", json.dumps(said | ticket))


def _event(number: int) -> dict[str, Any]:
    ticket = {
        "id": f"T-{number}",
        "contract": "C-7",
        "customer": "acme",
        "title": "Invoices do not print",
        "external_description": "d" * 300,
        "status": "new",
        "resolution_marked": False,
        "closed_for_customer": False,
    }
    time = datetime.now(UTC).isoformat()
    envelope = {"specversion": "1.0", "id": f"E-{number}", "source": "/bench", "type": "ticket.saved", "time": time}
    return {**envelope, "data": {"ticket": ticket, "previous": None}}


def _request(path: str, content_type: str, body: str) -> bytes:
    content = body.encode()
    head = f"POST {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {TOKEN}\r\nContent-Type: {content_type}\r\n"
    return f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content


class Connection:
    """A connection to a server that posts one request after the other."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection((HOST, port))

    def post(self, request: bytes) -> None:
        """Post, and wait until it has been answered. Raises RuntimeError where it was not taken."""
        self._socket.sendall(request)
        answer = b""
        while not _is_whole(answer):
            part = self._socket.recv(65_536)
            if not part:
                raise RuntimeError("the server has ended the connection")
            answer += part
        if not answer.startswith(TAKEN):
            raise RuntimeError(answer.decode("latin-1"))

    def close(self) -> None:
        """End it."""
        self._socket.close()


def _is_whole(answer: bytes) -> bool:
    head, end, body = answer.partition(b"\r\n\r\n")
    return bool(end) and len(body) >= int(head.lower().partition(b"content-length: ")[2].split(b"\r")[0])


# --- servers


class Server:
    """A server in a process of its own."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.port = self._number()

    def resident(self) -> int:
        """Bytes of memory that it holds now."""
        assert self._process.stdin is not None
        self._process.stdin.write("memory\n")
        self._process.stdin.flush()
        return self._number()

    def _number(self) -> int:
        assert self._process.stdout is not None
        return int(json.loads(self._process.stdout.readline()))


@contextmanager
def server(kind: str, share: float = 1.0) -> Iterator[Server]:
    """A server that keeps what is posted, or a bare one."""
    command = [sys.executable, "-m", "bench.intake_runs", kind, str(share)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield Server(process)


# --- what is measured


def rates(kept: Server, bare: Server, posts: int, rounds: int) -> dict[str, Any]:
    """Events a second over one connection, one by one and in batches, and webhooks a second."""
    measured: dict[str, Any] = {}
    for name, make, each in (("event", event, 1), ("batched", batch, BATCH), ("webhook", webhook, 1)):
        requests = max(1, posts // each)
        pairs = [(_rate(bare, make, requests), _rate(kept, make, requests)) for _ in range(rounds)]
        measured[name] = {
            "per_second": round(median(ours for _, ours in pairs) * each),
            "bare_per_second": round(median(raw for raw, _ in pairs) * each),
            "ratio": round(median(ours / raw for raw, ours in pairs), 3),
        }
    return measured


def _rate(one: Server, make: Make, requests: int) -> float:
    made = [make() for _ in range(requests)]
    with closing(Connection(one.port)) as connection:
        connection.post(make())
        started = time.perf_counter()
        for request in made:
            connection.post(request)
        return len(made) / (time.perf_counter() - started)


def answer_times(one: Server, load: int, seconds: float) -> dict[str, Any]:
    """Milliseconds from the moment at which a post is due until it is answered, while so many a second come in."""
    times = _under_load(one.port, [event() for _ in range(max(2, round(load * seconds)))], load)
    cuts = quantiles(times, n=100)
    return {
        "load_per_second": load,
        "answer_ms": {
            "median": round(1_000 * median(times), 1),
            "p99": round(1_000 * cuts[98], 1),
            "longest": round(1_000 * max(times), 1),
        },
    }


def _under_load(port: int, requests: Sequence[bytes], load: int) -> list[float]:
    """Seconds of each. The load does not wait for the answers, as helpdesks don't: a late one counts as it is."""
    started = time.perf_counter() + 0.1
    pause = threading.Event()

    def posted(first: int) -> list[float]:
        found = []
        with closing(Connection(port)) as connection:
            for number in range(first, len(requests), CONNECTIONS):
                due = started + number / load
                pause.wait(max(0.0, due - time.perf_counter()))
                connection.post(requests[number])
                found.append(time.perf_counter() - due)
        return found

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        return [one for found in pool.map(posted, range(CONNECTIONS)) for one in found]


def memory(one: Server, posts: int) -> dict[str, Any]:
    """Resident memory of the server after some webhooks, and after many."""
    with closing(Connection(one.port)) as connection:
        first = max(1, posts // _SETTLED)
        for _ in range(first):
            connection.post(webhook())
        before = one.resident()
        for _ in range(posts - first):
            connection.post(webhook())
        after = one.resident()
    return {
        "watched_posts": posts,
        "memory_mib": {"early": round(before / MIB, 1), "late": round(after / MIB, 1)},
    }


if __name__ == "__main__":
    main()
