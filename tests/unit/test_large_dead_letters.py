"""A dead letter fits its topic, whatever came; what does not fit is told by place, size and digest."""

from __future__ import annotations

import hashlib

import pytest

from schemas.dead_letter import KEPT_BYTES, WHOLE_BYTES, Cause, dead_letter
from schemas.log import Headers, Record
from tests.support.sender.fakes import START
from tocsin.operations.dead_letters.letters import Letter

MEGABYTE = 1_048_576
TOPIC_TAKES = 4 * MEGABYTE


def size(record: object) -> int:
    value, key, headers = record.value, record.key, record.headers  # type: ignore[attr-defined]
    return len(value or b"") + len(key or b"") + sum(len(name) + len(content) for name, content in headers)


def came(value: bytes | None, key: bytes | None = b"T-1", headers: Headers = ()) -> Record:
    return Record("helpdesk.tickets", 3, 17, START, key, value, headers)


@pytest.mark.parametrize(
    "record",
    [
        came(b"x" * (8 * MEGABYTE)),
        came(b"x" * (2 * MEGABYTE), key=b"k" * (3 * MEGABYTE)),
        came(b"x", headers=(("h", b"x" * (5 * MEGABYTE)),)),
        came(None, key=b"k" * (5 * MEGABYTE)),
    ],
)
def test_what_is_too_large_is_cut_and_says_so(record: Record) -> None:
    letter = dead_letter(record, Cause("too_large", "it is too large"))
    headers = dict(letter.headers)
    assert size(letter) < TOPIC_TAKES
    assert len(letter.value or b"") <= KEPT_BYTES
    assert headers["dead_letter.sha256"] == hashlib.sha256(record.value or b"").hexdigest().encode()
    assert headers["dead_letter.bytes"] == str(len(record.value or b"")).encode()
    assert headers["dead_letter.offset"] == b"17"


def test_what_fits_is_kept_whole() -> None:
    record = came(b"x" * (WHOLE_BYTES - 100), headers=(("h", b"v"),))
    letter = dead_letter(record, Cause("not_json", "it is no JSON"))
    assert (letter.value, letter.key, letter.headers[-1]) == (record.value, record.key, ("h", b"v"))
    assert "dead_letter.cut" not in dict(letter.headers)


def test_what_was_cut_is_not_sent_again() -> None:
    made = dead_letter(came(b"x" * (8 * MEGABYTE)), Cause("too_large", "it is too large"))
    letter = Letter(Record(made.topic, 0, 5, START, made.key, made.value, made.headers))
    with pytest.raises(ValueError, match=r"only its beginning is here.*helpdesk\.tickets 3:17"):
        letter.again()
