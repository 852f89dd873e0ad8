"""What can't be read is dead-lettered as it came, and costs nobody else anything."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import msgspec
import pytest

from schemas.event import MAX_EVENT_BYTES
from schemas.log import NewRecord, Record
from schemas.topics import DEAD_LETTERS, DECISIONS, JOBS, TICKETS
from tests.faults.engines import PARTITIONS, PEOPLE, Desk, engines
from tests.support.brokers.cluster import Cluster
from tests.support.helpdesk.files import created

pytestmark = pytest.mark.kafka

WHOLE = json.dumps(created(0)).encode()
POISON = {
    "too_large": json.dumps(created(0, title="x" * MAX_EVENT_BYTES)).encode(),
    "truncated": WHOLE[:-20],
    "no_json": b"\x00\x01 ticket saved",
    "nested": b"[" * 10_000 + b"]" * 10_000,
    "nested_field": WHOLE[:-1] + b', "x": ' + b"[" * 10_000 + b"]" * 10_000 + b"}",
    "nan": WHOLE.replace(b'"title": "', b'"custom": {"severity": NaN}, "title": "'),
    "long_number": WHOLE.replace(b'"title": "', b'"custom": {"severity": ' + b"9" * 400 + b'}, "title": "'),
    "no_utf_8": WHOLE.replace(b'"title": "', b'"title": "\xff\xfe'),
    "empty": b"",
    "list": b"[]",
}
HEADERS = (("trace", b"\x00\xff"), ("trace", b"twice"))


def header(record: Record, name: str) -> str:
    return dict(record.headers)[f"dead_letter.{name}"].decode()


def test_each_kind_of_poison_is_kept_as_it_came_and_the_others_are_decided(cluster: Cluster, tmp_path: Path) -> None:
    desk = Desk(cluster)
    for partition in range(PARTITIONS):
        # Between two good events of one partition, so that neither may be lost with them.
        good = [NewRecord(TICKETS, b"T", json.dumps(created(2 * partition + one)).encode()) for one in (0, 1)]
        bad = [NewRecord(TICKETS, name.encode(), value, HEADERS) for name, value in POISON.items()]
        cluster.append([good[0], *bad, NewRecord(TICKETS, b"tombstone", None), good[1]], partition)
    with engines(cluster, tmp_path, "one") as (one,):
        one.start()
        desk.wait()
        log = one.log.read_text()
    letters = cluster.read(DEAD_LETTERS)
    assert Counter((one.key, one.value) for one in letters) == Counter(
        {(name.encode(), value): PARTITIONS for name, value in POISON.items()}
    )
    assert all(one.headers[-2:] == HEADERS for one in letters)
    came = {(int(header(one, "partition")), int(header(one, "offset"))) for one in letters}
    assert came == {(partition, offset) for partition in range(PARTITIONS) for offset in range(1, len(POISON) + 1)}
    decided = [msgspec.json.decode(one.value or b"")["event"] for one in cluster.read(DECISIONS)]
    assert sorted(decided) == sorted(f"E-{number}" for number in range(2 * PARTITIONS))
    assert len(cluster.read(JOBS)) == 2 * PARTITIONS * PEOPLE
    assert "ticket saved" not in log
    assert "Traceback" not in log


def test_a_record_without_a_key_and_of_any_headers_is_decided(cluster: Cluster, tmp_path: Path) -> None:
    desk = Desk(cluster)
    cluster.append([NewRecord(TICKETS, None, WHOLE, (("", b""), ("x" * 1_000, b"y" * 10_000)))])
    cluster.append([NewRecord(TICKETS, None, b"x", (("dead_letter.first_came", b"never"),))])
    with engines(cluster, tmp_path, "one") as (one,):
        one.start()
        desk.wait()
    assert len(cluster.read(JOBS)) == PEOPLE
    (letter,) = cluster.read(DEAD_LETTERS)
    assert (letter.key, letter.value) == (None, b"x")
