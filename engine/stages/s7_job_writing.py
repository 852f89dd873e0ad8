"""Stage 7: messages written out as jobs, each complete in itself."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from msgspec.structs import replace

from engine.contexts import Contexts
from engine.language import languages_of, localised, time_zone_of
from engine.rulebook.rulebook import DefaultForm, LocalText, Rule
from engine.schedules import soonest
from engine.scope import Scope
from engine.stages.s6_merging import Line, Message
from engine.statuses import changed_for_customers
from schemas.directory import TriggerSettings
from schemas.event import Event
from schemas.hashing import hash_of
from schemas.job import Form, Job, Otherwise, Translation
from schemas.mailbox import mailbox
from schemas.vocabulary import Audience, Channel, MessageFormat, PersonKind, Trigger


def write_jobs(scope: Scope, messages: Sequence[Message]) -> list[Job]:
    """The jobs for the messages of one save."""
    writer = _Writer(scope)
    return [writer.job(message) for message in messages]


class _Writer:
    """Writes the messages of one save. What its jobs have in common is made once."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._contexts = Contexts(scope)
        self._digests: dict[tuple[Channel, Audience, str], Form | None] = {}
        self._expires = _expiry(scope)
        # Every job of the save that opens the ticket claims the key, whatever it is about: that save has told it.
        self._once = once_key(scope.event) if Trigger.OPENED in scope.triggers else None

    def job(self, message: Message) -> Job:
        """The job for one message."""
        scope, event, record = self._scope, self._scope.event, message.first.record
        customer = scope.directory.customer(record.customer)
        # The reader's own customer, which may be another one than the ticket's, decides how the message looks.
        languages = languages_of(record, customer, message.first.rules, scope.policy)
        # Each part of an SMS costs, so it has one language.
        language, *others = languages[:1] if message.channel is Channel.SMS else languages
        time_zone = time_zone_of(record, customer, scope.policy)
        return Job(
            id=job_id(event, message.channel, message.address),
            source=event.source,
            event=event.id,
            ticket=event.ticket.id,
            trigger=message.first.trigger,
            other_triggers=_other_triggers(scope, message, (language, *others)),
            person=message.person,
            audience=message.person.kind.audience,
            channel=message.channel,
            address=message.address,
            language=language,
            time_zone=time_zone,
            form=_form(scope, message, message.first, language),
            reply_to=scope.contract.reply_to,
            context=self._contexts.of(record, language),
            categories=message.categories,
            rules=[*dict.fromkeys([rule.name for rule in message.rules])],
            rulebook=scope.rulebook.digest,
            created=scope.now,
            expires=self._expires,
            once=self._once,
            otherwise=_otherwise(scope, message, language, time_zone),
            customer=scope.customer_id,
            digest=self._digest_form(message, language),
            schedule=soonest(message.first.bringing, event.time, time_zone, scope.policy.calendars),
            translations=[self._translation(message, one) for one in others],
        )

    def _translation(self, message: Message, language: str) -> Translation:
        """What differs in a further language."""
        scope, second, digest = self._scope, message.second, self._digest_form(message, language)
        ticket = self._contexts.of(message.first.record, language).ticket
        return Translation(
            language=language,
            status=ticket.status,
            previous_status=ticket.previous_status,
            subject_keyword=_form(scope, message, message.first, language).subject_keyword,
            otherwise_keyword="" if second is None else _form(scope, message, second, language).subject_keyword,
            digest_keyword="" if digest is None else digest.subject_keyword,
        )

    def _digest_form(self, message: Message, language: str) -> Form | None:
        """The form of a digest that the job may carry."""
        key = (message.channel, message.person.kind.audience, language)
        if key not in self._digests:
            given = self._scope.policy.digests.get(key[:2])
            self._digests[key] = None if given is None else _default(given, language, self._scope.policy.language)
        return self._digests[key]


def _expiry(scope: Scope) -> datetime:
    try:
        return scope.now + scope.policy.deliver_within
    except OverflowError:
        # At the very end of the calendar: later than any clock will be.
        return datetime.max.replace(tzinfo=UTC)


def job_id(event: Event, channel: Channel, address: str) -> str:
    """The job's id: 128 bits of a hash of source, event, channel and mailbox, whatever the directory says by now."""
    return hash_of(event.source, event.id, channel.value, mailbox(address))


def once_key(event: Event) -> str:
    """What only one event of a ticket may claim: a hash of source and ticket."""
    return hash_of("opened", event.source, event.ticket.id)


def _other_triggers(scope: Scope, message: Message, languages: Sequence[str]) -> list[Trigger]:
    """What else the save means. A contact is not told of a change of status that customers do not see."""
    others = [trigger for trigger in scope.triggers if trigger is not message.first.trigger]
    if message.person.kind is PersonKind.CONTACT and not changed_for_customers(scope, languages):
        others = [trigger for trigger in others if trigger is not Trigger.STATUS_CHANGED]
    return others


def _otherwise(scope: Scope, message: Message, language: str, time_zone: str) -> Otherwise | None:
    """What the message becomes where an earlier save has opened the ticket."""
    if message.first.trigger is not Trigger.OPENED or message.second is None:
        return None
    second = message.second
    schedule = soonest(second.bringing, scope.event.time, time_zone, scope.policy.calendars)
    return Otherwise(second.trigger, _form(scope, message, second, language), schedule)


def _form(scope: Scope, message: Message, line: Line, language: str) -> Form:
    """Template, format and keyword.

    Each from the first rule that gives one and overrides the customer, the customer's record (contacts), the first rule
    that gives one, or the default. That is so for e-mails, which alone have HTML. Other channels have templates of
    their own, by the first rule that names one for them.
    """
    policy, channel = scope.policy, message.channel
    given = (rule.templates[channel] for rule in line.rules if rule.templates and channel in rule.templates)
    if channel is Channel.FAX:
        form = _default(policy.fax, language, policy.language)
        return replace(form, template=next(given, form.template))
    customer = scope.directory.customer(line.record.customer)
    settings = None if customer is None else customer.alert(line.trigger)
    default = policy.forms[message.person.kind.audience, line.trigger]
    form = _filled(default, settings, line.rules, language, policy.language)
    if channel is Channel.EMAIL:
        return form
    return replace(form, template=next(given, policy.texts[channel]), format=MessageFormat.TEXT)


def _default(form: DefaultForm, language: str, fallback: str) -> Form:
    """A form that neither a rule nor a customer's record changes."""
    return Form(form.template, form.format, localised(form.keyword, language, fallback))


def _filled(
    default: DefaultForm, settings: TriggerSettings | None, rules: list[Rule], language: str, fallback: str
) -> Form:
    first = [rule for rule in rules if rule.overrides_customer]
    template, keyword, message_format = _given(first, None, None, None)
    if settings is not None:
        template = template or settings.template
        keyword = settings.subject_keyword if keyword is None else keyword
        message_format = message_format or settings.message_format
    template, keyword, message_format = _given(rules, template, keyword, message_format)
    return Form(
        template=template or default.template,
        format=message_format or default.format,
        subject_keyword=localised(default.keyword if keyword is None else keyword, language, fallback),
    )


def _given(
    rules: Sequence[Rule], template: str | None, keyword: LocalText | None, message_format: MessageFormat | None
) -> tuple[str | None, LocalText | None, MessageFormat | None]:
    """What there is, and what is missing from the first of the rules that gives it."""
    for rule in rules:
        template = template or rule.template
        # An empty keyword is one that was chosen; an empty template is none.
        keyword = rule.keyword if keyword is None else keyword
        message_format = message_format or rule.format
    return template, keyword, message_format
