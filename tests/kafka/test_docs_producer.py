"""The Python that the page for the platform shows sends events that the engine reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from schemas.event import read_event
from schemas.topics import TICKETS
from tests.support.brokers.cluster import Cluster
from tests.support.documents.pages import blocks
from tests.support.helpdesk.events import envelope

pytestmark = pytest.mark.kafka
PAGE = Path(__file__).parents[2] / "docs" / "events.md"


def test_what_the_page_shows_sends_events_in_the_order_of_a_ticket(cluster: Cluster) -> None:
    cluster.create(TICKETS, partitions=3)
    shown: dict[str, Any] = {}
    exec("\n".join(blocks(PAGE, "python")), shown)  # noqa: S102 - the page is ours
    assert shown["TOPIC"] == TICKETS
    shown["TOPIC"] = cluster.prefix + TICKETS
    producer = shown["connect"](cluster.bootstrap)
    texts = ["Since this morning …", "é" * 400_000, "done"]
    try:
        for number, text in enumerate(texts):
            wire = envelope({"external_description": text}, {"previous": {}}, id=f"E-{number}")
            shown["send"](producer, wire)
    finally:
        producer.close(timeout=5)
    records = cluster.read(TICKETS)
    assert len({record.partition for record in records}) == 1
    assert {record.key for record in records} == {b"T-1042"}
    events = [read_event(record.value or b"", record.timestamp, dict(record.headers)) for record in records]
    assert [event.ticket.external_description for event in events] == texts
    assert [event.id for event in events] == ["E-0", "E-1", "E-2"]
