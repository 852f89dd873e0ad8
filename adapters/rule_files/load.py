"""Loads a rule file: gives the rulebook, or all faults of the file."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

from adapters.durable_rules.limits import limit_problems
from adapters.files.opening import read_bounded
from adapters.files.remembered import Remembered
from adapters.jinja.sources import MAX_FILE_BYTES, shipped_digest, template_files
from adapters.rule_files.rule_slips import with_advice, with_calendar_advice
from adapters.shape import shaped
from adapters.shipped import RULES, TEMPLATES
from adapters.yaml_files.faults import Fault, FaultyFileError
from adapters.yaml_files.source import Source
from engine.rulebook.build import Base, examine
from engine.rulebook.problems import Partial
from engine.rulebook.rulebook import Rulebook
from schemas.calendars import CalendarSettings
from schemas.finding import FindingCode
from schemas.problem import Problem
from schemas.rule_file import Defaults, RuleEntry, RuleFile, Settings, categories_of

DEFAULT_FILE: Final = RULES / "default.yaml"
"""The rule file that comes with the product."""

Limits = Callable[[Rulebook], list[Problem]]
"""Returns where a rulebook exceeds the limits of the rule engine."""


class Reading(Struct, frozen=True):
    """The result of reading a rule file: all its faults, and a rulebook of the rules that have none.

    `source` is None if the file is not YAML. `rulebook` is None in that case, and if the file has no usable defaults.
    The rulebook may be put in force only if there are no faults.
    """

    faults: list[Fault]
    source: Source | None = None
    rulebook: Rulebook | None = None
    faulty: frozenset[int] = frozenset()
    """Indexes, in the file's list, of rules with a fault of their own. The rulebook may contain them all the same."""


def load_rulebook(path: Path | None = None, limits: Limits = limit_problems) -> Rulebook:
    """The rulebook of a file, or of the shipped default rules if `path` is None.

    Raises FaultyFileError with every fault.
    """
    reading = read_rule_file(path, limits)
    if reading.faults or reading.rulebook is None:
        raise FaultyFileError(reading.faults)
    return reading.rulebook


def read_rule_file(path: Path | None = None, limits: Limits = limit_problems) -> Reading:
    """As `load_rulebook`, but returns the faults. A fault in one place does not keep the rest from being checked."""
    try:
        source = Source.of_file(path or DEFAULT_FILE)
        content = _Content(source.content)
        base = None if content.file.extends is None else _base_of(content.inherited)
        digest = _digest(source, template_folders(path), base is not None)
    except FaultyFileError as error:
        return Reading(error.faults)
    examined = examine(content.file, digest, base, content.partial)
    problems = [*content.problems, *examined.problems]
    if examined.rulebook is not None:
        # A rule is derived once for each of its categories, so the same problem comes several times: report it once.
        problems += dict.fromkeys(limits(examined.rulebook))
    # If the file is no mapping, all other problems only follow from that.
    if content.is_no_mapping:
        problems = content.problems
    faults = sorted((source.fault(problem) for problem in problems), key=lambda one: (one.line, one.column))
    faulty = frozenset(at for problem in problems for at in problem.path[1:2] if problem.path[0] == "rules")
    return Reading(faults, source, examined.rulebook, frozenset(at for at in faulty if isinstance(at, int)))


def template_folders(path: Path | None) -> tuple[Path, ...]:
    """Where to look for the templates of a rule file: the folder `templates` beside it, then the shipped templates."""
    beside = (path or DEFAULT_FILE).parent / "templates"
    is_own = beside.is_dir() and beside.resolve() != TEMPLATES.resolve()
    return (beside, TEMPLATES) if is_own else (TEMPLATES,)


def default_base() -> Base:
    """The base of a rule file with `extends: default`."""
    return _base_of(_default_content())


def _parsed_default() -> dict[str, Any]:
    content: dict[str, Any] = Source.of_file(DEFAULT_FILE).content
    return content


_default_content: Final = Remembered(lambda: [DEFAULT_FILE], _parsed_default)


def _base_of(whole: dict[str, Any]) -> Base:
    content = _Content(whole)
    file = content.file
    if file.defaults is None or content.problems:
        raise RuntimeError(f"{DEFAULT_FILE} is not as it should be: the installation is damaged")
    return Base(file.settings or Settings(), file.defaults, tuple(file.rules), file.calendars)


def _digest(source: Source, folders: Sequence[Path], extends: bool) -> str:
    """A short name for exactly these rules and templates: the first 64 bits of the SHA-256 of all their bytes."""
    digest = hashlib.sha256(source.text.encode())
    if extends:
        digest.update(DEFAULT_FILE.read_bytes())
    try:
        for folder in folders:
            if folder == TEMPLATES:
                digest.update(shipped_digest().encode())
                continue
            for file in template_files(folder):
                digest.update(file.relative_to(folder).as_posix().encode() + b"\0")
                digest.update(read_bounded(file, MAX_FILE_BYTES, folder))
    except OSError as error:
        message = f"the template can't be read: {error.strerror}"
        place = str(error.filename or folders[0])
        raise FaultyFileError([Fault(place, 1, 1, message, code=FindingCode.UNREADABLE_TEMPLATE)]) from None
    return digest.hexdigest()[:16]


class _Content:
    """A file's content as typed data: the valid parts and rules, and all problems of the others."""

    def __init__(self, whole: Any) -> None:
        self.problems: list[Problem] = []
        self.partial: list[Partial] = []
        self.is_no_mapping = not isinstance(whole, dict)
        if self.is_no_mapping:
            advice = "start it with `extends: default`, then `rules:`"
            self.problems.append(Problem((), "a rule file is a mapping, with `rules:`", suggestion=advice))
            whole = {}
        head, problems = shaped({**whole, "rules": [], "settings": None, "defaults": None}, RuleFile, ())
        self.problems += [with_calendar_advice(problem, whole) for problem in problems]
        self.file = RuleFile(
            head.extends if head is not None else None,
            self._part(whole, "settings", Settings),
            self._part({"defaults": self._merged_defaults(whole)}, "defaults", Defaults),
            {} if head is None else _all_named(head.calendars, whole.get("calendars")),
            self._rules(whole.get("rules", [])),
        )
        if self._defaults_are_wrong(whole):
            # Report this mistake alone: the shipped defaults stand in, so that it causes no further faults.
            self.file = RuleFile("default", self.file.settings, None, self.file.calendars, self.file.rules)

    def _defaults_are_wrong(self, whole: dict[str, Any]) -> bool:
        wrong_start = self.file.extends is None and whole.get("extends") is not None
        return self.file.defaults is None and (wrong_start or whole.get("defaults") is not None)

    @cached_property
    def inherited(self) -> dict[str, Any]:
        """The content of the file that this one extends. It is parsed once, for its defaults and for its rules."""
        return _default_content()

    def _merged_defaults(self, whole: dict[str, Any]) -> Any:
        """The file's defaults, merged key by key over the defaults of the file that it extends."""
        own = whole.get("defaults")
        if own is None or whole.get("extends") is None:
            return own
        return _over(self.inherited["defaults"], own)

    def _part(self, whole: dict[str, Any], key: str, kind: type[Any]) -> Any:
        if whole.get(key) is None:
            return None
        part, problems = shaped(whole[key], kind, (key,))
        self.problems += problems
        return part

    def _rules(self, rules: Any) -> list[RuleEntry]:
        if not isinstance(rules, list):
            message = "`rules` is a list"
            self.problems.append(Problem(("rules",), message, suggestion="start each rule with `- rule: NAME`"))
            return []
        entries = []
        for index, data in enumerate(rules):
            entry, problems = shaped(data, RuleEntry, ("rules", index))
            self.problems += [with_advice(problem, data) for problem in problems]
            if entry is None:
                self.partial.append(_partial(index, data))
            else:
                entries.append(entry)
        return entries


def _over(lower: Any, upper: Any) -> Any:
    """`upper`; if both are mappings, with the keys that only `lower` has. A list or a text is not merged."""
    if not (isinstance(lower, dict) and isinstance(upper, dict)):
        return upper
    return {**lower, **{key: _over(lower.get(key), value) for key, value in upper.items()}}


def _all_named(right: dict[str, CalendarSettings], written: Any) -> dict[str, CalendarSettings]:
    """The calendars, with one that is always open in place of each faulty one.

    So its name is known, and rules that use it do not become faulty too.
    """
    names = written if isinstance(written, dict) else {}
    return {name: right.get(name, CalendarSettings("UTC", {"mon-sun": "00:00-24:00"})) for name in names}


def _partial(index: int, data: Any) -> Partial:
    """What is known of a rule that could not be read as a whole."""
    given = data if isinstance(data, dict) else {}
    name, condition, whom = given.get("rule"), given.get("if"), given.get("for")
    words = [word for word in (whom if isinstance(whom, list) else [whom]) if isinstance(word, str)]
    return Partial(
        index,
        name if isinstance(name, str) else None,
        condition if isinstance(condition, str) else None,
        tuple(dict.fromkeys(category.audience for word in words for category in categories_of(word))),
    )
