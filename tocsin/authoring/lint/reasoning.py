"""Whether conditions can hold: decided by what their fields can have, never guessed.

A condition is expanded as it is for the rule engine: into alternatives, each of which says for every field which of
its values (told apart as far as any comparison tells them apart) it may have. A condition can hold where, in one of its
alternatives, every field has a value that it can have. That is exact for each field by itself; that two fields hang
together (a ticket's contract and the contract's id) is not known here, so of some conditions that never hold it is not
said. Beyond the rule engine's limit of alternatives nothing is said at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import reduce

from msgspec import Struct

from adapters.durable_rules.alternatives import TooManyAlternativesError, alternatives
from adapters.durable_rules.encoding import OTHER, Encoding
from engine.rulebook.conditions.check import possible_values
from engine.rulebook.conditions.syntax import And, Node, Not
from engine.rulebook.fields import CUSTOM_PREFIX, Field, FieldType
from schemas.vocabulary import Audience, Trigger

NEVER_NULL = frozenset({"trigger", "event.origin", "person.kind"})
"""Fields that always have one of their values, for a person who is in the directory."""


class Circumstances(Struct, frozen=True):
    """Under which a condition is asked: the fields that there are, who reads, and for which triggers."""

    fields: Mapping[str, Field]
    audience: Audience
    triggers: frozenset[Trigger]

    def possible(self, name: str, encoding: Encoding) -> int:
        """The codes that a field can have, as bits."""
        field = self.fields[name]
        # In an order, so that nothing depends on chance.
        triggers = tuple(trigger for trigger in Trigger if trigger in self.triggers)
        values: Sequence[object] | None = possible_values(field, self.audience, triggers)
        if values is None and field.type is FieldType.BOOLEAN and not name.startswith(CUSTOM_PREFIX):
            values = (True, False)
        if values is None:
            return encoding.full(name)
        null = 0 if name in NEVER_NULL else 1 << OTHER
        return reduce(lambda codes, value: codes | 1 << encoding.code(name, value), values, null)


def can_hold(conditions: Iterable[Node | None], given: Circumstances) -> bool | None:
    """Whether all of these can hold together (None among them: a rule without condition); None: not known."""
    asked = tuple(condition for condition in conditions if condition is not None)
    if not given.triggers:
        return False
    if not asked:
        return True
    encoding = Encoding(asked)
    possible = {name: given.possible(name, encoding) for name in encoding.fields}
    try:
        found = alternatives(asked[0] if len(asked) == 1 else And(asked), encoding)
    except TooManyAlternativesError:
        return None
    return any(all(mask & possible[name] for name, mask in one.items()) for one in found)


def never_holds(conditions: Iterable[Node | None], given: Circumstances) -> bool:
    """Whether it is certain that these can't hold together."""
    return can_hold(conditions, given) is False


def implies(conditions: Sequence[Node | None], then: Node | None, given: Circumstances) -> bool:
    """Whether it is certain that `then` holds wherever all these hold."""
    return then is None or never_holds([*conditions, Not(then)], given)


def always_holds(condition: Node, given: Circumstances) -> bool:
    """Whether it is certain that the condition holds, whatever comes."""
    return implies((), condition, given)
