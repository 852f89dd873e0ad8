"""Who would be told of a save to come: the same as engines decide, and nobody by name for who may not see that."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from engine.decide import Decision, decide
from engine.directory.directory import Directory
from schemas.api_answers import Preview
from schemas.directory import record_from_data
from schemas.event import Event
from tests.support.engine_on_fakes import Still
from tests.support.helpdesk.events import NOW, Helpdesk, default_rules, fax, saved
from tests.support.helpdesk.random_helpdesks import Desk, desk_of
from tests.support.oracle.chance import NOW as ORACLES_NOW
from tocsin.services.intake.previewing import MOST_ENTRIES, Deciding, NotYetError, Previews


class Fixed:
    """A DirectorySource of one directory."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    def current(self) -> Directory:
        return self._directory


def previewed(event: Event, desk: Helpdesk, personal: bool = True) -> Preview:
    previews = Previews(Still(NOW))
    previews.open(Deciding(Fixed(desk.directory()), default_rules))
    return previews.of(event, personal=personal)


def a_desk() -> Helpdesk:
    desk = Helpdesk()
    desk.contact("ct-1", "contract/C-7", name="Zoé Martin")
    desk.collaborator("co-1", "product/P-erp", name="Li Wei", alerts=["closed"])
    return desk


def test_who_would_be_told_and_who_not_and_why() -> None:
    preview = previewed(saved(None), a_desk())
    [told], [stopped] = preview.told, [one for one in preview.not_told if one.person is not None]
    assert (str(told.person), told.channel, told.template, told.when) == (
        *("contact/ct-1", "email"),
        *("external/opened", "at once"),
    )
    assert (told.address, told.name) == ("ct-1@acme.example", "Zoé Martin")
    assert told.subject == "[Opened] 2026-1042: Invoices do not print"
    assert (str(stopped.person), stopped.reason, stopped.why) == (
        *("collaborator/co-1", "own_tick_off"),
        "the person's own tick for `opened` is off",
    )


def test_a_save_that_means_nothing_says_so() -> None:
    preview = previewed(saved({}), a_desk())
    assert (preview.triggers, preview.told) == ([], [])
    assert [one.reason for one in preview.not_told] == ["no_trigger"]
    assert "neither opens, resolves or closes" in preview.not_told[0].why


def test_more_than_anybody_reads_is_counted() -> None:
    desk = Helpdesk()
    for number in range(MOST_ENTRIES + 7):
        desk.contact(f"ct-{number}", "contract/C-7")
    preview = previewed(saved(None), desk)
    assert (len(preview.told), preview.left_out) == (MOST_ENTRIES, 7)


def test_words_take_no_more_time_than_there_is() -> None:
    desk = Helpdesk()
    for number in range(3):
        desk.contact(f"ct-{number}", "contract/C-7", alerts=["closed"])
    seconds = iter([0.0, 1.0, 3.0, 4.0])
    previews = Previews(Still(NOW), lambda: next(seconds))
    previews.open(Deciding(Fixed(desk.directory()), default_rules))
    words = [one.why for one in previews.of(saved(None), personal=True).not_told]
    assert words == ["the person's own tick for `opened` is off", *["the person's own tick was off for `opened`"] * 2]


def test_before_the_directory_was_read_nothing_is_told() -> None:
    with pytest.raises(NotYetError):
        Previews(Still(NOW)).of(saved(None), personal=True)


@pytest.mark.parametrize("seed", range(60))
def test_it_is_what_engines_decide_and_names_nobody_for_who_may_not_see_that(seed: int) -> None:
    desk = named(desk_of(seed))
    directory, rulebook = desk.directory, desk.rules.rulebook
    previews = Previews(Still(ORACLES_NOW))
    previews.open(Deciding(Fixed(directory), lambda: rulebook))
    secrets = [*personal_of(desk)]
    for _, event in desk.readable():
        decision = decide(event, directory, rulebook, ORACLES_NOW)
        hidden, shown = previews.of(event, personal=False), previews.of(event, personal=True)
        for preview in (hidden, shown):
            assert as_decided(preview) == as_kept(decision)
            assert all(one.why for one in preview.not_told)
        text = msgspec.json.encode(hidden).decode()
        assert [one for one in secrets if one in text] == []
        # The control: the same search finds what whoever may see it is shown.
        if shown.told:
            assert any(one in msgspec.json.encode(shown).decode() for one in secrets)


def named(desk: Desk) -> Desk:
    records: dict[str, Any] = {
        key: {**record, "name": f"Somebody {key} of them"} if key.startswith(("contact/", "collaborator/")) else record
        for key, record in desk.records.items()
    }
    return msgspec.structs.replace(desk, records=records)


def personal_of(desk: Desk) -> Iterator[str]:
    """All names and addresses of its people."""
    for record in desk.records.values():
        if record["kind"] in ("contact", "collaborator"):
            yield record["name"]
            modes = record["modes"] if isinstance(record.get("modes"), list) else ()
            addresses = (mode.get("address") for mode in modes if isinstance(mode, dict))
            yield from (one for one in addresses if isinstance(one, str) and {"@", "+"} & {*one})


def as_decided(preview: Preview) -> tuple[Any, ...]:
    told = [(one.person, one.channel, one.trigger, one.rules) for one in preview.told]
    return preview.triggers, told, [(one.person, one.category, one.reason) for one in preview.not_told]


def as_kept(decision: Decision) -> tuple[Any, ...]:
    told = [(one.person, one.channel, one.trigger, one.rules) for one in decision.jobs]
    return [*decision.triggers], told, [(one.person, one.category, one.reason) for one in decision.skipped]


def test_suppressions_that_are_added_apart_hold_here_alone() -> None:
    desk = a_desk()
    desk.contact("ct-2", "contract/C-7", modes=[fax("+33140000001")])
    desk.put(suppression("email/a", "ct-1@acme.example", "email"))
    base = desk.directory()
    own = base.with_own_suppressions(None)
    assert told(own) == told(base) == {"contact/ct-2"}
    other = Helpdesk()
    other.put(suppression("fax/b", "+33140000001", "fax"))
    own.apply(next(iter(suppressions(other))))
    assert (told(own), told(base)) == (set(), {"contact/ct-2"})
    own.remove("suppression", "email/a")
    assert (told(own), told(base)) == ({"contact/ct-1"}, {"contact/ct-2"})
    # Records are the same ones, as they change.
    base.remove("contact", "ct-1")
    assert told(own) == set()


def suppression(name: str, address: str, channel: str) -> dict[str, Any]:
    given = {"kind": "suppression", "id": name, "channel": channel, "address": address, "person": None}
    return {**given, "triggers": None, "reason": "hard_bounce", "since": "2026-02-01T00:00:00Z", "until": None}


def suppressions(desk: Helpdesk) -> Iterator[Any]:

    yield from (record_from_data(one) for one in desk.records.values() if one["kind"] == "suppression")


def told(directory: Directory) -> set[str]:
    return {str(one.person) for one in decide(saved(None), directory, default_rules(), NOW).jobs}
