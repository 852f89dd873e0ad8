"""The gates of one person in a category, for a trigger and a channel, in the order of their reasons."""

from collections.abc import Callable

from tests.support.oracle.languages import languages
from tests.support.oracle.people import Attempt, good_modes, is_on
from tests.support.oracle.reading import Record, mailbox, moment
from tests.support.oracle.rules import rules_of


def category_is_on(attempt: Attempt) -> bool:
    """Gate 4, first half."""
    return is_on(attempt.save, attempt.category)


def rule_matches(attempt: Attempt) -> bool:
    """Gate 4, second half. Each tick derives the default rule of its category, which always matches."""
    return rules_of(attempt) != []


def person_is_known(attempt: Attempt) -> bool:
    """Gate 5, first half."""
    return attempt.person in attempt.save.known


def has_active_mode(attempt: Attempt) -> bool:
    """Gate 5, second half."""
    return attempt.mode is not None


def customer_has_trigger(attempt: Attempt) -> bool:
    """Gate 6: the record of the contact's customer enables the trigger."""
    alert = (attempt.customer.get("alerts") or {}).get(attempt.trigger) or {}
    return not attempt.is_contact or alert.get("enabled") is True


def is_on_main_site(attempt: Attempt) -> bool:
    """Gate 7: by e-mail, only contacts of their customer's main site."""
    setting = attempt.save.settings.main_site
    switched_off = setting == "off" or (setting == "not_site" and attempt.category.kind == "site")
    if not attempt.is_contact or attempt.channel != "email" or switched_off:
        return True
    main_site = attempt.customer.get("main_site")
    return main_site is not None and main_site in (attempt.record.get("sites") or [])


def ticked_by_person(attempt: Attempt) -> bool:
    """Gate 8."""
    return attempt.trigger in (attempt.record.get("alerts") or [])


def is_visible(attempt: Attempt) -> bool:
    """Gate 9, first half: the ticket, and this save of it, are for customers' eyes."""
    hidden = attempt.save.ticket.get("visible_to_customer") is False
    return not attempt.is_contact or not (hidden or attempt.save.data.get("notify") == "internal")


def is_own(attempt: Attempt) -> bool:
    """Gate 9, second half: a contact hears of the tickets of those only for whom they stand."""
    if not attempt.is_contact:
        return True
    save, mine = attempt.save, attempt.record.get("customer")
    if save.customer == mine or save.customer in (attempt.record.get("acts_for") or []):
        return True
    client_reads = save.contract.get("client_reads_beneficiaries") is not False
    return client_reads and mine == save.contract["client"]


def shown_status(attempt: Attempt, status: str | None, language: str) -> str | None:
    """A status in the words of a language; one that is not mapped is shown as it is."""
    label = attempt.save.settings.status_labels.get(status or "", status)
    if not isinstance(label, dict):
        return label
    return label.get(language, label.get(attempt.save.settings.default_language))


def customers_see_change(attempt: Attempt) -> bool:
    """Gate 10. Without a status before, a declared change is believed, unless it is into an internal one."""
    if not attempt.is_contact or attempt.trigger != "status_changed":
        return True
    ticket, previous = attempt.save.ticket, attempt.save.data.get("previous")
    labels = attempt.save.settings.status_labels
    if labels.get(ticket["status"]) == "internal":
        return False
    if not previous or labels.get(previous["status"]) == "internal":
        return True
    return any(
        shown_status(attempt, previous["status"], language) != shown_status(attempt, ticket["status"], language)
        for language in languages(attempt, [attempt])
    )


def is_someone_elses_save(attempt: Attempt) -> bool:
    """Gate 11: nobody is told what they did; contacts are told all of it but a change of status."""
    if attempt.is_contact and attempt.trigger != "status_changed":
        return True
    actor = attempt.save.data.get("actor") or {}
    if (actor.get("kind"), actor.get("id")) == attempt.person:
        return False
    addresses = [mode["address"] for mode in good_modes(attempt.record) if mode["channel"] == "email"]
    return mailbox(actor.get("email") or "") not in [mailbox(address) for address in addresses]


def is_not_suppressed(attempt: Attempt) -> bool:
    """Gate 12."""
    records = [record for (kind, _), record in attempt.save.known.items() if kind == "suppression"]
    return not any(stands_against(record, attempt) for record in records)


def stands_against(suppression: Record, attempt: Attempt) -> bool:
    """Whether a suppression holds now, for this trigger, and for this address or person."""
    until, triggers = suppression.get("until"), suppression.get("triggers")
    if until is not None and attempt.save.now >= moment(until):
        return False
    if triggers is not None and attempt.trigger not in triggers:
        return False
    if suppression.get("channel") not in (None, attempt.channel):
        return False
    if suppression.get("person") == "/".join(attempt.person):
        return True
    address = suppression.get("address")
    return address is not None and mailbox(address) == address_of(attempt)[1]


def unreadable_at_stop(attempt: Attempt) -> str | None:
    """The record that can't be read and that alone stops this attempt at its gate."""
    save, at = attempt.save, gates_passed(attempt)
    stopped = GATES[at][0] if at < PASSED else None
    belongs = ("customer", attempt.record.get("customer") or "")
    if stopped == "unknown_person" and attempt.person in save.unreadable:
        return "/".join(attempt.person)
    if stopped == "customer_trigger_off" and belongs in save.unreadable:
        return "/".join(belongs)
    if stopped is None or stopped != "held":
        return None
    held = [
        name for (kind, name), record in save.unreadable.items() if kind == "suppression" and may_hold(record, attempt)
    ]
    return f"suppression/{held[0]}"


def may_hold(suppression: Record, attempt: Attempt) -> bool:
    """Whether a suppression that can't be read names this person or address."""
    address = suppression.get("address")
    mine = isinstance(address, str) and address != "" and mailbox(address) == address_of(attempt)[1]
    return mine or suppression.get("person") == "/".join(attempt.person)


def is_not_held(attempt: Attempt) -> bool:
    """No suppression that can't be read may be for this person or address."""
    suppressions = [record for (kind, _), record in attempt.save.unreadable.items() if kind == "suppression"]
    return not any(may_hold(record, attempt) for record in suppressions)


def address_of(attempt: Attempt) -> tuple[str, str]:
    """Channel and mailbox that a message of this attempt would go to."""
    return attempt.channel, mailbox(attempt.mode["address"]) if attempt.mode else ""


GATES: list[tuple[str, Callable[[Attempt], bool]]] = [
    ("category_off", category_is_on),
    ("no_rule", rule_matches),
    ("unknown_person", person_is_known),
    ("no_active_mode", has_active_mode),
    ("customer_trigger_off", customer_has_trigger),
    ("not_main_site", is_on_main_site),
    ("own_tick_off", ticked_by_person),
    ("not_visible", is_visible),
    ("not_own", is_own),
    ("status_internal", customers_see_change),
    ("own_save", is_someone_elses_save),
    ("suppressed", is_not_suppressed),
    ("held", is_not_held),
]
PASSED = len(GATES)


def gates_passed(attempt: Attempt) -> int:
    """How many gates hold before the first that does not; PASSED if all do."""
    return next((at for at, (_, holds) in enumerate(GATES) if not holds(attempt)), PASSED)
