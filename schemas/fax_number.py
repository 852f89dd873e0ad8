"""Telephone numbers of faxes in the form that is the same everywhere: ITU-T E.164, `+33140000001`."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

REMEMBERED: Final = 8_192
"""How many numbers are kept. To read one takes 30 µs, and the same ones come again with every ticket."""


@lru_cache(maxsize=REMEMBERED)
def e164(number: str, region: str | None = None) -> str | None:
    """The number in E.164; None where its length is not that of numbers in its country.

    A number without + and country code is read as one of the `region` (ISO 3166, two letters). Without a region it is
    None. So is a number with an extension, which is no part of a fax number.
    """
    # Imported when the first number comes, since that takes 30 ms, and many installations have no faxes.
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
