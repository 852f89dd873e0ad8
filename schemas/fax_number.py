"""Telephone numbers of faxes in the one form that is the same everywhere: ITU-T E.164, `+33140000001`."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

REMEMBERED: Final = 8_192
"""Numbers kept, since reading one takes 30 µs, and the same ones are asked for again with every ticket."""


@lru_cache(maxsize=REMEMBERED)
def e164(number: str, region: str | None = None) -> str | None:
    """The number in E.164; None where it is not as long as numbers of its country are.

    A number without + and country code is one of the `region` (ISO 3166, two letters); without a region it is none.
    An extension is no part of a fax number.
    """
    # Loaded when the first number comes: it takes 30 ms, and many installations have no faxes.
    import phonenumbers  # noqa: PLC0415

    try:
        read = phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException:
        return None
    possible = phonenumbers.is_possible_number_with_reason(read) == phonenumbers.ValidationResult.IS_POSSIBLE
    if not possible or read.extension is not None:
        return None
    return str(phonenumbers.format_number(read, phonenumbers.PhoneNumberFormat.E164))


def is_region(region: str) -> bool:
    """Whether there are numbers of this region."""
    import phonenumbers  # noqa: PLC0415

    return region in phonenumbers.SUPPORTED_REGIONS
