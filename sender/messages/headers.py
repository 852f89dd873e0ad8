"""Header fields that hold names and free text, encoded so that every mail reader gives back the same text.

They follow RFC 5322 and RFC 2047. The standard library parses a header's value again before it folds it, and its
versions differ in what that does to commas and quotes in encoded names. So these are folded here.
"""

from __future__ import annotations

import re
from base64 import b64encode
from typing import Final

from msgspec import Struct

LINE: Final = 76
"""The longest line that may hold an encoded word (RFC 2047, section 2)."""

_WORD_FRAME: Final = len("=?utf-8?b??=")
_LONGEST_WORD: Final = 75

# Words of printable ASCII with single blanks between: what no reader and no relay changes.
_PLAIN: Final = re.compile(r"[!-~]+(?: [!-~]+)*", re.ASCII)
_ATOMS: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*", re.ASCII)


class HeaderField(Struct, frozen=True):
    """A header field that reads `text` and is written as `words`, each on one line with or after another.

    With `folds_first` the first word may stand on the line after the name. Raises ValueError for a word with a line
    break.
    """

    name: str
    text: str
    words: tuple[str, ...]
    folds_first: bool = False

    def __post_init__(self) -> None:
        """Refuse what would begin another field, or the body."""
        if any("\r" in word or "\n" in word for word in self.words):
            raise ValueError(f"{self.name}: there is a line break in it")

    def fold(self) -> str:
        """The whole field as it stands in the message, in lines of at most 76 characters where its words allow it."""
        folded = used = f"{self.name}:"
        for word in self.words:
            is_first = folded == used == f"{self.name}:"
            fits = len(used) + 1 + len(word) <= LINE or (is_first and not self.folds_first)
            folded += f" {word}" if fits else f"\r\n {word}"
            used = f"{used} {word}" if fits else f" {word}"
        return f"{folded}\r\n"


def fixed_header(name: str, value: str) -> HeaderField:
    """A header whose value is ours: ASCII, and short enough for one line."""
    return HeaderField(name, value, (value,))


def id_header(name: str, message_id: str) -> HeaderField:
    """A header of one message id (RFC 5322, section 3.6.4), on a line of its own where it is long."""
    return HeaderField(name, message_id, (message_id,), folds_first=True)


def text_header(name: str, text: str) -> HeaderField:
    """A header of free text, such as Subject (RFC 5322, section 3.6.5). `text` is one line."""
    room = LINE - len(name) - len(": ")
    words = tuple(text.split(" "))
    if _PLAIN.fullmatch(text) and "=?" not in text and all(len(word) <= room for word in words):
        return HeaderField(name, text, words)
    return HeaderField(name, text, tuple(_encoded_words(text, room)))


def address_header(name: str, display: str, address: str, *, utf8: bool = False) -> HeaderField:
    """A header of one mailbox, such as To (RFC 5322, section 3.4). Only the name is encoded, never the address.

    `display` is one line, perhaps empty. `address` is one valid address; with `utf8` it may hold letters beyond ASCII
    (RFC 6532), and so may the name.
    """
    if not display:
        return HeaderField(name, address, (address,))
    room = LINE - len(name) - len(": ")
    phrase = _phrase(display, room, utf8=utf8)
    return HeaderField(name, f"{display} <{address}>", (*phrase, f"<{address}>"))


def _phrase(display: str, room: int, *, utf8: bool) -> list[str]:
    """A display name: as it is, quoted, or in encoded words (RFC 2047, section 5 (3))."""
    if "=?" not in display and len(display) <= room - 2:
        if _ATOMS.fullmatch(display):
            return [display]
        quoted = '"' + re.sub(r'(["\\])', r"\\\1", display) + '"'
        if (_PLAIN.fullmatch(display) or utf8) and len(quoted) <= room:
            return [quoted]
    return _encoded_words(display, room)


def _encoded_words(text: str, room: int) -> list[str]:
    """The text in encoded words of at most 75 characters, the first one of at most `room`; no character is split."""
    words: list[str] = []
    pending = b""
    limit = _payload(room)
    for character in text:
        encoded = character.encode("utf-8", "replace")
        if len(pending) + len(encoded) > limit:
            words.append(_encoded_word(pending))
            pending, limit = b"", _payload(_LONGEST_WORD)
        pending += encoded
    return [*words, _encoded_word(pending)]


def _payload(room: int) -> int:
    """How many bytes an encoded word of this length can hold: base64 makes four characters of three bytes."""
    return (min(room, _LONGEST_WORD) - _WORD_FRAME) // 4 * 3


def _encoded_word(payload: bytes) -> str:
    return f"=?utf-8?b?{b64encode(payload).decode('ascii')}?="
