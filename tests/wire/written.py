"""Records as the CloudEvents libraries and the clients of Kafka wrote them, of one event, its data in several types.

`cloudevents_sdks.jsonl` was made by those libraries themselves: cloudevents 1.13.0 and 2.2.0 for Python, 10.0.0 for
JavaScript, sdk-go 2.16.2 for Go. `kafka_clients.jsonl` was read from a broker to which kafkajs 2.2.4 and sarama 1.61.1
had written, with those libraries and without.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct


class Written(Struct, frozen=True):
    """One record; `by` says which library wrote it, in which content mode, given what."""

    by: str
    headers: dict[str, str | None]
    value: str

    def headers_of(self) -> dict[str, bytes]:
        """The headers as a reader gets them: one without a value is empty."""
        return {name: (text or "").encode() for name, text in self.headers.items()}


def is_refused(written: Written) -> bool:
    """Whether the library was given JSON as a text, which a structured event holds as a text."""
    return "structured, str" in written.by


_FILES: Final = [Path(__file__).parent / name for name in ("cloudevents_sdks.jsonl", "kafka_clients.jsonl")]
_LINE: Final = msgspec.json.Decoder(Written)
WRITTEN: Final = [_LINE.decode(line) for file in _FILES for line in file.read_bytes().splitlines()]
