"""How many messages a text becomes on the air, and how one that is too long is cut."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sender.messages.text_length import LINK, MARK, segments, units, within_segments, within_units

LINKED = "https://portal.example/T-1042?view=short"

WORDS = st.sampled_from(
    ["printer", "ça ", "€", "^", "\n", " ", "😀", "e\u0301", "👩\u200d💻", "日本", LINKED, "x" * 150]
)
TEXTS = st.lists(WORDS, max_size=60).map("".join)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("é" * 306, 2),
        ("é" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        # Two places that do not fit into what is left of a message stand in the next one.
        ("a" * 152 + "€" + "a" * 152, 3),
        ("ê" * 70, 1),
        ("ê" * 71, 2),
        ("😀" * 35, 1),
        ("😀" * 66, 2),
        ("😀" * 67, 3),
    ],
)
def test_messages_are_counted_as_networks_do(text: str, number: int) -> None:
    """3GPP TS 23.038: 160 septets or 70 units alone, 153 or 67 in each of several."""
    assert segments(text) == number


def test_units_are_those_of_utf_16() -> None:
    assert [units(text) for text in ("", "aé日", "😀")] == [0, 3, 2]


@pytest.mark.parametrize(
    ("cut", "size"), [(within_segments, segments), (within_units, units)], ids=["segments", "units"]
)
@given(text=TEXTS, most=st.integers(1, 5))
def test_a_cut_text_is_short_enough_and_visibly_cut(
    cut: Callable[[str, int], str], size: Callable[[str], int], text: str, most: int
) -> None:
    most = most if size is segments else most * 60
    found = cut(text, most)
    assert size(found) <= most
    if size(text.strip()) <= most:
        assert found == text.strip()
        return
    beginning, mark, end = found.rpartition(MARK)
    assert mark
    assert text.strip().startswith(beginning)
    assert not end or (text.strip().endswith(end.strip()) and LINK.fullmatch(end.strip()))
    rest = text.strip()[len(beginning) :]
    assert not rest.startswith(("\u0301", "\u200d"))
    whole = LINK.findall(text)
    assert all(link in whole for link in LINK.findall(beginning))


@pytest.mark.parametrize(
    "seen", ["🇫🇷", "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", "\u1100\u1161\u11a8"]
)
def test_no_flag_and_no_syllable_is_cut_in_two(seen: str) -> None:
    for before in range(len(seen) * 2):
        for most in range(60, 75):
            beginning = within_units("a" * before + seen * 80, most).removesuffix(MARK)
            assert beginning[before:].replace(seen, "") == ""


def test_the_link_at_the_end_is_kept() -> None:
    found = within_segments(f"{'no paper ' * 200}\n{LINKED}", 3)
    assert found.endswith(f"...\n{LINKED}")
    assert segments(found) == 3
    assert LINKED not in within_segments("no paper " * 60 + LINKED + " and more" * 60, 3)
