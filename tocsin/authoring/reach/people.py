"""People who can never be reached, whatever contract they are attached to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import groupby, islice
from typing import Final

from engine.decide import Decision
from engine.directory.directory import Directory
from engine.directory.records import Person
from engine.rulebook.rulebook import MainSite, Rulebook
from schemas.decision import Skip
from schemas.directory import ContractRecord, ProductRecord, Recipients, ServiceRecord, SiteRecord, Ticks
from schemas.job import PersonRef
from schemas.vocabulary import Audience, ObjectKind, PersonKind, Reason
from tocsin.authoring.explain.case import Case, called
from tocsin.authoring.explain.reasons import in_words
from tocsin.authoring.reach.gaps import Gap, GapCode
from tocsin.authoring.reach.probing import decisions, made_up_ticket

PROBE: Final = "\x00probe"
"""Id of the records that are made up: no record that was read can have it."""

_AT_ONCE: Final = 2_000
_ON: Final = Ticks(contacts=True, collaborators=True)
_KINDS: Final = (ObjectKind.CONTRACT, ObjectKind.SITE, ObjectKind.PRODUCT, ObjectKind.SERVICE)


def people_gaps(directory: Directory, rulebook: Rulebook, now: datetime) -> Iterator[Gap]:
    """Everyone whom a contract in force that ticks everything, and to which all are attached, does not reach.

    The directory holds such a contract while this runs.
    """
    people = sorted(directory.people(), key=lambda one: (one.kind, one.customer or ""))
    for (kind, customer), group in groupby(people, key=lambda one: (one.kind, one.customer)):
        kinds = _kinds(kind.audience, rulebook)
        rest = iter(group)
        # A chunk is decided as one save, and all its entries are in memory at once.
        while kinds and (chunk := [*islice(rest, _AT_ONCE)]):
            yield from _gaps_of(chunk, customer, kinds, directory, rulebook, now)


def _kinds(audience: Audience, rulebook: Rulebook) -> Sequence[ObjectKind]:
    """To which objects people are attached: one for which there are rules, and a site where that opens another gate."""
    ruled = [
        category.object_kind
        for category in sorted((rule.category for rule in rulebook.rules), key=lambda one: _rank(one.object_kind))
        if category.audience is audience and category.object_kind in _KINDS
    ]
    found = ruled[:1]
    if rulebook.policy.main_site is MainSite.NOT_FOR_SITE and ObjectKind.SITE in ruled:
        found.append(ObjectKind.SITE)
    return [*dict.fromkeys(found)]


def _rank(kind: ObjectKind) -> int:
    return _KINDS.index(kind) if kind in _KINDS else len(_KINDS)


def _gaps_of(
    people: Sequence[Person],
    customer: str | None,
    kinds: Sequence[ObjectKind],
    directory: Directory,
    rulebook: Rulebook,
    now: datetime,
) -> Iterator[Gap]:
    _make_up(people, customer, kinds, directory)
    try:
        ticket = made_up_ticket(PROBE, customer, product=PROBE, site=PROBE, service=PROBE)
        decided = decisions([ticket], directory, rulebook, now)
        # An entry may stand beside a job: one of several addresses is held by a suppression that can't be read.
        reached = {job.person for decision in decided for job in decision.jobs}
        for person, entries in _entries(decided, kinds).items():
            # Whoever has no entry for one of the ways is reached by it, behind the mailbox of another person.
            if person not in reached and len(entries) == len(kinds) * len(decided):
                yield _gap(entries, directory, rulebook)
    finally:
        # The directory is the caller's: what was made up goes, whatever happens.
        for kind in ("contract", "product", "site", "service"):
            directory.remove(kind, PROBE)


def _entries(decided: Iterable[Decision], kinds: Sequence[ObjectKind]) -> dict[PersonRef, list[tuple[Decision, Skip]]]:
    """Where each person stopped. SAME_MAILBOX is left out: such a person is told whenever the contact is not."""
    found: dict[PersonRef, list[tuple[Decision, Skip]]] = {}
    for decision in decided:
        for skip in decision.skipped:
            asked = skip.category is not None and skip.category.object_kind in kinds
            if skip.person is not None and asked and skip.reason is not Reason.SAME_MAILBOX:
                found.setdefault(skip.person, []).append((decision, skip))
    return found


def _gap(entries: Sequence[tuple[Decision, Skip]], directory: Directory, rulebook: Rulebook) -> Gap:
    decision, skip = max(entries, key=lambda entry: entry[1].reason.depth)
    words = in_words(Case(skip, decision, directory, rulebook))
    who = "" if skip.person is None else called(skip.person, directory)
    change = f"{words.record}, field {words.field}: {words.change}"
    return Gap(GapCode.UNREACHABLE_PERSON, who, words.why, change, skip.reason)


def _make_up(people: Sequence[Person], customer: str | None, kinds: Sequence[ObjectKind], directory: Directory) -> None:
    ids = {kind: [one.id for one in people if one.kind is kind] for kind in PersonKind}
    contacts, collaborators = ids[PersonKind.CONTACT], ids[PersonKind.COLLABORATOR]
    objects = {ObjectKind.PRODUCT: ProductRecord, ObjectKind.SITE: SiteRecord, ObjectKind.SERVICE: ServiceRecord}
    for kind in kinds:
        if kind in objects:
            directory.apply(objects[kind](id=PROBE, contacts=contacts, collaborators=collaborators))
    listed = ObjectKind.CONTRACT in kinds
    contract = ContractRecord(
        id=PROBE,
        type="commitment",
        recipients=Recipients(product=_ON, site=_ON, contract=_ON, service=_ON),
        client=customer,
        products=[PROBE],
        sites=[PROBE],
        services=[PROBE],
        contacts=contacts if listed else None,
        collaborators=collaborators if listed else None,
    )
    directory.apply(contract)
