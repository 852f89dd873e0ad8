"""The rules of a running engine: looked at until they stand still, and swapped only where all is well."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.rule_files.load import load_rulebook
from adapters.yaml_files.faults import Fault, FaultyFileError
from schemas.finding import FindingCode
from tests.support.helpdesk.rule_folders import OWN, write_rules
from tests.support.shortages import no_descriptors
from tocsin.services.monitoring.health_file import health_of
from tocsin.services.reload import checked_rules
from tocsin.services.reload.checked_rules import Loaded, load_checked
from tocsin.services.reload.rules_in_force import ReloadingRules, ReloadOutcome


class Folder:
    """A rule file with a template, and what was told of it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.file = write_rules(path, OWN)
        self.template = path / "templates" / "t.en.txt.j2"
        self.told: list[tuple[str, int]] = []
        self.pauses: list[float] = []
        self.during_pause: Callable[[], None] = lambda: None
        self.during_load: Callable[[], None] = lambda: None
        self.failing: list[Fault] = []

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.during_pause()

    def load(self, path: Path | None) -> Loaded:
        loaded = load_checked(path, lambda _path, _rulebook: self.failing)
        self.during_load()
        return loaded

    @contextmanager
    def reloading(self) -> Iterator[ReloadingRules]:
        rules = ReloadingRules(self.file, self._tell, self.load, self.pause)
        yield rules
        rules.close()

    def _tell(self, rules: ReloadingRules) -> None:
        self.told.append((rules.loaded.rulebook.digest, len(rules.faults)))

    def change(self, text: str = "# changed\n") -> None:
        self.file.write_text(self.file.read_text() + text)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def outcomes(rules: ReloadingRules) -> dict[str, int]:
    return {outcome.value: count for outcome, count in rules.reloads.items()}


def test_a_change_is_in_force_with_the_next_look(folder: Folder) -> None:
    with folder.reloading() as rules:
        before = rules.current().rulebook.digest
        assert rules.current().rulebook.digest == before
        folder.change()
        assert rules.current().rulebook.digest != before
        assert outcomes(rules) == {"applied": 1}
        assert [digest for digest, _ in folder.told] == [before, rules.loaded.rulebook.digest]


def test_a_file_that_is_being_written_is_waited_for(folder: Folder) -> None:
    rest = ["rules:\n", "  - rule: one\n", "    for: site.contacts\n"]

    def write_on() -> None:
        if rest:
            folder.change(rest.pop(0))

    with folder.reloading() as rules:
        folder.change(rest.pop(0))
        folder.during_pause = write_on
        assert [rule.name for rule in rules.current().rulebook.rules] == ["one"]
        assert (len(folder.pauses), outcomes(rules)) == (3, {"applied": 1})


def test_one_that_never_stands_still_changes_nothing_and_holds_nothing_up(folder: Folder) -> None:
    with folder.reloading() as rules:
        before = rules.current()
        folder.change()
        folder.during_pause = folder.change
        assert rules.current() is before
        assert len(folder.pauses) == 10
        folder.during_pause = lambda: None
        assert rules.current() is not before
        assert outcomes(rules) == {"unsettled": 1, "applied": 1}


def test_what_changed_while_it_was_read_is_read_again(folder: Folder) -> None:
    with folder.reloading() as rules:
        before = rules.current()
        folder.change()
        folder.during_load = folder.change
        assert rules.current() is before
        folder.during_load = lambda: None
        assert rules.current().rulebook.digest == load_rulebook(folder.file).digest
        assert outcomes(rules) == {"unsettled": 1, "applied": 1}


@pytest.mark.parametrize(
    "spoil",
    [
        lambda folder: folder.change("rules: [\n"),
        lambda folder: folder.template.write_text("{{ ticket.internal_notes }}"),
        lambda folder: folder.file.unlink(),
        lambda folder: folder.file.write_text(""),
        lambda folder: folder.template.rename(folder.template.with_suffix(".gone")),
        lambda folder: (folder.path / "templates").rename(folder.path / "elsewhere"),
        lambda folder: folder.file.chmod(0) if os.geteuid() else folder.file.write_bytes(b"\xff"),
    ],
    ids=["syntax", "internal", "deleted", "empty", "template", "folder", "unreadable"],
)
def test_a_mistake_keeps_the_last_good_rules_and_is_told(folder: Folder, spoil: Callable[[Folder], None]) -> None:
    with folder.reloading() as rules:
        before = rules.current()
        spoil(folder)
        assert rules.current() is before
        assert rules.current() is before
        assert (outcomes(rules), rules.refusals) == ({"refused": 1}, 1)
        assert folder.told[-1] == (before.rulebook.digest, len(rules.faults))
        health = health_of(rules, datetime.now(UTC))
        assert health.faults
        assert health.reloads == {"applied": 0, "unchanged": 0, "refused": 1, "unsettled": 0, "unseen": 0}


def test_want_of_descriptors_ends_nothing_and_is_told_once(folder: Folder, capsys: pytest.CaptureFixture[str]) -> None:
    with folder.reloading() as rules:
        before = rules.current()
        with no_descriptors():
            assert [rules.current() for _ in range(3)] == [before] * 3
        assert "run out of file descriptors" in rules.named_faults[0]
        assert (outcomes(rules), len(folder.told)) == ({"unseen": 1}, 2)
        assert rules.current() is before
        assert (rules.named_faults, outcomes(rules), len(folder.told)) == ([], {"unseen": 1}, 3)
    assert sum("rules_unseen" in line for line in capsys.readouterr().out.splitlines()) == 1


def test_a_change_meanwhile_is_neither_refused_nor_lost(folder: Folder) -> None:
    with folder.reloading() as rules:
        before = rules.current()
        folder.change()
        with no_descriptors():
            assert rules.current() is before
        assert rules.faults == []
        assert rules.current() is not before
        assert outcomes(rules) == {"unseen": 1, "applied": 1}


def test_a_mistake_that_is_mended_is_forgotten(folder: Folder) -> None:
    good = folder.file.read_text()
    with folder.reloading() as rules:
        before = rules.current()
        folder.change("rules: [\n")
        rules.current()
        folder.file.write_text(good)
        assert rules.current() is before
        assert (rules.faults, outcomes(rules)) == ([], {"refused": 1, "unchanged": 1})


def test_a_failing_rule_test_refuses_the_swap(folder: Folder) -> None:
    with folder.reloading() as rules:
        before = rules.current()
        folder.change()
        folder.failing = [Fault("rules.test.yaml", 3, 1, "ct-1 got nothing")]
        assert rules.current() is before
        assert rules.faults == folder.failing
        folder.failing = []
        folder.change()
        assert rules.current() is not before


def test_rules_that_fail_their_tests_do_not_start(folder: Folder) -> None:
    folder.failing = [Fault("rules.test.yaml", 3, 1, "ct-1 got nothing")]
    with pytest.raises(FaultyFileError), folder.reloading():
        pass


def test_a_fault_that_nobody_foresaw_keeps_the_last_good_rules(folder: Folder) -> None:
    def fail() -> None:
        raise LookupError("made up")

    with folder.reloading() as rules:
        before = rules.current()
        folder.change()
        folder.during_load = fail
        assert rules.current() is before
        assert rules.faults[0].message == "the rules can't be checked: LookupError: made up"


def test_a_test_beside_the_rules_is_watched_too(folder: Folder) -> None:
    with folder.reloading() as rules:
        (folder.path / "rules.test.yaml").write_text("tests: []\n")
        rules.current()
        assert outcomes(rules) == {"unchanged": 1}


TEST = """
given: {contacts: {zoe: {attached_to: [site]}}}
tests:
  - test: Zoe hears of it
    expect: {alerted: [{who: contact/zoe, trigger: opened}]}
"""


def test_the_tests_that_lie_beside_the_rules_decide(tmp_path: Path) -> None:
    all_of_them = OWN + "rules:\n  - {rule: one, for: site.contacts}\n"
    file = write_rules(tmp_path, all_of_them)
    (tmp_path / "rules.test.yaml").write_text(TEST)
    with closing(ReloadingRules(file, lambda _: None, pause=lambda _: None)) as rules:
        before = rules.current()
        file.write_text(all_of_them.replace("site.contacts", "product.contacts"))
        assert rules.current() is before
        assert [fault.code for fault in rules.faults] == [FindingCode.FAILED_TEST]
        (tmp_path / "rules.test.yaml").write_text(TEST.replace("[site]", "[product]"))
        assert rules.current() is not before


class Mounted:
    """Rules as Kubernetes mounts a ConfigMap: links through `..data`, which is turned to a new folder at once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.number = 0
        self.publish("one")
        for name in ("rules.yaml", "templates"):
            (path / name).symlink_to(Path("..data") / name)

    @property
    def file(self) -> Path:
        return self.path / "rules.yaml"

    def publish(self, rule: str, like: Path | None = None) -> Path:
        self.number += 1
        folder = self.path / f"..2026_{self.number}"
        file = write_rules(folder, f"{OWN}rules:\n  - {{rule: {rule}, for: site.contacts}}\n")
        if like is not None:
            for each in (file, folder / "templates" / "t.en.txt.j2"):
                same = (like / each.relative_to(folder)).stat()
                os.utime(each, ns=(same.st_atime_ns, same.st_mtime_ns))
        link = self.path / "..data_tmp"
        link.symlink_to(folder.name)
        link.rename(self.path / "..data")
        return folder


@pytest.mark.parametrize("same_age", [False, True])
def test_a_mounted_configuration_is_seen_when_its_link_is_turned(tmp_path: Path, same_age: bool) -> None:
    mounted = Mounted(tmp_path)
    rules = ReloadingRules(mounted.file, lambda _: None, pause=lambda _: None)
    assert [rule.name for rule in rules.current().rulebook.rules] == ["one"]
    mounted.publish("two", like=tmp_path / "..2026_1" if same_age else None)
    assert [rule.name for rule in rules.current().rulebook.rules] == ["two"]
    assert rules.reloads[ReloadOutcome.APPLIED] == 1
    mounted.publish("two")
    rules.current()
    assert rules.reloads[ReloadOutcome.UNCHANGED] == 1
    rules.close()


def test_the_digest_is_that_of_the_content_wherever_it_is_mounted(tmp_path: Path) -> None:
    flat, mounted = tmp_path / "flat", tmp_path / "mounted"
    plain = write_rules(flat, OWN)
    templates = mounted / "templates"
    hidden = templates / "..2026_1"
    hidden.mkdir(parents=True)
    (hidden / "t.en.txt.j2").write_bytes((flat / "templates" / "t.en.txt.j2").read_bytes())
    (templates / "t.en.txt.j2").symlink_to(Path("..2026_1") / "t.en.txt.j2")
    (mounted / "rules.yaml").write_text(plain.read_text())
    assert load_rulebook(mounted / "rules.yaml").digest == load_rulebook(plain).digest


def test_a_template_of_ones_own_stands_above_the_shipped_one_and_gives_way_to_it_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # All shipped templates are tried with it, which takes a while on a busy machine.
    monkeypatch.setattr(checked_rules, "PATIENCE", 120.0)
    file = tmp_path / "rules.yaml"
    file.write_text("extends: default\n")
    own = tmp_path / "templates" / "fax" / "alert.en.txt.j2"
    (tmp_path / "templates").mkdir()
    path = "fax/alert.en.txt.j2"
    with closing(ReloadingRules(file, lambda _: None, pause=lambda _: None)) as rules:
        shipped = rules.loaded.templates.texts[path]
        own.parent.mkdir()
        own.write_text("mine: {{ ticket.title }}")
        rules.current()
        assert (rules.last, rules.loaded.templates.texts[path]) == (ReloadOutcome.APPLIED, "mine: {{ ticket.title }}")
        own.write_text("{{ ticket.internal_notes }}")
        rules.current()
        assert rules.last is ReloadOutcome.REFUSED
        assert [fault.file for fault in rules.faults] == [str(own)]
        own.unlink()
        rules.current()
        assert (rules.last, rules.loaded.templates.texts[path]) == (ReloadOutcome.APPLIED, shipped)
