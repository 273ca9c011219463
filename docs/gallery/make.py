"""Draw the pictures of this folder from the reports themselves: one page of each kind.

Run `make gallery`. The picture of numbers is made only where some were gathered (`policydiff gather`).
"""

import io
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pypdfium2
from PIL import Image, ImageColor

from flows import gathered, settings
from reports import changes, edition, render, sections
from reports.edition import Kind, Paper, Request
from reports.language import Language
from reports.state import Clock
from sources import codebook
from sources.model import BRIDGE_DAY

HERE = Path(__file__).parent
DAY = date(2026, 11, 24)
SINCE = date(2026, 1, 1)
CLOCK = Clock(as_of=DAY, on=DAY, vintage=BRIDGE_DAY)
# Enough to read the heads and see the page; no picture weighs more than sixty kilobytes.
POINTS_TO_PIXELS = 1.1
MOST_BYTES = 60_000
# The colours of the page (`reports/page.css`), each in steps to the white of the paper.
COLOURS = ("#1c2126", "#5a646e", "#c9cfd5", "#51606f", "#9a5b13", "#0e5a68", "#d5dbe0")
STEPS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """A picture: its file, and the page it shows by the section (None for the first page) that begins there."""

    name: str
    section: str | None = None


SHOTS = {
    Request(kind=Kind.FULL, clock=CLOCK): (
        Shot(name="cover"),
        Shot(name="plain", section="plain"),
        Shot(name="map", section="region_map"),
        Shot(name="matrix", section="matrix"),
        Shot(name="numbers", section="numbers"),
    ),
    Request(kind=Kind.COUNTRY, clock=CLOCK, country_codes=("GTM",), language="es", paper=Paper.A4): (
        Shot(name="country", section="exposure"),
        Shot(name="projections", section="levels"),
    ),
    Request(kind=Kind.INSTRUMENT, clock=CLOCK, instrument_ids=("migrant_protection_protocols",), language="pt"): (
        Shot(name="sheet", section="sheets"),
    ),
    Request(kind=Kind.BRIEF, clock=CLOCK): (Shot(name="brief"),),
    Request(kind=Kind.CHANGES, clock=CLOCK, language="es"): (Shot(name="changes", section="changes"),),
    Request(kind=Kind.BRIEF, clock=CLOCK, large_print=True): (Shot(name="large_print", section="overview"),),
}


def main() -> None:
    """Make every report once and draw its pages."""
    book = codebook.load()
    given = gathered.by(settings.load(), DAY, book)
    for request, shots in SHOTS.items():
        since = changes.on_day(book, CLOCK, SINCE) if request.kind is Kind.CHANGES else None
        made = edition.make(book, request, given, since=since)
        content = render.pdf(render.html(made), made.id)
        shown = [shot for shot in shots if shot.section != "numbers" or given.sources]
        for path, size in _draw(content, shown, made):
            print(f"{path.name}  {size} bytes")


def _draw(content: bytes, shots: Iterable[Shot], made: edition.Edition) -> Iterable[tuple[Path, int]]:
    """Write the pictures of a report; raise ValueError for one that is too heavy to be shown on a page."""
    document = pypdfium2.PdfDocument(content)
    colours = _palette()
    pages = {mark.get_title(): mark.get_dest().get_index() for mark in document.get_toc()}
    for shot in shots:
        number = pages[_title(shot.section, made)] if shot.section else 0
        drawn = (
            document[number].render(scale=POINTS_TO_PIXELS).to_pil().quantize(palette=colours, dither=Image.Dither.NONE)
        )
        picture = io.BytesIO()
        drawn.save(picture, "PNG", optimize=True)
        if picture.tell() > MOST_BYTES:
            raise ValueError(f"{shot.name}.png has {picture.tell()} bytes; expected at most {MOST_BYTES}")
        path = HERE / f"{shot.name}.png"
        path.write_bytes(picture.getvalue())
        yield path, picture.tell()


def _palette() -> Image.Image:
    """Return the colours that the pictures may have; chosen by how often they occur, the rare ones would turn grey."""
    shades = [
        round(255 + (value - 255) * step / STEPS)
        for colour in COLOURS
        for step in range(STEPS + 1)
        for value in ImageColor.getrgb(colour)
    ]
    palette = Image.new("P", (1, 1))
    palette.putpalette(shades)
    return palette


def _title(section_id: str, made: edition.Edition) -> str:
    """Return the head of a section as the bookmarks have it; sheets begin with that of their first instrument."""
    language = Language(made.request.language)
    if section_id == "sheets":
        return language.text(made.instruments[0].names)
    section = next(one for one in sections.load_all() if one.id == section_id)
    return language.gettext(section.title)


if __name__ == "__main__":
    main()
