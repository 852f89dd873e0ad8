"""What is wrong in the directory's topics: records that can't be read or disagree, and keys in two partitions."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from msgspec import Struct

from adapters.files.record_words import fault_in_list, fault_of
from adapters.kafka.directory_topic import Complaint, unreadable_on
from adapters.kafka.held_records import held_records
from adapters.kafka.settings import KafkaSettings
from engine.directory.directory import Directory
from engine.directory.records import Customer, Person
from schemas.directory import part_code
from schemas.refusal import Refusal, shown_value
from schemas.topics import DIRECTORY
from schemas.written import Word
from tocsin.authoring.reach.gaps import GapCode
from tocsin.authoring.reach.records import Surveyed, record_gaps


class Fault(Struct, frozen=True, omit_defaults=True):
    """One fault. A place is given for what is wrong with one record alone; `change` is what to do."""

    record: str
    code: str
    problem: str
    change: str = ""
    topic: str | None = None
    partition: int | None = None
    offset: int | None = None

    def __str__(self) -> str:
        """The fault on one line."""
        place = "" if self.topic is None else f"  {self.topic} {self.partition}:{self.offset}"
        return f"{self.record}{place}  {self.code}: {self.problem}" + (f" → {self.change}" if self.change else "")


class Found(Struct, frozen=True):
    """All faults, by what they are about."""

    unreadable: list[Fault]
    keys: list[Fault]
    disagreements: list[Fault]
    parts: list[Fault]
    """Parts of records that can't be read, and words in them that mean nothing: the records are used without them."""

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.unreadable) + len(self.keys) + len(self.disagreements) + len(self.parts)


def faults_in(settings: KafkaSettings) -> Found:
    """Read the topics to their end, and say what is wrong by then.

    Raises KafkaUnavailableError where they can't be read to their end.
    """
    surveyed = Surveyed()
    unreadable = unreadable_on(settings, surveyed)
    return Found(
        [_of(one) for one in unreadable], [*_of_keys(settings)], [*_between(surveyed)], [*parts_lost(surveyed)]
    )


def _of(complaint: Complaint) -> Fault:
    # A record may have lost its name with its bytes; its place leads to it all the same.
    place = (complaint.topic, complaint.partition, complaint.offset)
    return Fault(complaint.record or "(no name)", complaint.code, complaint.problem, "", *place)


def parts_lost(surveyed: Surveyed) -> Iterator[Fault]:
    """Parts of records that are not used, though the rest of their record is."""
    for (kind, record_id), refusals in surveyed.lost.items():
        for refusal in refusals:
            # Ids are texts from elsewhere: escaped, so that no terminal obeys them.
            yield Fault(ascii(f"{kind}/{record_id}")[1:-1], part_code(refusal), refusal.shown())
    yield from _words(surveyed.directory)


def _words(directory: Directory) -> Iterator[Fault]:
    """Languages and time zones that do not exist: defaults are used in their place."""
    records: Iterator[Customer | Person] = chain(directory.customers(), directory.people())
    for one in records:
        kind = one.kind.value if isinstance(one, Person) else "customer"
        words = ((Word.LANGUAGE, one.language), (Word.TIME_ZONE, one.time_zone))
        found = [(word.value, text, fault_of(word, text, kind)) for word, text in words if text is not None]
        for index, text in enumerate(one.languages):
            found.append((f"languages[{index}]", text, fault_in_list(Word.LANGUAGE, text)))
        for field, text, fault in found:
            if fault is not None:
                said = Refusal(field, fault, shown_value(text)).shown()
                yield Fault(ascii(f"{kind}/{one.id}")[1:-1], "unknown_word", said)


def _of_keys(settings: KafkaSettings) -> Iterator[Fault]:
    for held in held_records(settings).values():
        if held.value is not None and held.elsewhere is not None:
            key = ascii((held.key or b"").decode(errors="backslashreplace"))[1:-1]
            problem = f"the key stands in partition {held.elsewhere} too: which of the two counts is chance"
            change = "write a tombstone into the one where it is not written now"
            place = (settings.real(DIRECTORY), held.partition, held.offset)
            yield Fault(key, "two_partitions", problem, change, *place)


def _between(surveyed: Surveyed) -> Iterator[Fault]:
    for gap in record_gaps(surveyed):
        if gap.code in (GapCode.UNKNOWN_REFERENCE, GapCode.DISAGREEMENT):
            yield Fault(ascii(gap.record)[1:-1], gap.code, gap.why, gap.change)
