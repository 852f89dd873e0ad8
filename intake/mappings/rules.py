"""Makes the rules of a value of what an author wrote, and names what is wrong with each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from msgspec import UNSET

from intake.mappings.kinds import Kind
from intake.mappings.paths import Condition, Path, PathError
from intake.mappings.times import ISO, ReadTime, fault_of_format, reader
from intake.mappings.values import AtPath, Constant, Holds, InHeader, LookedUp, Meaning, Pick, Rule, Source
from schemas.mapping_file import ValueRule
from schemas.problem import Path as Place
from schemas.problem import Problem
from schemas.time_zones import time_zones, zone_meant

MAX_RULES: Final = 500
"""Rules of a file: as many values as are looked for in each post."""
MAX_FILTERS: Final = 50
"""Comparisons in filters of a file. Each is made for every member of a list that a post has there."""

_BEGINS: Final = "$"
_LOOKED_UP: Final = "contract"


def zone_problem(path: Place, zone: str) -> Problem | None:
    """What is wrong with the name of a time zone."""
    if zone in time_zones():
        return None
    return Problem(path, f"`{zone}` is no time zone", suggestion=zone_meant(zone))


class RuleBuilder:
    """Builds rules, and collects the problems."""

    def __init__(self, zone: str | None) -> None:
        self.problems: list[Problem] = []
        self._zone = zone if zone is None or zone in time_zones() else "UTC"
        self._count = self._filters = 0

    def rules(self, field: Place, written: Sequence[tuple[Place, Any]], kind: Kind) -> list[Rule]:
        """The rules of one field, each with its place in the file."""
        return [rule for path, one in written if (rule := self._rule(field, path, one, kind)) is not None]

    def condition(self, path: Place, text: str | None) -> Condition | None:
        """The condition, if there is one."""
        if text is None:
            return None
        try:
            condition = Condition(text)
        except PathError as error:
            self._wrong_path(path, error)
            return None
        self._count_filters(path, condition.filters)
        return condition

    def place(self, path: Place, at: str | None, header: str | None, pick: Pick | None = None) -> Source | None:
        """The source of a value that stands in the post: at a path or in a header."""
        if header is not None:
            return InHeader(header.lower())
        return None if at is None else self._at((*path, "from"), at, pick)

    def _rule(self, field: Place, path: Place, written: Any, kind: Kind) -> Rule | None:
        self._count += 1
        if self._count == MAX_RULES + 1:
            self._wrong(path, f"the file has more than {MAX_RULES} rules for values", "split it by event")
        if isinstance(written, str) and written.startswith(_BEGINS):
            source = self._at(path, written, None)
            return None if source is None else Rule(source, Meaning(self._time(path, ValueRule(), kind)))
        if not isinstance(written, ValueRule):
            self._check_constant(path, written, kind)
            return Rule(Constant(written))
        source = self._source(field, path, written, kind)
        meaning = self._meaning(path, written, kind)
        return None if source is None else Rule(source, meaning, self.condition((*path, "if"), written.if_))

    def _source(self, field: Place, path: Place, rule: ValueRule, kind: Kind) -> Source | None:
        named = [key for key, is_there in _sources(rule).items() if is_there]
        by_reference = rule.look_up is not None and "reference" in rule.look_up
        if by_reference and named == ["from", "look_up"]:
            named.remove("from")
        if len(named) != 1:
            found = "has none of these" if not named else f"has {' and '.join(named)}"
            self._wrong(path, f"a rule has one source, and this {found}", "write one of from, header, value, is")
            return None
        if rule.pick is not None and rule.from_ is None:
            self._wrong((*path, "pick"), "`pick` takes one of the values at `from`, which is missing", "leave it out")
        if rule.look_up is not None:
            return self._look_up(field, path, rule, by_reference)
        if rule.is_ is not None:
            if not kind.is_flag:
                self._wrong((*path, "is"), f"`is` gives true or false, which is no {kind.name}", "write `if`")
            condition = self.condition((*path, "is"), rule.is_)
            return None if condition is None else Holds(condition)
        if rule.value is not UNSET:
            self._check_constant((*path, "value"), rule.value, kind)
            return Constant(rule.value)
        return self.place(path, rule.from_, rule.header, rule.pick)

    def _look_up(self, field: Place, path: Place, rule: ValueRule, by_reference: bool) -> Source:
        where = (*path, "look_up")
        if field != ("ticket", _LOOKED_UP):
            self._wrong(where, "only the ticket's contract is looked up in the directory", "leave it out")
        if by_reference and rule.from_ is None:
            self._wrong(where, "`reference` is looked up by what stands at `from`, which is missing", "add `from`")
        source = self._at((*path, "from"), rule.from_, rule.pick) if rule.from_ is not None else None
        return LookedUp(tuple(rule.look_up or ()), source)

    def _meaning(self, path: Place, rule: ValueRule, kind: Kind) -> Meaning:
        self._check_words(path, rule, kind)
        if rule.text is not None and not kind.is_text:
            self._wrong((*path, "text"), f"`text` is for fields of text, and this is a {kind.name}", "leave it out")
        if rule.write is not None:
            if not kind.is_text:
                self._wrong((*path, "write"), f"`write` makes a text, and this is a {kind.name}", "leave it out")
            if rule.write.count("{}") != 1:
                self._wrong((*path, "write"), "the value's place is missing", "write `{}` once, where it stands")
        return Meaning(
            self._time(path, rule, kind),
            rule.text == "html",
            rule.map,
            rule.otherwise,
            rule.unmapped == "keep",
            rule.unmapped == "refuse",
            rule.write,
        )

    def _check_words(self, path: Place, rule: ValueRule, kind: Kind) -> None:
        ends = ["otherwise"] if rule.otherwise is not UNSET else []
        ends += ["unmapped"] if rule.unmapped is not None else []
        if rule.map is not None and len(ends) != 1:
            message = "this does not say what another value means" if not ends else "this says twice what others mean"
            self._wrong((*path, "map"), message, "add either `otherwise: …` or `unmapped: keep`, `refuse` or `nothing`")
        if rule.map is None and ends:
            self._wrong((*path, ends[0]), f"`{ends[0]}` stands beside `map`, which is missing", "add `map`")
        for key, meant in (rule.map or {}).items():
            self._check_constant((*path, "map", key), meant, kind)
        if rule.otherwise is not UNSET:
            self._check_constant((*path, "otherwise"), rule.otherwise, kind)
        if rule.map is not None and kind.is_time:
            self._wrong((*path, "map"), "a time is not mapped", "leave it out")

    def _time(self, path: Place, rule: ValueRule, kind: Kind) -> ReadTime | None:
        if not kind.is_time:
            for key in ("time", "zone"):
                if getattr(rule, key) is not None:
                    self._wrong((*path, key), f"`{key}` is for times, and this is a {kind.name}", "leave it out")
            return None
        written = rule.time or ISO
        if (fault := fault_of_format(written)) is not None:
            self._wrong((*path, "time"), "times are not written in this way", fault)
            return None
        if rule.zone is not None and (problem := zone_problem((*path, "zone"), rule.zone)) is not None:
            self.problems.append(problem)
            return None
        return reader(written, rule.zone or self._zone)

    def _check_constant(self, path: Place, value: Any, kind: Kind) -> None:
        if value is None:
            return
        try:
            kind.convert(value)
        except ValueError as error:
            self._wrong(path, f"this is no {kind.name}", str(error))

    def _at(self, path: Place, text: str, pick: Pick | None) -> Source | None:
        try:
            found = Path(text)
        except PathError as error:
            self._wrong_path(path, error)
            return None
        self._count_filters(path, found.filters)
        return AtPath(found, pick)

    def _count_filters(self, path: Place, count: int) -> None:
        before, self._filters = self._filters, self._filters + count
        if before <= MAX_FILTERS < self._filters:
            self._wrong(path, f"the file has more than {MAX_FILTERS} comparisons in filters", "use names and indexes")

    def _wrong_path(self, path: Place, error: PathError) -> None:
        self.problems.append(Problem(path, error.message, error.place, suggestion=error.suggestion))

    def _wrong(self, path: Place, message: str, suggestion: str) -> None:
        self.problems.append(Problem(path, message, suggestion=suggestion))


def _sources(rule: ValueRule) -> dict[str, bool]:
    return {
        "from": rule.from_ is not None,
        "header": rule.header is not None,
        "value": rule.value is not UNSET,
        "is": rule.is_ is not None,
        "look_up": rule.look_up is not None,
    }
