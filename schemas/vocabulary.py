"""The closed lists of words that all parts of the product share.

Their order matters: the most telling trigger comes first, and reasons are in the order of the gates.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Trigger(StrEnum):
    """What a save can mean, the most telling first."""

    CLOSED = "closed"
    RESOLVED = "resolved"
    OPENED = "opened"
    STATUS_CHANGED = "status_changed"


class Audience(StrEnum):
    """Whom a category reaches: external contacts or internal collaborators."""

    CONTACTS = "contacts"
    COLLABORATORS = "collaborators"


class PersonKind(StrEnum):
    """The two kinds of people that the directory knows."""

    CONTACT = "contact"
    COLLABORATOR = "collaborator"

    @property
    def audience(self) -> Audience:
        """The audience that people of this kind belong to."""
        return Audience.CONTACTS if self is PersonKind.CONTACT else Audience.COLLABORATORS


class ObjectKind(StrEnum):
    """The objects of a contract to which people are attached."""

    PRODUCT = "product"
    SITE = "site"
    CONTRACT = "contract"
    SERVICE = "service"
    CUSTOMER = "customer"

    attaching_field: str
    """The field in which a contract lists such objects, on the wire and in memory; empty for the contract itself."""

    def __init__(self, text: str) -> None:
        fields = {"product": "products", "site": "sites", "service": "services", "customer": "beneficiaries"}
        self.attaching_field = fields.get(text, "")


class Category(StrEnum):
    """The ten recipient categories: an object kind and an audience."""

    PRODUCT_CONTACTS = "product.contacts"
    PRODUCT_COLLABORATORS = "product.collaborators"
    SITE_CONTACTS = "site.contacts"
    SITE_COLLABORATORS = "site.collaborators"
    CONTRACT_CONTACTS = "contract.contacts"
    CONTRACT_COLLABORATORS = "contract.collaborators"
    SERVICE_CONTACTS = "service.contacts"
    SERVICE_COLLABORATORS = "service.collaborators"
    CUSTOMER_CONTACTS = "customer.contacts"
    CUSTOMER_COLLABORATORS = "customer.collaborators"

    object_kind: ObjectKind
    """The kind of object to which the people are attached."""
    audience: Audience
    """Whether the people are contacts or collaborators."""
    bit: int
    """This category's place in a set of ticks that is kept as one integer."""

    def __init__(self, text: str) -> None:
        kind, _, people = text.partition(".")
        self.object_kind = ObjectKind(kind)
        self.audience = Audience(people)
        # Members are made in order: this counts those before.
        self.bit = 1 << len(type(self).__members__)


class Channel(StrEnum):
    """The ways in which a person can be reached."""

    EMAIL = "email"
    FAX = "fax"
    SMS = "sms"
    CHAT = "chat"


NUMBERS: Final = frozenset({Channel.FAX, Channel.SMS})
"""Channels whose addresses are telephone numbers."""


class Origin(StrEnum):
    """What made the platform save the ticket."""

    USER = "user"
    AUTOMATION = "automation"
    IMPORT = "import"
    MERGE = "merge"
    TEST = "test"
    AUTO_REPLY = "auto_reply"


SILENT_ORIGINS: Final = frozenset({Origin.IMPORT, Origin.MERGE, Origin.TEST, Origin.AUTO_REPLY})
"""Origins whose saves alert nobody."""

SPEAKING_ORIGINS: Final = tuple(origin for origin in Origin if origin not in SILENT_ORIGINS)
"""Origins whose saves may alert."""


class ActorKind(StrEnum):
    """Who made the save."""

    CONTACT = "contact"
    COLLABORATOR = "collaborator"
    SYSTEM = "system"

    @property
    def person_kind(self) -> PersonKind | None:
        """The kind of person; None where no person made the save."""
        return None if self is ActorKind.SYSTEM else PersonKind(self.value)


class MessageFormat(StrEnum):
    """How a message's body is written."""

    HTML = "html"
    TEXT = "text"


class Reason(StrEnum):
    """Why nobody, or not this person, was alerted: in the order in which the gates are asked."""

    # about the event as a whole
    NO_TRIGGER = "no_trigger"
    NOTIFY_OFF = "notify_off"
    ORIGIN = "origin"
    STALE = "stale"
    NO_CONTRACT = "no_contract"
    UNKNOWN_CONTRACT = "unknown_contract"
    NOT_COMMITMENT = "not_commitment"
    ALERTS_DISABLED = "alerts_disabled"
    NOT_IN_FORCE = "not_in_force"
    # about a person in a category
    CATEGORY_OFF = "category_off"
    OBJECT_NOT_ATTACHED = "object_not_attached"
    OBJECT_UNKNOWN = "object_unknown"
    NO_RULE = "no_rule"
    UNKNOWN_PERSON = "unknown_person"
    NO_ACTIVE_MODE = "no_active_mode"
    CUSTOMER_TRIGGER_OFF = "customer_trigger_off"
    NOT_MAIN_SITE = "not_main_site"
    OWN_TICK_OFF = "own_tick_off"
    NOT_VISIBLE = "not_visible"
    NOT_OWN = "not_own"
    STATUS_INTERNAL = "status_internal"
    OWN_SAVE = "own_save"
    SUPPRESSED = "suppressed"
    SAME_MAILBOX = "same_mailbox"
    # Last, since it outweighs all others: until the record is mended, nobody knows how far it would have led.
    UNREADABLE_RECORD = "unreadable_record"

    depth: int
    """The place of the gate. The larger it is, the further the person came."""

    def __init__(self, _text: str) -> None:
        self.depth = len(type(self).__members__)
