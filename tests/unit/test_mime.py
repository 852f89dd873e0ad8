"""Bodies as they are written, read back by the standard library."""

from __future__ import annotations

import email
import email.policy
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sender.messages.mime import Entity, alternative, text_entity


def read(entity: Entity) -> EmailMessage:
    content = f"MIME-Version: 1.0\r\n{entity.fields}\r\n".encode() + entity.body
    message = email.message_from_bytes(content, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    assert not message.defects
    return message


def lines(text: str) -> list[str]:
    return text.encode("utf-8", "replace").decode().replace("\r\n", "\n").replace("\r", "\n").split("\n")


TEXTS = st.text(max_size=400) | st.text("ab .=\r\n\té請\0", max_size=400)


@given(TEXTS)
def test_a_text_is_read_back_as_it_was_meant(text: str) -> None:
    entity = text_entity(f"{text}\n", "plain")
    assert entity.body.isascii()
    assert all(len(line) <= 78 for line in entity.body.split(b"\r\n"))
    assert b"\n" not in entity.body.replace(b"\r\n", b"")
    assert lines(read(entity).get_content()) == lines(f"{text}\n")


@given(TEXTS, TEXTS)
def test_both_forms_are_read_back(text: str, html: str) -> None:
    message = read(alternative([text_entity(f"{text}\n", "plain"), text_entity(f"{html}\n", "html")], "=_0123456789"))
    found = [(part.get_content_type(), lines(part.get_content())) for part in message.iter_parts()]
    assert found == [("text/plain", lines(f"{text}\n")), ("text/html", lines(f"{html}\n"))]


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("all plain\n", "7bit"),
        ("x" * 79 + "\n", "quoted-printable"),
        ("un été bien chaud et long\n", "quoted-printable"),
        ("NUL \0\n", "quoted-printable"),
        ("請求書\n" * 9, "base64"),
    ],
)
def test_the_plainest_encoding_that_a_text_allows(text: str, encoding: str) -> None:
    assert f"Content-Transfer-Encoding: {encoding}\r\n" in text_entity(text, "plain").fields


def test_the_check_sees_a_text_that_was_changed() -> None:
    """The control."""
    entity = text_entity("one\ntwo\n", "plain")
    assert lines(read(Entity(entity.fields, entity.body.replace(b"two", b"2"))).get_content()) != lines("one\ntwo\n")
