"""Addresses and names that stand for those that a person would choose."""

from __future__ import annotations

import hashlib
import re
from typing import Any

from schemas.vocabulary import NUMBERS, Channel
from tocsin.authoring.explain.case import Case


def spare_address(case: Case) -> dict[str, Any]:
    """An active mode on the case's channel, at an address that nobody has."""
    digest = hashlib.sha256(case.who.encode()).hexdigest()
    return {"channel": case.channel.value, "address": _address(case, digest), "active": True}


def _address(case: Case, digest: str) -> str:
    name = f"{spare_name(case)}-{digest[:6]}"
    if case.channel in NUMBERS:
        # No number begins so: there is no such area.
        return f"+1200{int(digest[:12], 16) % 10**7:07}"
    return name if case.channel is Channel.CHAT else f"{name}@address.example"


def spare_name(case: Case) -> str:
    """A name made of the person's id, as rules and addresses allow it."""
    return re.sub(r"[^A-Za-z0-9]+", "-", case.who)[:40].strip("-")
