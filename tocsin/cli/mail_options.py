"""What all commands that send mail share."""

from __future__ import annotations

from typing import Annotated, Final

from tocsin.cli.settled import by_default, option
from tocsin.config.settings.declared.mail import (
    FAX,
    FAX_PDF,
    FROM,
    INSTALLATION,
    OPT_OUT_MAILTO,
    OPT_OUT_URL,
    SMTP,
    SMTP_CONNECTIONS,
    SMTP_PLAIN_TEXT,
    SMTP_TLS,
)
from tocsin.config.settings.declared.mail import FAX_SUBJECT as FAX_SUBJECT_SETTING

FromOption = Annotated[str, option(FROM)]
SmtpOption = Annotated[str, option(SMTP)]
TlsOption = Annotated[str, option(SMTP_TLS)]
InstallationOption = Annotated[str | None, option(INSTALLATION)]
FaxOption = Annotated[str | None, option(FAX)]
FaxSubjectOption = Annotated[str, option(FAX_SUBJECT_SETTING)]
FaxPdfOption = Annotated[bool, option(FAX_PDF)]
OptOutUrlOption = Annotated[str | None, option(OPT_OUT_URL)]
OptOutMailtoOption = Annotated[str | None, option(OPT_OUT_MAILTO)]
ConnectionsOption = Annotated[int, option(SMTP_CONNECTIONS)]
PlainTextOption = Annotated[bool, option(SMTP_PLAIN_TEXT)]

FAX_SUBJECT: Final = by_default(FAX_SUBJECT_SETTING)
CONNECTIONS: Final = by_default(SMTP_CONNECTIONS)
RELAY: Final = by_default(SMTP)
TLS: Final = by_default(SMTP_TLS)
