"""Sentences that are put together from records: why somebody was not told."""

from __future__ import annotations

from msgspec import UNSET

from console.words.catalogue import Words
from schemas.decision import Skip


def why(words: Words, skip: Skip) -> str:
    """The reason of an entry. In English it is the command line's sentence, letter for letter."""
    is_english = words.language == "en"
    kind = "" if skip.category is None else skip.category.object_kind.value
    trigger = channel = ""
    if skip.trigger is not None:
        trigger = f" for `{skip.trigger}`" if is_english else f" ({words(f'trigger.{skip.trigger}')})"
    if skip.channel is not None:
        channel = f" ({skip.channel})" if is_english else f" ({words(f'channel.{skip.channel}')})"
    return words(
        f"reason.{skip.reason}",
        category=skip.category,
        object=kind if is_english or not kind else words(f"object.{kind}"),
        trigger=trigger,
        channel=channel,
        record="" if skip.record is UNSET else skip.record,
    )
