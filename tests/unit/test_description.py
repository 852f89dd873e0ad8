"""What is a description: where a reader would see a text, in time that hostile input can't stretch."""

from __future__ import annotations

from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.description import is_described
from tests.support.helpdesk.events import Helpdesk, alerted, saved

NOTHING = {
    "none": None,
    "empty": "",
    "blanks": " \t\r\n\u00a0\u3000",
    "zero width": "\u200b\u200c\u200d\u2060\ufeff",
    "fillers": "\u115f\u1160\u3164\uffa0\u2800\u00ad\u034f",
    "variation selectors and tags": "\ufe0f\U000e0041",
    "an editor's empty paragraph": "<p><br></p>",
    "in capitals, closed in itself": "<P>\n<BR/></P >",
    "entities": "<p>&nbsp;&#160;&#xA0;&ZeroWidthSpace;&#8203;</p>",
    "entities alone": "&nbsp; &nbsp",
    "of a word processor": "<p class=MsoNormal><o:p>&nbsp;</o:p></p><!--[if gte mso 9]><xml>x</xml><![endif]-->",
    "comment": "<!-- nothing to see --><div><!----></div>",
    "style and script": "<style type='text/css'>p { color: red }</style><script>alert('x')</script >",
    "a whole document": "<!DOCTYPE html><html><head><title>New mail</title></head><body><div></div></body></html>",
    "an image": "<p><img alt='' src='data:image/png;base64,AAAA'></p>",
    "a template": "<template><p>x</p></template>",
}
SOMETHING = {
    "text": "x",
    "in HTML": "<p>x</p>",
    "behind much that is empty": "<p><br></p>" * 500 + "<p>x</p>",
    "an entity": "<p>&lt;</p>",
    "an ampersand": "&",
    "no entity": "<p>&nosuch;</p>",
    "emoji": "<p>\U0001f600</p>",
    "an accent alone": "\u0301",
    "less than": "<",
    "arrows": "<>",
    "an address": "<zoe@acme.example>",
    "a file": "<invoice-7.pdf>",
    "a placeholder": "<none>",
    "comparison": "a <b",
    "a comment that never ends": "<!-- the page stops here",
    "a script that never ends": "<script> stands on our page",
    "a number too long for a character": "&#" + "9" * 5_000 + ";",
    "behind hidden text": "<style>x</style>y",
}


@pytest.mark.parametrize("text", NOTHING.values(), ids=NOTHING)
def test_where_a_reader_would_see_nothing_there_is_no_description(text: str | None) -> None:
    assert not is_described(text)


@pytest.mark.parametrize("text", SOMETHING.values(), ids=SOMETHING)
def test_what_a_reader_would_see_is_one(text: str) -> None:
    assert is_described(text)


EMPTY = st.sampled_from(
    ["<p>", "</p>", "<br/>", "<!-- x -->", "&nbsp;", "\u200b", " ", "<style>x</style>", "<div a=b>"]
)


@given(st.lists(EMPTY, max_size=12), st.lists(EMPTY, max_size=12), st.sampled_from("aÄ7.日🙂"))
def test_one_letter_among_markup_makes_the_difference(before: list[str], after: list[str], letter: str) -> None:
    assert not is_described("".join(before + after))
    assert is_described("".join([*before, letter, *after]))


@given(st.text() | st.text(alphabet="<>/!-&;#pbrscitx \u200b"))
def test_any_text_is_one_or_none(text: str) -> None:
    assert is_described(text) in (True, False)
    if not text.strip():
        assert not is_described(text)


HOSTILE = [
    "<", "<a ", "<!--", "<!", "&", "&#", "</", "</a ",
    "<script>", "<style></styl", "<?", "<![", "<p/", "<b>", "<p a=\"'",
    "<div>", "&#32;", "&nbsp", "<!---", "<title>x</title>", "<p  ", "<o:p>", "&#x",
]  # fmt: skip


@pytest.mark.parametrize("piece", HOSTILE)
def test_a_mebibyte_of_anything_takes_little_time(piece: str) -> None:
    text = ("<p>" + piece * (1_048_576 // len(piece)))[:1_048_576]
    started = process_time()
    is_described(text)
    # The standard library's parser and two that build a tree took minutes for some of these.
    assert process_time() - started < 5


def test_the_ticket_is_opened_with_the_text_and_not_with_an_empty_paragraph() -> None:
    desk = Helpdesk()
    desk.contact("ct-1", "contract/C-7")
    empty = {"external_description": "<p><br></p>"}
    assert alerted(desk.decide(saved(None, empty))) == set()
    opened = {("contact/ct-1", "ct-1@acme.example", "opened")}
    assert alerted(desk.decide(saved(empty, {"external_description": "<p>It stopped</p>"}))) == opened
