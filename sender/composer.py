"""From a job to a message: the templates' text, or the built-in one where a template fails."""

from __future__ import annotations

from schemas.job import Form, Job
from schemas.vocabulary import Channel, MessageFormat, Trigger
from sender.addresses import MailIdentity, recipient_of
from sender.fallback import fallback_text
from sender.message import Bodies, write_message
from sender.ports import Composed, OutgoingMail, Part, Renderer, TemplateFaultError
from sender.subject import subject_line


class MessageComposer:
    """A Composer on a Renderer. Faxes are written as mails to the gateway's address of their number, as text alone."""

    def __init__(self, renderer: Renderer, identity: MailIdentity) -> None:
        self._renderer = renderer
        self._identity = identity

    def compose(self, job: Job, trigger: Trigger, form: Form) -> Composed:
        """The message for this trigger and form. A template that fails costs the message its form, not its arrival."""
        fault: str | None = None
        try:
            bodies = self._rendered(job, trigger, form)
        except TemplateFaultError as error:
            bodies, fault = Bodies(fallback_text(job, trigger)), str(error)
        recipient = recipient_of(job, self._identity)
        content = write_message(job, self._identity, recipient, subject_line(job, form.subject_keyword), bodies)
        return Composed(OutgoingMail(self._identity.envelope_from, recipient, content), fault)

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
