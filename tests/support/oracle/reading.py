"""What is refused on the wire, and which directory records can't be read.

Everything here works on plain JSON values. An optional field may be absent or null, which means the same.
"""

import re
import unicodedata
from collections.abc import Callable
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from typing import Any

Record = dict[str, Any]
Check = Callable[[Any], bool]

TRIGGERS = ("closed", "resolved", "opened", "status_changed")
ORIGINS = ("user", "automation", "import", "merge", "test", "auto_reply")
ACTORS = ("contact", "collaborator", "system")
KINDS = ("product", "site", "contract", "service", "customer")
AUDIENCES = ("contacts", "collaborators")
CHANNELS = ("email", "fax", "sms", "chat")

EMAIL = re.compile(r"[^\s@,;<>]+@[^\s@,;<>]+")
NUMBER = re.compile(r"\+?[0-9](?:[0-9 ().-]*[0-9])?")
CHAT = re.compile(r"[^\s,;/\\]{1,200}")
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def is_text(value: object) -> bool:
    """Any string, the empty one included."""
    return isinstance(value, str)


def is_name(value: object) -> bool:
    """An identifier: a string that is not empty."""
    return isinstance(value, str) and value != ""


def is_bool(value: object) -> bool:
    """True or false; 0 and 1 are numbers."""
    return isinstance(value, bool)


def is_texts(value: object) -> bool:
    """A list of strings."""
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def is_triggers(value: object) -> bool:
    """A list of known triggers."""
    return isinstance(value, list) and all(isinstance(item, str) and item in TRIGGERS for item in value)


def is_moment(value: object) -> bool:
    """An ISO 8601 date and time with its offset."""
    try:
        return isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


def is_day(value: object) -> bool:
    """A calendar day, YYYY-MM-DD."""
    try:
        return isinstance(value, str) and bool(DAY.fullmatch(value)) and bool(date.fromisoformat(value))
    except ValueError:
        return False


def moment(value: str) -> datetime:
    """The point in time, in UTC, of a text that `is_moment` accepts."""
    return datetime.fromisoformat(value).astimezone(UTC)


def optional(check: Check) -> Check:
    """The same check, for a field that may be null or absent."""
    return lambda value: value is None or check(value)


def one_of(*names: str) -> Check:
    """One of these texts."""
    return lambda value: isinstance(value, str) and value in names


def has_shape(record: object, shape: dict[str, Check]) -> bool:
    """Whether each field of the shape is as it must be; other fields are never looked at."""
    return isinstance(record, dict) and all(check(record.get(field)) for field, check in shape.items())


def mailbox(address: str) -> str:
    """What makes two addresses one mailbox: no case, no blanks around, NFC, the domain in its ASCII form of IDNA."""
    local, at, domain = address.strip().rpartition("@")
    if not at:
        return domain.lower()
    # The standard library's IDNA is that of 2003, which agrees with the newer one on the domains that are used here.
    domain_in_ascii = ".".join(label.encode("idna").decode() if label else "" for label in domain.lower().split("."))
    return f"{unicodedata.normalize('NFC', unicodedata.normalize('NFC', local).lower())}@{domain_in_ascii}"


# --- events

REQUIRED = (
    "id", "contract", "customer", "title", "external_description", "status",
    "resolution_marked", "closed_for_customer",
)  # fmt: skip
FIELDS: dict[str, Check] = {
    "id": is_name,
    "contract": optional(is_text),
    "customer": optional(is_text),
    "title": optional(is_text),
    "external_description": optional(is_text),
    "status": optional(is_text),
    "resolution_marked": is_bool,
    "closed_for_customer": is_bool,
    "product": optional(is_text),
    "site": optional(is_text),
    "service": optional(is_text),
    "visible_to_customer": optional(is_bool),
    "created_at": optional(is_moment),
    "first_described_at": optional(is_moment),
}
ENVELOPE: dict[str, Check] = {
    "id": is_name,
    "source": is_name,
    "type": one_of("ticket.saved", *(f"ticket.{trigger}" for trigger in TRIGGERS)),
    "time": optional(is_moment),
}
ACTOR: dict[str, Check] = {
    "kind": optional(one_of(*ACTORS)),
    "id": optional(is_text),
    "email": optional(is_text),
}
DATA: dict[str, Check] = {
    "ticket": lambda value: has_shape(value, FIELDS) and all(field in value for field in REQUIRED),
    "previous": optional(lambda value: partly_has_shape(value, FIELDS)),
    "triggers": optional(is_triggers),
    "actor": optional(lambda value: has_shape(value, ACTOR)),
    "origin": optional(one_of(*ORIGINS)),
    "notify": optional(lambda value: is_bool(value) or value == "internal"),
}


def partly_has_shape(record: object, shape: dict[str, Check]) -> bool:
    """The same shape, or only some of its fields."""
    return isinstance(record, dict) and all(shape[field](record[field]) for field in shape if field in record)


def declared(event: Record) -> list[str]:
    """The triggers that the platform names itself, by a list or by the type of the event."""
    named = list(event["data"].get("triggers") or [])
    kind = event["type"].removeprefix("ticket.")
    return named if kind == "saved" else [*named, kind]


def tells_what_changed(event: Record) -> bool:
    """Either what was before is known, or the platform names the triggers."""
    data = event["data"]
    return "previous" in data or data.get("triggers") is not None or event["type"] != "ticket.saved"


def is_written(description: str | None) -> bool:
    """Whether a reader would see a description: neither blanks nor zero-width characters are one, nor empty HTML."""
    if description is None:
        return False
    reader = ShownText()
    reader.feed(description)
    reader.close()
    return any(
        not (one.isspace() or unicodedata.category(one) in ("Cc", "Cf") or one in "\u115f\u1160\u3164\uffa0\u2800")
        for one in reader.shown
    )


class ShownText(HTMLParser):
    """What a browser shows of a text that may be HTML. It is slow on hostile input, so that is not for here."""

    def __init__(self) -> None:
        super().__init__()
        self.shown = ""
        self.hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """What stands in a style or script is not shown."""
        self.hidden += tag in ("style", "script")

    def handle_endtag(self, tag: str) -> None:
        """Its end."""
        self.hidden -= tag in ("style", "script") and self.hidden > 0

    def handle_data(self, data: str) -> None:
        """Text between the tags."""
        self.shown += "" if self.hidden else data


def agrees(trigger: str, ticket: Record) -> bool:
    """Whether the ticket, as it is now, can be one on which this trigger has just fired."""
    if trigger == "closed":
        return bool(ticket["closed_for_customer"])
    if trigger == "resolved":
        return bool(ticket["resolution_marked"])
    if trigger == "opened":
        return is_written(ticket["external_description"]) and ticket["contract"] is not None
    return True


def is_refused(event: Record) -> bool:
    """Whether the event is invalid on the wire."""
    if not has_shape(event, ENVELOPE) or not has_shape(event.get("data"), DATA):
        return True
    ticket = event["data"]["ticket"]
    return not tells_what_changed(event) or not all(agrees(name, ticket) for name in declared(event))


# --- directory


def is_ticks(value: object) -> bool:
    """`recipients` of a contract: object kind -> audience -> on or off."""
    one_kind = dict.fromkeys(AUDIENCES, optional(is_bool))
    return has_shape(value, dict.fromkeys(KINDS, optional(lambda ticks: has_shape(ticks, one_kind))))


def is_alerts(value: object) -> bool:
    """`alerts` of a customer: trigger -> what is sent, and whether it is."""
    return has_shape(value, dict.fromkeys(TRIGGERS, optional(lambda one: has_shape(one, {"enabled": is_bool}))))


PEOPLE: dict[str, Check] = dict.fromkeys(AUDIENCES, optional(is_texts))
PERSON: dict[str, Check] = {
    "language": optional(is_text),
    "modes": optional(lambda value: isinstance(value, list)),
    "alerts": optional(is_triggers),
}
RECORDS: dict[str, dict[str, Check]] = {
    "contract": PEOPLE
    | {
        "type": is_text,
        "status": optional(is_text),
        "valid_from": optional(is_day),
        "valid_to": optional(is_day),
        "alerts_enabled": optional(is_bool),
        "recipients": optional(is_ticks),
        "client": is_text,
        "invoiced_client": optional(is_text),
        "beneficiaries": optional(is_texts),
        "client_reads_beneficiaries": optional(is_bool),
        "products": optional(is_texts),
        "sites": optional(is_texts),
        "services": optional(is_texts),
    },
    "customer": PEOPLE | {"main_site": optional(is_text), "language": optional(is_text), "alerts": optional(is_alerts)},
    "site": PEOPLE,
    "product": PEOPLE,
    "service": PEOPLE,
    "contact": PERSON | {"customer": optional(is_text), "acts_for": optional(is_texts), "sites": optional(is_texts)},
    "collaborator": PERSON,
    "suppression": {
        "channel": optional(one_of(*CHANNELS)),
        "address": optional(is_text),
        "person": optional(is_text),
        "triggers": optional(is_triggers),
        "until": optional(is_moment),
    },
}


def is_good_mode(mode: object) -> bool:
    """Whether a mode of reception can be used at all: a known channel, and one address that is really one."""
    if not isinstance(mode, dict) or not has_shape(
        mode, {"channel": one_of(*CHANNELS), "address": is_text, "active": is_bool}
    ):
        return False
    pattern = {"email": EMAIL, "chat": CHAT}.get(mode["channel"], NUMBER)
    return pattern.fullmatch(mode["address"]) is not None


def last_records(directory: list[Record]) -> dict[tuple[str, str], Record]:
    """The last record of each kind and id, whether it can be read or not."""
    last: dict[tuple[str, str], Record] = {}
    for record in directory:
        kind, name = record.get("kind"), record.get("id")
        if isinstance(kind, str) and kind in RECORDS and isinstance(name, str) and name != "":
            last.pop((kind, name), None)
            last[kind, name] = record
    return last


def known_records(directory: list[Record]) -> dict[tuple[str, str], Record]:
    """Those of the last records that can be read."""
    return {key: record for key, record in last_records(directory).items() if has_shape(record, RECORDS[key[0]])}


def unreadable_records(directory: list[Record]) -> dict[tuple[str, str], Record]:
    """Those that can't be: neither their older selves nor nothing."""
    return {key: record for key, record in last_records(directory).items() if not has_shape(record, RECORDS[key[0]])}
