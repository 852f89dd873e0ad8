"""The subject line: keyword, reference, title, on one line whatever the title holds."""

from __future__ import annotations

import pytest

from sender.messages.plain_text import one_line
from sender.messages.subject import subject_line
from tests.support.mail.messages import a_job, as_read, as_read_by_the_old_parser, compose, external

TITLES = {
    "plain": "Invoices do not print",
    "with accents": "Les factures ne s'impriment pas à Besançon",
    "1,000 characters": "0123456789" * 100,
    "1,000 characters in words": ("word " * 200).strip(),
    "emoji": "🔥" * 40 + "👩🏽‍💻🏴󠁧󠁢󠁥󠁮󠁧󠁿",
    "Japanese": "請求書が印刷できません" * 20,
    "right-to-left": "החשבוניות לא מודפסות \u200f(שוב) الفواتير لا تطبع",
    "1,000 of four bytes": "𐀀" * 1000,
    "looks encoded": "=?utf-8?q?Bcc=3A?= and more",
    "two blanks inside": "a  b   c",
    "encoded word's own signs": "100% = ok? _really_ =?=",
}


@pytest.mark.parametrize("title", TITLES.values(), ids=TITLES.keys())
def test_mail_readers_decode_the_subject_to_the_same_text(title: str) -> None:
    content = compose(a_job(external(title=title))).mail.content

    assert as_read(content).subject == f"[Opened] 2026-1042: {title}"
    assert as_read_by_the_old_parser(content).subject == f"[Opened] 2026-1042: {title}"


@pytest.mark.parametrize("title", TITLES.values(), ids=TITLES.keys())
def test_no_line_of_the_header_is_longer_than_a_relay_takes(title: str) -> None:
    header, _, _ = compose(a_job(external(title=title))).mail.content.partition(b"\r\n\r\n")

    assert max(len(line) for line in header.split(b"\r\n")) <= 78


def test_line_breaks_in_a_title_become_blanks_and_add_no_header() -> None:
    content = compose(a_job(external(title="Printer\r\nBcc: boss@rival.example\nX: y"))).mail.content

    mail = as_read(content)
    assert mail.subject == "[Opened] 2026-1042: Printer Bcc: boss@rival.example X: y"
    assert "bcc" not in mail.names
    assert "x" not in mail.names


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("a\x00b", "a␀b"),
        ("a\x1bb\x7f", "a␛b␡"),
        ("invoice\u202etxt.exe", "invoice<U+202E>txt.exe"),
        ("a\u2066b\u2069", "a<U+2066>b<U+2069>"),
        ("a\u0085b\u2028c\td", "a b c d"),
        ("a\x9bb", "a<U+009B>b"),
        ("  \n around \r\n", "around"),
        ("half \ud83d of a pair", "half <U+D83D> of a pair"),
    ],
)
def test_what_acts_without_being_seen_is_shown(title: str, shown: str) -> None:
    assert subject_line(a_job(external(title=title)), "") == f"2026-1042: {shown}"


def test_a_title_that_is_too_long_is_cut_visibly() -> None:
    subject = subject_line(a_job(external(title="x" * 1001)), "")

    assert subject == f"2026-1042: {'x' * 996} […]"


@pytest.mark.parametrize("length", [10, 1000])
def test_a_text_that_just_fits_is_not_cut(length: int) -> None:
    assert one_line("x" * length, length) == "x" * length
    assert one_line(" \n" * 5000 + "x" * length + "\n", length) == "x" * length
    assert one_line("\r\n".join("ab" * (length // 4)), length) != ""


def test_empty_parts_are_left_out() -> None:
    assert subject_line(a_job(external(title="")), "") == "2026-1042"
    assert subject_line(a_job(external(title="", reference="")), "[Opened]") == "[Opened] T-1042"
