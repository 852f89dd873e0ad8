"""Addresses and names that stand for those that a person would choose."""

from __future__ import annotations

import hashlib
import re
from typing import Any

from schemas.vocabulary import Channel
from tocsin.explaining.case import Case


def spare_address(case: Case) -> dict[str, Any]:
    """An active mode on the case's channel, at an address that nobody has."""
    digest = hashlib.sha256(case.who.encode()).hexdigest()
    if case.channel is Channel.FAX:
        return {"channel": "fax", "address": f"+999{int(digest[:12], 16) % 10**10:010}", "active": True}
    return {"channel": "email", "address": f"{spare_name(case)}-{digest[:6]}@address.example", "active": True}


def spare_name(case: Case) -> str:
    """A name made of the person's id, as rules and addresses allow it."""
    return re.sub(r"[^A-Za-z0-9]+", "-", case.who)[:40].strip("-")
