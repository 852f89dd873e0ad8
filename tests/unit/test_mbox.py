"""An mbox file is read mail by mail, in bounded memory."""

from __future__ import annotations

from io import BytesIO

from hypothesis import given
from hypothesis import strategies as st

from adapters.mail_files.mbox import mails_of

STAMP = b"From a@b.example Mon Mar  2 09:16:05 2026\n"


class GroupOnTopic(BytesIO):
    """A file that notes down how much was asked for at once."""

    most = 0

    def readline(self, size: int | None = -1, /) -> bytes:
        line = super().readline(size)
        self.most = max(self.most, len(line))
        return line


def test_a_mail_is_cut_and_a_line_of_any_length_is_read_past() -> None:
    file = GroupOnTopic(STAMP + b"x" * 5_000_000 + b"From here\n" + STAMP + b"From" + b"\nsecond")

    assert list(mails_of(file, 100)) == [b"x" * 100, b"From\nsecond"]
    assert file.most < 100_000


def test_what_stands_before_the_first_mail_is_none() -> None:
    assert list(mails_of(BytesIO(b"\nno mail\n"), 100)) == []
    assert list(mails_of(BytesIO(STAMP + STAMP), 100)) == [b"", b""]
    # A stamp of any length is one.
    assert list(mails_of(BytesIO(b"From " + b"y" * 200_000 + b"\nz"), 100)) == [b"z"]


@given(st.lists(st.text("ab F>\n").filter(lambda text: "From " not in text), min_size=1, max_size=4))
def test_each_mail_is_what_was_written(mails: list[str]) -> None:
    bodies = [f"{mail}\n".encode() for mail in mails]
    assert list(mails_of(BytesIO(b"".join(STAMP + body for body in bodies)), 10_000)) == bodies
