"""Reads an export of a helpdesk, line by line, into states of tickets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from adapters.contract_lookup import DirectoryContracts
from adapters.files.directory_folder import load_directory
from adapters.mapping_files.load import load_mapping
from engine.directory.directory import Directory
from intake.mappings.mapping import apply
from intake.observation import Ignored, Observation
from intake.post import Post
from intake.states.judgement import TicketKey
from intake.states.seeding import Exported, seeded
from intake.states.ticket_state import TicketState
from schemas.event import MAX_EVENT_BYTES
from schemas.reading import read_json
from schemas.refusal import RefusedError
from tocsin.authoring.event_files import raw_lines

Read = Callable[[bytes], Observation | None]
"""What a line says of a ticket; None where it is about none. Raises RefusedError."""

_LINE: Final = msgspec.json.Decoder(Exported)


def exported(line: bytes) -> Observation:
    """A line that has the fields of tickets as events have them."""
    return read_json(line, _LINE, MAX_EVENT_BYTES).observation


def mapped(mapping: Path, directory: Path | None, now: datetime) -> Read:
    """Lines that are bodies of posts, as this mapping reads them. Raises FaultyFileError, and OSError."""
    made = load_mapping(mapping)
    known = Directory() if directory is None else load_directory(directory).directory
    contracts = DirectoryContracts(lambda: known)

    def read(line: bytes) -> Observation | None:
        found = apply(made, Post(line, {}, now), contracts)
        return None if isinstance(found, Ignored) else found.observation

    return read


class Export:
    """An export that is read once. `tickets` and `refused` count its lines as far as it was read."""

    def __init__(self, file: Path, read: Read, now: datetime) -> None:
        self._file = file
        self._read = read
        self._now = now
        self.tickets = 0
        self.refused = 0

    def states(self, warn: Callable[[str], None]) -> Iterator[tuple[TicketKey, TicketState]]:
        """The states of its tickets; `warn` is told of lines that are refused: number, field, value and reason."""
        for number, line in raw_lines(self._file):
            try:
                observation = self._read(line)
                found = None if observation is None else seeded(observation, self._now)
            except RefusedError as error:
                self.refused += 1
                warn(f"{number}: {error.shown()}")
                continue
            if found is not None:
                self.tickets += 1
                yield found
