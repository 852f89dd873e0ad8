"""What the screens of people and objects ask about the directory and the rules that are in force."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NoReturn, Protocol

from msgspec import Struct

from console.screens.attachments import Attachments
from engine.directory.directory import Directory
from engine.directory.records import Contract, Person
from engine.rulebook.rulebook import Rulebook
from schemas.decision import Skip
from schemas.errors import UnusableError
from schemas.job import PersonRef
from schemas.vocabulary import Category


class NotReadError(UnusableError, RuntimeError):
    """Directory or rules have not been read yet, or not here."""

    code = "starting"


class InForce(Struct, frozen=True):
    """A directory, a rulebook, and who is attached to what. None of them is to be changed."""

    directory: Directory
    rulebook: Rulebook
    attachments: Attachments


class Gap(Struct, frozen=True):
    """Something of a contract that reaches nobody: the sentences of `tocsin coverage`."""

    record: str
    why: str
    change: str


class Gate(Struct, frozen=True):
    """Where somebody stops on the way through a category, in the words of `tocsin explain`.

    The smallest change that opens the gate is `value` in `field` of `record`; `change` says it in words.
    """

    skip: Skip
    why: str
    record: str
    field: str
    change: str


class Reach(Struct, frozen=True):
    """What tickets of a contract lead to, made up so that every trigger is raised and every condition may hold.

    `told` are people and the categories through which they are told; `stopped` are the gates at which others end, the
    furthest of each person and category. `as_a_whole` is the gate at which all tickets of the contract end.
    """

    told: frozenset[tuple[PersonRef, Category]]
    stopped: Sequence[Gate]
    as_a_whole: Gate | None = None


class Named(Struct, frozen=True):
    """A record that a text may mean. `customer` is whose it is, where the directory knows."""

    kind: str
    id: str
    name: str | None
    customer: str | None = None


class Lookup(Protocol):
    """Answers by what is in force now. Every method raises NotReadError."""

    def in_force(self) -> InForce:
        """Directory and rules."""
        ...

    def named(self, text: str) -> Sequence[Named]:
        """The records that a text may mean: by id, reference, name or address, people first."""
        ...

    def reach(self, contract: Contract, now: datetime, about: Collection[PersonRef] | None = None) -> Reach:
        """What the contract's tickets lead to; words only for these people, where some are given."""
        ...

    def gaps(self, contract: Contract, now: datetime) -> Sequence[Gap]:
        """What the contract leaves open."""
        ...

    def suppressions(self, person: Person, now: datetime) -> Sequence[str]:
        """The ids of those that stand for a person or an address of theirs."""
        ...


class NoLookup:
    """A Lookup where nothing has been read."""

    def in_force(self) -> InForce:
        """See Lookup."""
        raise NotReadError("the directory is being read")

    def named(self, *_: Any, **__: Any) -> NoReturn:
        """See Lookup."""
        raise NotReadError("the directory is being read")

    reach = gaps = suppressions = named
