"""From a job to a message: what it is to be written from, and its writing, by template or as the built-in text.

A draft is made where the secrets are, beside the loop that delivers; the message is written elsewhere, in a process
that a template may crash: see adapters.writing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from schemas.digest import DigestContext
from schemas.job import BUILT_IN_FORMS, Form, Job
from schemas.vocabulary import Channel, MessageFormat, Trigger
from sender.delivery_mode import LIVE, DeliveryMode
from sender.messages.addresses import MailIdentity, recipient_of
from sender.messages.built_in_text import fallback_text, written_in
from sender.messages.digest import digest_context, digest_subject, digest_text, digest_variables
from sender.messages.fax import AS_TEXT, FaxForm
from sender.messages.mentions import neutral
from sender.messages.message import Bodies, MailingList, message_id, return_path, write_message
from sender.messages.passages import Passage, in_language, joined, joined_text, renditions, with_languages_of
from sender.messages.plain_text import one_line
from sender.messages.redirection import redirected_bodies, redirected_subject
from sender.messages.short_form import TextLimits, short_text
from sender.messages.subject import subject_line
from sender.ports import (
    Composed,
    OutgoingMail,
    OutgoingMessage,
    OutgoingText,
    Part,
    Renderer,
    TemplateFaultError,
)
from sender.records import TEXTS, LedgerEntry
from sender.suppressions.opt_out import NO_LINKS, OptOut, OptOutLinks, OptOutWriter

SUBJECT: Final = 300
"""Characters of a digest's subject."""

NO_OPT_OUT: Final = OptOut()
AS_A_RULE: Final = TextLimits()


class Draft(Struct, frozen=True):
    """What one message is written from: a job with the trigger and form for which it goes out now, and its list.

    `texts`, one for each of the job's languages, are given where no template writes them, and where one of digests may
    fail: those of a digest, with its subject, and the built-in ones. `digests` are what a template of digests is given.
    """

    job: Job
    trigger: Trigger
    form: Form
    mailing: MailingList
    message_id: str
    return_path: str
    subject: str | None = None
    texts: Sequence[str] = ()
    digests: Sequence[DigestContext] = ()

    def built_in(self) -> Draft:
        """The same message without its template."""
        if self.texts:
            return replace(self, digests=())
        return replace(
            self, texts=[fallback_text(_without_mentions(one), self.trigger) for one in renditions(self.job)]
        )


class Drafts:
    """Makes drafts, with their ids, return paths and links to opt out: so it knows the secrets that sign them.

    Only e-mails that go to their own person have such links: whoever gets them in another's place must not opt out in
    that other's name.
    """

    def __init__(
        self,
        identity: MailIdentity,
        mode: DeliveryMode = LIVE,
        opt_out: OptOut = NO_OPT_OUT,
        texts: TextLimits = AS_A_RULE,
    ) -> None:
        self._identity = identity
        self._mode = mode
        self._opt_out = OptOutWriter(opt_out)
        self._texts = texts

    def message(self, job: Job, trigger: Trigger, form: Form) -> Draft:
        """The draft of a message for this trigger and form."""
        links = self._links(job, [trigger])
        return self._draft(job, trigger, form, MailingList(trigger.value.replace("_", "-"), links))

    def digest(self, carrier: LedgerEntry, listed: Sequence[LedgerEntry]) -> Draft:
        """The draft of a digest: by the template that its carrier names for that, else the built-in text."""
        carrier, *listed = (replace(one, job=_without_mentions(one.job)) for one in (carrier, *listed))
        carrier = with_languages_of(carrier, listed)
        subject, channel = digest_subject(carrier, listed), carrier.job.channel
        above, languages = self._texts.subject_of(channel, subject), carrier.job.languages
        texts = [
            digest_text(
                in_language(carrier, language),
                listed,
                lambda text: self._texts.holds(channel, above, text, len(languages)),
            )
            for language in languages
        ]
        # Several collaborators may share a mailbox and its digest: it opts out the one to whom it is addressed.
        own = {entry.trigger for entry in (carrier, *listed) if entry.job.person == carrier.job.person}
        mailing = MailingList("digest", self._links(carrier.job, [one for one in Trigger if one in own]))
        draft = replace(self._draft(carrier.job, carrier.trigger, carrier.form, mailing), subject=subject, texts=texts)
        form = carrier.job.digest
        if form is None or channel in TEXTS:
            return draft
        subject = one_line(f"{form.subject_keyword} {subject}", SUBJECT)
        contexts = [digest_context(carrier, [in_language(one, language) for one in listed]) for language in languages]
        return replace(draft, form=form, subject=subject, digests=contexts)

    def _draft(self, job: Job, trigger: Trigger, form: Form, mailing: MailingList) -> Draft:
        identity = self._identity
        return Draft(job, trigger, form, mailing, message_id(job, identity), return_path(job, identity))

    def _links(self, job: Job, triggers: Sequence[Trigger]) -> OptOutLinks:
        if job.channel is not Channel.EMAIL or self._mode.redirects(job) is not None:
            return NO_LINKS
        return self._opt_out.links(job, triggers)


class MessageWriter:
    """Writes messages from drafts, with no secrets and nothing from outside but templates and pages of faxes.

    Faxes are written as mails to the gateway's address of their number; what goes to another address than its person's
    is a mail, whatever its channel. A number without a country code is to be one of `fax_region`, where that is given.
    """

    def __init__(
        self,
        renderer: Renderer,
        identity: MailIdentity,
        mode: DeliveryMode = LIVE,
        fax: FaxForm = AS_TEXT,
        fax_region: str | None = None,
        texts: TextLimits = AS_A_RULE,
    ) -> None:
        self._renderer = renderer
        self._identity = identity
        self._mode = mode
        self._fax = fax
        self._fax_region = fax_region
        self._texts = texts

    def write(self, draft: Draft) -> Composed:
        """The message. A template that fails costs its language the form, not the message its arrival.

        Raises what the drawing of a fax's pages raises.
        """
        passages, faults = [], []
        for number, job in enumerate(map(_without_mentions, renditions(draft.job))):
            try:
                passages.append(self._passage(draft, number, job))
            except TemplateFaultError as error:
                faults.append(str(error))
                passages.append(_built_in(draft, number, job))
        job = _without_mentions(draft.job)
        subject = draft.subject if draft.subject is not None else subject_line(job, draft.form.subject_keyword)
        return Composed(self._message(replace(draft, job=job), subject, passages), "; ".join(faults) or None)

    def _message(self, draft: Draft, subject: str, passages: Sequence[Passage]) -> OutgoingMessage:
        job, bodies = draft.job, joined(passages)
        if job.channel is Channel.FAX:
            subject, bodies = self._fax.written(job, subject, bodies)
        above = subject
        if job.channel in TEXTS:
            above = self._texts.subject_of(job.channel, subject)
            bodies = Bodies(_short(self._texts, job.channel, above, passages), languages=bodies.languages)
        elsewhere = self._mode.redirects(job)
        recipient = recipient_of(job, self._identity, self._fax_region)
        if elsewhere is not None:
            recipient, subject, bodies = elsewhere, redirected_subject(job, subject), redirected_bodies(job, bodies)
        elif job.channel in TEXTS:
            return OutgoingText(job.channel, recipient, above, bodies.text)
        listed = draft.mailing if job.channel is Channel.EMAIL else None
        content = write_message(job, self._identity, draft.message_id, recipient, subject, bodies, listed)
        return OutgoingMail(draft.return_path, recipient, content)

    def _passage(self, draft: Draft, number: int, job: Job) -> Passage:
        """What it says in one of its languages, the job's. Raises TemplateFaultError."""
        template, language = draft.form.template, job.language
        if draft.texts and not draft.digests:
            return _built_in(draft, number, job)
        if template in BUILT_IN_FORMS.values():
            return Passage(written_in(language), short_text(job, draft.trigger))
        named = _variables(draft, number, job)
        text = self._renderer.render(template, language, Part.TEXT, named)
        if draft.form.format is MessageFormat.TEXT or job.channel is not Channel.EMAIL:
            return Passage(language, text)
        return Passage(language, text, self._renderer.render(template, language, Part.HTML, named))


def _built_in(draft: Draft, number: int, job: Job) -> Passage:
    text = draft.texts[number] if draft.texts else fallback_text(job, draft.trigger)
    return Passage(written_in(job.language), text)


def _short(limits: TextLimits, channel: Channel, above: str, passages: Sequence[Passage]) -> str:
    """The text of a chat or text message. Where not all of it fits, each language has the same room."""
    text = joined_text(passages)
    if len(passages) > 1 and not limits.holds(channel, above, text):
        number = len(passages)
        text = joined_text([replace(one, text=limits.text_of(channel, above, one.text, number)) for one in passages])
    return limits.text_of(channel, above, text)


def _variables(draft: Draft, number: int, job: Job) -> dict[str, object]:
    links = draft.mailing.links
    form = draft.form if number == 0 else replace(draft.form, subject_keyword=_keyword(draft, job))
    if not draft.digests:
        return template_variables(job, draft.trigger, form, links)
    unsubscribe = links.page or links.mail
    return digest_variables(draft.digests[number], job.language, job.time_zone, form.subject_keyword, unsubscribe)


def _keyword(draft: Draft, job: Job) -> str:
    """The keyword of the draft's form in the job's language."""
    form = job.form if job.otherwise is None or draft.trigger is job.trigger else job.otherwise.form
    if draft.digests and job.digest is not None:
        form = job.digest
    return form.subject_keyword


def _without_mentions(job: Job) -> Job:
    """The job with a context that calls nobody in a chat; of other channels as it is."""
    if job.channel is not Channel.CHAT:
        return job
    return replace(job, context=neutral(job.context), translations=[neutral(one) for one in job.translations])


def template_variables(job: Job, trigger: Trigger, form: Form, links: OptOutLinks = NO_LINKS) -> dict[str, object]:
    """What a template may name: the fields of the job's context, and what else the message is about.

    `trigger` and `other_triggers` are as in the rules; a message that stands in for another (see `Job.otherwise`) does
    not mention its own trigger again. `unsubscribe_url` is where the reader can opt out of it, or None.
    """
    return {
        **{field: getattr(job.context, field) for field in job.context.__struct_fields__},
        "trigger": trigger,
        "other_triggers": [other for other in job.other_triggers if other is not trigger],
        "language": job.language,
        "time_zone": job.time_zone,
        "keyword": form.subject_keyword,
        "unsubscribe_url": links.page or links.mail,
    }
