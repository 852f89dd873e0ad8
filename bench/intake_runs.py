"""The servers that the benchmark of the intake posts to: `python -m bench.intake_runs kept|bare SHARE`.

`kept`: as in embedded mode, into a file of its own. `bare`: the same server and routes, which answer 202 at once. SHARE
is that of one processor which serving takes at most. It prints its port, then its resident memory for each line that
it reads, until its input ends.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from litestar import Router

from adapters.contract_lookup import DirectoryContracts, InTurn
from adapters.mapping_files.folder import SHIPPED_MAPPINGS
from adapters.mapping_files.load import load_mapping
from adapters.sqlite.event_sink import SqliteEventSink
from adapters.sqlite.ticket_states import SqliteTicketStates
from adapters.web.application import application
from adapters.web.hooks import hooks
from adapters.web.intake import intake
from adapters.web.limits import ServerLimits
from adapters.web.serving import serving
from adapters.web.tokens import ApiToken, Tokens
from adapters.web.workers import Workers
from bench.measuring import resident_memory
from engine.directory.directory import Directory
from intake.acceptance import Acceptance, Accepted, EventAcceptance
from intake.hooks import HookAnswer, Hooks
from intake.post import Post
from tocsin.clock import SystemClock

TOKEN: Final = "the-token-of-the-benchmark"  # noqa: S105 - of a server on loopback, as long as it runs
HOST: Final = "127.0.0.1"


def main() -> None:
    """Serve until the input ends."""
    kind, share = sys.argv[1], float(sys.argv[2])
    workers = Workers()
    with tempfile.TemporaryDirectory(prefix="tocsin-bench-") as folder:
        with {"kept": _kept(Path(folder), workers), "bare": _bare(workers)}[kind] as parts:
            tokens = Tokens((ApiToken.of(TOKEN),))
            with serving(application(parts, tokens), HOST, 0, ServerLimits(processor=share)) as port:
                _say(port)
                for _ in sys.stdin:
                    _say(resident_memory())
        workers.close()


def _say(number: int) -> None:
    print(json.dumps(number), flush=True)


@contextmanager
def _kept(folder: Path, workers: Workers) -> Iterator[Sequence[Router]]:
    clock, file = SystemClock(), folder / "tocsin.db"
    with closing(SqliteTicketStates(file)) as states, closing(SqliteEventSink(file, clock)) as sink:
        lookup = InTurn(DirectoryContracts(Directory))
        mappings = {"generic": load_mapping(SHIPPED_MAPPINGS / "generic.yaml")}
        taking = Hooks(mappings.get, {"generic": [TOKEN]}, lookup, Acceptance(states, sink, clock))
        events = intake(EventAcceptance(sink, clock).take, workers)
        yield [events, hooks(taking.take, taking.challenge, clock, (), workers)]


@contextmanager
def _bare(workers: Workers) -> Iterator[Sequence[Router]]:
    def take(_name: str, _post: Post) -> HookAnswer:
        return Accepted()

    events = intake(lambda _headers, _body: Accepted(), workers)
    yield [events, hooks(take, lambda _name, _query: None, SystemClock(), (), workers)]


if __name__ == "__main__":
    main()
