"""Whether conditions can hold: decided by what their fields can have, never guessed.

A condition is expanded as it is for the rule engine: into alternatives, each of which says for every field which of
its values (told apart as far as any comparison tells them apart) it may have. A condition can hold where, in one of its
alternatives, every field has a value that it can have. This is exact for each field by itself as long as its values are
compared alone; of what is looked for in texts it is known what one says of another (see text_tests.py). That two fields
depend on each other (a ticket's contract and the contract's id) is not known here, so some conditions that never hold
are not found. Nothing is said of conditions that have more alternatives than the rule engine takes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from adapters.durable_rules.alternatives import Alternative, TooManyAlternativesError, alternatives
from adapters.durable_rules.encoding import OTHER, TRUE, Encoding
from engine.rulebook.conditions.check import possible_values
from engine.rulebook.conditions.syntax import And, Node, Not, TextTest
from engine.rulebook.fields import CUSTOM_PREFIX, Field, FieldType
from schemas.vocabulary import Audience, Channel, Trigger
from tocsin.authoring.lint.text_tests import are_possible, is_so

NEVER_NULL = frozenset({"trigger", "channel", "event.origin", "person.kind", "ticket.reopened"})
"""Fields that always have one of their values, for a person who is in the directory."""


class Circumstances(Struct, frozen=True):
    """Under which a condition is asked: the fields that there are, who reads, for which triggers, on which channels."""

    fields: Mapping[str, Field]
    audience: Audience
    triggers: frozenset[Trigger]
    channels: frozenset[Channel] = frozenset(Channel)

    def possible(self, name: str) -> Sequence[object] | None:
        """All values that a field can have, None for null among them; None where they are not known."""
        field = self.fields[name]
        # A set has no order of its own; findings must be the same in every run.
        triggers = tuple(trigger for trigger in Trigger if trigger in self.triggers)
        channels = tuple(channel for channel in Channel if channel in self.channels)
        values: Sequence[object] | None = possible_values(field, self.audience, triggers, channels)
        if values is None and field.type is FieldType.BOOLEAN and not name.startswith(CUSTOM_PREFIX):
            values = (True, False)
        if values is None:
            return None
        return tuple(values) if name in NEVER_NULL else (*values, None)


def can_hold(conditions: Iterable[Node | None], given: Circumstances) -> bool | None:
    """Whether all of these can hold together (None among them: a rule without condition); None: not known."""
    asked = tuple(condition for condition in conditions if condition is not None)
    if not given.triggers or not given.channels:
        return False
    if not asked:
        return True
    encoding = Encoding(asked)
    try:
        found = alternatives(asked[0] if len(asked) == 1 else And(asked), encoding)
    except TooManyAlternativesError:
        return None
    worlds = _Worlds(encoding, given)
    return any(map(worlds.allow, found))


class _Worlds:
    """The values that fields can have together with what is computed of them."""

    def __init__(self, encoding: Encoding, given: Circumstances) -> None:
        self._encoding = encoding
        self._fields = [name for name in encoding.properties if name not in encoding.computed]
        self._tests: dict[str, dict[str, TextTest]] = {}
        for name, leaf in encoding.computed.items():
            if isinstance(leaf, TextTest):
                self._tests.setdefault(leaf.field, {})[name] = leaf
        self._possible = {name: given.possible(name) for name in {*self._fields, *self._tests}}

    def allow(self, one: Alternative) -> bool:
        """Whether every field by itself can have a value with which this alternative holds."""
        return all(self._allows(name, one) for name in self._possible)

    def _allows(self, field: str, one: Alternative) -> bool:
        """Codes of a field that is not compared by itself are all OTHER."""
        mask = one.get(field, self._encoding.full(field)) if field in self._fields else 1 << OTHER
        asked = {test: one[name] >> TRUE & 1 == 1 for name, test in self._tests.get(field, {}).items() if name in one}
        values = self._possible[field]
        if values is None:
            values = self._encoding.named(field) if field in self._fields else ()
            named = {self._encoding.code(field, value) for value in values}
            if any(mask >> code & 1 for code in range(mask.bit_length()) if code not in named):
                # Also a value that no comparison names.
                return are_possible(asked)
        return any(mask >> self._encoding.code(field, value) & 1 and is_so(value, asked) for value in values)


def never_holds(conditions: Iterable[Node | None], given: Circumstances) -> bool:
    """Whether it is certain that these can't hold together."""
    return can_hold(conditions, given) is False


def implies(conditions: Sequence[Node | None], then: Node | None, given: Circumstances) -> bool:
    """Whether it is certain that `then` holds wherever all these hold."""
    return then is None or never_holds([*conditions, Not(then)], given)


def always_holds(condition: Node, given: Circumstances) -> bool:
    """Whether it is certain that the condition holds, whatever comes."""
    return implies((), condition, given)
