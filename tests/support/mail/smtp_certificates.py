"""Certificates of an authority that only a test trusts."""

from __future__ import annotations

import ssl
from functools import lru_cache

import trustme


@lru_cache
def authority() -> trustme.CA:
    """The authority; making one takes long enough to do it once."""
    return trustme.CA()


@lru_cache
def server_context() -> ssl.SSLContext:
    """For a server on this machine."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority().issue_cert("localhost", "127.0.0.1").configure_cert(context)
    return context


@lru_cache
def trusting_context() -> ssl.SSLContext:
    """For a client that trusts the authority, and checks all else as always."""
    context = ssl.create_default_context()
    authority().configure_trust(context)
    return context
