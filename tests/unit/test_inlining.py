"""Styles are written into the elements of a page; nothing else of it changes, and nothing is fetched."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.jinja.inlining import inlined
from adapters.jinja.limits import LimitError
from adapters.jinja.renderer import JinjaRenderer
from schemas.vocabulary import Trigger
from sender.ports import Part, TemplateFaultError
from tests.support.mail.messages import OPT_OUT, a_job, as_read, compose, external, internal, templates

STYLE = "<style>p { color: #123456; } @media (max-width: 480px) { p { color: red; } }</style>"


class Words(HTMLParser):
    """What a reader sees of a page, and where its links lead."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.seen: list[str] = []
        self.links: list[str | None] = []
        self.hidden = 0
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.hidden += tag in ("style", "title")
        self.links += [value for name, value in attrs if name == "href"]

    def handle_endtag(self, tag: str) -> None:
        self.hidden -= tag in ("style", "title")

    def handle_data(self, data: str) -> None:
        if not self.hidden:
            self.seen += data.split()


def page(body: str) -> str:
    return f"<!doctype html><html><head>{STYLE}</head><body>{body}</body></html>"


def test_a_style_stands_in_its_element_and_media_queries_stay() -> None:
    written = inlined(page("<p>x</p>"))

    assert '<p style="color: #123456;">x</p>' in written
    assert "@media (max-width: 480px)" in written
    assert "p { color: #123456" not in written


def test_a_page_without_styles_is_left_as_it_is() -> None:
    assert inlined("<p>x<br>y") == "<p>x<br>y"


def test_nothing_is_fetched() -> None:
    link = '<link rel="stylesheet" href="http://127.0.0.1:1/x.css"><link rel="stylesheet" href="/etc/passwd">'

    assert "127.0.0.1:1" in inlined(page(link + "<p>x</p>"))


@given(st.text(st.characters(codec="utf-8", exclude_characters="\x00\r\x0c"), max_size=200))
def test_what_a_reader_sees_of_any_text_stays_the_same(text: str) -> None:
    context = external(description=text, link="https://portal.example/?a=1&b=2")
    html = as_read(compose(a_job(context), opt_out=OPT_OUT).mail.content).html
    assert html is not None

    passage = html.split('class="passage"')[-1].partition(">")[2].partition("</div>")[0]
    assert Words(passage).seen == text.split() or not text
    assert "https://portal.example/?a=1&b=2" in Words(html).links


@pytest.mark.parametrize("trigger", Trigger)
@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("context", [external(), internal()], ids=["contacts", "collaborators"])
def test_every_page_that_is_shipped_fits_a_phone(trigger: Trigger, language: str, context: object) -> None:
    job = a_job(context, trigger=trigger, language=language)  # type: ignore[arg-type]
    composed = compose(job, opt_out=OPT_OUT)

    html = as_read(composed.mail.content).html
    assert composed.fault is None
    assert html is not None
    assert '<meta name="viewport" content="width=device-width, initial-scale=1">' in html
    assert html.count("<style>") == 1
    assert html.partition("</style>")[0].partition("<style>")[2].startswith("@media")
    assert '<div class="page" style="max-width: 600px;' in html
    assert "<h1 style=" in html
    assert "<td style=" in html


def test_a_page_with_too_many_elements_and_styles_is_a_fault_of_its_template() -> None:
    styles = "".join(f".a{number} {{ color: red }}" for number in range(1_000))
    with pytest.raises(LimitError):
        inlined(f"<style>{styles}</style>" + "<b></b>" * 20_000)

    loops = "{% for a in range(900) %}{% for b in range(12) %}<b></b>{% endfor %}{% endfor %}"
    source = templates(**{"a/b.en.html.j2": f"<style>{styles}</style>{loops}"})
    with pytest.raises(TemplateFaultError, match="LimitError"):
        JinjaRenderer(source).render("a/b", "en", Part.HTML, {})
