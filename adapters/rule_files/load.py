"""From a rule file to the rulebook in force, or to all that is wrong with it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec
from msgspec import Struct

from adapters.durable_rules.limits import limit_problems
from adapters.rule_files.faults import RuleFileError
from adapters.rule_files.shape import shape_problem
from adapters.rule_files.source import Source
from engine.rulebook.build import Base, Problem, RulebookError, build_rulebook
from engine.rulebook.build import Path as ValuePath
from engine.rulebook.rulebook import Rulebook
from schemas.rule_file import Defaults, RuleEntry, RuleFile, Settings

DEFAULT_FILE: Final = Path(str(files("rules") / "default.yaml"))
"""The rule file that comes with the product; its templates lie beside it."""

Part = TypeVar("Part", bound=Struct)

Limits = Callable[[Rulebook], list[Problem]]
"""Judges a rulebook by the rule engine's limits."""


def load_rulebook(path: Path | None = None, limits: Limits = limit_problems) -> Rulebook:
    """The rulebook of a file, of the shipped default rules where `path` is None.

    Raises RuleFileError with every fault.
    """
    source = Source.of_file(path or DEFAULT_FILE)
    content = _content(source)
    base = None if content.extends is None else default_base()
    digest = _digest(source, templates_folder(path), base is not None)
    try:
        rulebook = build_rulebook(content, digest, base)
    except RulebookError as error:
        raise RuleFileError([source.fault(problem) for problem in error.problems]) from None
    problems = limits(rulebook)
    if problems:
        raise RuleFileError([source.fault(problem) for problem in problems])
    return rulebook


def templates_folder(path: Path | None) -> Path:
    """The templates that belong to a rule file: the folder `templates` beside it, else those that are shipped."""
    beside = (path or DEFAULT_FILE).parent / "templates"
    return beside if beside.is_dir() else DEFAULT_FILE.parent / "templates"


def default_base() -> Base:
    """What a file that extends the default one starts from."""
    content = _content(Source.of_file(DEFAULT_FILE))
    if content.defaults is None:
        raise RuntimeError(f"{DEFAULT_FILE} has no defaults: the installation is damaged")
    return Base(content.settings or Settings(), content.defaults, tuple(content.rules))


def _digest(source: Source, templates: Path, extends: bool) -> str:
    """A short name for exactly these rules and templates: 64 bits of a hash over all their bytes."""
    digest = hashlib.sha256(source.text.encode())
    if extends:
        digest.update(DEFAULT_FILE.read_bytes())
    for file in sorted(templates.rglob("*.j2")):
        digest.update(file.relative_to(templates).as_posix().encode() + b"\0")
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def _content(source: Source) -> RuleFile:
    """The file's content as typed data. Each part and each rule is read alone, so that all faults are found at once."""
    whole = source.content
    if not isinstance(whole, dict):
        raise RuleFileError(
            [source.fault(Problem((), "a rule file is a mapping, with `rules:` and perhaps `extends:`"))]
        )
    problems: list[Problem] = []
    rules = whole.get("rules", [])
    if not isinstance(rules, list):
        problems.append(Problem(("rules",), "`rules` is a list: start each rule with `- rule: NAME`"))
        rules = []
    head = _read({**whole, "rules": [], "settings": None, "defaults": None}, RuleFile, (), problems)
    settings = _part(whole, "settings", Settings, problems)
    defaults = _part(whole, "defaults", Defaults, problems)
    entries = [_read(rule, RuleEntry, ("rules", index), problems) for index, rule in enumerate(rules)]
    if problems or head is None:
        raise RuleFileError([source.fault(problem) for problem in problems])
    return RuleFile(head.extends, settings, defaults, [entry for entry in entries if entry is not None])


def _part(whole: dict[str, Any], key: str, kind: type[Part], problems: list[Problem]) -> Part | None:
    return None if whole.get(key) is None else _read(whole[key], kind, (key,), problems)


def _read(data: object, kind: type[Part], path: ValuePath, problems: list[Problem]) -> Part | None:
    try:
        return msgspec.convert(data, kind)
    except msgspec.ValidationError as error:
        problems.append(shape_problem(str(error), data, kind, path))
        return None
