"""The last good rules are kept, and a start at which the files are refused works by them and says so."""

from __future__ import annotations

import json
import os
import stat
from contextlib import closing
from pathlib import Path

import pytest

from adapters.yaml_files.faults import FaultyFileError
from tests.support.helpdesk.rule_folders import OWN, write_rules
from tests.support.sender.fakes import START
from tocsin.services.monitoring.health_file import health_of
from tocsin.services.monitoring.service import ServiceMonitor
from tocsin.services.reload.kept_rules import NAME, KeptRules, KeptRulesError
from tocsin.services.reload.rules_in_force import ReloadingRules, ReloadOutcome


def started(file: Path, data: Path) -> ReloadingRules:
    return ReloadingRules(file, lambda _: None, pause=lambda _: None, kept=KeptRules(data))


def break_it(file: Path) -> None:
    file.write_text(file.read_text() + "\t- what is this\n")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write_rules(tmp_path / "rules", OWN)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def test_a_start_with_a_broken_file_works_by_the_last_good_rules_and_says_so(file: Path, data: Path) -> None:
    with closing(started(file, data)) as rules:
        good = rules.loaded
        assert rules.kept_since is None
    break_it(file)
    with closing(started(file, data)) as rules:
        assert rules.loaded.digest == good.digest
        assert rules.loaded.templates.texts == good.templates.texts
        assert rules.kept_since is not None
        assert [fault.file for fault in rules.faults] == [str(file)]
        assert rules.last is ReloadOutcome.REFUSED
        health = health_of(rules, START)
        assert (health.rulebook, health.kept_since) == (good.rulebook.digest, rules.kept_since)
        assert str(file) in health.faults[0]


def test_once_the_file_is_mended_it_is_in_force_and_kept(file: Path, data: Path) -> None:
    with closing(started(file, data)):
        pass
    good = file.read_text()
    break_it(file)
    with closing(started(file, data)) as rules:
        file.write_text(good + "# mended\n")
        mended = rules.current().rulebook.digest
        assert (rules.kept_since, rules.faults) == (None, [])
    break_it(file)
    with closing(started(file, data)) as rules:
        assert rules.loaded.rulebook.digest == mended


def test_a_template_that_is_broken_is_as_bad_and_the_kept_one_as_good(file: Path, data: Path) -> None:
    with closing(started(file, data)) as rules:
        good = rules.loaded.templates.texts
    template = file.parent / "templates" / "t.en.txt.j2"
    template.write_text("{{ never closed")
    with closing(started(file, data)) as rules:
        assert rules.loaded.templates.texts == good
        assert rules.kept_since is not None


def test_without_kept_rules_a_broken_file_refuses_the_start(file: Path, data: Path) -> None:
    """The control: nothing was kept, or there is no folder for it."""
    break_it(file)
    for kept in (None, KeptRules(data)):
        with pytest.raises(FaultyFileError):
            ReloadingRules(file, lambda _: None, pause=lambda _: None, kept=kept)


def test_nobody_else_may_read_what_is_kept_and_there_is_one_of_it(file: Path, data: Path) -> None:
    for number in range(3):
        file.write_text(file.read_text() + f"# {number}\n")
        with closing(started(file, data)):
            pass
    assert [one.name for one in data.iterdir()] == [NAME]
    assert stat.S_IMODE((data / NAME).stat().st_mode) == 0o600


@pytest.mark.parametrize("harm", ["cut", "changed", "rubbish", "outside"])
def test_what_is_damaged_is_not_taken(file: Path, data: Path, harm: str) -> None:
    with closing(started(file, data)):
        pass
    kept = data / NAME
    content = json.loads(kept.read_text())
    if harm == "changed":
        content["texts"]["rules.yaml"] += "# more\n"
    if harm == "outside":
        content["texts"]["../../away.yaml"] = ""
    text = {"cut": kept.read_text()[:-20], "rubbish": "\x00"}.get(harm, json.dumps(content))
    kept.write_text(text)
    with pytest.raises(KeptRulesError):
        KeptRules(data).load()
    break_it(file)
    with pytest.raises(FaultyFileError):
        started(file, data)


def test_a_folder_that_takes_nothing_stops_no_start(file: Path, tmp_path: Path) -> None:
    blocked = tmp_path / "blocked"
    blocked.write_text("a file where the folder should be")
    with closing(started(file, blocked)) as rules:
        assert rules.faults == []


def test_probes_say_that_rules_could_not_be_kept_until_they_are(file: Path, tmp_path: Path) -> None:
    """The rules in force are good, so it stays ready; a start with a broken file would find none."""
    blocked, monitor = tmp_path / "blocked", ServiceMonitor({})
    blocked.write_text("a file where the folder should be")
    kept = KeptRules(blocked)
    with closing(ReloadingRules(file, monitor.rules_changed, pause=lambda _: None, kept=kept)) as rules:
        (remark,) = monitor.vitals.remarks()
        assert remark.startswith("rules: those in force could not be kept")
        assert str(blocked) in remark
        assert monitor.vitals.reasons() == []
        blocked.unlink()
        # The same content, written anew: once there is room, that is all that is needed.
        later = file.stat().st_mtime + 10
        os.utime(file, (later, later))
        rules.current()
        assert rules.last is ReloadOutcome.UNCHANGED
        assert monitor.vitals.remarks() == []
    assert KeptRules(blocked).load()[0].digest == rules.loaded.digest


def test_what_is_kept_of_ones_own_templates_stands_above_those_that_ship_as_it_did(tmp_path: Path, data: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text("extends: default\nrules:\n  - {rule: own, for: all, send: {template: own/alert, format: text}}\n")
    for language in ("en", "fr"):
        template = tmp_path / "templates" / "own" / f"alert.{language}.txt.j2"
        template.parent.mkdir(parents=True, exist_ok=True)
        template.write_text("{{ ticket.title }}")
    with closing(started(file, data)) as rules:
        good = rules.loaded
    assert {"own/alert.en.txt.j2", "external/opened.en.txt.j2"} <= good.templates.texts.keys()
    break_it(file)
    with closing(started(file, data)) as rules:
        assert rules.kept_since is not None
        assert (rules.loaded.digest, rules.loaded.templates.texts) == (good.digest, good.templates.texts)
