"""A decision held against what a test expects, and the differences as a person reads them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from engine.decide import Decision
from engine.rulebook.rulebook import Rulebook
from schemas.decision import Skip
from schemas.job import Job, PersonRef, when_sent
from schemas.rule_test import Expectation, ExpectedAlert, ExpectedSilence
from schemas.vocabulary import Channel, PersonKind
from tocsin.authoring.explain.case import Case, called
from tocsin.authoring.explain.reasons import in_words
from tocsin.authoring.rule_tests.preparing import Prepared

BY: Final = {
    Channel.EMAIL: "by e-mail",
    Channel.FAX: "by fax",
    Channel.SMS: "by text message",
    Channel.CHAT: "by chat",
}


def differences(test: Prepared, decision: Decision, rulebook: Rulebook) -> list[str]:
    """What came out otherwise than the test expects; empty where it passes."""
    return [*_Comparison(test, decision, rulebook).lines()]


def expected_jobs(expect: Expectation, decision: Decision) -> list[Job]:
    """The messages that the test names."""
    return [job for job in decision.jobs if any(_is_about(alert, job) for alert in expect.alerted)]


def named_skips(expect: Expectation, decision: Decision) -> list[Skip]:
    """The entries whose reasons the test names."""
    if expect.nobody is not None:
        return [skip for skip in decision.skipped if skip.reason == expect.nobody]
    named = [one for one in expect.not_alerted if one.reason is not None]
    return [skip for skip in decision.skipped if any(_meets(one, skip) for one in named)]


class _Comparison:
    def __init__(self, test: Prepared, decision: Decision, rulebook: Rulebook) -> None:
        self._expect = test.expect
        self._decision = decision
        self._directory = test.around.directory
        self._rulebook = rulebook

    def lines(self) -> Iterator[str]:
        if self._expect.nobody is not None and self._decision.reason != self._expect.nobody:
            got = f"`{self._decision.reason}`" if self._decision.reason is not None else "an event that may alert"
            yield f"expected nobody for the reason `{self._expect.nobody}`, got {got}"
        for alert in self._expect.alerted:
            yield from self._alert(alert)
        silent = {silence.who for silence in self._expect.not_alerted}
        # Somebody who is told through one category may be stopped in another: only then both can be expected.
        wholly = {one.who for one in self._expect.not_alerted if one.reason is None and one.category is None}
        for job in self._decision.jobs:
            is_unnamed = not self._is_named(job) and (self._expect.others == "none" or str(job.person) in silent)
            if is_unnamed or str(job.person) in wholly:
                yield f"{self._got(job)}, expected nothing: {_through(job)}"
        for silence in self._expect.not_alerted:
            yield from self._silence(silence)

    def _is_named(self, job: Job) -> bool:
        return any(_is_about(alert, job) for alert in self._expect.alerted)

    def _alert(self, alert: ExpectedAlert) -> Iterator[str]:
        jobs = [job for job in self._decision.jobs if _is_about(alert, job)]
        for job in jobs:
            for what, expected, got in _fields(alert, job):
                if expected is not None and expected != got:
                    instead = f", with {what} {_shown(got)}" if what else ""
                    yield f"{self._got(job)}{instead}, expected {_shown(expected)}: {_through(job)}"
        if not jobs:
            expected = f"`{alert.trigger}` {BY[alert.channel]}" + (f" to {alert.address}" if alert.address else "")
            yield f"{self._called(alert.who)} got {self._instead(alert)}, expected {expected}{self._why(alert.who)}"

    def _silence(self, silence: ExpectedSilence) -> Iterator[str]:
        if silence.reason is None or any(_meets(silence, skip) for skip in self._decision.skipped):
            return
        unnamed = (job for job in self._decision.jobs if not self._is_named(job))
        if any(str(job.person) == silence.who for job in unnamed) and self._expect.others == "none":
            return  # It was named as a message that nobody expected.
        who = "the object that the ticket names" if silence.who is None else self._called(silence.who)
        through = f" in {silence.category}" if silence.category is not None else ""
        stopped = [one for one in self._entries(silence.who) if silence.category in (None, one.category)]
        got = ", ".join(dict.fromkeys(f"`{one.reason}`" for one in stopped)) or "no such entry"
        yield f"{who} was to be stopped by `{silence.reason}`{through}, got {got}{self._why(silence.who)}"

    def _instead(self, alert: ExpectedAlert) -> str:
        others = [job for job in self._decision.jobs if str(job.person) == alert.who]
        return " and ".join(f"`{job.trigger}` {BY[job.channel]} to {job.address}" for job in others) or "nothing"

    def _got(self, job: Job) -> str:
        return f"{called(job.person, self._directory)} got `{job.trigger}` {BY[job.channel]}"

    def _called(self, who: str) -> str:
        kind, _, person_id = who.partition("/")
        return called(PersonRef(PersonKind(kind), person_id), self._directory)

    def _entries(self, who: str | None) -> list[Skip]:
        """The entries about a person; about objects for None; where the event as a whole alerts nobody, that one."""
        if self._decision.reason is not None:
            return self._decision.skipped
        return [skip for skip in self._decision.skipped if _person(skip) == who]

    def _why(self, who: str | None) -> str:
        """The furthest gate, and what would have to change."""
        entries = self._entries(who)
        # Somebody who gets a message was not stopped, whatever their other entries say.
        if any(str(job.person) == who for job in self._decision.jobs):
            return ""
        if not entries:
            return "" if who is None else ": attached to nothing that this ticket and its contract name"
        skip = max(entries, key=lambda entry: entry.reason.depth)
        words = in_words(Case(skip, self._decision, self._directory, self._rulebook))
        return f": {words.why} [{skip.reason}] ({words.record}, field {words.field}: {words.change})"


def _is_about(alert: ExpectedAlert, job: Job) -> bool:
    """Whether the expectation is about this message: it is then held against it, field by field."""
    return str(job.person) == alert.who and job.channel is alert.channel and alert.address in (None, job.address)


def _fields(alert: ExpectedAlert, job: Job) -> Iterator[tuple[str, object, object]]:
    yield "", alert.trigger, job.trigger
    yield "other triggers", _sorted(alert.other_triggers), _sorted(job.other_triggers)
    yield "template", alert.template, job.form.template
    yield "keyword", alert.keyword, job.form.subject_keyword
    yield "language", alert.language, job.language
    yield "languages", alert.languages, [*job.languages]
    yield "when", alert.when, when_sent(job)
    yield "categories", _sorted(alert.categories), _sorted(job.categories)
    yield "rules", _sorted(alert.rules), _sorted(job.rules)


def _sorted(texts: object) -> list[str] | None:
    return sorted(map(str, texts)) if isinstance(texts, list) else None


def _meets(silence: ExpectedSilence, skip: Skip) -> bool:
    wanted = silence.reason in (None, skip.reason) and silence.category in (None, skip.category)
    return wanted and _person(skip) == silence.who


def _person(skip: Skip) -> str | None:
    return None if skip.person is None else str(skip.person)


def _shown(value: object) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(value) + "]"
    return f"`{value}`"


def _through(job: Job) -> str:
    rules = f"rule{'s' if len(job.rules) > 1 else ''} {', '.join(job.rules)}"
    return f"{rules}, categor{'ies' if len(job.categories) > 1 else 'y'} {', '.join(job.categories)}"
