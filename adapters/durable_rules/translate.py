"""From the rules of one audience to what durable_rules loads.

Each distinct alternative becomes one rule of durable_rules, named by a number; several rules of the file may share it.
These rules are spread over *nets*. Each net is so small that no fact can reach a limit of durable_rules: see `limits`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, Final

import msgspec
from msgspec import Struct

from adapters.durable_rules.alternatives import Alternative, alternatives
from adapters.durable_rules.encoding import Encoding
from engine.rulebook.rulebook import Rule
from schemas.vocabulary import Trigger

ALTERNATIVES_PER_NET: Final = 48
FIELDS_PER_NET: Final = 200

_TRIGGER: Final = "(trigger)"
"""The trigger that a question is about. To durable_rules it is a field like any other; no field has this name."""
_TRIGGER_CODES: Final = {trigger: code for code, trigger in enumerate(Trigger)}

Codes = tuple[int, ...]
"""A question in codes: the code of its trigger, then one for each property that the rules read."""


class Net(Struct, frozen=True, eq=False):
    """A ruleset of durable_rules. `reads` are places in Codes: property `p0` of a fact has the code at `reads[0]`."""

    reads: tuple[int, ...]
    definition: str
    positions: tuple[frozenset[int], ...]
    """For each rule of the net, by its number: the positions of the file's rules that match when it does."""
    comparisons: int

    @property
    def kilobytes(self) -> int:
        """About how much memory a loaded net takes, as measured (see `limits`)."""
        return 250 + 18 * len(self.positions) + 4 * self.comparisons


class Program:
    """The rules of one audience, translated."""

    def __init__(self, encoding: Encoding, nets: tuple[Net, ...]) -> None:
        self._encoding = encoding
        self.nets = nets

    def codes(self, trigger: Trigger, facts: Mapping[str, Any]) -> Codes:
        """A question in codes. Questions with the same codes have the same answer."""
        return (_TRIGGER_CODES[trigger], *self._encoding.encode(facts))


def translate(rules: Sequence[Rule]) -> Program:
    """The program of some rules of one audience. Raises TooManyAlternativesError."""
    encoding = encoding_of(rules)
    positions: dict[frozenset[tuple[str, int]], set[int]] = {}
    for rule in rules:
        for alternative in alternatives_of(rule, encoding):
            positions.setdefault(frozenset(alternative.items()), set()).add(rule.position)
    numbered = [(dict(items), frozenset(found)) for items, found in positions.items()]
    return Program(encoding, tuple(_net(part, encoding) for part in _parts(numbered)))


def encoding_of(rules: Sequence[Rule]) -> Encoding:
    """The encoding for the conditions of some rules."""
    return Encoding(rule.condition for rule in rules if rule.condition is not None)


def alternatives_of(rule: Rule, encoding: Encoding) -> list[Alternative]:
    """The alternatives of a rule, its triggers included. Raises TooManyAlternativesError."""
    triggers = sum(1 << _TRIGGER_CODES[trigger] for trigger in rule.triggers)
    found = [{}] if rule.condition is None else alternatives(rule.condition, encoding)
    return [{_TRIGGER: triggers, **alternative} for alternative in found]


_Numbered = tuple[Alternative, frozenset[int]]


def _parts(numbered: Sequence[_Numbered]) -> Iterator[list[_Numbered]]:
    part: list[_Numbered] = []
    fields: set[str] = set()
    for alternative, positions in numbered:
        wider = fields | alternative.keys()
        if part and (len(part) == ALTERNATIVES_PER_NET or len(wider) > FIELDS_PER_NET):
            yield part
            part, wider = [], set(alternative)
        part.append((alternative, positions))
        fields = wider
    if part:
        yield part


def _net(part: Sequence[_Numbered], encoding: Encoding) -> Net:
    sizes = {_TRIGGER: len(Trigger)} | {name: encoding.size(name) for name in encoding.properties}
    places = {name: place for place, name in enumerate(sizes)}
    read = sorted({name for alternative, _ in part for name in alternative}, key=places.__getitem__)
    rules = [
        list(
            chain.from_iterable(
                _comparisons(f"p{index}", alternative[name], sizes[name])
                for index, name in enumerate(read)
                if name in alternative
            )
        )
        for alternative, _ in part
    ]
    # A rule is about one fact, `m`, for which all of its comparisons hold.
    definition = {str(number): {"all": [{"m": {"$and": rule}}]} for number, rule in enumerate(rules)}
    return Net(
        reads=tuple(places[name] for name in read),
        definition=msgspec.json.encode(definition).decode(),
        positions=tuple(positions for _, positions in part),
        comparisons=sum(map(len, rules)),
    )


def _comparisons(name: str, mask: int, size: int) -> list[dict[str, dict[str, int]]]:
    """Comparisons that hold for exactly the codes in the mask: its bounds, and `$neq` for each gap between them."""
    codes = [code for code in range(size) if mask >> code & 1]
    low, high = codes[0], codes[-1]
    if low == high:
        return [{"$eq": {name: low}}]
    missing = sorted(set(range(low, high)).difference(codes))
    return [
        # The lower bound is always there, since a rule needs a comparison.
        {"$gte": {name: low}},
        *([{"$lte": {name: high}}] if high < size - 1 else []),
        *({"$neq": {name: code}} for code in missing),
    ]
