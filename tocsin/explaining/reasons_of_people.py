"""Why a person is not alerted through a category, in words."""

from __future__ import annotations

from typing import Final

from schemas.vocabulary import ObjectKind, Reason
from tocsin.explaining.case import Case, Phrasing, Words


def _category_off(case: Case) -> Words:
    field = f"recipients.{case.category}"
    return Words(
        f"the contract's tick for {case.category} is off", f"contract/{case.contract_id}", field, "set it to true"
    )


_ATTACHING = {
    ObjectKind.PRODUCT: "products",
    ObjectKind.SITE: "sites",
    ObjectKind.SERVICE: "services",
    ObjectKind.CUSTOMER: "beneficiaries",
}


def _named(case: Case) -> str:
    ticket, kind = case.decision.event.ticket, case.category.object_kind
    named = {
        ObjectKind.PRODUCT: ticket.product,
        ObjectKind.SITE: ticket.site,
        ObjectKind.SERVICE: ticket.service,
        ObjectKind.CUSTOMER: ticket.customer,
    }
    return named.get(kind) or ""


def _object_not_attached(case: Case) -> Words:
    kind, named = case.category.object_kind, _named(case)
    why = f"the ticket names the {kind} {named}, which is not attached to the contract"
    return Words(why, f"contract/{case.contract_id}", _ATTACHING[kind], f"add {named}")


def _object_unknown(case: Case) -> Words:
    record = f"{case.category.object_kind}/{_named(case)}"
    why = f"the directory has no record {record}, which the ticket names"
    return Words(why, record, "(the whole record)", "load it")


def _no_rule(case: Case) -> Words:
    why = f"no rule for {case.category} matches `{case.trigger}` here"
    return Words(
        why, "the rule file", f"rules (for: {case.category})", "see `on`, `if` and `send: channels` of its rules"
    )


def _unknown_person(case: Case) -> Words:
    record = str(case.skip.person)
    return Words(f"the directory has no record {record}", record, "(the whole record)", "load the person")


def _no_active_mode(case: Case) -> Words:
    why = "no mode of reception is active (e-mail or fax)"
    return Words(why, str(case.skip.person), "modes", "add an address with `active: true`, or activate one")


def _customer_trigger_off(case: Case) -> Words:
    person, customer = case.person, case.customer
    field = f"alerts.{case.trigger}.enabled"
    if person is None or person.customer is None:
        return Words(
            "the contact belongs to no customer", str(case.skip.person), "customer", "name the contact's customer"
        )
    record = f"customer/{person.customer}"
    if customer is None:
        return Words(
            f"the directory has no record {record}", record, "(the whole record)", "load the contact's customer"
        )
    return Words(f"{record} does not have `{case.trigger}` enabled for its contacts", record, field, "set it to true")


def _not_main_site(case: Case) -> Words:
    customer, who = case.customer, str(case.skip.person)
    if customer is None or customer.main_site is None:
        record = "customer/" + (case.person.customer or "" if case.person is not None else "")
        return Words("the contact's customer has no main site", record, "main_site", "name its main site")
    why = f"the contact is not linked to the main site {customer.main_site} of its customer, as e-mails ask for"
    return Words(why, who, "sites", f"add {customer.main_site}")


def _own_tick_off(case: Case) -> Words:
    return Words(
        f"the person's own tick for `{case.trigger}` is off", str(case.skip.person), "alerts", f"add {case.trigger}"
    )


def _not_visible(case: Case) -> Words:
    if case.decision.event.notify == "internal":
        return Words("the platform keeps this save internal", "the event", "data.notify", "send true, or leave it out")
    why = "the ticket is not visible to customers"
    return Words(why, "the event", "data.ticket.visible_to_customer", "make the ticket visible")


def _not_own(case: Case) -> Words:
    contract, person = case.contract, case.person
    owner = case.decision.event.ticket.customer or (contract.client if contract is not None else None)
    why = f"the ticket is of {owner}, the contact of {person.customer if person is not None else None}"
    if contract is not None and person is not None and person.customer == contract.client:
        record, field = f"contract/{case.contract_id}", "client_reads_beneficiaries"
        return Words(
            why + ", and the client may not read every ticket of the contract", record, field, "set it to true"
        )
    return Words(why, str(case.skip.person), "acts_for", f"add {owner}, if the contact acts for them")


def _status_internal(case: Case) -> Words:
    status = case.decision.event.ticket.status
    why = "the status that customers see did not change"
    return Words(why, "the rule file", f"settings.statuses.{status}", "give the status a label of its own")


def _own_save(case: Case) -> Words:
    return Words(
        "the person made this save", "the event", "data.actor", "nothing is wrong: nobody is told of their own save"
    )


def _suppressed(case: Case) -> Words:
    why = f"a suppression stands for the person or every address, for `{case.trigger}`"
    return Words(why, _suppression_record(case), "until", "lift the suppression, if the reason for it is gone")


def _suppression_record(case: Case) -> str:
    person, channel = case.person, case.skip.channel
    if person is None or channel is None:
        return "suppression"
    standing = [
        found
        for mode in person.modes
        if mode.channel is channel and mode.active
        for found in case.directory.standing(person, channel, mode.address, case.trigger, case.decision.now)
    ]
    return ", ".join(dict.fromkeys(f"suppression/{one.id}" for one in standing)) or "suppression"


def _same_mailbox(case: Case) -> Words:
    why = "a contact with the same mailbox gets this message"
    return Words(why, str(case.skip.person), "modes", "give the collaborator a mailbox of their own")


OF_PEOPLE: Final[Phrasing] = {
    Reason.CATEGORY_OFF: _category_off,
    Reason.OBJECT_NOT_ATTACHED: _object_not_attached,
    Reason.OBJECT_UNKNOWN: _object_unknown,
    Reason.NO_RULE: _no_rule,
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
}
