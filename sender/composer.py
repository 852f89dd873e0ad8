"""From a job to a message: the templates' text, or the built-in one where a template fails."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from schemas.job import BUILT_IN_FORMS, Form, Job
from schemas.vocabulary import Channel, MessageFormat, Trigger
from sender.addresses import MailIdentity, recipient_of
from sender.digest import digest_subject, digest_text
from sender.entries import Entry
from sender.fallback import fallback_text
from sender.fax import AS_TEXT, FaxForm
from sender.going_live import LIVE, DeliveryMode
from sender.mentions import neutral
from sender.message import Bodies, MailingList, return_path, write_message
from sender.opt_out import NO_LINKS, OptOut, OptOutLinks, OptOutWriter
from sender.ports import (
    Composed,
    OutgoingMail,
    OutgoingMessage,
    OutgoingText,
    Part,
    Renderer,
    TemplateFaultError,
)
from sender.redirection import redirected_bodies, redirected_subject
from sender.short_form import TextLimits, short_text
from sender.subject import subject_line

NO_OPT_OUT: Final = OptOut()
AS_A_RULE: Final = TextLimits()

TEXTS: Final = frozenset({Channel.SMS, Channel.CHAT})
"""Channels that take plain text and no mail."""


class MessageComposer:
    """A Composer on a Renderer.

    Faxes are written as mails to the gateway's address of their number; what goes to another address than its person's
    is a mail, whatever its channel. Only e-mails that go to their own person offer a way to opt out: whoever gets them
    in another's place must not do it in that other's name.
    """

    def __init__(
        self,
        renderer: Renderer,
        identity: MailIdentity,
        mode: DeliveryMode = LIVE,
        opt_out: OptOut = NO_OPT_OUT,
        fax: FaxForm = AS_TEXT,
        texts: TextLimits = AS_A_RULE,
    ) -> None:
        self._renderer = renderer
        self._identity = identity
        self._mode = mode
        self._opt_out = OptOutWriter(opt_out)
        self._fax = fax
        self._texts = texts

    def compose(self, job: Job, trigger: Trigger, form: Form) -> Composed:
        """The message for this trigger and form. A template that fails costs the message its form, not its arrival."""
        fault: str | None = None
        job = _without_mentions(job)
        links = self._links(job, [trigger])
        try:
            bodies = self._rendered(job, trigger, form, links)
        except TemplateFaultError as error:
            bodies, fault = Bodies(fallback_text(job, trigger)), str(error)
        mailing = MailingList(trigger.value.replace("_", "-"), links)
        return Composed(self._message(job, subject_line(job, form.subject_keyword), bodies, mailing), fault)

    def digest(self, carrier: Entry, listed: Sequence[Entry]) -> Composed:
        """See sender.ports.Composer. It is the built-in text, whatever the templates are."""
        carrier, *listed = (replace(one, job=_without_mentions(one.job)) for one in (carrier, *listed))
        subject, channel = digest_subject(carrier, listed), carrier.job.channel
        above = self._texts.subject_of(channel, subject)
        bodies = Bodies(digest_text(carrier, listed, lambda text: self._texts.holds(channel, above, text)))
        # Several collaborators may share a mailbox and its digest: it opts out the one to whom it is addressed.
        own = {entry.trigger for entry in (carrier, *listed) if entry.job.person == carrier.job.person}
        mailing = MailingList("digest", self._links(carrier.job, [one for one in Trigger if one in own]))
        return Composed(self._message(carrier.job, subject, bodies, mailing))

    def _links(self, job: Job, triggers: Sequence[Trigger]) -> OptOutLinks:
        if job.channel is not Channel.EMAIL or self._mode.redirects(job) is not None:
            return NO_LINKS
        return self._opt_out.links(job, triggers)

    def _message(self, job: Job, subject: str, bodies: Bodies, mailing: MailingList) -> OutgoingMessage:
        if job.channel is Channel.FAX:
            subject, bodies = self._fax.written(job, subject, bodies)
        above = subject
        if job.channel in TEXTS:
            above = self._texts.subject_of(job.channel, subject)
            bodies = Bodies(self._texts.text_of(job.channel, above, bodies.text))
        elsewhere = self._mode.redirects(job)
        recipient = recipient_of(job, self._identity)
        if elsewhere is not None:
            recipient, subject, bodies = elsewhere, redirected_subject(job, subject), redirected_bodies(job, bodies)
        elif job.channel in TEXTS:
            return OutgoingText(job.channel, recipient, above, bodies.text)
        listed = mailing if job.channel is Channel.EMAIL else None
        content = write_message(job, self._identity, recipient, subject, bodies, listed)
        return OutgoingMail(return_path(job, self._identity), recipient, content)

    def _rendered(self, job: Job, trigger: Trigger, form: Form, links: OptOutLinks) -> Bodies:
        if form.template in BUILT_IN_FORMS.values():
            return Bodies(short_text(job, trigger))
        named = template_variables(job, trigger, form, links)
        text = self._renderer.render(form.template, job.language, Part.TEXT, named)
        if form.format is MessageFormat.TEXT or job.channel is not Channel.EMAIL:
            return Bodies(text)
        return Bodies(text, self._renderer.render(form.template, job.language, Part.HTML, named))


def _without_mentions(job: Job) -> Job:
    """The job with a context that calls nobody in a chat; of other channels as it is."""
    return replace(job, context=neutral(job.context)) if job.channel is Channel.CHAT else job


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
