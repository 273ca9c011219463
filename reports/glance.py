"""Editions at a glance: what somebody who asked for a report sees before opening it.

What it holds and how much of that is known, every row in one table, the first page as a picture. The words are the
report's own (reports/locales/). Template: glance.md.j2, which sees only a CoverView, the edition and its language.
"""

import base64
import io
from functools import cache
from pathlib import Path

import jinja2
import pypdfium2

from reports.edition import Edition
from reports.language import Language
from reports.narrative import headline
from reports.sections import cover

# Enough to read headings by: a page of Letter is 918 pixels wide, and some 40 kB.
_DOTS_PER_POINT = 1.5
_COLOURS = 32


def coverage(edition: Edition) -> str:
    """Return what an edition holds and how much of it is known, as Markdown in its reader's language."""
    language = Language(edition.request.language)
    return _template().render(
        edition=edition,
        view=cover.build(edition, language),
        language=language,
        _=language.gettext,
        ngettext=language.ngettext,
    )


def lines(edition: Edition) -> list[dict[str, str]]:
    """Return a line for each cell in scope: its code, instrument and place, and what each comparison says of it.

    The heads are words of the reader's language too. What a comparison says is its headline and how certain it is.
    """
    language = Language(edition.request.language)
    heads = [language.gettext(head) for head in ("Row", "Instrument", "Place")]
    found: dict[str, dict[str, str]] = {}
    for row in edition.all_rows:
        about = (row.cell_code, language.text(row.instrument.short_names), language.place(row.country_code))
        line = found.setdefault(row.cell_code, dict(zip(heads, about, strict=True)))
        said = f"{headline(row, language)} ({language.word('certainty', row.change.certainty)})"
        line[language.word("comparison", row.comparison)] = said
    return list(found.values())


def first_page(pdf: bytes) -> str:
    """Return the first page of a PDF as a picture: a PNG in a data URI."""
    document = pypdfium2.PdfDocument(pdf)
    drawn = document[0].render(scale=_DOTS_PER_POINT).to_pil().quantize(_COLOURS)
    document.close()
    picture = io.BytesIO()
    drawn.save(picture, format="PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(picture.getvalue()).decode('ascii')}"


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        # Markdown of a trusted page: what others wrote (titles of sources) may not become markup in it either.
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("glance.md.j2")
