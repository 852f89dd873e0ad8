"""What is said to hold never or always agrees with what conditions mean, on facts made at random; and it can fail."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from engine.rulebook.conditions.evaluate import holds
from engine.rulebook.conditions.parser import parse_condition
from engine.rulebook.conditions.syntax import Node, TextRelation, leaves
from engine.rulebook.fields import BUILT_IN_FIELDS, Field, FieldType, custom_field
from schemas.vocabulary import ActorKind, Audience, Channel, PersonKind, Trigger
from tocsin.authoring.lint import reasoning, text_tests
from tocsin.authoring.lint.reasoning import Circumstances, always_holds, can_hold, implies, never_holds

FIELDS: Mapping[str, Field] = {
    **BUILT_IN_FIELDS,
    "ticket.custom.n": custom_field("n", FieldType.NUMBER),
    "ticket.custom.flag": custom_field("flag", FieldType.BOOLEAN),
}
TEXTS = ['"a"', '"b"', '"c"']
NUMBERS = ["0", "1", "1.5", "2"]


def equal(field: str, values: list[str]) -> SearchStrategy[str]:
    one = st.sampled_from(values)
    many = st.lists(one, min_size=1, max_size=3).map(", ".join)
    return st.one_of(
        st.builds("{} {} {}".format, st.just(field), st.sampled_from(["==", "!="]), one),
        st.builds("{} {} ({})".format, st.just(field), st.sampled_from(["in", "not in"]), many),
    )


COMPARISONS = st.one_of(
    equal("ticket.priority", TEXTS),
    equal("previous.status", TEXTS),
    equal("trigger", [f'"{trigger}"' for trigger in Trigger]),
    equal("person.kind", ['"contact"']),
    equal("actor.kind", [f'"{kind}"' for kind in ActorKind]),
    equal("event.origin", ['"user"', '"automation"']),
    equal("ticket.resolution_marked", ["true", "false"]),
    equal("ticket.custom.flag", ["true", "false"]),
    equal("ticket.custom.n", NUMBERS),
    equal("channel", [f'"{channel}"' for channel in Channel]),
    st.just("ticket.reopened"),
    st.builds("ticket.custom.n {} {}".format, st.sampled_from(["<", "<=", ">", ">="]), st.sampled_from(NUMBERS)),
)
WITHIN = st.builds(
    "{} {} {}".format,
    st.sampled_from(["ticket.priority", "actor.kind"]),
    st.sampled_from([relation.value for relation in TextRelation]),
    st.sampled_from(['"a"', '"b"', '"ab"', '"ba"', '"a b"', '"contact"']),
)
OF_MANY = st.sampled_from(
    ['"a" in person.groups', "ticket.priority in person.groups", "ticket.priority == previous.status"]
)


def joined(comparisons: SearchStrategy[str]) -> SearchStrategy[Node]:
    return st.recursive(
        comparisons,
        lambda part: st.one_of(
            part.map("not ({})".format),
            st.lists(part, min_size=2, max_size=4).map(lambda parts: "(" + ") and (".join(parts) + ")"),
            st.lists(part, min_size=2, max_size=4).map(lambda parts: "(" + ") or (".join(parts) + ")"),
        ),
        max_leaves=8,
    ).map(parse_condition)


EXACT = joined(COMPARISONS)
"""Of these all that is certain is known."""
CONDITIONS = joined(st.one_of(COMPARISONS, WITHIN, WITHIN, OF_MANY))
TRIGGERS = st.frozensets(st.sampled_from(list(Trigger)), min_size=1)


def facts_for(triggers: frozenset[Trigger]) -> SearchStrategy[dict[str, Any]]:
    """All that may be known of one save, one trigger of it, and one contact of the directory."""
    text = st.sampled_from([None, "a", "b", "c", "d", "", "A b", "ab", "bab", "a b a", "xa", "b-a"])
    groups = st.sampled_from([None, (), ("a",), ("b", "c"), ("a", "ab")])
    odd = st.one_of(text, st.booleans(), st.integers(-1, 3), st.sampled_from([0.5, 1.25, 1.75, 2.5]))
    truth = st.sampled_from([None, True, False])
    return st.fixed_dictionaries(
        {
            "trigger": st.sampled_from(sorted(triggers)).map(str),
            "person.kind": st.just(PersonKind.CONTACT.value),
            "event.origin": st.sampled_from(["user", "automation"]),
            "actor.kind": st.sampled_from([None, *(kind.value for kind in ActorKind)]),
            "ticket.resolution_marked": truth,
            "ticket.reopened": st.booleans(),
            "channel": st.sampled_from([channel.value for channel in Channel]),
        },
        optional={
            "ticket.priority": text,
            "previous.status": text,
            "person.groups": groups,
            # What the platform sends may be of any type, whatever the file declares.
            "ticket.custom.flag": odd,
            "ticket.custom.n": odd,
        },
    )


def circumstances(triggers: frozenset[Trigger] = frozenset(Trigger)) -> Circumstances:
    return Circumstances(FIELDS, Audience.CONTACTS, triggers)


@settings(max_examples=400, deadline=None)
@given(data=st.data(), condition=CONDITIONS, triggers=TRIGGERS)
def test_what_never_or_always_holds_agrees_with_the_evaluator(
    data: st.DataObject, condition: Node, triggers: frozenset[Trigger]
) -> None:
    around = circumstances(triggers)
    never, always = never_holds([condition], around), always_holds(condition, around)
    assert not (never and always)
    for facts in data.draw(st.lists(facts_for(triggers), min_size=1, max_size=25)):
        if holds(condition, facts):
            assert not never
        else:
            assert not always


@settings(max_examples=300, deadline=None)
@given(data=st.data(), one=CONDITIONS, other=CONDITIONS)
def test_what_follows_agrees_with_the_evaluator(data: st.DataObject, one: Node, other: Node) -> None:
    follows = implies([one], other, circumstances())
    for facts in data.draw(st.lists(facts_for(frozenset(Trigger)), min_size=1, max_size=25)):
        if follows and holds(one, facts):
            assert holds(other, facts)


@settings(max_examples=300, deadline=None)
@given(condition=EXACT, triggers=TRIGGERS)
def test_what_can_hold_holds_of_some_facts(condition: Node, triggers: frozenset[Trigger]) -> None:
    """Not only never wrong: of conditions as small as these it is always known, and there are facts to show it."""
    around = circumstances(triggers)
    answer = can_hold([condition], around)
    assert answer is not None
    assert answer == _some_facts_hold(condition, triggers)


def _some_facts_hold(condition: Node, triggers: frozenset[Trigger]) -> bool:
    """Every combination of the values that matter, of the fields that the condition reads."""
    values: dict[str, list[Any]] = {
        "ticket.priority": [None, "a", "b", "c"],
        "previous.status": [None, "a", "b", "c"],
        "trigger": [trigger.value for trigger in triggers],
        "person.kind": ["contact"],
        "actor.kind": [None, *(kind.value for kind in ActorKind)],
        "event.origin": ["user", "automation"],
        "ticket.resolution_marked": [None, True, False],
        "ticket.reopened": [True, False],
        "channel": [channel.value for channel in Channel],
        "ticket.custom.flag": [None, True, False],
        "ticket.custom.n": [None, -1, 0, 0.5, 1, 1.25, 1.5, 1.75, 2, 3],
    }
    read = sorted({name for leaf in leaves(condition) for name in leaf.reads})
    return any(
        holds(condition, dict(zip(read, chosen, strict=True))) for chosen in product(*(values[name] for name in read))
    )


@pytest.mark.parametrize(
    ("condition", "answer"),
    [
        ('ticket.priority == "a" and ticket.priority == "b"', False),
        ('ticket.priority != "a" and ticket.priority != "b"', True),
        ('trigger in ("opened", "closed") and trigger == "resolved"', False),
        ("ticket.custom.n > 1 and ticket.custom.n < 1.0000000001", True),
        ("ticket.custom.n > 1 and ticket.custom.n < 1", False),
        ("ticket.custom.n >= 1 and ticket.custom.n <= 1", True),
        ("not (ticket.custom.n < 1 or ticket.custom.n >= 1)", True),
        ("ticket.resolution_marked != true and ticket.resolution_marked != false", True),
        ('person.kind == "contact" and event.origin not in ("user", "automation")', False),
        ('actor.kind not in ("contact", "collaborator", "system")', True),
        ('ticket.title starts with "outage" and not ticket.title contains "OUT"', False),
        ('ticket.title starts with "out" and ticket.title starts with "in"', False),
        ('ticket.title starts with "out" and ticket.title starts with "outage"', True),
        ('ticket.title ends with "a" and ticket.title ends with "b"', False),
        ('ticket.title contains word "print server" and not ticket.title contains word "print"', False),
        ('ticket.title contains "sap" and not ticket.title contains word "sap"', True),
        ('ticket.title contains "a sap b" and not ticket.title contains word "sap"', False),
        ('ticket.title == "Outage" and ticket.title not contains "outage"', False),
        ('ticket.title == "Outage" and ticket.title contains "out"', True),
        ('ticket.title != "Outage" and ticket.title contains "outage"', True),
        ('ticket.title contains "b" and not ticket.title contains "a"', True),
        ('actor.kind contains "con" and actor.kind != "contact"', False),
        ('channel contains "s" and channel != "sms"', False),
        ("ticket.reopened and not ticket.reopened", False),
        ('"a" in person.groups and "a" not in person.groups', False),
        ('"a" in person.groups and "b" in person.groups', True),
        ("person.id == ticket.customer and not ticket.customer == person.id", False),
    ],
)
def test_what_is_known(condition: str, answer: bool) -> None:
    assert can_hold([parse_condition(condition)], circumstances()) is answer


def test_beyond_the_limit_nothing_is_said() -> None:
    open_ended = [name for name, field in BUILT_IN_FIELDS.items() if field.type == "text" and field.values is None]
    pairs = zip(open_ended[:9], open_ended[9:18], strict=True)
    large = parse_condition(" and ".join(f'({one} == "a" or {other} == "a")' for one, other in pairs))
    assert can_hold([large], circumstances()) is None
    assert not never_holds([large], circumstances())
    assert not always_holds(large, circumstances())


def test_fields_that_are_taken_for_ever_full_would_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: with a wrong domain the property above is broken."""
    monkeypatch.setattr(reasoning, "NEVER_NULL", frozenset(FIELDS))
    condition = parse_condition('actor.kind not in ("contact", "collaborator", "system")')
    assert never_holds([condition], circumstances())
    assert holds(condition, {"actor.kind": None})


def test_what_one_text_says_of_another_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: where it is taken for certain that a text that is contained is a word, the first property breaks."""
    condition = parse_condition('ticket.title contains "sap" and not ticket.title contains word "sap"')
    monkeypatch.setattr(text_tests, "_LETTER", " ")
    assert never_holds([condition], circumstances())
    assert holds(condition, {"ticket.title": "asap"})
