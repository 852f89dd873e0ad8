"""What all commands that send mail share."""

from __future__ import annotations

from typing import Annotated, Final

import typer

FromOption = Annotated[str, typer.Option("--from", help="Who writes: 'Support <support@desk.example>'.")]
SmtpOption = Annotated[str, typer.Option("--smtp", help="The mail relay, HOST:PORT.")]
TlsOption = Annotated[str, typer.Option("--tls", help="starttls, implicit, or none (for a relay on this machine).")]
InstallationOption = Annotated[
    str | None, typer.Option("--installation", help="Domain name of this installation; else that of --from.")
]
FaxOption = Annotated[
    str | None, typer.Option("--fax", help="Address of a fax at the e-mail-to-fax gateway: {number}@fax.example")
]
FaxSubjectOption = Annotated[
    str, typer.Option("--fax-subject", help="Subject of mails to the fax gateway: {subject}, {reference}, and text.")
]
FaxPdfOption = Annotated[
    bool, typer.Option("--fax-pdf", help="Faxes as a PDF file attached to the mail; else as the mail's text.")
]
OptOutUrlOption = Annotated[
    str | None,
    typer.Option(
        "--opt-out-url",
        envvar="TOCSIN_OPT_OUT_URL",
        help="Where `tocsin opt-out` is reached: https://alerts.desk.example",
    ),
]
OptOutMailtoOption = Annotated[
    str | None,
    typer.Option(
        "--opt-out-mailto",
        envvar="TOCSIN_OPT_OUT_MAILTO",
        help="Address of mails that opt out, to be fed to `tocsin bounces read`.",
    ),
]
FAX_SUBJECT: Final = "{subject}"
ConnectionsOption = Annotated[
    int, typer.Option("--connections", min=1, help="Connections to the relay at a time, at most.")
]
PlainTextOption = Annotated[
    bool, typer.Option("--plain-text-allowed", help="With --tls none: messages may cross a network in plain text.")
]
CONNECTIONS: Final = 8
RELAY: Final = "localhost:25"
