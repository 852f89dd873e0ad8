"""Posts of helpdesks that were kept as dead letters, taken in again by their mappings as they are now."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Final

from msgspec import Struct

from adapters.contract_lookup import DirectoryContracts
from adapters.kafka.event_sink import KafkaEventSink
from adapters.kafka.settings import KafkaSettings
from adapters.mapping_files.folder import mapping_files
from adapters.mapping_files.load import load_mapping
from adapters.sqlite.event_sink import SqliteEventSink
from engine.directory.directory import Directory
from intake.acceptance import Acceptance, Accepted, Refused, Repeated, Unavailable
from intake.hooks import HookAnswer, Hooks
from intake.kept_posts import hook_of, post_of
from intake.mappings.mapping import Mapping
from intake.observation import Ignored
from intake.ports import EventSink, LogUnavailableError, Retention, TicketStates
from tocsin.clock import SystemClock
from tocsin.operations.dead_letters.letters import Letter

INSTANCE: Final = "redrive"
"""Whose transactions on Kafka these are, as those of an intake: `intake.redrive`."""

NOTHING_FORGOTTEN: Final = Retention(timedelta(days=36_500), timedelta(days=36_500))
"""For how long something is known, the intake itself is told."""


class KeptPosts:
    """Takes posts in again. Who sent them was known when they came."""

    def __init__(self, hooks: Hooks) -> None:
        self._hooks = hooks

    def take(self, letter: Letter) -> None:
        """Take one in. Raises ValueError where its post still makes no event, LogUnavailableError of the log."""
        hook = hook_of(letter.origin) or ""
        post = post_of(letter.record.value or b"", letter.own_headers, letter.came)
        fault = _fault(self._hooks.again(hook, post), hook)
        if fault is not None:
            raise ValueError(f"{letter.place}: {fault}")


def _fault(answer: HookAnswer, hook: str) -> str | None:
    match answer:
        case Accepted() | Repeated():
            return None
        case Ignored(because):
            return f"its mapping ignores such posts: {because}"
        case Refused(error):
            return f"its mapping can't read it: {error.shown()}"
        case Unavailable(code, message):
            raise LogUnavailableError(code, message)
        case _:
            return f"there is no mapping {hook!r}: name the folder of mappings (--mappings)"


class Where(Struct, frozen=True):
    """What the intake works with: the folder of its own mappings, and a directory, if one is at hand."""

    mappings: Path | None
    directory: Directory | None


@contextmanager
def kept_posts(where: Where, states: TicketStates, log: KafkaSettings | Path) -> Iterator[KeptPosts]:
    """Posts into this cluster or file, judged by these states. Raises OSError for the folder of mappings."""
    files, known = mapping_files(where.mappings), where.directory or Directory()

    @cache
    def mapping(name: str) -> Mapping | None:
        return load_mapping(files[name]) if name in files else None

    with closing(_sink(log)) as sink:
        acceptance = Acceptance(states, sink, SystemClock(), NOTHING_FORGOTTEN)
        yield KeptPosts(Hooks(mapping, {}, DirectoryContracts(lambda: known), acceptance))


def _sink(log: KafkaSettings | Path) -> EventSink:
    return KafkaEventSink(log, INSTANCE) if isinstance(log, KafkaSettings) else SqliteEventSink(log, SystemClock())
