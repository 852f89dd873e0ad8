"""Values in conditions that never occur: by the directory, by the declared statuses, by recorded events."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Final

from msgspec import Struct

from engine.directory.directory import Directory
from engine.rulebook.conditions.syntax import Leaf, Listed, OneOf, leaves
from engine.rulebook.rulebook import Rule
from schemas.finding import Finding, FindingCode
from schemas.problem import Place, Problem
from schemas.suggestion import closest, respelled
from schemas.vocabulary import ObjectKind, PersonKind
from tocsin.authoring.finding import customers_called, people_certainly_called, plain
from tocsin.authoring.lint.seen_values import SeenValues
from tocsin.authoring.lint.subject import Subject

_STATUSES: Final = ("ticket.status", "previous.status")


class _Asked(Struct, frozen=True):
    """A text with which a rule's condition compares a field, and where it stands in the condition."""

    rule: Rule
    field: str
    value: str
    place: Place

    def problem(self, code: FindingCode, message: str, advice: str) -> Problem:
        return Problem((*self.rule.path, "if"), message, self.place, code, advice)


def findings(subject: Subject) -> Iterator[Finding]:
    """Of every rule that the file itself holds. What some event had does occur, whatever else is known of it."""
    rulebook = subject.reading.rulebook
    if rulebook is None:
        return
    rules = [rule for rule in subject.rules if rule.path and rule.condition is not None]
    seen = None
    if subject.events is not None:
        seen = SeenValues([leaf for rule in rules for leaf in _leaves(rule)], rulebook)
        for line in subject.events:
            if line.event is not None:
                seen.add(line.event)
    for rule in rules:
        for leaf in _leaves(rule):
            for problem in _of_leaf(rule, leaf, subject, seen):
                yield subject.at(problem)


def _leaves(rule: Rule) -> Iterator[Leaf]:
    return leaves(rule.condition) if rule.condition is not None else iter(())


def _of_leaf(rule: Rule, leaf: Leaf, subject: Subject, seen: SeenValues | None) -> Iterator[Problem]:
    for asked in _texts(rule, leaf):
        problem = None if seen is not None and seen.has(asked.field, asked.value) else _unknown(asked, subject)
        problem = problem or (None if seen is None else _never_seen(asked, seen))
        if problem is not None:
            yield problem


def _texts(rule: Rule, leaf: Leaf) -> Iterator[_Asked]:
    if isinstance(leaf, OneOf):
        for value, place in zip(leaf.values, leaf.value_places, strict=True):
            if isinstance(value, str):
                yield _Asked(rule, leaf.field, value, place)
    elif isinstance(leaf, Listed) and isinstance(leaf.value, str):
        yield _Asked(rule, leaf.field, leaf.value, leaf.value_place)


# --- what the rule file and the directory say


def _unknown(asked: _Asked, subject: Subject) -> Problem | None:
    if asked.field in _STATUSES:
        declared = subject.policy.statuses if subject.policy is not None else {}
        if declared and asked.value not in declared:
            message = f"`settings: statuses:` does not declare the status {asked.value!r}"
            named = [status for status, labels in declared.items() if _is_label(asked.value, labels)]
            meant = f"that is how customers see it: write `{named[0]}`" if named else closest(asked.value, declared)
            return asked.problem(FindingCode.UNKNOWN_VALUE, message, meant)
        return None
    known = _KNOWN.get(asked.field)
    if known is None or subject.directory is None:
        return None
    values = known.values(subject.directory.directory, asked.rule)
    if values is None or asked.value in values:
        return None
    of_name = _by_name(asked, subject.directory.directory)
    if of_name is not None:
        advice = f"that is the name of `{of_name}`: write its id"
        return asked.problem(FindingCode.UNKNOWN_VALUE, f"the directory has no {known.what} {asked.value!r}", advice)
    alike = respelled(asked.value, values) if known.is_private else closest(asked.value, values)
    return asked.problem(FindingCode.UNKNOWN_VALUE, f"the directory has no {known.what} {asked.value!r}", alike)


def _by_name(asked: _Asked, directory: Directory) -> str | None:
    """The id of the one record that is called so, where an id is asked for."""
    kind_of_object = _OBJECTS.get(asked.field)
    if kind_of_object is not None:
        objects = (directory.attached(kind_of_object, one) for one in directory.ids()[kind_of_object.value])
        found = [one.id for one in objects if one is not None and one.name and plain(one.name) == plain(asked.value)]
    elif _KNOWN[asked.field] is _CUSTOMER:
        found = [one.id for one in customers_called(asked.value, directory.customers())]
    elif asked.field == "person.id":
        kind = next(kind for kind in PersonKind if kind.audience is asked.rule.category.audience)
        people = (one for one in directory.people() if one.kind is kind)
        found = [one.id for one in people_certainly_called(asked.value, people)]
    else:
        return None
    return found[0] if len(found) == 1 else None


def _is_label(value: str, labels: object) -> bool:
    return isinstance(labels, Mapping) and value.casefold() in (label.casefold() for label in labels.values())


class _Known(Struct, frozen=True):
    """What a field can have, by the directory. Of what is somebody's own, nothing that is only near is proposed."""

    what: str
    values: Callable[[Directory, Rule], Collection[str] | None]
    """None where it is not known: a record that can't be read may have any."""
    is_private: bool = False


def _ids(kind: str, what: str | None = None, *, is_private: bool = False) -> _Known:
    return _Known(what or kind, lambda directory, _: directory.ids()[kind], is_private)


def _person_ids(directory: Directory, rule: Rule) -> Collection[str]:
    kind = next(kind for kind in PersonKind if kind.audience is rule.category.audience)
    return directory.ids()[kind.value]


def _of_people(name: str) -> Callable[[Directory, Rule], Collection[str] | None]:
    return _fields(("contact", "collaborator"), lambda directory: (getattr(one, name) for one in directory.people()))


def _fields(
    kinds: Collection[str], values: Callable[[Directory], Iterable[str | None]]
) -> Callable[[Directory, Rule], Collection[str] | None]:
    def known(directory: Directory, _: Rule) -> Collection[str] | None:
        unreadable = directory.unreadable_counts()
        if any(unreadable[kind] for kind in kinds):
            return None
        return {value for value in values(directory) if value is not None}

    return known


def _people(directory: Directory) -> Iterable[object]:
    return directory.people()


def _listed(
    kinds: Collection[str], records: Callable[[Directory], Iterable[object]], name: str
) -> Callable[[Directory, Rule], Collection[str] | None]:
    return _fields(kinds, lambda directory: (value for one in records(directory) for value in getattr(one, name)))


_OBJECTS: Final = {
    "ticket.product": ObjectKind.PRODUCT,
    "ticket.site": ObjectKind.SITE,
    "ticket.service": ObjectKind.SERVICE,
    "person.sites": ObjectKind.SITE,
}
_CUSTOMER: Final = _ids("customer", is_private=True)
_CONTRACT: Final = _ids("contract", is_private=True)
_KNOWN: Final[Mapping[str, _Known]] = {
    "ticket.product": _ids("product"),
    "ticket.site": _ids("site"),
    "ticket.service": _ids("service"),
    "ticket.customer": _CUSTOMER,
    "customer.id": _CUSTOMER,
    "contract.client": _CUSTOMER,
    "person.customer": _CUSTOMER,
    "ticket.contract": _CONTRACT,
    "contract.id": _CONTRACT,
    "contract.reference": _Known(
        "contract with the reference",
        _fields(("contract",), lambda directory: (one.reference for one in directory.contracts())),
        is_private=True,
    ),
    "customer.name": _Known(
        "customer with the name",
        _fields(("customer",), lambda directory: (one.name for one in directory.customers())),
        is_private=True,
    ),
    "customer.language": _Known(
        "customer with the language",
        _fields(("customer",), lambda directory: (one.language for one in directory.customers())),
    ),
    "person.id": _Known("person of this rule's kind with the id", _person_ids, is_private=True),
    "person.name": _Known("person with the name", _of_people("name"), is_private=True),
    "person.language": _Known("person with the language", _of_people("language")),
    "person.sites": _ids("site"),
    "person.groups": _Known("person in the group", _listed(("contact", "collaborator"), _people, "groups")),
    "customer.tags": _Known("customer with the tag", _listed(("customer",), Directory.customers, "tags")),
    "contract.tags": _Known("contract with the tag", _listed(("contract",), Directory.contracts, "tags")),
    "person.time_zone": _Known("person with the time zone", _of_people("time_zone")),
}


# --- what recorded events say


def _never_seen(asked: _Asked, seen: SeenValues) -> Problem | None:
    if not seen.judges(asked.field) or seen.has(asked.field, asked.value) or not seen.events:
        return None
    of = "the one event" if seen.events == 1 else f"any of {seen.events} events"
    message = f"`{asked.field}` was not {asked.value!r} in {of}"
    near = respelled if asked.field in _KNOWN and _KNOWN[asked.field].is_private else closest
    return asked.problem(FindingCode.VALUE_NEVER_SEEN, message, near(asked.value, seen.others(asked.field)))
