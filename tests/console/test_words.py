"""The console's words: both languages say everything, with the same values in it; templates use no other words."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from string import Formatter

import pytest

import adapters.web.console
from console.people.roles import Role
from console.words.catalogue import CATALOGUE, LANGUAGES, Words
from console.words.times import Times

FOLDER = Path(str(adapters.web.console.__file__)).parent
SOURCES = [*FOLDER.rglob("*.html"), *FOLDER.rglob("*.py")]
NOW = datetime(2026, 3, 2, 9, 15, tzinfo=UTC)


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("key", CATALOGUE)
def test_each_word_is_there_in_every_language_with_the_same_values(key: str) -> None:
    texts = CATALOGUE[key]
    assert len(texts) == len(LANGUAGES)
    assert all(text.strip() == text != "" for text in texts)
    assert len({frozenset(fields(text)) for text in texts}) == 1
    # French has a space that does not break before these.
    assert not re.search(r"(?<![\u00a0\u202f/:])[:;?!](?:\s|$)", texts[1]), texts[1]


def used(pattern: str) -> set[str]:
    return {key for file in SOURCES for key in re.findall(pattern, file.read_text("utf-8"))}


def test_templates_use_words_that_there_are() -> None:
    plain = used(r"""\bwords\(\s*["']([^"']+)["']\s*[,)]""")
    assert len(plain) > 30
    assert plain <= set(CATALOGUE)
    counted = used(r"""words\.count\(["']([^"']+)""")
    assert {f"{key}.{form}" for key in counted for form in ("one", "other")} <= set(CATALOGUE)


def test_roles_have_words() -> None:
    assert {f"role.{role}" for role in Role} <= set(CATALOGUE)


def test_templates_have_no_words_of_their_own() -> None:
    for file in FOLDER.rglob("*.html"):
        text = re.sub(r"{#.*?#}|{%.*?%}|{{.*?}}", "", file.read_text("utf-8"), flags=re.DOTALL)
        text = re.sub(r"<[^>]*>", "", text)
        # English and Français are the names of the languages themselves.
        assert set(re.findall(r"\w{2,}", text)) <= {"English", "Français"}, file.name


def test_numbers_are_written_as_the_language_does() -> None:
    assert [Words(one).number(1_234_567) for one in LANGUAGES] == ["1,234,567", "1\u202f234\u202f567"]


def test_times_are_those_of_the_reader() -> None:
    english, french = (Times(language, "Europe/Paris", NOW) for language in LANGUAGES)
    assert english.whole(NOW) == "2 Mar 2026, 10:15:00"
    assert french.whole(NOW) == "2 mars 2026, 10:15:00"
    assert english.short(NOW - timedelta(hours=3)) == "2 Mar, 07:15"
    assert english.short(NOW - timedelta(days=400)) == "26 Jan 2025"
    assert (english.ago(NOW - timedelta(hours=3)), french.ago(NOW - timedelta(hours=3))) == (
        "3 hours ago",
        "il y a 3 heures",
    )
    assert english.machine(NOW) == "2026-03-02T09:15:00Z"
