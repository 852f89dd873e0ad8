"""Every reason in words: why, and which change opens its gate. Those about objects and people stand here."""

from __future__ import annotations

from typing import Any, Final

from msgspec import UNSET

from engine.directory.records import Suppression
from engine.stages.s5_person_gates import active_addresses
from engine.statuses import is_internal
from schemas.event import Event
from schemas.mailbox import mailbox
from schemas.vocabulary import Channel, ObjectKind, Reason, Trigger
from tocsin.authoring.explain.case import Case, Phrasing, Words, adds, called, event_sets, removes, sets
from tocsin.authoring.explain.changes import RULE_FILE, Change, Entry
from tocsin.authoring.explain.reasons_of_events import OF_EVENTS
from tocsin.authoring.explain.reasons_of_records import likely_person, spare_address, unreadable_record
from tocsin.authoring.explain.reasons_of_rules import no_rule


def _category_off(case: Case) -> Words:
    category = case.category
    path = ("recipients", category.object_kind.value, category.audience.value)
    change = sets(f"contract/{case.contract_id}", path, True, "set it to true")
    return Words(f"the contract's tick for {category} is off", (change,))


def _named(case: Case) -> str:
    kind = case.category.object_kind
    return "" if kind is ObjectKind.CONTRACT else getattr(case.decision.event.ticket, kind.value) or ""


def _object_not_attached(case: Case) -> Words:
    kind, named = case.category.object_kind, _named(case)
    why = f"the ticket names the {kind} {named}, which is not attached to the contract"
    return Words(why, (adds(f"contract/{case.contract_id}", (kind.attaching_field,), named, f"add {named}"),))


def _object_unknown(case: Case) -> Words:
    kind, named = case.category.object_kind, _named(case)
    record = f"{kind}/{named}"
    why = f"the directory has no record {record}, which the ticket names"
    return Words(why, (sets(record, (), {"kind": kind.value, "id": named}, "load it"),))


OF_OBJECTS: Final[Phrasing] = {
    Reason.CATEGORY_OFF: _category_off,
    Reason.OBJECT_NOT_ATTACHED: _object_not_attached,
    Reason.OBJECT_UNKNOWN: _object_unknown,
}


def _unknown_person(case: Case) -> Words:
    kind, _, person_id = case.who.partition("/")
    fields: dict[str, Any] = {"kind": kind, "id": person_id, **likely_person(case, kind)}
    change = sets(case.who, (), fields, "load the person, with an address and the triggers that they want")
    return Words(f"the directory has no record {case.who}", (change,))


def _no_active_mode(case: Case) -> Words:
    # Activating an address that is there is less work than finding out another.
    modes = case.person.modes if case.person is not None else ()
    inactive = [
        sets(
            case.who,
            ("modes", _mode(mode.channel.value, mode.address), "active"),
            True,
            f"activate the {_NAMES[mode.channel]} address {mode.address}",
        )
        for mode in modes
        if mode.channel is case.channel and not mode.active
    ]
    does = "add an address with `active: true`"
    return Words(_no_mode(case), (*inactive, adds(case.who, ("modes",), spare_address(case), does)))


def _no_mode(case: Case) -> str:
    """Which mode is missing: an active one of another channel is of no use where no rule that matches sends by it."""
    modes = case.person.modes if case.person is not None else ()
    active = [*dict.fromkeys(_NAMES[mode.channel] for mode in modes if mode.active)]
    if not modes:
        return "the person has no mode of reception"
    if not active:
        return "no mode of reception is active"
    wanted = _NAMES[case.channel]
    if case.is_one_way:
        return f"no {wanted} address of theirs is active"
    open_, by = (f"{active[0]} is", "it") if len(active) == 1 else (f"{' and '.join(active)} are", "them")
    return (
        f"the rules that match here send by {wanted}, and no {wanted} address of theirs is active "
        f"({open_}, but no rule that matches here sends by {by})"
    )


_NAMES: Final = {Channel.EMAIL: "e-mail", Channel.FAX: "fax", Channel.SMS: "SMS", Channel.CHAT: "chat"}


def _mode(channel: str, address: str) -> Entry:
    return Entry((("channel", channel), ("address", address)), f"{channel} {address}")


def _customer_trigger_off(case: Case) -> Words:
    person, customer = case.person, case.customer
    if person is None or person.customer is None:
        does = f"name the contact's customer, for example {case.owner}"
        return Words("the contact belongs to no customer", (sets(case.who, ("customer",), case.owner, does),))
    record, trigger = f"customer/{person.customer}", case.trigger.value
    if customer is None:
        site = next(iter(person.sites), None)
        enabled = {one.value: {"enabled": True} for one in Trigger}
        fields = {"kind": "customer", "id": person.customer, "main_site": site, "alerts": enabled}
        change = sets(record, (), fields, "load the contact's customer, with the triggers enabled")
        return Words(f"the directory has no record {record}", (change,))
    why = f"{record} does not have `{trigger}` enabled for its contacts"
    return Words(why, (sets(record, ("alerts", trigger, "enabled"), True, "set it to true"),))


def _not_main_site(case: Case) -> Words:
    customer, person = case.customer, case.person
    if customer is None or customer.main_site is None:
        record = f"customer/{person.customer or '' if person is not None else ''}"
        sites = [*(person.sites if person is not None else ()), *(case.contract.sites if case.contract else ())]
        site = next(iter(sites), "S-1")
        change = sets(record, ("main_site",), site, f"name its main site, for example {site}")
        return Words("the contact's customer has no main site", (change,))
    why = f"the contact is not linked to the main site {customer.main_site} of its customer, as e-mails ask for"
    return Words(why, (adds(case.who, ("sites",), customer.main_site, f"add {customer.main_site}"),))


def _own_tick_off(case: Case) -> Words:
    trigger = case.trigger.value
    why = f"the person's own tick for `{trigger}` is off"
    return Words(why, (adds(case.who, ("alerts",), trigger, f"add {trigger}"),))


def _not_visible(case: Case) -> Words:
    event = case.decision.event
    why: list[str] = []
    changes: list[Change] = []
    if event.notify == "internal":
        why.append("the platform keeps this save internal")
        changes.append(event_sets("data.notify", True, "the platform would have to send true, or leave it out"))
    if event.ticket.visible_to_customer is False:
        why.append("the ticket is not visible to customers")
        does = "the ticket would have to be visible to customers"
        changes.append(event_sets("data.ticket.visible_to_customer", True, does))
    return Words(", and ".join(why), tuple(changes))


def _not_own(case: Case) -> Words:
    contract, person, owner = case.contract, case.person, case.owner
    belongs = person.customer if person is not None else None
    record = f"contract/{case.contract_id}"
    if owner is None:
        why = f"the ticket names no customer and the contract no client, the contact is of {belongs}"
        return Words(why, (sets(record, ("client",), belongs, f"name its client, for example {belongs}"),))
    why = f"the ticket is of {owner}, the contact of {belongs}"
    # For people of the contract client, a switch of the contract is enough; others must act for the customer.
    if contract is not None and person is not None and person.customer == contract.client:
        why += ", and the client may not read every ticket of the contract"
        return Words(why, (sets(record, ("client_reads_beneficiaries",), True, "set it to true"),))
    does = f"add {owner}, if the contact acts for them"
    return Words(why, (adds(case.who, ("acts_for",), owner, does),))


def _status_internal(case: Case) -> Words:
    status, policy = case.decision.event.ticket.status, case.rulebook.policy
    label = {policy.language: f"{status} (as customers read it)"}
    does = "give the status a label of its own"
    change = sets(RULE_FILE, ("settings", "statuses", str(status)), label, does)
    if is_internal(status, policy):
        return Words(f"the status `{status}` is internal: customers do not see it", (change,))
    before = _status_before(case.decision.event)
    return Words(f"customers read the same for `{before}` and `{status}`", (change,))


def _status_before(event: Event) -> str | None:
    previous = event.previous
    return None if previous is None else event.ticket.status if previous.status is UNSET else previous.status


def _own_save(case: Case) -> Words:
    actor, person = case.decision.event.actor, case.person
    nobody = {"kind": "system", "id": None, "email": None}
    does = "somebody else would have to make the save (nobody is told of their own)"
    change = event_sets("data.actor", nobody, does)
    kind = None if actor.kind is None else actor.kind.person_kind
    if person is not None and (actor.id, kind) == (person.id, person.kind):
        return Words("the person made this save", (change,))
    return Words(f"the save was made from an e-mail address of theirs, {actor.email}", (change,))


def _suppressed(case: Case) -> Words:
    name = _NAMES[case.channel]
    standing = _standing(case)
    # One address that is free again is enough for a message.
    fewest = min(standing, key=len, default=[])
    record = f"suppression/{fewest[0].id}" if fewest else "suppression"
    change = removes(record, (), "lift the suppression, if the reason for it is gone")
    stands = " and ".join(f"suppression/{one.id}" for one in fewest) + (" stands" if len(fewest) == 1 else " stand")
    about = f"for `{case.trigger}`"
    if any(_is_of_person(one, case) for one in fewest):
        return Words(f"{stands} for the person, {about} by {name}", (change,))
    if len(standing) == 1:
        return Words(f"{stands} for their {name} address, {about}", (change,))
    return Words(
        f"suppressions stand for all of their {len(standing)} {name} addresses, {about}: {stands} for one", (change,)
    )


def _standing(case: Case) -> list[list[Suppression]]:
    """The suppressions that stand for each of their active addresses."""
    person, channel = case.person, case.channel
    if person is None:
        return []
    addresses = active_addresses(person, channel, case.rulebook.policy.fax_region)
    now = case.decision.now
    return [[*case.directory.standing(person, channel, one, case.trigger, now)] for one in addresses]


def _is_of_person(one: Suppression, case: Case) -> bool:
    """Whether it names the person: by their id, or by its hash where they were forgotten."""
    pseudonyms = case.directory.pseudonyms
    return one.person == case.who or (
        pseudonyms is not None and not set(one.hashes).isdisjoint(pseudonyms.of_person(case.who))
    )


def _same_mailbox(case: Case) -> Words:
    region = case.rulebook.policy.fax_region
    own = {(channel, mailbox(one)) for channel in Channel for one in active_addresses(case.person, channel, region)}
    jobs = (job for job in case.decision.jobs if (job.channel, mailbox(job.address)) in own)
    reader = next((job.person for job in jobs if str(job.person) != case.who), None)
    who = "a contact" if reader is None else called(reader, case.directory)
    why = f"{who} reads the same mailbox, and gets the message"
    return Words(
        why, (adds(case.who, ("modes",), spare_address(case), "give the collaborator a mailbox of their own"),)
    )


OF_PEOPLE: Final[Phrasing] = {
    **OF_OBJECTS,
    Reason.NO_RULE: no_rule,
    Reason.UNKNOWN_PERSON: _unknown_person,
    Reason.NO_ACTIVE_MODE: _no_active_mode,
    Reason.CUSTOMER_TRIGGER_OFF: _customer_trigger_off,
    Reason.NOT_MAIN_SITE: _not_main_site,
    Reason.OWN_TICK_OFF: _own_tick_off,
    Reason.NOT_VISIBLE: _not_visible,
    Reason.NOT_OWN: _not_own,
    Reason.STATUS_INTERNAL: _status_internal,
    Reason.OWN_SAVE: _own_save,
    Reason.SUPPRESSED: _suppressed,
    Reason.SAME_MAILBOX: _same_mailbox,
    Reason.UNREADABLE_RECORD: unreadable_record,
}


PHRASING: Final[Phrasing] = {**OF_EVENTS, **OF_PEOPLE}
"""How each reason is put into words. UNREADABLE_RECORD is a reason about events, objects and people alike."""


def in_words(case: Case) -> Words:
    """The reason of an entry in words."""
    return PHRASING[case.skip.reason](case)
