"""Makes a mapping of the content of a mapping file, and names all that is wrong there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from msgspec import UNSET, Struct
from msgspec.structs import asdict, fields

from intake.mappings import kinds
from intake.mappings.kinds import Kind
from intake.mappings.mapping import Exclusion
from intake.mappings.mapping import Mapping as BuiltMapping
from intake.mappings.paths import Condition
from intake.mappings.rules import RuleBuilder, zone_problem
from intake.mappings.values import Value
from schemas.mapping_file import ActorMapping, BeforeMapping, IgnoreRule, LinksMapping, MappingFile, TicketMapping
from schemas.problem import Path, Problem
from schemas.signature import NAMES_HEADER

_LOOKED_UP_LAST: Final = "contract"


class Built(Struct, frozen=True):
    """A mapping, or None and all that is wrong with the file."""

    mapping: BuiltMapping | None
    problems: list[Problem]


def build(name: str, file: MappingFile) -> Built:
    """The mapping of this name."""
    builder = _Builder(file)
    mapping = BuiltMapping(
        name=name,
        source=file.source or f"/{name}",
        ticket=builder.ticket(file.ticket),
        links=builder.links(file.ticket.links),
        custom=builder.custom(file.ticket.custom),
        before=builder.before(file.before),
        tells_before=None if file.before is None else builder.condition(("before", "if"), file.before.if_),
        actor=builder.actor(file.actor),
        delivery=builder.one("delivery", file.delivery, kinds.IDENTIFIER),
        moment=builder.one("moment", file.moment, kinds.MOMENT),
        time=builder.one("time", file.time, kinds.TIME),
        triggers=builder.one("triggers", file.triggers, kinds.TRIGGERS),
        origin=builder.one("origin", file.origin, kinds.ORIGIN),
        notify=builder.one("notify", file.notify, kinds.NOTIFY),
        ignore=[builder.exclusion(index, rule) for index, rule in enumerate(file.ignore)],
        signature=file.signature,
        on_malformed=file.on_malformed,
    )
    problems = [*_of_the_whole(file), *builder.problems]
    return Built(None if problems else mapping, problems)


def _of_the_whole(file: MappingFile) -> Iterator[Problem]:
    if file.zone is not None and (problem := zone_problem(("zone",), file.zone)) is not None:
        yield problem
    if file.signature is not None and file.signature.scheme in NAMES_HEADER and file.signature.header is None:
        yield Problem(("signature",), "this scheme needs `header`", suggestion="add `header:` with the header's name")
    if file.before is not None and file.triggers is not UNSET:
        advice = "keep `before`: what a save means follows from it"
        yield Problem(("triggers",), "`before` and `triggers` exclude each other", suggestion=advice)


class _Builder:
    """Builds the values of each part of a file, and collects the problems."""

    def __init__(self, file: MappingFile) -> None:
        self._rules = RuleBuilder(file.zone)
        self.problems = self._rules.problems

    def one(self, name: str, written: Any, kind: Kind) -> Value | None:
        return None if written is UNSET else self._value((name,), written, kind)

    def ticket(self, written: TicketMapping) -> dict[str, Value]:
        values = self._members(("ticket",), _written(written), kinds.TICKET)
        # It may be looked up by the customer and the product of the same ticket.
        return dict(sorted(values.items(), key=lambda item: item[0] == _LOOKED_UP_LAST))

    def links(self, written: Any) -> dict[str, Value]:
        if not isinstance(written, LinksMapping):
            return {}
        return self._members(("ticket", "links"), _written(written), dict.fromkeys(("customer", "agent"), kinds.TEXT))

    def custom(self, written: Mapping[str, Any]) -> dict[str, Value]:
        return self._members(("ticket", "custom"), written, dict.fromkeys(written, kinds.FREE))

    def before(self, written: BeforeMapping | None) -> dict[str, Value] | None:
        return None if written is None else self._members(("before",), _written(written), kinds.TICKET)

    def actor(self, written: ActorMapping) -> dict[str, Value]:
        return self._members(("actor",), _written(written), kinds.ACTOR)

    def condition(self, path: Path, text: str | None) -> Condition | None:
        return self._rules.condition(path, text)

    def exclusion(self, index: int, rule: IgnoreRule) -> Exclusion:
        path: Path = ("ignore", index)
        by_word = rule.from_ is not None or rule.header is not None
        if (rule.if_ is not None) == by_word or (rule.from_ is not None and rule.header is not None):
            self.problems.append(Problem(path, "this needs one of `if`, `from` and `header`"))
        if by_word and (rule.in_ is None) == (rule.not_in is None):
            self.problems.append(Problem(path, "this needs one of `in` and `not_in`"))
        if not by_word and (rule.in_ is not None or rule.not_in is not None):
            self.problems.append(Problem(path, "`in` and `not_in` list words of `from` or `header`, which is missing"))
        return Exclusion(
            rule.because,
            self.condition((*path, "if"), rule.if_),
            self._rules.place(path, rule.from_, rule.header),
            frozenset(rule.in_ or rule.not_in or ()),
            rule.not_in is not None,
        )

    def _members(self, path: Path, written: Mapping[str, Any], of: Mapping[str, Kind]) -> dict[str, Value]:
        return {name: self._value((*path, name), one, of[name]) for name, one in written.items() if name in of}

    def _value(self, path: Path, written: Any, kind: Kind) -> Value:
        field = ".".join(map(str, path))
        if not isinstance(written, list):
            return Value(field, kind, self._rules.rules(path, [(path, written)], kind))
        if not written:
            self.problems.append(Problem(path, "the list is empty", suggestion="leave the key out"))
        return Value(field, kind, self._rules.rules(path, [((*path, at), one) for at, one in enumerate(written)], kind))


def _written(part: Struct) -> dict[str, Any]:
    """What is written in a part of the file, by key."""
    names = {field.name: field.encode_name for field in fields(part)}
    return {names[name]: value for name, value in asdict(part).items() if value is not UNSET}
