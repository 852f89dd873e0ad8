"""A template that crashes, hangs or fills the process that checks it is a problem of its file, and of nothing else."""

from __future__ import annotations

import time
from contextlib import closing
from pathlib import Path
from threading import Event

import pytest
from msgspec.structs import replace
from typer.testing import CliRunner

from adapters.children.process import Limits
from adapters.jinja.check import TemplateUse
from adapters.jinja.sources import read_sources
from adapters.shipped import TEMPLATES
from adapters.writing import checking
from adapters.writing.checking import checked_templates
from adapters.writing.protocol import MEMORY
from adapters.yaml_files.faults import FaultyFileError
from schemas.vocabulary import Audience, MessageFormat
from tests.faults.engines import until
from tests.support.helpdesk.hostile_templates import HTML, TEXT
from tests.support.helpdesk.rule_folders import OWN, write_rules
from tests.support.mail.messages import templates
from tocsin.cli.app import app
from tocsin.services.reload import checked_rules as checks
from tocsin.services.reload.checked_rules import Loaded, load_checked
from tocsin.services.reload.rules_in_force import ReloadingRules, ReloadOutcome

DEEP, _ = HTML.values()
DIGITS, _ = TEXT.values()
ENDED = "the process that checks templates failed at this one: it ended, with status -27 (its processor time was over)"
ADVICE = "look for deep nesting, long loops, large numbers and many styles"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "CHECKING", Limits(seconds=20.0, processor_seconds=0.7, memory=MEMORY))


def test_every_other_file_is_checked_all_the_same() -> None:
    files = {"a/b.en.txt.j2": "{{ nobody }}", "a/c.en.txt.j2": DIGITS, "a/d.en.txt.j2": "{{ nobody }}"}
    started = time.monotonic()
    found = [str(one) for one in checked_templates(templates(**files), ["en"])]
    assert found == [
        "a/b.en.txt.j2:1: there is no `nobody` in a template",
        f"a/c.en.txt.j2: {ENDED}: {ADVICE}",
        "a/d.en.txt.j2:1: there is no `nobody` in a template",
    ]
    assert time.monotonic() - started < 20


def test_a_folder_full_of_them_is_given_up_and_says_so() -> None:
    found = [str(one) for one in checked_templates(templates(**dict.fromkeys(_names(6), DIGITS)), ["en"])]
    assert [one.partition(":")[0] for one in found] == _names(4)
    assert found[-1].endswith(
        "this file and those behind it were not checked, since 3 others ended the check: mend those first"
    )


def _names(number: int) -> list[str]:
    return [f"a/t{each}.en.txt.j2" for each in range(number)]


def test_a_reload_keeps_the_good_templates_and_names_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # However busy the machine is, the reload waits for the check.
    monkeypatch.setattr(checks, "PATIENCE", 60.0)
    file = write_rules(tmp_path, OWN)
    rules = ReloadingRules(file, lambda _rules: None, load_checked, lambda _seconds: None)
    before = rules.loaded.templates
    (tmp_path / "templates" / "t.en.txt.j2").write_text(DIGITS)
    rules.current()
    assert rules.last is ReloadOutcome.REFUSED
    assert rules.loaded.templates is before
    assert "t.en.txt.j2:1:1: the process that checks templates failed at this one" in rules.named_faults[0]
    rules.close()


def test_a_check_that_takes_long_holds_up_no_events(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is in force is used meanwhile; files that changed once more are checked anew."""
    monkeypatch.setattr(checks, "PATIENCE", 0.01)
    file, may_end, began = write_rules(tmp_path, OWN), Event(), list[Path | None]()

    def load(path: Path | None) -> Loaded:
        began.append(path)
        if len(began) > 1:
            assert may_end.wait(20)
        return load_checked(path)

    def next_outcome() -> ReloadOutcome | None:
        number = rules.reloads.total()
        until(lambda: rules.current() is not None and rules.reloads.total() > number, 20)
        return rules.last

    with closing(ReloadingRules(file, lambda _rules: None, load, lambda _seconds: None)) as rules:
        before = rules.current()
        template = tmp_path / "templates" / "t.en.txt.j2"
        template.write_text("slow")
        assert [rules.current() for _ in range(5)] == [before] * 5
        assert (len(began), rules.last) == (2, None), "one check, and nothing is known yet"
        template.write_text("changed meanwhile")
        may_end.set()
        assert [next_outcome(), next_outcome()] == [ReloadOutcome.UNSETTLED, ReloadOutcome.APPLIED]
        assert rules.loaded.templates.texts["t.en.txt.j2"] == "changed meanwhile"


def test_the_authors_commands_name_the_file(tmp_path: Path) -> None:
    file = write_rules(tmp_path, OWN)
    (tmp_path / "templates" / "t.en.txt.j2").write_text(DIGITS)
    result = CliRunner().invoke(app, ["check", str(file)])
    assert result.exit_code == 1
    assert "templates/t.en.txt.j2:1:" in result.output.replace("\n", "")
    with pytest.raises(FaultyFileError, match="the process that checks templates failed"):
        load_checked(file)


def test_what_is_found_of_a_shipped_file_is_not_said_of_the_same_text_of_ones_own(tmp_path: Path) -> None:
    """A shipped template for collaborators is one fault, where contacts are to read it; of one's own, each field is."""
    shipped = read_sources(TEMPLATES)
    own = replace(shipped, folders=dict.fromkeys(shipped.folders, tmp_path))
    use = TemplateUse("internal/opened", Audience.CONTACTS, MessageFormat.HTML)
    first, second = (checked_templates(sources, ["en"], None, [use]) for sources in (shipped, own))
    assert any("shows what is internal" in one.message for one in first)
    assert not any("shows what is internal" in one.message for one in second)
