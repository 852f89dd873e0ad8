"""Finds what names a person, in texts, in JSON and in bytes: their reference, addresses and names, as they are spelled.

Names and handles are words that others use too. So they are looked for in what people write, and never in ids, codes
and words of the schema: somebody may be called "Contact", or as a customer is.
"""

from __future__ import annotations

import base64
import re
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any, Final

import idna
import msgspec

from schemas.job import PersonRef
from schemas.mailbox import mailbox

FORGOTTEN: Final = "(forgotten)"
"""Stands for ids, addresses, names and texts that were taken out. No id or address is written so."""

_BEFORE: Final = r"(?<![\w.+-])"
_BEHIND: Final = r"(?![\w\u0300-\u036f-]|\.\w)"
"""Neither a longer word, one with an accent, nor a longer domain."""
_BEHIND_BYTES: Final = rb"(?![\w-]|\.\w)"

_SHORTEST: Final = 4
"""Characters of a name or handle that is looked for: a shorter one stands within too many other words."""
_DIGITS: Final = 7
"""So many digits are a number of somebody; fewer are an extension, and as well a number of anything else."""

_BLANK: Final = rb"(?:\s|\\[nrt]|\xc2\xa0|\\u00a0)+"
_QUOTE: Final = r'\\{0,4}"'

_CODES: Final = frozenset(
    {
        "audience",
        "categories",
        "category",
        "channel",
        "channels",
        "contract",
        "customer",
        "datacontenttype",
        "event",
        "for",
        "format",
        "id",
        "job",
        "kind",
        "language",
        "languages",
        "once",
        "origin",
        "other_triggers",
        "previous_status",
        "priority",
        "product",
        "reason",
        "record",
        "reference",
        "rulebook",
        "rules",
        "service",
        "site",
        "source",
        "specversion",
        "state",
        "status",
        "subject",
        "template",
        "ticket",
        "time",
        "time_zone",
        "transition",
        "trigger",
        "triggers",
        "type",
    }
)
"""Members whose values are ids, codes or words of the schema."""
_FREE: Final = frozenset({"custom"})
"""Members below which platforms name what they like."""


class Naming:
    """What names one person. `addresses` as they are written anywhere, `names` as texts have them."""

    def __init__(self, person: PersonRef, addresses: Iterable[str] = (), names: Iterable[str] = ()) -> None:
        self._person = person
        written = {form for one in addresses for form in _spellings(one)}
        firm = {one for one in written if _is_unmistakable(one)}
        words = [one.strip() for one in (*(written - firm), *names)]
        loose = {form for word in words if _is_long_enough(word) for form in _forms(word)}
        self._everywhere = _pattern(firm)
        self._in_texts = _pattern(firm | loose)
        self._bytes = re.compile(
            b"|".join(_in_bytes(word) + _BEHIND_BYTES for word in _longest_first(firm | loose)) or rb"(?!)",
            re.IGNORECASE,
        )
        kind, written_id = person.kind.value, re.escape(person.id)
        self._reference = re.compile(rf"(?<![\w.+-])({kind}/){written_id}(?![\w/-]|\.\w)")
        self._member = re.compile(_member(kind, written_id))
        id_in_bytes = _in_bytes(person.id)
        reference = rb"(?<![\w.+-])(%s\\?/)%s(?![\w/-]|\.\w)" % (kind.encode(), id_in_bytes)
        self._reference_bytes = re.compile(reference)
        self._member_bytes = re.compile(_member(kind, "ID").encode().replace(b"ID", id_in_bytes))

    def is_person(self, data: Any) -> bool:
        """Whether this is the person by kind and id."""
        return isinstance(data, dict) and (data.get("kind"), data.get("id")) == (
            self._person.kind.value,
            self._person.id,
        )

    def out_of_text(self, text: str, *, is_code: bool = False) -> str:
        """A text without them; of a code, only what can be nothing else is taken out."""
        text = self._reference.sub(rf"\1{FORGOTTEN}", text)
        text = (self._everywhere if is_code else self._in_texts).sub(FORGOTTEN, text)
        # JSON within a text, as some platforms send it.
        return self._member.sub(_with_id, text) if '"' in text else text

    def out_of_bytes(self, raw: bytes) -> bytes:
        """Bytes that are no JSON, or only the beginning of it, without them."""
        raw = self._member_bytes.sub(_with_id_in_bytes, raw)
        raw = self._reference_bytes.sub(rb"\1" + FORGOTTEN.encode(), raw)
        return self._bytes.sub(FORGOTTEN.encode(), raw)

    def out_of_value(self, raw: bytes) -> bytes:
        """A record's bytes without them: the same ones where they do not name them."""
        try:
            data = msgspec.json.decode(raw)
            changed = self.out_of_data(data)
            return raw if changed == data else msgspec.json.encode(changed)
        except (ValueError, OverflowError, RecursionError):
            return self.out_of_bytes(raw)

    def out_of_data(self, data: Any, member: str = "", *, is_free: bool = False) -> Any:
        """What was decoded from JSON, without them. `member` is the name by which it stands in an object."""
        if isinstance(data, str):
            if member == "data_base64":
                return self._out_of_base64(data)
            return self.out_of_text(data, is_code=member in _CODES and not is_free)
        if isinstance(data, list):
            return [self.out_of_data(one, member, is_free=is_free) for one in data]
        if not isinstance(data, dict):
            return data
        found: dict[str, Any] = {}
        for name, value in data.items():
            within = is_free or name in _FREE
            found[self._member_name(name, found, is_free)] = self.out_of_data(value, name, is_free=within)
        if self.is_person(data):
            found["id"] = FORGOTTEN
        if "reply" in data and self.is_person(data.get("person")):
            # What the mail server said of them may spell the address in its own way.
            found["reply"] = None
        return found

    def _member_name(self, name: str, taken: dict[str, Any], is_free: bool) -> str:
        plain = self.out_of_text(name, is_code=not is_free)
        return plain if plain == name or plain not in taken else f"{plain} {len(taken)}"

    def _out_of_base64(self, text: str) -> str:
        try:
            raw = base64.b64decode(text, validate=True)
        except ValueError:
            return text
        changed = self.out_of_value(raw)
        return text if changed == raw else base64.b64encode(changed).decode()


def _is_unmistakable(address: str) -> bool:
    return "@" in address[1:] or sum(map(str.isdigit, address)) >= _DIGITS


def _is_long_enough(word: str) -> bool:
    return len(unicodedata.normalize("NFC", word)) >= _SHORTEST and any(map(str.isalpha, word))


def _spellings(address: str) -> Iterator[str]:
    """An address as it may be written: as it is, as a mailbox, and with its domain in letters beyond ASCII."""
    for one in {address.strip(), mailbox(address)} - {""}:
        yield from _forms(one)
        local, at, domain = one.rpartition("@")
        if at and "xn--" in domain:
            with suppress(idna.IDNAError, UnicodeError):
                yield from _forms(local + at + idna.decode(domain))


def _forms(word: str) -> set[str]:
    return {word, unicodedata.normalize("NFC", word), unicodedata.normalize("NFD", word)} - {""}


def _longest_first(words: Iterable[str]) -> list[str]:
    return sorted(words, key=lambda word: (-len(word), word))


def _pattern(words: Iterable[str]) -> re.Pattern[str]:
    spelled = (r"\s+".join(map(re.escape, word.split())) for word in _longest_first(words))
    return re.compile("|".join(f"{_BEFORE}{one}{_BEHIND}" for one in spelled) or "(?!)", re.IGNORECASE)


def _in_bytes(word: str) -> bytes:
    """As bytes may have it: in UTF-8 or Windows-1252, with escapes of JSON."""
    return _BLANK.join(b"".join(map(_letter, part)) for part in re.split(r"\s+", word))


def _letter(letter: str) -> bytes:
    if letter.isascii() and letter.isalnum():
        return letter.encode()
    spelled: set[bytes] = set()
    for form in {letter, letter.lower(), letter.upper()}:
        spelled.add(form.encode(errors="surrogatepass"))
        units = form.encode("utf-16-be", errors="surrogatepass")
        spelled.add(b"".join(b"\\u%s" % units[at : at + 2].hex().encode() for at in range(0, len(units), 2)))
        with suppress(UnicodeEncodeError):
            spelled.add(form.encode("cp1252"))
        if form.isascii():
            spelled.add(b"\\" + form.encode())
    return b"(?:" + b"|".join(map(re.escape, sorted(spelled, key=lambda one: (-len(one), one)))) + b")"


def _member(kind: str, written_id: str) -> str:
    """An object's `kind` and `id` in JSON, whole or cut, in either order; what is before the id is kept."""

    def is_at(name: str, value: str) -> str:
        return rf"{_QUOTE}{name}{_QUOTE}\s*:\s*{_QUOTE}{value}"

    between = rf"{_QUOTE}[^{{}}]{{0,500}}?"
    before = rf"({is_at('kind', kind)}{between}{is_at('id', '')}){written_id}(?={_QUOTE})"
    behind = rf"({is_at('id', '')}){written_id}(?={between}{is_at('kind', kind)}{_QUOTE})"
    return f"{before}|{behind}"


def _with_id(found: re.Match[str]) -> str:
    return f"{found[1] or found[2]}{FORGOTTEN}"


def _with_id_in_bytes(found: re.Match[bytes]) -> bytes:
    return (found[1] or found[2]) + FORGOTTEN.encode()
