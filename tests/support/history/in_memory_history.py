"""A history in memory: lists, looked through from one end to the other. What is true of it is true by reading it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from msgspec.structs import replace

from history.entries import DECISION, Count, Entry, Kind, Sighting, counts_in, joined, name_key, sighting_of
from history.ports import Batch, Choice, Hour, KeptDecision, KeptTicket, Page, Part, RuleCount
from history.words import words_of
from schemas.job import PersonRef
from schemas.vocabulary import Reason


class InMemoryHistory:
    """Its steps are methods, so that a test can break one of them."""

    def __init__(self) -> None:
        self.kept: dict[int, Entry] = {}
        self.tickets: dict[int, Sighting] = {}
        self.reached: dict[Part, int] = {}
        self.last = 0

    def of_ticket(self, source: str, ticket: str, limit: int, before: int | None = None) -> Sequence[KeptDecision]:
        return self.page(
            lambda one: (one.decision.source, one.decision.ticket) == (source, ticket), self.by_time, limit, before
        )

    def decisions(self, choice: Choice, limit: int, before: int | None = None) -> Sequence[KeptDecision]:
        subjects = (choice.person, choice.contract, choice.customer, choice.reason)
        order = self.by_place if subjects == (None,) * 4 else self.by_time
        return self.page(lambda one: self.is_chosen(choice, one), order, limit, before)

    def page(
        self,
        is_wanted: Callable[[Entry], bool],
        order: Callable[[int], tuple[datetime, int, int]],
        limit: int,
        before: int | None,
    ) -> list[KeptDecision]:
        if before is not None and before not in self.kept:
            return []
        found = [seq for seq, one in self.kept.items() if is_wanted(one)]
        if before is not None:
            found = [seq for seq in found if order(seq) < order(before)]
        newest = sorted(found, key=order, reverse=True)[:limit]
        return [KeptDecision(self.kept[seq].decision, self.kept[seq].at, seq) for seq in newest]

    def by_time(self, seq: int) -> tuple[datetime, int, int]:
        return self.kept[seq].at, seq, 0

    def by_place(self, seq: int) -> tuple[datetime, int, int]:
        return self.kept[seq].at, self.kept[seq].partition, self.kept[seq].offset

    def is_chosen(self, choice: Choice, one: Entry) -> bool:
        decision = one.decision
        if choice.since is not None and one.at < choice.since:
            return False
        if choice.until is not None and one.at >= choice.until:
            return False
        if choice.contract is not None:
            return decision.contract == choice.contract
        if choice.customer is not None:
            return decision.customer == choice.customer
        if choice.reason is not None:
            return any(skip.reason is choice.reason for skip in decision.skipped)
        return choice.person is None or self.concerns(choice, choice.person, one)

    def concerns(self, choice: Choice, person: PersonRef, one: Entry) -> bool:
        told = any(job.person == person for job in one.decision.jobs)
        reasons = {skip.reason for skip in one.decision.skipped if skip.person == person}
        if not told and not reasons:
            return False
        if choice.told is not None and choice.told != told:
            return False
        return not choice.reasons or bool(choice.reasons & reasons)

    def tickets_named(self, name: str, limit: int) -> Sequence[KeptTicket]:
        wanted = name_key(name)
        found = [seq for seq, one in self.tickets.items() if wanted in one.names]
        return [self.ticket(seq) for seq in sorted(found, reverse=True)[:limit]]

    def tickets_with(self, text: str, limit: int, before: int | None = None) -> Page[KeptTicket]:
        asked = words_of(text)[:8]
        found = [
            seq
            for seq, one in self.tickets.items()
            if asked
            and (before is None or seq < before)
            and all(any(word.startswith(begin) for word in one.words) for begin in asked)
        ]
        newest = sorted(found, reverse=True)[:limit]
        return Page([self.ticket(seq) for seq in newest], newest[-1] if len(newest) == limit else None)

    def every_ticket(self, limit: int, after: int = 0) -> Sequence[KeptTicket]:
        return [self.ticket(seq) for seq in sorted(self.tickets) if seq > after][:limit]

    def ticket(self, seq: int) -> KeptTicket:
        one = self.tickets[seq]
        return KeptTicket(one.source, one.ticket, one.reference, one.title, one.seen, seq)

    def hours(self, since: datetime, until: datetime) -> Sequence[Hour]:
        counts = self.counts(since, until)
        begun = sorted({one.begin for one in counts if one.kind is Kind.DECISIONS})
        kinds = (Kind.DECISIONS, Kind.ALERTING, Kind.ALERTS)
        return [Hour(begin, *(counts[Count(kind, begin)] for kind in kinds)) for begin in begun]

    def reasons(self, since: datetime, until: datetime) -> Mapping[Reason, int]:
        found: Counter[Reason] = Counter()
        for one, number in self.counts(since, until).items():
            if one.kind is Kind.REASON:
                found[Reason(one.name)] += number
        return dict(found)

    def rules(self, since: datetime, until: datetime) -> Sequence[RuleCount]:
        counts = {one: number for one, number in self.counts(since, until).items() if one.kind is Kind.RULE}
        return [
            RuleCount(
                rule,
                sum(number for one, number in counts.items() if one.name == rule),
                max(one.begin for one in counts if one.name == rule),
            )
            for rule in sorted({one.name for one in counts})
        ]

    def counts(self, since: datetime, until: datetime) -> Counter[Count]:
        found: Counter[Count] = Counter()
        for one in self.kept.values():
            found.update({count: number for count, number in counts_in(one).items() if since <= count.begin < until})
        return found

    def close(self) -> None:
        pass

    def positions(self) -> Mapping[Part, int]:
        return dict(self.reached)

    def fill(self, batch: Batch) -> int | None:
        if any(self.reached.get(move.part) != move.expected for move in batch.moves):
            return None
        for sighting in batch.sightings:
            self.see(sighting)
        known = {(one.at, one.partition, one.offset) for one in self.kept.values()}
        kept = 0
        for entry in batch.entries:
            if (entry.at, entry.partition, entry.offset) not in known:
                self.keep(entry)
                kept += 1
        self.reached |= {move.part: move.next for move in batch.moves}
        return kept

    def keep(self, entry: Entry) -> None:
        self.last += 1
        self.kept[self.last] = entry
        self.see(sighting_of(entry))

    def see(self, sighting: Sighting) -> None:
        for seq, known in self.tickets.items():
            if (known.source, known.ticket) == (sighting.source, sighting.ticket):
                self.tickets[seq] = joined(known, sighting)
                return
        self.last += 1
        self.tickets[self.last] = sighting

    def prune(self, before: datetime, limit: int) -> int:
        decisions = sorted((seq for seq, one in self.kept.items() if one.at < before), key=self.by_place)[:limit]
        tickets = sorted((one.seen, seq) for seq, one in self.tickets.items() if one.seen < before)[:limit]
        for seq in decisions:
            del self.kept[seq]
        for _, seq in tickets:
            del self.tickets[seq]
        return len(decisions) + len(tickets)

    def begin_anew(self, since: datetime, limit: int) -> int:
        found = [seq for seq, one in self.kept.items() if one.at >= since][:limit]
        for seq in found:
            del self.kept[seq]
        if not found:
            self.reached.clear()
        return len(found)

    def rewrite(self, person: PersonRef, body: Callable[[bytes], bytes], text: Callable[[str], str]) -> int:
        changed = 0
        for seq, one in self.kept.items():
            if self.concerns(Choice(person=person), person, one) or self.names_a_record(one):
                after = body(one.body)
                changed += after != one.body
                self.kept[seq] = replace(one, body=after, decision=DECISION.decode(after))
        for seq, ticket in self.tickets.items():
            title = None if ticket.title is None else text(ticket.title)
            changed += title != ticket.title
            self.tickets[seq] = replace(ticket, title=title)
        return changed

    def names_a_record(self, one: Entry) -> bool:
        return any(skip.reason is Reason.UNREADABLE_RECORD for skip in one.decision.skipped)
