"""A mapping tried on posts: the event of each, what it means, and whom it would alert. Nothing is sent or kept."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from msgspec import Struct

from adapters.contract_lookup import DirectoryContracts
from adapters.files.opening import read_bounded
from adapters.mapping_files.load import load_mapping
from engine.directory.directory import Directory
from intake.mappings.mapping import apply
from intake.mappings.payload import MAX_POST_BYTES
from intake.observation import Ignored
from intake.post import Post
from intake.states.judgement import TicketKey, judge, ticket_key
from intake.states.ticket_state import TicketState
from schemas.event import Event, read_event
from schemas.hashing import hash_of
from schemas.refusal import Refusal
from tocsin.authoring.deciding import DecisionInputs, decision_inputs, meaning
from tocsin.authoring.explain.explanation import Explainer
from tocsin.authoring.explain.report import told as explained
from tocsin.authoring.explain.scenario import Rules


class Tried(Struct, frozen=True):
    """What became of one post: its event as JSON, None where the post is ignored, and what follows from it in words."""

    event: str | None
    warnings: Sequence[Refusal]
    verdict: Sequence[str]


class Trial:
    """Takes posts one after the other, with the states that they leave. To be used as a context."""

    def __init__(self, mapping: Path, headers: Mapping[str, str], directory: Path | None, rules: Path | None) -> None:
        """Raises FaultyFileError where the mapping can't be used."""
        self._mapping = load_mapping(mapping)
        self._headers = headers
        self._places = (directory, rules)
        self._states: dict[TicketKey, TicketState] = {}
        self._inputs: DecisionInputs | None = None
        self._open = ExitStack()

    def __enter__(self) -> Self:
        directory, rules = self._places
        if directory is not None:
            self._inputs = self._open.enter_context(decision_inputs(directory, rules))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def post(self, payload: Path) -> Tried:
        """One post. Raises RefusedError where it can't be read, OSError for the file."""
        received = datetime.now(UTC)
        body = _body(payload)
        result = apply(self._mapping, Post(body, self._headers, received), DirectoryContracts(self._directory))
        if isinstance(result, Ignored):
            return Tried(None, (), [f"Ignored: {result.because}."])
        seen = result.observation
        key = ticket_key(seen)
        delivery = seen.delivery or hash_of("body", body.decode())
        judged = judge(seen, self._states.get(key), delivery, received)
        self._states[key] = judged.state
        event = read_event(judged.event, received)
        return Tried(judged.event.decode(), result.warnings, self._verdict(event))

    def _directory(self) -> Directory:
        return Directory() if self._inputs is None else self._inputs.loaded.directory

    def _verdict(self, event: Event) -> list[str]:
        said = meaning(event)
        if self._inputs is None:
            return [said, "Whom it would alert: name a directory (--directory)."]
        rules = Rules.of(self._places[1], self._inputs.rulebook)
        explainer = Explainer(self._inputs.loaded.directory, rules, self._inputs.matcher)
        return [said, *explained(explainer.explain(event, event.time))]


def _body(payload: Path) -> bytes:
    if str(payload) == "-":
        return sys.stdin.buffer.read(MAX_POST_BYTES + 1)
    return read_bounded(payload, MAX_POST_BYTES, payload.parent)
