"""What durable_rules can't take: measured here once more, and refused by name before it is loaded."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from adapters.children.process import ChildFailedError
from adapters.durable_rules.alternatives import MAX_ALTERNATIVES
from adapters.durable_rules.limits import limit_problems
from adapters.durable_rules.matcher import DurableMatcher, RuleEngineError
from adapters.durable_rules.protocol import Fact, Load
from adapters.durable_rules.translate import ALTERNATIVES_PER_NET, FIELDS_PER_NET, encoding_of, translate
from adapters.durable_rules.worker import Worker
from engine.rulebook.build import Base, build_rulebook
from engine.rulebook.conditions.parser import MAX_LENGTH
from engine.rulebook.rulebook import ALL_TICKS, Rulebook
from engine.stages.s4_rule_matching import Question
from schemas.rule_file import CustomFieldSettings, Defaults, RuleEntry, RuleFile, Settings
from schemas.vocabulary import Audience, Trigger
from tests.support.helpdesk.rulebooks import DEFAULTS, rulebook_of

# ---------------------------------------------------------------- what was measured


@pytest.fixture
def worker(capfd: pytest.CaptureFixture[str]) -> Iterator[Worker]:
    with contextlib.closing(Worker(answer_timeout=10)) as started:
        yield started


def definition(*rules: list[dict[str, Any]]) -> str:
    return json.dumps({str(number): {"all": [{"m": {"$and": rule}}]} for number, rule in enumerate(rules)})


def side_by_side(number: int) -> tuple[str, int]:
    return definition(*([{"$gte": {"p0": 0}}, {"$neq": {"p0": code + 9}}] for code in range(number))), 1


def alike(number: int) -> tuple[str, int]:
    return definition(*([{"$eq": {"p0": 1}}] for _ in range(number))), 1


def properties(number: int) -> tuple[str, int]:
    return definition([{"$eq": {f"p{index}": 1}} for index in range(number)]), number


@pytest.mark.parametrize(("shape", "largest"), [(side_by_side, 64), (alike, 255), (properties, 252)])
def test_the_limits_are_where_they_were_measured(worker: Worker, shape: Any, largest: int) -> None:
    fits, width = shape(largest)
    (matched,) = worker.ask([Load(0, fits)], [Fact(0, (1,) * width)])
    assert len(matched) == len(json.loads(fits))

    # With one more than 255 alike it writes behind its memory, which may go well: the one after that is refused.
    over, width = shape(largest + (2 if shape is alike else 1))
    with pytest.raises(ChildFailedError, match="it ended"):
        worker.ask([Load(1, over)], [Fact(1, (1,) * width)])


def test_nets_stay_well_below_the_limits() -> None:
    assert ALTERNATIVES_PER_NET <= 64 * 0.75
    assert FIELDS_PER_NET <= 252 * 0.8
    # One condition can't name more fields: the shortest comparison with a field of one's own, and the word between.
    assert MAX_LENGTH // len("ticket.custom.x==1 or ") < FIELDS_PER_NET


def test_properties_are_told_apart_by_their_hash() -> None:
    names = ["id", "sid", "$s", "$forward", *(f"p{index}" for index in range(FIELDS_PER_NET))]
    assert len({_fnv1a(name) for name in names}) == len(names)


def _fnv1a(name: str) -> int:
    digest = 0x811C9DC5
    for byte in name.encode():
        digest = (digest ^ byte) * 0x01000193 % 2**32
    return digest


# ---------------------------------------------------------------- what is refused

PAIRS = "({0} == 'a{1}' or {2} == 'b{1}')"
NAMES = [f"ticket.custom.f{index}" for index in range(40)]
SETTINGS = {"fields": {name.removeprefix("ticket.custom."): {"type": "text"} for name in NAMES}}


def pairs(number: int) -> str:
    """A condition that comes to two to the `number` alternatives."""
    return " and ".join(PAIRS.format(NAMES[2 * index], index, NAMES[2 * index + 1]) for index in range(number))


def rulebook(*conditions: str, audience: str = "contacts") -> Rulebook:
    return rulebook_of([{"for": f"site.{audience}", "if": condition} for condition in conditions], SETTINGS)


class TestRefusals:
    def test_a_condition_within_the_limit_passes(self) -> None:
        assert limit_problems(rulebook(pairs(8))) == []

    def test_a_condition_of_too_many_alternatives_is_named(self) -> None:
        (problem,) = limit_problems(rulebook("ticket.title == 'a'", pairs(9)))
        assert problem.path == ("rules", 1, "if")
        assert "`rule-1` comes to more than 256 combinations" in problem.message
        assert "split it into several rules" in problem.suggestion

    def test_so_is_its_negation(self) -> None:
        negated = f"not ({pairs(9).replace(' and ', ' AND ').replace(' or ', ' and ').replace(' AND ', ' or ')})"
        (problem,) = limit_problems(rulebook(negated))
        assert problem.path == ("rules", 0, "if")

    def test_inherited_rules_have_no_place_in_the_file(self) -> None:
        declared = Settings(fields={f"f{number}": CustomFieldSettings("text") for number in range(20)})
        theirs, mine = (RuleEntry(name, "product.contacts", if_=pairs(9 + at)) for at, name in enumerate(("a", "b")))
        base = Base(declared, msgspec.convert(DEFAULTS, Defaults), (theirs,), {})
        own = RuleFile(extends="default", rules=[mine])
        found = limit_problems(build_rulebook(own, "test", base))
        assert [problem.path for problem in found] == [(), ("rules", 0, "if")]

    @pytest.mark.parametrize("audience", Audience)
    def test_a_file_of_too_many_alternatives_is_refused(self, audience: Audience) -> None:
        conditions = [f"ticket.id == '{number}' and {pairs(5)}" for number in range(33)]
        assert limit_problems(rulebook(*conditions[:32], audience=audience)) == []

        (problem,) = limit_problems(rulebook(*conditions, audience=audience))
        assert problem.path == ("rules",)
        assert f"for {audience} come to 1,056 combinations of `or` parts, 1,024 is the limit" in problem.message

    def test_a_file_of_too_many_comparisons_is_refused(self) -> None:
        single = [f"ticket.id == '{number}'" for number in range(200)]
        listed = ", ".join(f"'{number}'" for number in range(0, 200, 2))
        crossing = [f"ticket.id in ({listed}) and ticket.title == '{number}'" for number in range(90)]
        (problem,) = limit_problems(rulebook(*single, *crossing))
        assert "comparisons, 8,192 is the limit" in problem.message

    def test_the_matcher_refuses_what_was_never_checked(self) -> None:
        unchecked = rulebook(pairs(9))
        asked = Question(unchecked.derive(ALL_TICKS), Audience.CONTACTS, Trigger.OPENED, {})
        with DurableMatcher(unchecked) as matcher, pytest.raises(RuleEngineError, match="limit_problems"):
            matcher.match([asked])

    def test_many_plain_rules_pass(self) -> None:
        conditions = [f"ticket.customer == 'c{number}' and ticket.priority != 'low'" for number in range(1_000)]
        assert limit_problems(rulebook(*conditions)) == []


# ---------------------------------------------------------------- why it suffices


def test_no_net_is_larger_than_it_may_be() -> None:
    rules = rulebook(*(f"ticket.id == '{number}' and {pairs(3)}" for number in range(60))).rules
    nets = translate(rules).nets
    assert sum(len(net.positions) for net in nets) == 60 * 8
    for net in nets:
        assert len(net.positions) <= ALTERNATIVES_PER_NET
        assert len(net.reads) <= FIELDS_PER_NET
        parsed = [json.dumps(rule, sort_keys=True) for rule in json.loads(net.definition).values()]
        assert len(set(parsed)) == len(parsed)
        assert "$or" not in net.definition


def test_a_wide_net_is_split_by_its_fields() -> None:
    names = [f"w{index}" for index in range(300)]
    rules = [{"for": "site.contacts", "if": f"ticket.custom.{name} == 1"} for name in names]
    wide = rulebook_of(rules, {"fields": {name: {"type": "number"} for name in names}})
    assert max(len(net.reads) for net in translate(wide.rules).nets) <= FIELDS_PER_NET


def test_values_of_one_long_list_share_a_code() -> None:
    listed = ", ".join(f"'{number}'" for number in range(500))
    encoding = encoding_of(rulebook(f"ticket.id in ({listed})").rules)
    assert encoding.size("ticket.id") == 2


def test_the_largest_condition_is_within_the_bound_it_names() -> None:
    assert len(translate(rulebook(pairs(8)).rules).nets) == -(-MAX_ALTERNATIVES // ALTERNATIVES_PER_NET)
