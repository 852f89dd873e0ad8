"""How much a change takes away: more than a fifth of a kind at once counts as a mistake, unless somebody allows it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from engine.directory.directory import Directory

MOST_REMOVED: Final = 5
"""One record in so many may be removed of each kind, without anybody allowing it."""


def too_many(removed: Mapping[str, int], held: Mapping[str, int]) -> dict[str, tuple[int, int]]:
    """Kinds of which more than a fifth would be removed: how many, and of how many that are held."""
    return {kind: (count, held[kind]) for kind, count in removed.items() if count * MOST_REMOVED > held[kind]}


def too_many_gone(before: Directory, after: Directory) -> dict[str, tuple[int, int]]:
    """The same for a directory that would take the place of another. Records that can't be read count as there."""
    held, there = before.ids(), after.ids()
    removed = {kind: len(ids - there[kind]) for kind, ids in held.items()}
    return too_many(removed, {kind: len(ids) for kind, ids in held.items()})


def told(gone: Mapping[str, tuple[int, int]]) -> str:
    """What `too_many` found, in words: `12 of 40 contacts and 2 of 3 sites`."""
    return " and ".join(f"{count} of {of} {kind}{'s' if of > 1 else ''}" for kind, (count, of) in gone.items())
