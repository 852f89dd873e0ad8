"""Which record a Kafka key is of, and what a reader of the directory's topic makes of foreign records."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct
from structlog.testing import capture_logs

from adapters.kafka import directory_topic
from adapters.kafka.directory_topic import DirectoryFeed
from adapters.kafka.record_names import Named, RecordNames
from adapters.kafka.settings import KafkaSettings
from engine.directory.directory import Directory
from schemas.directory import RECORD_TYPES
from schemas.refusal import RefusedError
from schemas.topics import DIRECTORY, SUPPRESSIONS
from tests.support.helpdesk.foreign_forms import (
    DECIMAL,
    FORMS,
    REMOVALS,
    Row,
    as_json,
    by_registry,
    change,
    flattened,
    struct,
    with_schema,
)


@pytest.mark.parametrize(
    ("key", "value", "named"),
    [
        (b"site/S-1", b"{", Named("site", "S-1")),
        (b'"site/S-1"', b"{", Named("site", "S-1")),
        (by_registry(b'"site/S-1"'), b"{", Named("site", "S-1")),
        (b'{"id":"S-1","kind":"site"}', b"{", Named("site", "S-1")),
        (b'{"kind":"site","id":7}', None, Named("site", "7")),
        (b'{"id":"S-1"}', b'{"kind":"site","id":"S-1"}', Named("site", "S-1")),
        (b'{"id":"S-1"}', as_json(change("d", {"kind": "site"}, None)), Named("site", "S-1")),
        (b'{"id":"S-1","__dbz__physicalTableIdentifier":"sites"}', b'{"kind":"site"}', Named("site", "S-1")),
        (b'{"id":"S-1"}', None, None),
        (b'{"id":"S-1"}', as_json(change("d", None, None)), None),
    ],
)
def test_a_key_names_its_record(key: bytes, value: bytes | None, named: Named | None) -> None:
    assert RecordNames().of(key, value) == named


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        (b'{"id":"S-1"}', b'{"id":"S-1"}', "neither the key nor the record says which kind"),
        (b'{"id":"S-1"}', b'{"kind":"house"}', "neither the key nor the record says which kind"),
        (b'{"id":"S-1"}', b"\xff", "neither the key nor the record says which kind"),
        (b'{"kind":"house","id":"1"}', b"{}", "`kind` is one of contract"),
        (b'{"site_id":"S-1"}', b'{"kind":"site"}', "a key that is an object has an `id`"),
        (b'{"id":""}', None, "a key that is an object has an `id`"),
        (b'{"id":true}', None, "a key that is an object has an `id`"),
        (b'"S-1"', b'{"kind":"site"}', "a key is KIND/ID"),
        (b"\0\0\0\0\1\x06S-1", None, "Avro or Protobuf"),
        (as_json(with_schema({"id": "AMk="}, struct({"id": DECIMAL}))), None, "bytes in base64"),
        (b"{", None, "not JSON"),
        (b"S-1", b'{"kind":"site"}', "a key is KIND/ID"),
        (None, b'{"kind":"site"}', "a key is KIND/ID"),
    ],
)
def test_a_key_that_names_no_record_is_named_for_what_it_is(key: bytes | None, value: bytes | None, words: str) -> None:
    with pytest.raises(RefusedError) as refused:
        RecordNames().of(key, value)
    assert (refused.value.code, words in str(refused.value)) == ("bad_key", True)


class Found(Struct):
    """A record as a reader of the topic gives it."""

    key: bytes | None
    value: bytes | None
    topic: str = DIRECTORY
    partition: int = 0
    offset: int = 0


class Topic:
    """Stands in for the reader of the topics."""

    def __init__(self, *_: Any, **__: Any) -> None:
        self.records: list[Found] = []

    def read_to_end(self) -> list[Found]:
        records, self.records = self.records, []
        return records


@pytest.fixture
def feed(monkeypatch: pytest.MonkeyPatch) -> DirectoryFeed:
    monkeypatch.setattr(directory_topic, "TopicReader", Topic)
    return DirectoryFeed(KafkaSettings(("nowhere:9092",)), Directory())


def take(feed: DirectoryFeed, *records: Found) -> list[str]:
    """What the feed complains of, by code."""
    topic: Any = feed._reader
    topic.records = list(records)
    with capture_logs() as lines:
        feed.catch_up()
    return [line["code"] for line in lines]


def known(feed: DirectoryFeed) -> Directory:
    directory = feed._into
    assert isinstance(directory, Directory)
    return directory


SITE: Row = {"kind": "site", "id": "S-1", "name": "Paris"}
KEY = b'{"id":"S-1"}'


def test_debeziums_tombstone_removes_by_a_key_without_a_kind(feed: DirectoryFeed) -> None:
    assert take(feed, Found(KEY, as_json(change("c", None, SITE)))) == []
    assert known(feed).knows("site", "S-1")
    assert take(feed, Found(KEY, None)) == []
    assert len(known(feed)) == 0
    assert take(feed, Found(KEY, None)) == []


def test_a_deletion_and_the_tombstone_after_it_remove_once(feed: DirectoryFeed) -> None:
    deleted = Found(KEY, as_json(flattened(SITE, deleted=True)))
    assert take(feed, Found(KEY, as_json(flattened(SITE))), deleted, Found(KEY, None)) == []
    assert len(known(feed)) == 0
    assert feed._names._kinds == {}, "nothing is remembered of what is gone"


def test_an_unreadable_record_is_marked_under_a_key_without_a_kind(feed: DirectoryFeed) -> None:
    assert take(feed, Found(KEY, as_json(SITE)), Found(KEY, by_registry(b"\x02"))) == ["foreign_form"]
    assert len(known(feed)) == 0
    assert known(feed).is_unreadable("site", "S-1")


def test_an_unreadable_record_is_marked_whatever_form_it_has(feed: DirectoryFeed) -> None:
    row = {"kind": "suppression", "id": "7", "channel": "email", "address": "zoe@acme.example", "until": 1_767_225_600}
    assert take(feed, Found(b'{"kind":"suppression","id":7}', as_json(change("c", None, row)))) == ["invalid_field"]
    (held,) = known(feed).unreadable().values()
    assert held is not None
    assert (held.address, held.until) == ("zoe@acme.example", None), "it holds back what it may hold back"
    mended = row | {"until": 1_767_225_600_000}
    assert take(feed, Found(b'{"kind":"suppression","id":7}', as_json(change("u", row, mended)))) == []
    assert known(feed).unreadable() == {}


def test_two_tables_under_one_key_are_named_and_the_newest_counts_as_kafka_keeps_it(feed: DirectoryFeed) -> None:
    product = {"kind": "product", "id": "S-1"}
    assert take(feed, Found(KEY, as_json(SITE)), Found(KEY, as_json(product))) == ["shared_key"]
    assert (known(feed).knows("site", "S-1"), known(feed).knows("product", "S-1")) == (False, True)


def test_key_and_record_must_agree(feed: DirectoryFeed) -> None:
    assert take(feed, Found(b'{"id":"S-2"}', as_json(SITE))) == ["bad_record"]
    assert take(feed, Found(b"product/S-1", as_json(change("c", None, SITE)))) == ["bad_record"]
    assert len(known(feed)) == 0


def test_the_senders_topic_takes_our_own_form_alone(feed: DirectoryFeed) -> None:
    row = {"kind": "suppression", "id": "x", "person": "contact/ct-1", "channel": "email"}
    own = Found(b"suppression/x", as_json(row), SUPPRESSIONS)
    foreign = Found(b"suppression/y", as_json(change("c", None, row | {"id": "y"})), SUPPRESSIONS)
    by_key = Found(b'{"kind":"suppression","id":"z"}', as_json(row | {"id": "z"}), SUPPRESSIONS)
    assert take(feed, own, foreign, by_key) == ["invalid_field", "bad_key"]
    assert len(known(feed)) == 1


def test_what_has_no_name_is_remembered_until_its_key_is_removed_or_named(feed: DirectoryFeed) -> None:
    bad = [Found(b"S-1", as_json(SITE)), Found(b"S-1", as_json(SITE), SUPPRESSIONS), Found(b'{"id":"S-2"}', b"{}")]
    assert take(feed, Found(b"site/S-1", as_json(SITE)), *bad, Found(b"S-1", b"\xff", offset=7)) == ["bad_key"] * 4
    assert [(one.topic, one.offset) for one in feed.unnamed] == [(DIRECTORY, 7), (SUPPRESSIONS, 0), (DIRECTORY, 0)]
    assert known(feed).knows("site", "S-1"), "what was known before stays in force"
    assert take(feed, Found(b"S-1", None), Found(b'{"id":"S-2"}', as_json({"kind": "site", "id": "S-2"}))) == []
    assert [one.topic for one in feed.unnamed] == [SUPPRESSIONS]
    assert take(feed, Found(b"never/there", None)) == []


def test_no_more_is_remembered_than_tells_that_something_is_wrong(
    feed: DirectoryFeed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(directory_topic, "MAX_UNNAMED", 3)
    take(feed, *(Found(b"%d" % number, b"{}") for number in range(9)))
    assert len(feed.unnamed) == 3


KEYS = [b'{"id":"1"}', b'{"id":"2"}', b'{"kind":"site","id":"1"}', b"product/1"]
OF_KEY = {KEYS[2]: ["site"], KEYS[3]: ["product"]}


@st.composite
def histories(draw: st.DrawFn) -> list[Found]:
    """Records of a few keys, one of them for two kinds; what they are of agrees with the key."""
    found = []
    for key in draw(st.lists(st.sampled_from(KEYS), max_size=12)):
        record_id = "2" if key == KEYS[1] else "1"
        row = {"kind": draw(st.sampled_from(OF_KEY.get(key, ["contract", "customer"]))), "id": record_id}
        form = draw(st.sampled_from([*FORMS.values(), *REMOVALS.values(), None]))
        found.append(Found(key, None if form is None else form(row)))
    return found


@given(histories())
def test_after_a_restart_on_a_compacted_topic_the_directory_is_the_same(history: list[Found]) -> None:
    newest = {one.key: one for one in history}
    compacted = [one for one in history if newest[one.key] is one]
    assert directory_after(history) == directory_after(compacted)
    assert directory_after(history) == directory_after([one for one in compacted if one.value is not None])


def directory_after(history: Sequence[Found]) -> dict[tuple[str, str], bool]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(directory_topic, "TopicReader", Topic)
        feed = DirectoryFeed(KafkaSettings(("nowhere:9092",)), Directory())
    take(feed, *history)
    names = [(kind, one) for kind in RECORD_TYPES for one in ("1", "2")]
    return {name: known(feed).knows(*name) for name in names}
