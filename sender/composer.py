"""From a job to a message: the templates' text, or the built-in one where a template fails."""

from __future__ import annotations

from collections.abc import Sequence

from schemas.job import Form, Job
from schemas.vocabulary import Channel, MessageFormat, Trigger
from sender.addresses import MailIdentity, recipient_of
from sender.digest import digest_subject, digest_text
from sender.entries import Entry
from sender.fallback import fallback_text
from sender.going_live import LIVE, DeliveryMode
from sender.message import Bodies, write_message
from sender.ports import Composed, OutgoingMail, Part, Renderer, TemplateFaultError
from sender.redirection import redirected_bodies, redirected_subject
from sender.subject import subject_line


class MessageComposer:
    """A Composer on a Renderer. Faxes are written as mails to the gateway's address of their number, as text alone."""

    def __init__(self, renderer: Renderer, identity: MailIdentity, mode: DeliveryMode = LIVE) -> None:
        self._renderer = renderer
        self._identity = identity
        self._mode = mode

    def compose(self, job: Job, trigger: Trigger, form: Form) -> Composed:
        """The message for this trigger and form. A template that fails costs the message its form, not its arrival."""
        fault: str | None = None
        try:
            bodies = self._rendered(job, trigger, form)
        except TemplateFaultError as error:
            bodies, fault = Bodies(fallback_text(job, trigger)), str(error)
        return Composed(self._mail(job, subject_line(job, form.subject_keyword), bodies), fault)

    def digest(self, carrier: Entry, listed: Sequence[Entry]) -> Composed:
        """See sender.ports.Composer. It is the built-in text, whatever the templates are."""
        bodies = Bodies(digest_text(carrier, listed))
        return Composed(self._mail(carrier.job, digest_subject(carrier, listed), bodies))

    def _mail(self, job: Job, subject: str, bodies: Bodies) -> OutgoingMail:
        elsewhere = self._mode.redirects(job)
        if elsewhere is None:
            recipient = recipient_of(job, self._identity)
        else:
            recipient, subject, bodies = elsewhere, redirected_subject(job, subject), redirected_bodies(job, bodies)
        content = write_message(job, self._identity, recipient, subject, bodies)
        return OutgoingMail(self._identity.envelope_from, recipient, content)

    def _rendered(self, job: Job, trigger: Trigger, form: Form) -> Bodies:
        named = template_variables(job, trigger, form)
        text = self._renderer.render(form.template, job.language, Part.TEXT, named)
        if form.format is MessageFormat.TEXT or job.channel is Channel.FAX:
            return Bodies(text)
        return Bodies(text, self._renderer.render(form.template, job.language, Part.HTML, named))


def template_variables(job: Job, trigger: Trigger, form: Form) -> dict[str, object]:
    """What a template may name: the fields of the job's context, and what else the message is about.

    `trigger` and `other_triggers` are as in the rules; a message that stands in for another (see `Job.otherwise`) does
    not mention its own trigger again.
    """
    return {
        **{field: getattr(job.context, field) for field in job.context.__struct_fields__},
        "trigger": trigger,
        "other_triggers": [other for other in job.other_triggers if other is not trigger],
        "language": job.language,
        "time_zone": job.time_zone,
        "keyword": form.subject_keyword,
    }
