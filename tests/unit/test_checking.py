"""`tocsin check` on folders of good and bad files: what is wrong is said in exactly these words, nothing else is."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from schemas.finding import FindingCode
from tocsin.authoring.event_files import read_lines
from tocsin.authoring.lint import templates
from tocsin.authoring.lint.catalogue import CATALOGUE
from tocsin.authoring.lint.check import FINDERS, check
from tocsin.authoring.lint.report import text
from tocsin.reference.pages import DOCS, main, stale

FILES = Path(__file__).parents[1] / "checking"
BAD = sorted(folder for folder in (FILES / "bad").iterdir())
GOOD = sorted(folder for folder in (FILES / "good").iterdir())


def said_of(folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """What the command says in this folder. A text that is expected stands there in expected.txt."""
    monkeypatch.chdir(folder)
    directory = Path("directory")
    # Trying out the shipped templates takes most of the time, and says nothing about the file.
    finders = FINDERS if Path("templates").is_dir() else [one for one in FINDERS if one is not templates.findings]
    events = Path("events.jsonl")
    lines = read_lines(events, datetime.now(UTC)) if events.is_file() else None
    return text(check(Path("rules.yaml"), directory if directory.is_dir() else None, finders, lines)) + "\n"


@pytest.mark.parametrize("folder", BAD, ids=lambda folder: folder.name)
def test_a_bad_file_is_named_in_exactly_these_words(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert said_of(folder, monkeypatch) == (folder / "expected.txt").read_text()


@pytest.mark.parametrize("folder", GOOD, ids=lambda folder: folder.name)
def test_a_good_file_is_not_complained_about(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert said_of(folder, monkeypatch) == "no problems\n"


@pytest.mark.parametrize("code", list(FindingCode))
def test_every_code_has_a_bad_file(code: FindingCode) -> None:
    assert any(f"[{code}]" in (folder / "expected.txt").read_text() for folder in BAD)


def test_every_code_is_explained() -> None:
    page = (DOCS / "checking.md").read_text()
    assert set(CATALOGUE) == set(FindingCode)
    assert all(f"### {code}\n\n{CATALOGUE[code].meaning}\n" in page for code in FindingCode)


def test_the_pages_are_those_of_the_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert stale() == []
    assert main(["--check"]) == 0
