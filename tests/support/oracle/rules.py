"""The rules of a file beside the ten default ones, read once more: whom each is for, and whose place it takes."""

import random
from collections.abc import Sequence
from typing import Any

from tests.support.oracle.chance import AUDIENCES, CHANNELS, KINDS, STATUSES, TRIGGERS, beside, chance, some
from tests.support.oracle.conditions import is_met, random_condition
from tests.support.oracle.people import CATEGORIES, Attempt, Category

OwnRule = dict[str, Any]
"""As it stands in a rule file: `rule`, `for`, and maybe `on`, `status` or `asks` (in place of a condition), `channels`,
`languages` and `instead_of`."""

DEFAULTS: tuple[OwnRule, ...] = tuple({"rule": one.rule, "for": one.name} for one in CATEGORIES)


def is_for(rule: OwnRule, category: Category) -> bool:
    """A word names one category, an audience, or all; a list names each of its words."""
    words = rule["for"] if isinstance(rule["for"], list) else [rule["for"]]
    return any(word in ("all", category.audience, category.name) for word in words)


def in_file(own: Sequence[OwnRule]) -> list[OwnRule]:
    """All rules in their order; one with a default rule's name stands in its place."""
    named = {rule["rule"]: rule for rule in own}
    default_names = {rule["rule"] for rule in DEFAULTS}
    return [named.get(rule["rule"], rule) for rule in DEFAULTS] + [
        rule for rule in own if rule["rule"] not in default_names
    ]


def matches(rule: OwnRule, attempt: Attempt) -> bool:
    """Whether the rule matches for this person and trigger, through whatever category that is on and that they are in.

    Whatever category, since one rule takes another's place wherever both match.
    """
    if attempt.trigger not in rule.get("on", TRIGGERS):
        return False
    if rule.get("status") not in (None, attempt.save.ticket["status"]):
        return False
    if "asks" in rule and not is_met(rule["asks"], attempt):
        return False
    return any(is_for(rule, category) for category in attempt.ways)


def rules_of(attempt: Attempt) -> list[str]:
    """The names of the rules by which this attempt alerts, in their order."""
    if not attempt.save.settings.rules:
        return [attempt.category.rule]
    matching = [rule for rule in in_file(attempt.save.settings.rules) if matches(rule, attempt)]
    replaced = {rule.get("instead_of") for rule in matching}
    return [
        rule["rule"]
        for rule in matching
        if rule["rule"] not in replaced
        and is_for(rule, attempt.category)
        and attempt.channel in rule.get("channels", CHANNELS)
    ]


def random_rules(rng: random.Random, *, of_people: bool) -> list[OwnRule]:
    """A few rules, most of them for several categories; `of_people`: they may ask about people and customers."""
    return [random_rule(rng, number, of_people) for number in range(rng.choice((0, 1, 2, 4)))]


def random_rule(rng: random.Random, number: int, of_people: bool) -> OwnRule:
    """One rule of one's own, or in the place of a default one."""
    names = [f"{kind}.{audience}" for kind in KINDS for audience in AUDIENCES]
    listed = some(rng, names, 0.3) or [rng.choice(names)]
    whom = rng.choice(("all", "contacts", "collaborators", rng.choice(names), listed, listed))
    own: OwnRule = {"rule": f"own-{number}", "for": whom}
    if chance(rng, 0.4):
        own["on"] = rng.sample(TRIGGERS, rng.choice((1, 2)))
    if chance(rng, 0.2):
        own["status"] = rng.choice(STATUSES)
    elif chance(rng, 0.8):
        own["asks"] = random_condition(rng, of_people=of_people)
    if chance(rng, 0.4):
        own["channels"] = [rng.choice(CHANNELS)]
    own |= random_languages(rng)
    default = rng.choice([one for one in CATEGORIES if is_for(own, one)]).rule
    if chance(rng, 0.2):
        own["rule"] = default
    elif chance(rng, 0.6):
        # Of others of the same audience too, since a rule is replaced wherever both reach one person.
        audiences = {one.audience for one in CATEGORIES if is_for(own, one)}
        others = [one.rule for one in CATEGORIES if one.audience in audiences]
        own["instead_of"] = rng.choice(others) if number == 0 or chance(rng, 0.4) else f"own-{number - 1}"
    return own


def random_languages(rng: random.Random) -> OwnRule:
    """Now and then a list of languages, of which some have no templates. Other choices stay as they were without it."""
    dice = beside(rng)
    if not chance(dice, 0.4):
        return {}
    return {"languages": dice.choice((["fr", "en"], ["en", "fr"], ["fr"], ["de", "fr-CA"], ["de", "nl"]))}


DIGESTS = ("hourly", "daily at 08:00", "daily at 19:30", "weekly on monday at 08:15", "weekly on sunday at 23:45")


def random_digests(rng: random.Random) -> list[OwnRule]:
    """Default rules with digests, most of them or none."""
    if chance(rng, 0.5):
        return []
    return [
        {"rule": one.rule, "for": one.name, "digest": rng.choice(DIGESTS)} for one in CATEGORIES if chance(rng, 0.75)
    ]


def digests_of(attempt: Attempt) -> list[str | None]:
    """What the rules by which this attempt alerts say of digests; None: it goes out at once."""
    said = {rule["rule"]: rule.get("digest") for rule in attempt.save.settings.rules}
    return [said.get(name) for name in rules_of(attempt)]
