"""Stage 5: whether this person may be alerted. Each gate returns a reason, or None where it is open."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from msgspec import UNSET, Struct

from engine.directory.records import Customer, Person
from engine.language import languages_of
from engine.rulebook.rulebook import Rule
from engine.scope import Scope
from engine.stages.s3_recipients import Recipient
from engine.stages.s4_rule_matching import Matches
from engine.statuses import changed_for_customers
from schemas.decision import Skip
from schemas.fax_number import e164
from schemas.mailbox import mailbox
from schemas.vocabulary import NUMBERS, Audience, Channel, Reason, Trigger

_CHANNELS = tuple(Channel)
_NO_MODE = Reason.NO_ACTIVE_MODE.depth
_NONE: Final[Mapping[str, str]] = {}


class Attempt(Struct, frozen=True):
    """A person in a category, a trigger and a channel: one way in which one alert may come about.

    `person` and `customer` are the records of the person and of their customer, None where the directory has none.
    `addresses` are the person's active ones on the channel, each mailbox once; `for_contact`: the person is external.
    `doubt` is a record that can't be read and that rules for this way ask about, as `kind/id`.
    """

    scope: Scope
    recipient: Recipient
    person: Person | None
    customer: Customer | None
    for_contact: bool
    trigger: Trigger
    channel: Channel
    addresses: Sequence[str]
    rules: Sequence[Rule]
    doubt: str | None

    def held_by(self) -> str | None:
        """A suppression that can't be read, and alone may hold back one of the addresses; None where there is none."""
        scope, person = self.scope, self.person
        if person is None or not scope.directory.has_unreadable_suppressions:
            return None
        for address in self.addresses:
            standing = [*scope.directory.standing(person, self.channel, address, self.trigger, scope.now)]
            if standing and not any(one.is_readable for one in standing):
                return f"suppression/{standing[0].id}"
        return None

    def open_addresses(self) -> list[str]:
        """Those addresses for which no suppression stands."""
        scope, person = self.scope, self.person
        if person is None:
            return []
        return [
            address
            for address in self.addresses
            if not scope.directory.is_suppressed(person, self.channel, address, self.trigger, scope.now)
        ]


class Passed(Struct, frozen=True):
    """An attempt for which every gate is open, at one address."""

    recipient: Recipient
    record: Person
    trigger: Trigger
    channel: Channel
    address: str
    rules: Sequence[Rule]


class Outcome(Struct, frozen=True):
    """What became of one recipient: the ways that are open, and the furthest gate that was reached, and on which way.

    `stopped` is None where a way is open, unless another stopped at a record that can't be read.
    """

    recipient: Recipient
    passed: list[Passed]
    stopped: Skip | None


def ask_gates(scope: Scope, recipient: Recipient, matches: Matches) -> Outcome:
    """Try every trigger and channel for one recipient."""
    passed: list[Passed] = []
    stopped: Skip | None = None
    person = recipient.record
    # Records that can't be read are rare, and the look-up would be paid for every recipient.
    unreadable = _NONE if person is not None and scope.customer is not None else _unreadable(scope, recipient)
    for channel in _CHANNELS:
        addresses = active_addresses(person, channel, scope.policy.fax_region)
        if not addresses and (passed or (stopped is not None and stopped.reason.depth >= _NO_MODE)):
            continue  # without an address, no gate beyond NO_ACTIVE_MODE can be reached on this channel
        for attempt in _attempts(scope, recipient, matches, channel, addresses, unreadable):
            reason = closed_person_gate(attempt)
            if reason is None and person is not None:
                trigger, rules = attempt.trigger, attempt.rules
                to = attempt.open_addresses()
                passed += [Passed(recipient, person, trigger, channel, address, rules) for address in to]
                # The open addresses get their jobs. Whether another one is held back may be in doubt: that is an entry.
                held = len(to) < len(addresses) and attempt.held_by() is not None
                reason = Reason.UNREADABLE_RECORD if held else None
            if reason is not None and (stopped is None or reason.depth > stopped.reason.depth):
                stopped = _stopped(attempt, reason)
    # Whoever is alerted has no entry, unless a record in doubt might have brought them one more message.
    if passed and stopped is not None and stopped.reason is not Reason.UNREADABLE_RECORD:
        stopped = None
    return Outcome(recipient, passed, stopped)


def _stopped(attempt: Attempt, reason: Reason) -> Skip:
    recipient = attempt.recipient
    record = unreadable_behind(attempt) if reason is Reason.UNREADABLE_RECORD else None
    return Skip(recipient.person, recipient.category, reason, attempt.trigger, attempt.channel, record or UNSET)


def unreadable_behind(attempt: Attempt) -> str | None:
    """The record that can't be read and at which this attempt stops, as `kind/id`; None where it stops at none."""
    if attempt.person is None:
        return str(attempt.recipient.person) if person_is_known(attempt) is Reason.UNREADABLE_RECORD else None
    if customer_wants_trigger(attempt) is Reason.UNREADABLE_RECORD:
        return f"customer/{attempt.person.customer}"
    return attempt.held_by() or attempt.doubt


def attempts(scope: Scope, recipient: Recipient, matches: Matches) -> Iterator[Attempt]:
    """Every channel and trigger for one recipient."""
    for channel in _CHANNELS:
        addresses = active_addresses(recipient.record, channel, scope.policy.fax_region)
        yield from _attempts(scope, recipient, matches, channel, addresses, _unreadable(scope, recipient))


def _attempts(
    scope: Scope,
    recipient: Recipient,
    matches: Matches,
    channel: Channel,
    addresses: Sequence[str],
    unreadable: Mapping[str, str],
) -> Iterator[Attempt]:
    person, category = recipient.record, recipient.category
    customer = None if person is None else scope.directory.customer(person.customer)
    for_contact = category.audience is Audience.CONTACTS
    for trigger in scope.triggers:
        rules = matches.of(recipient.person, trigger, category, channel)
        doubt = matches.doubt(unreadable, trigger, category, channel) if unreadable else None
        yield Attempt(scope, recipient, person, customer, for_contact, trigger, channel, addresses, rules, doubt)


def _unreadable(scope: Scope, recipient: Recipient) -> Mapping[str, str]:
    """The records of which conditions read fields here, and which can't be read, by the name in conditions."""
    who = recipient.person
    found: dict[str, str] = {}
    if recipient.record is None and scope.directory.is_unreadable(who.kind, who.id):
        found["person"] = str(who)
    if scope.customer_is_unreadable:
        found["customer"] = f"customer/{scope.customer_id}"
    return found


def active_addresses(person: Person | None, channel: Channel, fax_region: str | None) -> Sequence[str]:
    """The addresses at which the person can be reached on this channel, each mailbox once; numbers in one form."""
    if person is None:
        return ()
    active = [mode.address for mode in person.modes if mode.active and mode.channel is channel]
    if channel in NUMBERS and fax_region is not None:
        # A number that can't be completed stays as it is written, for whoever has to mend it.
        active = [e164(number, fax_region) or number for number in active]
    if len(active) <= 1:
        return active
    # Two spellings of one mailbox would be two messages to it.
    first_spelling: dict[str, str] = {}
    for address in active:
        first_spelling.setdefault(mailbox(address), address)
    return list(first_spelling.values())


def closed_person_gate(attempt: Attempt) -> Reason | None:
    """The reason of the first gate that is closed; None where this attempt alerts."""
    for gate in PERSON_GATES:
        reason = gate(attempt)
        if reason is not None:
            return reason
    return None


def closed_person_gates(attempt: Attempt) -> tuple[Reason, ...]:
    """The reasons of all gates that are closed, in their order: empty where this attempt alerts."""
    reasons = (gate(attempt) for gate in PERSON_GATES)
    return tuple(reason for reason in reasons if reason is not None)


def rule_matches(attempt: Attempt) -> Reason | None:
    """A rule that the contract's tick puts in force matches, for this channel; or may match, for all that is known."""
    return None if attempt.rules or attempt.doubt is not None else Reason.NO_RULE


def person_is_known(attempt: Attempt) -> Reason | None:
    """The directory has the person's record, and it can be read."""
    if attempt.person is not None:
        return None
    who = attempt.recipient.person
    unreadable = attempt.scope.directory.is_unreadable(who.kind, who.id)
    return Reason.UNREADABLE_RECORD if unreadable else Reason.UNKNOWN_PERSON


def has_active_mode(attempt: Attempt) -> Reason | None:
    """The person can be reached on this channel."""
    return None if attempt.addresses else Reason.NO_ACTIVE_MODE


def customer_wants_trigger(attempt: Attempt) -> Reason | None:
    """Contacts: their customer's record enables the trigger, and it can be read."""
    if not attempt.for_contact:
        return None
    if attempt.customer is None:
        belongs = attempt.person.customer if attempt.person is not None else None
        unreadable = belongs is not None and attempt.scope.directory.is_unreadable("customer", belongs)
        return Reason.UNREADABLE_RECORD if unreadable else Reason.CUSTOMER_TRIGGER_OFF
    settings = attempt.customer.alert(attempt.trigger)
    return None if settings is not None and settings.enabled else Reason.CUSTOMER_TRIGGER_OFF


def linked_to_main_site(attempt: Attempt) -> Reason | None:
    """Contacts, e-mail only: they are linked to their customer's main site."""
    if not attempt.for_contact or attempt.channel is not Channel.EMAIL:
        return None
    if not attempt.scope.policy.main_site.is_asked_of(attempt.recipient.category):
        return None
    main_site = attempt.customer.main_site if attempt.customer is not None else None
    linked = main_site is not None and attempt.person is not None and main_site in attempt.person.sites
    return None if linked else Reason.NOT_MAIN_SITE


def wants_trigger(attempt: Attempt) -> Reason | None:
    """The person's own tick for the trigger is on."""
    return None if attempt.person is not None and attempt.person.wants(attempt.trigger) else Reason.OWN_TICK_OFF


def ticket_is_visible(attempt: Attempt) -> Reason | None:
    """Contacts: customers may see the ticket, and the save."""
    event = attempt.scope.event
    hidden = event.ticket.visible_to_customer is False or event.notify == "internal"
    return Reason.NOT_VISIBLE if attempt.for_contact and hidden else None


def ticket_is_their_own(attempt: Attempt) -> Reason | None:
    """Contacts: the ticket is of their customer, of one they act for, or one that the contract lets its client read."""
    if not attempt.for_contact or attempt.person is None:
        return None
    owner, belongs = attempt.scope.customer_id, attempt.person.customer
    # A contact may act for other customers, such as a service provider for its clients.
    if owner is not None and (owner == belongs or owner in attempt.person.acts_for):
        return None
    contract = attempt.scope.contract
    reads_all = contract.client_reads_beneficiaries and contract.client is not None and belongs == contract.client
    return None if reads_all else Reason.NOT_OWN


def status_change_is_visible(attempt: Attempt) -> Reason | None:
    """Contacts, status changes: the status that customers see changed, in any language in which they would read it."""
    if not attempt.for_contact or attempt.trigger is not Trigger.STATUS_CHANGED or attempt.person is None:
        return None
    languages = languages_of(attempt.person, attempt.customer, attempt.rules, attempt.scope.policy)
    return None if changed_for_customers(attempt.scope, languages) else Reason.STATUS_INTERNAL


def is_not_their_save(attempt: Attempt) -> Reason | None:
    """Collaborators, and contacts for status changes: somebody else made this save."""
    person = attempt.person
    if person is None or (attempt.for_contact and attempt.trigger is not Trigger.STATUS_CHANGED):
        return None
    return Reason.OWN_SAVE if _made_by(attempt.scope, person) else None


def _made_by(scope: Scope, person: Person) -> bool:
    actor = scope.event.actor
    if actor.id == person.id and actor.kind is not None and actor.kind.person_kind is person.kind:
        return True
    if actor.email is None:
        return False
    # Active or not: an address that is switched off still tells who made the save.
    wanted = mailbox(actor.email)
    return any(mode.channel is Channel.EMAIL and mailbox(mode.address) == wanted for mode in person.modes)


def is_not_suppressed(attempt: Attempt) -> Reason | None:
    """At least one address is left for which no suppression stands."""
    if attempt.open_addresses():
        return None
    return Reason.SUPPRESSED if attempt.held_by() is None else Reason.UNREADABLE_RECORD


def rules_are_certain(attempt: Attempt) -> Reason | None:
    """Which rules match here does not depend on a record that can't be read."""
    return None if attempt.doubt is None else Reason.UNREADABLE_RECORD


PERSON_GATES = (
    rule_matches,
    person_is_known,
    has_active_mode,
    customer_wants_trigger,
    linked_to_main_site,
    wants_trigger,
    ticket_is_visible,
    ticket_is_their_own,
    status_change_is_visible,
    is_not_their_save,
    is_not_suppressed,
    rules_are_certain,
)
