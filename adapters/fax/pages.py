"""The pages of a fax as a PDF file."""

from __future__ import annotations

import logging
import unicodedata
from collections.abc import Iterator
from typing import Final

from fpdf import FPDF
from fpdf.enums import XPos, YPos

from adapters.fax.fonts import NO_LETTER, Fonts
from schemas.job import Job
from sender.messages.plain_text import CUT, encodable, one_line
from sender.messages.subject import reference_of
from sender.messages.times import in_utc

MAX_PAGES: Final = 10
MAX_TEXT: Final = 45_000
"""Characters that are laid out, about as many as fit; a line break counts as one."""

MAX_MARKS: Final = 8
"""Characters without a width of their own (accents, joiners) on one letter; hardly any language has more than four."""

MAX_LETTERS: Final = 1_000
"""Different letters in one fax: each is a drawing that goes with it. What comes after them is shown as a box."""

MARGIN: Final = 20.0
BOTTOM: Final = 22.0
LINE: Final = 5.5
SIZE: Final = 11.0
FOOTER_SIZE: Final = 9.0
"""Millimetres; sizes of letters in points."""

_WITHOUT_WIDTH: Final = frozenset({"Mn", "Me", "Cf"})

# It tells of every table of a font that it leaves out.
logging.getLogger("fontTools.subset").setLevel(logging.ERROR)


class PdfPages:
    """Draws A4 pages with the ticket's reference and page numbers: see sender.messages.fax.FaxPages.

    At most ten: what does not fit is left out, and a sign says so. Half a second of processor time for a fax of one
    page, since its fonts are cut to its letters, and two or three for the worst of texts.
    """

    def __init__(self, fonts: Fonts) -> None:
        self._fonts = fonts

    def draw(self, job: Job, text: str) -> bytes:
        """The text as a PDF file: the same bytes for the same job and text."""
        (body, reference, _), needed = self._fonts.written(drawable(text), reference_of(job), CUT + "0123456789")
        main, *more = needed
        pdf = _Pages(reference)
        for family, path in needed.items():
            pdf.add_font(family, fname=str(path))
        pdf.set_fallback_fonts(more, exact_match=False)
        pdf.set_font(main, size=SIZE)
        pdf.set_creation_date(in_utc(job.created))
        pdf.set_title(reference)
        pdf.set_creator("Tocsin")
        pdf.write_lines(body, is_cut=len(text) > MAX_TEXT)
        return bytes(pdf.output())


class _Pages(FPDF):
    """A4 pages with a footer, at most so many."""

    def __init__(self, reference: str) -> None:
        super().__init__(format="A4")
        self._reference = reference
        self._is_cut = False
        self.set_margin(MARGIN)
        self.set_auto_page_break(True, BOTTOM)

    @property
    def accept_page_break(self) -> bool:
        """Whether there is another page to come: on the last one what is too much runs out of sight."""
        return self.page < MAX_PAGES

    def footer(self) -> None:
        """Reference and page number; on the last page the sign that there was more."""
        self.set_y(-BOTTOM + LINE)
        self.set_font_size(FOOTER_SIZE)
        self.cell(0, LINE, self._reference)
        self.set_x(MARGIN)
        self.cell(0, LINE, (CUT.strip() + " " if self._is_cut else "") + f"{self.page}", align="R")
        self.set_font_size(SIZE)

    def write_lines(self, text: str, *, is_cut: bool) -> None:
        """Write the text, line by line, on as many pages as it needs and there are."""
        self.add_page()
        for line in text.split("\n"):
            if self.page == MAX_PAGES and self.get_y() > self.h - BOTTOM:
                is_cut = True
                break
            if line.strip():
                self.multi_cell(0, LINE, line, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
            else:
                self.ln(LINE)
        self._is_cut = is_cut or self.get_y() > self.h - BOTTOM + LINE


def drawable(text: str) -> str:
    """The text with letters and accents joined, in lines without anything that can't be seen."""
    joined = unicodedata.normalize("NFC", "".join(_few_marks(encodable(text[:MAX_TEXT]))))
    lines = joined.replace("\r\n", "\n").expandtabs(4).rstrip().split("\n")
    return "".join(_few_letters("\n".join(_indented(line) for line in lines)))


def _few_marks(text: str) -> Iterator[str]:
    """The text with at most so many marks on a letter: laying out many takes the square of their number."""
    marks = 0
    for letter in text:
        marks = marks + 1 if unicodedata.category(letter) in _WITHOUT_WIDTH else 0
        if marks <= MAX_MARKS:
            yield letter
        elif marks == MAX_MARKS + 1:
            yield CUT.strip()


def _few_letters(text: str) -> Iterator[str]:
    """The text with at most so many different letters, and boxes for the others."""
    known: set[str] = set()
    for letter in text:
        if letter not in known and len(known) == MAX_LETTERS:
            yield NO_LETTER
        else:
            known.add(letter)
            yield letter


def _indented(line: str) -> str:
    return " " * (len(line) - len(line.lstrip(" "))) + one_line(line, MAX_TEXT)
