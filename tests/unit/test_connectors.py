"""What Debezium and Kafka Connect themselves wrote, in tests/wire, is read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import msgspec

from adapters.kafka.record_names import Named, RecordNames
from schemas.directory import read_record
from schemas.foreign_record import read_any_record
from tests.support.helpdesk.foreign_forms import CONTRACT, as_json

READ = read_record(as_json(CONTRACT))
WRITTEN = [
    json.loads(line)
    for line in (Path(__file__).parents[1] / "wire" / "connect_records.jsonl").read_text(encoding="utf-8").splitlines()
]
"""What Debezium 3.2.0 and the JSON converter of Connect 4.1.0 wrote, by their own classes."""


def written(name: str) -> Iterator[tuple[str, bytes, bytes | None]]:
    for one in WRITTEN:
        if one["name"].startswith(name):
            value = one["value"]
            yield one["name"], one["key"].encode(), None if value is None else value.encode()


def test_the_rows_that_debezium_and_connect_wrote_are_read() -> None:
    read = [
        read_any_record(value, "contract")
        for form in ("Debezium create", "Debezium snapshot", "Debezium update", "flattened create")
        for _, _, value in written(form)
        if value is not None
    ]
    assert len(read) == 10
    assert all(one == read[0] for one in read)
    wanted = CONTRACT | {"reference": "CT-2026-007", "client": "acme", "contacts": ["ct-1"], "valid_to": "9999-12-31"}
    assert read[0] == read_record(as_json(wanted))


def test_the_times_that_debezium_wrote_are_read() -> None:
    for _, _, value in written("Debezium suppression"):
        read = read_any_record(value or b"", "suppression")
        assert msgspec.to_builtins(read)["since"] == "2026-02-01T00:00:00+00:00"
        assert msgspec.to_builtins(read)["until"] == "2026-03-01T00:00:00Z"


def test_the_keys_that_they_wrote_name_their_records() -> None:
    names = RecordNames()
    found = {name: names.of(key, value) for name, key, value in written("")}
    assert {(one.kind, one.id) for one in found.values() if one is not None} == {
        ("contract", "C-7"),
        ("suppression", "email/dead@acme.example"),
        ("site", "12"),
        ("site", "S-1"),
    }
    assert None not in found.values()


def test_the_settings_that_the_documentation_shows_lead_to_records_and_removals() -> None:
    """Unwrapped by ExtractNewRecordState, with the kind put into key and row by InsertField."""
    for _, key, value in written("as documented, created"):
        assert RecordNames().of(key, None) == Named("contract", "C-7")
        read = read_any_record(value or b"", "contract")
        assert read == read_record(b'{"kind":"contract","id":"C-7","type":"commitment","valid_from":"2026-01-01"}')
    for _, key, value in written("as documented, deleted"):
        assert RecordNames().of(key, value) == Named("contract", "C-7")
        # Such a deletion is JSON's null and no tombstone, since its schema is there.
        assert value is not None
        assert read_any_record(value, "contract") is None
