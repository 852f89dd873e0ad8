"""Every reason in words: why, and which change opens its gate. Those about objects and people stand here."""

from __future__ import annotations

from typing import Any, Final

from schemas.vocabulary import ObjectKind, Reason, Trigger
from tocsin.authoring.explain.case import Case, Phrasing, Words, adds, event_sets, removes, sets
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
    why = "no mode of reception is active (e-mail or fax)"
    # Activating an address that is there is less work than finding out another.
    modes = case.person.modes if case.person is not None else ()
    inactive = [
        sets(
            case.who,
            ("modes", _mode(mode.channel.value, mode.address), "active"),
            True,
            f"activate the {_NAMES[mode.channel.value]} address {mode.address}",
        )
        for mode in modes
        if mode.channel is case.channel
    ]
    does = "add an address with `active: true`"
    return Words(why, (*inactive, adds(case.who, ("modes",), spare_address(case), does)))


_NAMES: Final = {"email": "e-mail", "fax": "fax", "sms": "SMS", "chat": "chat"}


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
    if case.decision.event.notify == "internal":
        does = "the platform would have to send true, or leave it out"
        return Words("the platform keeps this save internal", (event_sets("data.notify", True, does),))
    change = event_sets("data.ticket.visible_to_customer", True, "the ticket would have to be visible to customers")
    return Words("the ticket is not visible to customers", (change,))


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
    status, language = case.decision.event.ticket.status, case.rulebook.policy.language
    label = {language: f"{status} (as customers read it)"}
    does = "give the status a label of its own"
    change = sets(RULE_FILE, ("settings", "statuses", str(status)), label, does)
    return Words("the status that customers see did not change", (change,))


def _own_save(case: Case) -> Words:
    actor = {"kind": "system", "id": None, "email": None}
    does = "somebody else would have to make the save (nobody is told of their own)"
    return Words("the person made this save", (event_sets("data.actor", actor, does),))


def _suppressed(case: Case) -> Words:
    why = f"a suppression stands for the person or every address, for `{case.trigger}`"
    return Words(why, (_lifted(case),))


def _lifted(case: Case) -> Change:
    """The suppression to lift: of the address for which the fewest stand."""
    person = case.person
    addresses = [one.address for one in person.modes if one.channel is case.channel and one.active] if person else []
    standing = [
        [*case.directory.standing(person, case.channel, address, case.trigger, case.decision.now)]
        for address in addresses
        if person is not None
    ]
    # One address that is free again is enough for a message.
    fewest = min(standing, key=len, default=[])
    record = f"suppression/{fewest[0].id}" if fewest else "suppression"
    return removes(record, (), "lift the suppression, if the reason for it is gone")


def _same_mailbox(case: Case) -> Words:
    why = "a contact with the same mailbox gets this message"
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
