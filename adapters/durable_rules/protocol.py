"""What the matcher and its child say to each other: see adapters.children."""

from __future__ import annotations

from msgspec import Struct


class Load(Struct, frozen=True, array_like=True):
    """A ruleset to load, in the JSON of durable_rules, under a number of the matcher's choice."""

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
