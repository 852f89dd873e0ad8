"""Made-up jobs with everything in them or as little as possible, and messages read back by two parsers."""

from __future__ import annotations

import atexit
import email
import email.policy
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import getaddresses
from functools import lru_cache
from pathlib import Path
from typing import Any

from fast_mail_parser import PyMail, parse_email

from adapters.jinja.renderer import JinjaRenderer
from adapters.jinja.sources import TemplateSources, read_sources
from adapters.writing.composer import ChildComposer
from adapters.writing.protocol import Stationery
from schemas.job import ExternalContext, ExternalTicket, Form, InternalContext, InternalTicket, Job, PersonRef
from schemas.vocabulary import Audience, Channel, MessageFormat, PersonKind, Trigger
from sender.delivery_mode import LIVE, DeliveryMode
from sender.messages.addresses import MailIdentity
from sender.messages.composer import AS_A_RULE, NO_OPT_OUT, Drafts, MessageWriter
from sender.messages.fax import AS_TEXT, FaxForm, FaxPages
from sender.messages.short_form import TextLimits
from sender.ports import Composed, OutgoingMail, Part, Renderer
from sender.records import LedgerEntry
from sender.suppressions.opt_out import OptOut

TEMPLATES = Path(__file__).parents[3] / "rules" / "templates"
MORNING = datetime(2026, 3, 2, 9, 15, tzinfo=UTC)
IDENTITY = MailIdentity(
    envelope_from="bounces@desk.example",
    from_name="Support Desk",
    from_address="support@desk.example",
    installation="tocsin.desk.example",
    fax_pattern="{number}@fax.example",
    secrets=("a-secret-of-the-tests",),
)
OPT_OUT = OptOut("https://alerts.desk.example", "unsubscribe@desk.example", ("a secret of the tests",))

HEADERS = {
    *("from", "to", "subject", "date", "message-id", "in-reply-to", "references", "auto-submitted"),
    *("reply-to", "mime-version", "content-type", "content-language", "list-id", "x-auto-response-suppress"),
}
"""The headers of a message with everything in it."""

_FULL: dict[str, Any] = {
    "id": "T-1042",
    "reference": "2026-1042",
    "title": "Invoices do not print",
    "description": "Since this morning:\n  no invoice is printed & <b>nobody</b> knows why.",
    "status": "In progress",
    "previous_status": "New",
    "resolution": "The printer's driver was replaced.",
    "product": "ERP",
    "site": "Paris",
    "service": "Hotline",
    "created_at": MORNING - timedelta(minutes=15),
    "link": "https://portal.example/T-1042",
}
_SPARSE: dict[str, Any] = {
    **dict.fromkeys(_FULL),
    "id": "T-1042",
    "reference": "T-1042",
    "title": "",
    "description": "",
}
_FULL_INTERNAL: dict[str, Any] = {
    "customer_link": "https://portal.example/T-1042/customer",
    "custom": {"severity": 2, "urgent": True, "note": None, "area": "billing"},
    "priority": "high",
    "internal_notes": "known bug 881",
    "closed_internally": True,
    "visible_to_customer": False,
}
_SPARSE_INTERNAL: dict[str, Any] = {
    **dict.fromkeys(_FULL_INTERNAL),
    "custom": {},
    "closed_internally": False,
    "visible_to_customer": True,
}
_JOB: dict[str, Any] = {
    "id": "0123456789abcdef0123456789abcdef",
    "source": "/helpdesk",
    "event": "e-1",
    "other_triggers": [],
    "channel": Channel.EMAIL,
    "address": "zoe@acme.example",
    "language": "en",
    "time_zone": "Europe/Paris",
    "reply_to": "support@desk.example",
    "categories": [],
    "rules": [],
    "rulebook": "digest",
    "created": MORNING,
    "expires": MORNING + timedelta(hours=72),
}


def external(person_name: str | None = "Zoé Martin", saved_at: datetime = MORNING, **ticket: Any) -> ExternalContext:
    """What a contact may see, with every field of the ticket but those given otherwise."""
    shown = ExternalTicket(**{**_FULL, "custom": {"severity": 2}, **ticket})
    return ExternalContext(shown, person_name, "ACME", "CT-2026-007", saved_at)


def sparse_external() -> ExternalContext:
    """As little as a contact may get to see."""
    return ExternalContext(ExternalTicket(**_SPARSE, custom={}), None, None, None, MORNING)


def internal(person_name: str | None = "Li Wei", **ticket: Any) -> InternalContext:
    """What a collaborator sees, with every field of the ticket but those given otherwise."""
    shown = InternalTicket(**{**_FULL, **_FULL_INTERNAL, **ticket})
    return InternalContext(shown, person_name, "ACME", "CT-2026-007", MORNING, "co-1")


def sparse_internal() -> InternalContext:
    """As little as a collaborator may get to see."""
    return InternalContext(InternalTicket(**_SPARSE, **_SPARSE_INTERNAL), None, None, None, MORNING, None)


def a_job(context: ExternalContext | InternalContext | None = None, **fields: Any) -> Job:
    """A job; `template`, `format` and `keyword` are those of its form."""
    context = context or external()
    is_contact = isinstance(context, ExternalContext)
    person = PersonRef(PersonKind.CONTACT if is_contact else PersonKind.COLLABORATOR, "p-1")
    trigger = fields.get("trigger", Trigger.OPENED)
    audience = "external" if is_contact else "internal"
    form = Form(
        template=fields.pop("template", f"{audience}/{trigger}"),
        format=fields.pop("format", MessageFormat.HTML),
        subject_keyword=fields.pop("keyword", "[Opened]"),
    )
    given: dict[str, Any] = {
        "ticket": context.ticket.id,
        "trigger": trigger,
        "person": person,
        "audience": Audience.CONTACTS if is_contact else Audience.COLLABORATORS,
        "form": form,
        "context": context,
    }
    return Job(**{**_JOB, **given, **fields})


class FixedRenderer:
    """Gives back the same body, whatever the template."""

    def __init__(self, body: str = "body") -> None:
        self.body = body

    def render(self, template: str, language: str, part: Part, variables: object) -> str:
        return self.body


class MessageComposer:
    """Drafts and their writing in this process, without a child."""

    def __init__(
        self,
        renderer: Renderer,
        identity: MailIdentity,
        mode: DeliveryMode = LIVE,
        opt_out: OptOut = NO_OPT_OUT,
        fax: FaxForm = AS_TEXT,
        texts: TextLimits = AS_A_RULE,
    ) -> None:
        self._drafts = Drafts(identity, mode, opt_out, texts)
        self._writer = MessageWriter(renderer, identity, mode, fax, texts=texts)

    def compose(self, job: Job, trigger: Trigger, form: Form) -> Composed:
        return self._writer.write(self._drafts.message(job, trigger, form))

    def digest(self, carrier: LedgerEntry, listed: Sequence[LedgerEntry]) -> Composed:
        return self._writer.write(self._drafts.digest(carrier, listed))


@lru_cache
def fax_pages() -> FaxPages:
    """What draws faxes; its fonts are read once, and only where they are needed."""
    from adapters.fax.fonts import Fonts  # noqa: PLC0415
    from adapters.fax.pages import PdfPages  # noqa: PLC0415

    folder = tempfile.TemporaryDirectory(prefix="tocsin-fonts-")
    atexit.register(folder.cleanup)
    return PdfPages(Fonts(Path(folder.name)))


def shipped_composer(identity: MailIdentity = IDENTITY) -> ChildComposer:
    """The composer of a running sender, with the templates that come with the product. To be closed."""
    composer = ChildComposer(Drafts(identity), Stationery(identity))
    composer.use(read_sources(TEMPLATES))
    return composer


@lru_cache
def shipped_renderer() -> JinjaRenderer:
    """The renderer of the templates that come with the product."""
    return JinjaRenderer(read_sources(TEMPLATES))


@dataclass(frozen=True)
class ComposedMail:
    """A job that was written out as a mail."""

    mail: OutgoingMail
    fault: str | None


def as_mail(composed: Composed) -> ComposedMail:
    """The same, where it is a mail."""
    assert isinstance(composed.message, OutgoingMail)
    return ComposedMail(composed.message, composed.fault)


def compose(
    job: Job,
    renderer: Renderer | None = None,
    identity: MailIdentity = IDENTITY,
    mode: DeliveryMode = LIVE,
    opt_out: OptOut = NO_OPT_OUT,
    fax: FaxForm = AS_TEXT,
) -> ComposedMail:
    """The job as a mail, in its own form."""
    composer = MessageComposer(renderer or shipped_renderer(), identity, mode, opt_out, fax)
    return as_mail(composer.compose(job, job.trigger, job.form))


def templates(**files: str) -> TemplateSources:
    """A snapshot of templates made up by a test, from their paths and texts."""
    return TemplateSources(files, {}, "digest")


@dataclass(frozen=True)
class Mail:
    """What a mail reader makes of a message."""

    subject: str
    to: list[tuple[str, str]]
    names: list[str]
    text: str
    html: str | None


def read(content: bytes) -> EmailMessage:
    """The message as the standard library's present parser sees it."""
    message = email.message_from_bytes(content, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def as_read(content: bytes) -> Mail:
    """The message as the present parser sees it: header objects that decode themselves."""
    message = read(content)
    html = message.get_body(("html",))
    text = message.get_body(("plain",))
    assert text is not None
    to = [(one.display_name, one.addr_spec) for one in message["To"].addresses]
    body = None if html is None else html.get_content().replace("\r\n", "\n")
    return Mail(
        str(message["Subject"]), to, [name.lower() for name in message], text.get_content().replace("\r\n", "\n"), body
    )


def as_read_by_the_old_parser(content: bytes) -> Mail:
    """The same by the older one, which shares neither header parsing nor decoding with it."""
    message = email.message_from_bytes(content, policy=email.policy.compat32)
    to = [(_decoded(name), address) for name, address in getaddresses([_unfolded(message["To"])])]
    bodies = {part.get_content_type(): part.get_payload(decode=True) for part in message.walk()}
    text, html = bodies["text/plain"], bodies.get("text/html")
    assert isinstance(text, bytes)
    return Mail(
        subject=_decoded(_unfolded(message["Subject"])),
        to=to,
        names=[name.lower() for name in message.keys()],  # noqa: SIM118  (iterating over a message is not supported)
        text=text.decode().replace("\r\n", "\n"),
        html=html.decode().replace("\r\n", "\n") if isinstance(html, bytes) else None,
    )


def as_read_by_the_fast_parser(content: bytes) -> PyMail:
    """The same by a parser that shares no code with the standard library."""
    return parse_email(content)


def _unfolded(value: str) -> str:
    return value.replace("\r\n", "").replace("\n", "")


def _decoded(value: str) -> str:
    return str(make_header(decode_header(value)))


def without_blanks(to: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Recipients to compare where versions of the present parser put blanks between encoded words of a name, or not.

    RFC 2047, section 6.2, says that there is none.
    """
    return [("".join(name.split()), address) for name, address in to]
