"""The AsyncAPI document says what is so: topics, settings and headers are those of the code."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from adapters.kafka.topics import TOPICS, TopicSpec
from schemas import topics
from schemas.asyncapi import asyncapi
from schemas.dead_letter import Cause, dead_letter
from schemas.generate import ASYNCAPI
from schemas.log import Record

DOCUMENT: dict[str, Any] = json.loads(ASYNCAPI.read_text())
NAMES = {name for name in vars(topics).values() if isinstance(name, str) and name.startswith(("helpdesk.", "tocsin."))}


def channel_of(topic: str) -> dict[str, Any]:
    (found,) = (channel for channel in DOCUMENT["channels"].values() if channel["address"] == topic)
    return dict(found)


def references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        yield from (value for key, value in part.items() if key == "$ref")
        part = list(part.values())
    if isinstance(part, list):
        for one in part:
            yield from references(one)


def target(reference: str) -> Any:
    file, _, pointer = reference.partition("#")
    found: Any = json.loads((ASYNCAPI.parent / file).read_text()) if file else DOCUMENT
    for step in pointer.split("/")[1:]:
        found = found[step]
    return found


def test_the_published_document_is_that_of_the_code() -> None:
    assert json.loads(json.dumps(asyncapi())) == DOCUMENT


def test_every_topic_has_one_channel() -> None:
    assert sorted(channel["address"] for channel in DOCUMENT["channels"].values()) == sorted(NAMES)
    assert len(NAMES) == 7


@pytest.mark.parametrize("reference", sorted(set(references(DOCUMENT))))
def test_every_reference_leads_to_something(reference: str) -> None:
    assert target(reference)


@pytest.mark.parametrize("spec", TOPICS, ids=lambda spec: spec.name)
def test_settings_are_those_with_which_topics_are_made(spec: TopicSpec) -> None:
    told = channel_of(spec.name)["bindings"]["kafka"]["topicConfiguration"]
    made = spec.configs(1)
    assert told.pop("cleanup.policy") == [made["cleanup.policy"]]
    assert {name: str(value) for name, value in told.items()} == {name: made[name] for name in told}
    assert ("retention.ms" in told) == ("retention.ms" in made)


def test_the_headers_of_a_dead_letter_are_those_that_are_written() -> None:
    record = Record("helpdesk.tickets", 0, 7, datetime(2026, 3, 2, tzinfo=UTC), b"T-1", b"{")
    written = [name for name, _ in dead_letter(record, Cause("not_json", "this is not JSON")).headers]
    assert written == DOCUMENT["components"]["messages"]["deadLetter"]["headers"]["required"]


def test_every_topic_is_written_and_read_by_somebody_but_dead_letters_are_for_people() -> None:
    used = {(one["action"], one["channel"]["$ref"].rpartition("/")[2]) for one in DOCUMENT["operations"].values()}
    names = set(DOCUMENT["channels"])
    assert {channel for action, channel in used if action == "send"} == names
    assert {channel for action, channel in used if action == "receive"} == names - {"deadLetters"}
