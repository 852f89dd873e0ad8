"""Warnings that anybody can cause: one line a minute, which says how often it came."""

from __future__ import annotations

from adapters.web.seldom import AGAIN, MOST, Seldom


class World:
    """Seldom at a time that the test sets."""

    def __init__(self) -> None:
        self.now = 0.0
        self.seldom = Seldom(lambda: self.now)

    def said(self, *events: tuple[str, str]) -> list[tuple[str, str, int]]:
        counted = ((*event, self.seldom.times(*event)) for event in events)
        return [one for one in counted if one[2]]


def test_the_first_is_said_at_once_and_the_next_a_minute_later_with_its_number() -> None:
    world = World()
    assert world.said(*[("zammad", "wrong_signature")] * 1_000) == [("zammad", "wrong_signature", 1)]
    world.now = AGAIN - 1
    assert world.said(("zammad", "wrong_signature")) == []
    world.now = AGAIN
    assert world.said(("zammad", "wrong_signature")) == [("zammad", "wrong_signature", 1_001)]
    world.now = 3 * AGAIN
    assert world.said(("zammad", "wrong_signature")) == [("zammad", "wrong_signature", 1)]


def test_another_hook_and_another_error_are_told_by_themselves() -> None:
    said = World().said(("zammad", "too_old"), ("glpi", "too_old"), ("glpi", "no_signature"), ("glpi", "too_old"))
    assert said == [("zammad", "too_old", 1), ("glpi", "too_old", 1), ("glpi", "no_signature", 1)]


def test_what_is_remembered_is_bounded() -> None:
    world = World()
    assert len(world.said(*((f"hook-{number}", "x") for number in range(MOST + 1)))) == MOST + 1
    assert world.said(("hook-0", "x"), (f"hook-{MOST}", "x")) == [("hook-0", "x", 1)]
