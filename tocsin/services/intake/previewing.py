"""Who would be told if a ticket were saved so: decided as engines decide, by what is in force now. Nothing is kept."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from msgspec import UNSET, Struct
from msgspec.structs import replace

from engine.decide import Decision, decide, prepare
from engine.directory.directory import Directory
from engine.ports import DirectorySource
from engine.rulebook.rulebook import Rulebook
from engine.scope import Scope
from intake.cloudevents.unsaved import UNSAVED
from schemas.api_answers import NotTold, Preview, PreviewedMessage
from schemas.clock import Clock
from schemas.decision import Skip
from schemas.errors import UnusableError
from schemas.event import Event
from schemas.job import Job, when_sent
from schemas.reason_words import masked, was
from schemas.vocabulary import Channel, Reason
from sender.messages.subject import subject_line
from tocsin.authoring.explain.case import Case
from tocsin.authoring.explain.reasons import in_words

MOST_ENTRIES: Final = 500
"""Messages that are shown, and entries of those who get none."""

WORDS_WITHIN: Final = 2.0
"""Seconds that the full words of all entries may take; entries beyond have general words."""

_WITHOUT_PEOPLE: Final = {
    Reason.NO_RULE: "no rule for {category} matches here",
    Reason.OWN_SAVE: "the person made this save, or it was made with an e-mail address of theirs",
    Reason.SUPPRESSED: "a suppression stands for the person, or for every address of theirs",
    Reason.SAME_MAILBOX: "somebody else reads the same mailbox, and gets the message",
    Reason.UNREADABLE_RECORD: "the directory's record {record} can't be read",
}
"""Reasons whose full words may hold a name, an address, or a text of ticket or person."""


class NotYetError(UnusableError, RuntimeError):
    """Directory or rules have not been read yet."""

    code = "starting"


class Deciding(Struct, frozen=True):
    """What events are decided by: a directory for previews alone, and the rulebook that is in force."""

    directory: DirectorySource
    rulebook: Callable[[], Rulebook]


class Previews:
    """Previews of one process, once it is opened. Threads may share it; they take turns."""

    def __init__(self, clock: Clock, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._monotonic = monotonic
        self._deciding: Deciding | None = None
        self._turn = threading.Lock()

    def open(self, deciding: Deciding) -> None:
        """From now on, previews are given by this."""
        self._deciding = deciding

    @contextmanager
    def held(self) -> Iterator[None]:
        """Within the block nothing is decided, so that the directory may change."""
        with self._turn:
            yield

    def of_nothing(self, source: str, because: str) -> Preview:
        """A post that is about no save of a ticket. Raises NotYetError."""
        rulebook, now = self._by().rulebook().digest, self._clock.now()
        nobody: dict[str, Any] = {"triggers": [], "told": [], "not_told": [], "left_out": 0}
        return Preview(source=source, ticket=None, contract=None, now=now, rulebook=rulebook, ignored=because, **nobody)

    def of(self, event: Event, *, personal: bool) -> Preview:
        """Who would be told of an event, as judged now. Raises NotYetError."""
        deciding = self._by()
        # The directory must not change while it is decided by it, and put into words.
        with self._turn:
            directory, rulebook = deciding.directory.current(), deciding.rulebook()
            decision = decide(event, directory, rulebook, self._clock.now())
            # Once for all entries: it looks everybody up whom the save concerns.
            scope = prepare(event, decision.now, directory, rulebook).scope
            full = _FullWords(decision, directory, rulebook, scope, self._monotonic)
            return _View(decision, full, personal).preview()

    def _by(self) -> Deciding:
        if self._deciding is None:
            raise NotYetError("the directory is being read")
        return self._deciding


class _FullWords:
    """Reasons in the words of `tocsin explain`, as long as there is time for them."""

    def __init__(
        self,
        decision: Decision,
        directory: Directory,
        rulebook: Rulebook,
        scope: Scope | None,
        monotonic: Callable[[], float],
    ) -> None:
        self._around = decision, directory, rulebook
        self._scope = scope
        self._monotonic = monotonic
        self._end = monotonic() + WORDS_WITHIN

    def of(self, skip: Skip) -> str | None:
        """Why; None where there is no time left."""
        if self._monotonic() > self._end:
            return None
        return in_words(Case(skip, *self._around, scope=self._scope)).why


class _View(Struct, frozen=True):
    """A decision as it is shown."""

    decision: Decision
    full: _FullWords
    personal: bool

    def preview(self) -> Preview:
        decision = self.decision
        event, ticket = decision.event, decision.event.ticket
        told, not_told = decision.jobs, decision.skipped
        return Preview(
            source=event.source,
            ticket=None if ticket.id == UNSAVED else ticket.id,
            contract=ticket.contract,
            triggers=[*decision.triggers],
            now=decision.now,
            rulebook=decision.rulebook,
            told=[self._message(one) for one in told[:MOST_ENTRIES]],
            not_told=[*self._entries(not_told[:MOST_ENTRIES])],
            left_out=sum(max(0, len(one) - MOST_ENTRIES) for one in (told, not_told)),
        )

    def _message(self, job: Job) -> PreviewedMessage:
        is_due = job.schedule is not None and job.schedule.at < job.expires
        message = PreviewedMessage(
            person=job.person,
            channel=job.channel,
            trigger=job.trigger,
            other_triggers=job.other_triggers,
            otherwise=None if job.otherwise is None else job.otherwise.trigger,
            categories=job.categories,
            rules=job.rules,
            template=job.form.template,
            languages=[*job.languages],
            when=when_sent(job),
            due=job.schedule.at if job.schedule is not None and is_due else None,
        )
        return self._named(message, job) if self.personal else message

    @staticmethod
    def _named(message: PreviewedMessage, job: Job) -> PreviewedMessage:
        has_subject = job.channel in (Channel.EMAIL, Channel.FAX)
        return replace(
            message,
            name=job.context.person_name or UNSET,
            address=job.address,
            subject=subject_line(job, job.form.subject_keyword) if has_subject else UNSET,
        )

    def _entries(self, skipped: list[Skip]) -> Iterator[NotTold]:
        for skip in skipped:
            seen = masked(skip, self.personal)
            yield NotTold(
                seen.person, seen.category, seen.reason, self._why(skip, seen), seen.trigger, seen.channel, seen.record
            )

    def _why(self, skip: Skip, seen: Skip) -> str:
        general = _WITHOUT_PEOPLE.get(skip.reason)
        may_be_full = self.personal or general is None
        full = self.full.of(skip) if may_be_full else None
        if full is not None:
            return full
        return was(seen) if general is None else general.format(category=seen.category, record=seen.record)
