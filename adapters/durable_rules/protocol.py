"""The requests of the matcher to its child, and the child's replies. See adapters.children for how they travel."""

from __future__ import annotations

from msgspec import Struct


class Load(Struct, frozen=True, array_like=True):
    """A ruleset to load, in the JSON of durable_rules, under a number that the parent chooses."""

    net: int
    definition: str


class Fact(Struct, frozen=True, array_like=True):
    """A fact for a loaded ruleset: its properties `p0`, `p1` and so on."""

    net: int
    values: tuple[int, ...]


class Request(Struct, frozen=True, array_like=True):
    """Rulesets to load, then facts to evaluate."""

    number: int
    loads: list[Load]
    facts: list[Fact]


class Reply(Struct, frozen=True, array_like=True):
    """For each fact of the request with the same number, the numbers of the rules that match."""

    number: int
    matched: list[list[int]]
