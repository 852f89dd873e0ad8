"""Encryption with the relay: whom to trust, and why no encrypted connection came about."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from schemas.errors import WrongSettingError

NO_STARTTLS: Final = "starttls_not_offered"
NOT_TRUSTED: Final = "certificate_not_trusted"
"""Of a certificate that fails for a reason that has no word of its own."""

_CERTIFICATE: Final = {
    9: "certificate_not_yet_valid",
    10: "certificate_expired",
    18: "certificate_self_signed",
    19: "certificate_self_signed",
    20: "certificate_of_unknown_authority",
    21: "certificate_of_unknown_authority",
    23: "certificate_revoked",
    62: "certificate_of_another_host",
    64: "certificate_of_another_host",
}
"""Words for OpenSSL's codes (X509_V_ERR_*)."""

_HANDSHAKE: Final = {
    "HTTP_REQUEST": "not_encrypted",
    "NO_PROTOCOLS_AVAILABLE": "no_shared_protocol",
    "NO_SHARED_CIPHER": "no_shared_cipher",
    "RECORD_LAYER_FAILURE": "not_encrypted",
    "SSLV3_ALERT_HANDSHAKE_FAILURE": "no_shared_cipher",
    "TLSV1_ALERT_PROTOCOL_VERSION": "no_shared_protocol",
    "TLSV1_ALERT_INSUFFICIENT_SECURITY": "no_shared_cipher",
    "UNSUPPORTED_PROTOCOL": "no_shared_protocol",
    "WRONG_SSL_VERSION": "no_shared_protocol",
    "WRONG_VERSION_NUMBER": "not_encrypted",
}
"""Words for OpenSSL's reasons; `not_encrypted`: at that port nobody speaks TLS."""


class CertificatesError(WrongSettingError, ValueError):
    """A file of authorities that can't be used, and why."""


def context_trusting(authorities: Path) -> ssl.SSLContext:
    """What checks certificates as always, but trusts the authorities of this PEM file in place of the system's.

    Raises CertificatesError for a file that can't be read or holds no certificate.
    """
    try:
        return ssl.create_default_context(cafile=str(authorities))
    except ssl.SSLError:
        # OpenSSL's own words name neither the file nor what it should be.
        raise CertificatesError(f"{authorities} holds no certificates in PEM form") from None
    except OSError as error:
        raise CertificatesError(f"{authorities} can't be read: {error.strerror}") from None


def why_it_failed(error: BaseException) -> str:
    """One word of ours for what went wrong with a connection, without a name or address: for logs.

    For all but encryption it is the class of the error that lies at the bottom of it.
    """
    if "STARTTLS extension not supported" in str(error):
        return NO_STARTTLS
    last = error
    for last in _with_causes(error):
        if isinstance(last, ssl.SSLCertVerificationError):
            return _CERTIFICATE.get(last.verify_code, NOT_TRUSTED)
        if isinstance(last, ssl.SSLError) and last.reason in _HANDSHAKE:
            return _HANDSHAKE[last.reason]
    return type(last).__name__


def _with_causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what it came from, in that order."""
    found: BaseException | None = error
    while found is not None:
        yield found
        found = found.__cause__ or (None if found.__suppress_context__ else found.__context__)
