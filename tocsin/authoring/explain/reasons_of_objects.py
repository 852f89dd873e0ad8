"""Why a category, or the object that the ticket names, reaches nobody; in words, and what would have to change."""

from __future__ import annotations

from typing import Final

from schemas.vocabulary import ObjectKind, Reason
from tocsin.authoring.explain.case import Case, Phrasing, Words, adds, sets
from tocsin.authoring.explain.world import ATTACHING


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
    return Words(why, (adds(f"contract/{case.contract_id}", (ATTACHING[kind],), named, f"add {named}"),))


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
