"""Refuses rules that are too much for durable_rules. They are refused when they are loaded, and by name.

Measured with version 2.0.28, each limit in a process of its own:

- A fact is refused with error 303 if 65 comparisons hold for it that stand side by side (in different rules, or in one
  `$or`). This shows on the day when such a fact comes, not when rules are loaded. 64 work.
- 512 comparisons side by side, such as equalities of one field with different constants, cause an endless loop in C.
  511 work.
- 256 rules with the same comparisons crash the process when the ruleset is loaded, and 257 are refused. 255 work.
- 253 properties of a fact, besides its two ids, are refused with error 302. 252 work.
- 16 `$and` or `$or` in one rule are refused with error 113. 15 work, but n pairs `(a or b)` joined by `and` fire 2 to
  the n times.
- 1,000 comparisons in a row work, at 0.05 microseconds each.
- Memory is never given back: 250 KB for a loaded ruleset, 18 KB for each of its rules, 4 KB for a comparison. Facts
  cost none: 300,000 evaluations lose nothing.

The form of the translation stays below these limits: a ruleset has no `$or` and no two rules that are the same, at most
48 rules (so no more comparisons stand side by side) and at most 200 properties. What remains to bound, for time and
memory, is how many of those rulesets a rule file comes to. That is judged with all ticks on, since fewer ticks put
fewer rules in force.
"""

from __future__ import annotations

from typing import Final

from adapters.durable_rules.alternatives import MAX_ALTERNATIVES, TooManyAlternativesError
from adapters.durable_rules.translate import alternatives_of, encoding_of, translate
from engine.rulebook.rulebook import Rule, Rulebook
from schemas.finding import FindingCode
from schemas.problem import Path, Problem
from schemas.vocabulary import Audience

MAX_FILE_ALTERNATIVES: Final = 1_024
"""For one audience. If no answer is remembered and all of them hold, they take about a millisecond."""

MAX_FILE_COMPARISONS: Final = 8_192
"""For one audience: 32 MB once loaded."""


def limit_problems(rulebook: Rulebook) -> list[Problem]:
    """All that is too much for durable_rules. A problem of an inherited rule has no place in the file."""
    return [problem for audience in Audience for problem in _problems(rulebook, audience)]


def _problems(rulebook: Rulebook, audience: Audience) -> list[Problem]:
    rules = [rule for rule in rulebook.rules if rule.category.audience is audience]
    encoding = encoding_of(rules)
    problems = []
    for rule in rules:
        try:
            alternatives_of(rule, encoding)
        except TooManyAlternativesError:
            problems.append(_too_many_in(rule))
    # All rules together can be translated only if each of them can.
    return problems or _too_much_together(rules, audience)


def _too_many_in(rule: Rule) -> Problem:
    path: Path = (*rule.path, "if") if rule.path else ()
    message = f"the condition of `{rule.name}` comes to more than {MAX_ALTERNATIVES} combinations of its `or` parts"
    advice = "split it into several rules, one for each part of an `or`"
    return Problem(path, message, code=FindingCode.ENGINE_LIMIT, suggestion=advice)


def _too_much_together(rules: list[Rule], audience: Audience) -> list[Problem]:
    nets = translate(rules).nets
    found = (
        ("combinations of `or` parts", sum(len(net.positions) for net in nets), MAX_FILE_ALTERNATIVES),
        ("comparisons", sum(net.comparisons for net in nets), MAX_FILE_COMPARISONS),
    )
    return [
        Problem(
            ("rules",),
            f"the conditions for {audience} come to {count:,} {what}, {limit:,} is the limit",
            code=FindingCode.ENGINE_LIMIT,
            suggestion="use fewer rules, or lists (`in`) in place of rules that differ in one value only",
        )
        for what, count, limit in found
        if count > limit
    ]
