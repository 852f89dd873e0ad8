"""What a message's template may name: for contacts, nothing internal."""

from __future__ import annotations

from functools import cached_property
from typing import Any, Final
from urllib.parse import urlsplit

from engine.directory.records import Person
from engine.scope import Scope
from engine.statuses import label
from schemas.cutting import cut
from schemas.job import CustomValue, ExternalContext, ExternalTicket, InternalContext, InternalTicket
from schemas.vocabulary import ObjectKind, PersonKind

MAX_CUSTOM_FIELDS: Final = 64
MAX_LINK_LENGTH: Final = 2_048


class Contexts:
    """The contexts of one save. What several readers see alike is made once, for the first of them."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._external_tickets: dict[str, ExternalTicket] = {}

    def of(self, person: Person, language: str) -> ExternalContext | InternalContext:
        """The context for one reader."""
        if person.kind is PersonKind.CONTACT:
            return ExternalContext(
                ticket=self._external_ticket(language),
                person_name=_cut(person.name),
                customer_name=self._customer_name,
                contract_reference=self._contract_reference,
                saved_at=self._scope.event.time,
            )
        return InternalContext(
            ticket=self._internal_ticket,
            person_name=_cut(person.name),
            customer_name=self._customer_name,
            contract_reference=self._contract_reference,
            saved_at=self._scope.event.time,
            actor=self._actor,
        )

    def _external_ticket(self, language: str) -> ExternalTicket:
        if language not in self._external_tickets:
            self._external_tickets[language] = _external_ticket(self._scope, language)
        return self._external_tickets[language]

    @cached_property
    def _internal_ticket(self) -> InternalTicket:
        return _internal_ticket(self._scope)

    @cached_property
    def _customer_name(self) -> str | None:
        return None if self._scope.customer is None else _cut(self._scope.customer.name)

    @cached_property
    def _contract_reference(self) -> str | None:
        return _cut(self._scope.contract.reference)

    @cached_property
    def _actor(self) -> str | None:
        return _cut(_actor_name(self._scope))


def _shared(scope: Scope) -> dict[str, Any]:
    """What contacts and collaborators see alike."""
    ticket = scope.event.ticket
    return {
        "id": ticket.id,
        # Templates may count on reference, title and description: these are never null.
        "reference": _cut(ticket.reference) or ticket.id,
        "title": _cut(ticket.title) or "",
        "description": _cut(ticket.external_description) or "",
        "resolution": _cut(ticket.resolution_text),
        "product": _object_name(scope, ObjectKind.PRODUCT, ticket.product),
        "site": _object_name(scope, ObjectKind.SITE, ticket.site),
        "service": _object_name(scope, ObjectKind.SERVICE, ticket.service),
        "created_at": ticket.created_at,
    }


def _external_ticket(scope: Scope, language: str) -> ExternalTicket:
    ticket, policy = scope.event.ticket, scope.policy
    return ExternalTicket(
        **_shared(scope),
        status=label(ticket.status, language, policy),
        previous_status=label(scope.status_before, language, policy),
        link=_web_link(ticket.links.customer if ticket.links else None),
        # Fields that the rule file does not declare `external` never leave for contacts.
        custom=_custom(ticket.custom, policy.external_fields),
    )


def _internal_ticket(scope: Scope) -> InternalTicket:
    ticket = scope.event.ticket
    return InternalTicket(
        **_shared(scope),
        status=ticket.status,
        previous_status=scope.status_before,
        link=_web_link(ticket.links.agent if ticket.links else None),
        customer_link=_web_link(ticket.links.customer if ticket.links else None),
        custom=_custom(ticket.custom, None),
        priority=_cut(ticket.priority),
        internal_notes=_cut(ticket.internal_notes),
        closed_internally=bool(ticket.closed_internally),
        visible_to_customer=ticket.visible_to_customer is not False,
    )


def _custom(custom: dict[str, Any] | None, declared: frozenset[str] | None) -> dict[str, CustomValue]:
    """The simple values of the custom fields; `declared` limits them to these names."""
    found: dict[str, CustomValue] = {}
    for name, value in (custom or {}).items():
        # A platform may send any number of fields, and each job carries its context.
        if len(found) == MAX_CUSTOM_FIELDS:
            break
        if (declared is None or name in declared) and (value is None or isinstance(value, str | int | float)):
            found[name] = _cut(value) if isinstance(value, str) else value
    return found


def _object_name(scope: Scope, kind: ObjectKind, object_id: str | None) -> str | None:
    if object_id is None:
        return None
    # An object that the directory does not know is called by its id.
    found = scope.directory.attached(kind, object_id)
    return _cut(found.name) if found is not None and found.name else object_id


def _actor_name(scope: Scope) -> str | None:
    """Who made the save: by name where the directory knows the person."""
    actor = scope.event.actor
    kind = None if actor.kind is None else actor.kind.person_kind
    if actor.id is not None and kind is not None:
        record = scope.directory.person(kind, actor.id)
        if record is not None and record.name:
            return record.name
    return actor.id or actor.email


def _web_link(link: str | None) -> str | None:
    """The link, if it leads to the web: a link of another scheme could run something on the reader's machine."""
    if link is None or len(link) > MAX_LINK_LENGTH or not link.isprintable():
        return None
    try:
        return link if urlsplit(link).scheme in ("http", "https") else None
    except ValueError:
        return None


def _cut(text: str | None) -> str | None:
    return None if text is None else cut(text)
