"""The directory of a helpdesk of which only the log is known.

Its customers, products, service levels and work groups are those of the log, its people are made up.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

Row = dict[str, str]
Case = list[Row]
Record = dict[str, Any]

TRIGGERS = ["opened", "resolved", "closed", "status_changed"]
KINDS = ("product", "site", "contract", "service", "customer")


def number(value: str) -> str:
    """What tells a value of the log from others: `22` of `Value 22`."""
    return value.removeprefix("Value ").replace(" ", "-")


def customer_id(row: Row) -> str:
    """The customer of a case."""
    return f"customer-{number(row['customer'])}"


def contract_id(row: Row) -> str:
    """A customer has one contract for each service level."""
    return f"contract-{number(row['customer'])}-{number(row['service_level'])}"


def service_id(row: Row) -> str:
    """A contract has one line of services for each type of service."""
    return f"service-{number(row['customer'])}-{number(row['service_level'])}-{number(row['service_type'])}"


def product_id(row: Row) -> str:
    """Products are shared by customers."""
    return f"product-{number(row['product'])}"


def site_id(row: Row) -> str:
    """A customer has one main site; it is where its cases are."""
    return f"site-{number(row['customer'])}"


def directory(cases: list[Case]) -> list[Record]:
    """Every record that the tickets of these cases name, and everyone attached to them.

    A case is of the customer, product and service that its first row names.
    """
    groups: dict[str, list[Case]] = {}
    for case in cases:
        groups.setdefault(customer_id(case[0]), []).append(case)
    records = [record for own in groups.values() for record in _customer_records(own)]
    return records + _products(cases) + _collaborators(cases) + _suppressions([*groups])


def _customer_records(cases: list[Case]) -> list[Record]:
    first = cases[0][0]
    contracts = _by(cases, contract_id).values()
    records = [_customer(first), _site(first), *(one for own in contracts for one in _contract_records(own))]
    return records + _contacts(number(first["customer"]))


def _customer(first: Row) -> Record:
    name = number(first["customer"])
    turn = _turn(name)
    alerts: Record = {trigger: {"enabled": turn % 5 != place} for place, trigger in enumerate(TRIGGERS, 1)}
    for trigger in ("opened", "closed"):
        alerts[trigger] |= {"subject_keyword": f"[{trigger}]"} if turn % 2 else {}
    return {
        "kind": "customer",
        "id": customer_id(first),
        "name": f"Customer {name}",
        "main_site": site_id(first),
        "language": ("en", "fr", None)[turn % 3],
        "time_zone": "Europe/Rome",
        "contacts": [_contact(name, "director")],
        "collaborators": [f"manager-{turn % 8}"],
        "alerts": alerts,
    }


def _site(first: Row) -> Record:
    name = number(first["customer"])
    return {
        "kind": "site",
        "id": site_id(first),
        "customer": customer_id(first),
        "name": f"Main site of customer {name}",
        "contacts": [_contact(name, "operator"), _contact(name, "annex")],
        "collaborators": [f"field-{_turn(name) % 6}"],
    }


def _contract_records(cases: list[Case]) -> list[Record]:
    first = cases[0][0]
    name, level = number(first["customer"]), number(first["service_level"])
    services = _by(cases, service_id)
    contract: Record = {
        "kind": "contract",
        "id": contract_id(first),
        "reference": f"Level {level} for customer {name}",
        "type": "commitment",
        "status": "active",
        "valid_from": "2010-01-01",
        "valid_to": "2014-12-31",
        "recipients": _ticks(_turn(name) + _turn(level)),
        "client": customer_id(first),
        "products": [*_by(cases, product_id)],
        "sites": [site_id(first)],
        "services": [*services],
        "contacts": [_contact(name, "operator"), _contact(name, "buyer")],
        "collaborators": [f"manager-{_turn(name) % 8}"],
        "reply_to": "support@helpdesk.example",
    }
    return [contract, *(_service(service, own) for service, own in services.items())]


def _service(service: str, cases: list[Case]) -> Record:
    first = cases[0][0]
    groups = dict.fromkeys(f"group-{number(case[0]['workgroup'])}" for case in cases)
    return {
        "kind": "service",
        "id": service,
        "contract": contract_id(first),
        "name": f"Services of type {number(first['service_type'])}",
        "contacts": [_contact(number(first["customer"]), "operator")],
        "collaborators": [*groups],
    }


def _ticks(turn: int) -> Record:
    """Each contract has its own, and each has at least one for contacts and one for collaborators on."""
    ticks = {
        kind: {"contacts": (turn + place) % 3 != 0, "collaborators": (turn // 3 + place) % 5 != 0}
        for place, kind in enumerate(KINDS)
    }
    return {kind: pair for kind, pair in ticks.items() if any(pair.values())}


def _contacts(name: str) -> list[Record]:
    """Five people: what they want, where they are and how they are reached differs from customer to customer."""
    wants = {
        "director": ["closed"],
        "buyer": ["opened", "closed"],
        "operator": TRIGGERS,
        "annex": ["opened", "resolved", "closed"],
        "user": ["resolved", "status_changed"],
    }
    return [_contact_record(name, role, alerts) for role, alerts in wants.items()]


def _contact_record(name: str, role: str, alerts: list[str]) -> Record:
    turn = _turn(name)
    modes = [{"channel": "email", "address": f"{role}@customer-{name}.example", "active": (turn + len(role)) % 9 > 0}]
    if (turn + len(role)) % 4 == 0:
        modes.append({"channel": "fax", "address": f"+39 049 {1_000_000 + turn}", "active": True})
    return {
        "kind": "contact",
        "id": _contact(name, role),
        "customer": f"customer-{name}",
        "name": f"The {role} of customer {name}",
        "language": ("fr", None, "en", None)[turn % 4],
        "sites": [f"site-{name}-annex" if role == "annex" else f"site-{name}"],
        "modes": modes,
        "alerts": alerts,
    }


def _products(cases: list[Case]) -> list[Record]:
    """Each product with the three agents who did most for it, and a user at each of the three largest customers."""
    return [
        {
            "kind": "product",
            "id": product,
            "name": product.replace("-", " ").capitalize(),
            "contacts": _most(_contact(number(case[0]["customer"]), "user") for case in own),
            "collaborators": _most(f"agent-{number(row['Resource'])}" for case in own for row in case),
        }
        for product, own in _by(cases, product_id).items()
    ]


def _collaborators(cases: list[Case]) -> list[Record]:
    agents = dict.fromkeys(f"agent-{number(row['Resource'])}" for case in cases for row in case)
    groups = dict.fromkeys(f"group-{number(case[0]['workgroup'])}" for case in cases)
    others = [f"manager-{one}" for one in range(8)] + [f"field-{one}" for one in range(6)]
    return [_collaborator(name, place) for place, name in enumerate([*agents, *groups, *others])]


def _collaborator(name: str, place: int) -> Record:
    wants = {"manager": ["opened", "closed"], "field": ["opened", "resolved"]}
    return {
        "kind": "collaborator",
        "id": name,
        "name": name.replace("-", " ").capitalize(),
        "language": ("en", "fr")[place % 2],
        "time_zone": "Europe/Rome",
        "modes": [{"channel": "email", "address": f"{name}@helpdesk.example", "active": True}],
        "alerts": wants.get(name.partition("-")[0], TRIGGERS),
    }


def _suppressions(customers: list[str]) -> list[Record]:
    """One address in fifty has bounced, and one director in forty has opted out."""
    bounced = [f"operator@{customer}.example" for customer in customers[::50]]
    opted_out = [f"contact/{_contact(customer.removeprefix('customer-'), 'director')}" for customer in customers[7::40]]
    return [
        *({"kind": "suppression", "id": f"email/{one}", "channel": "email", "address": one} for one in bounced),
        *({"kind": "suppression", "id": f"person/{one}", "person": one} for one in opted_out),
    ]


def _contact(customer: str, role: str) -> str:
    return f"contact-{customer}-{role}"


def _turn(name: str) -> int:
    """A number that varies from name to name, the same on every run."""
    return int(name) if name.isascii() and name.isdigit() else sum(map(ord, name))


def _by(cases: list[Case], key: Any) -> dict[str, list[Case]]:
    groups: dict[str, list[Case]] = {}
    for case in cases:
        groups.setdefault(key(case[0]), []).append(case)
    return groups


def _most(names: Iterable[str]) -> list[str]:
    return [name for name, _ in Counter(names).most_common(3)]
