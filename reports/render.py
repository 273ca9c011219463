"""Editions to HTML and to tagged PDF, which `reports/archive.py` makes an archive of.

The PDF is a pure function of the edition: fixed identifier and dates, fonts from the locked packages, no network.
"""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, partial
from importlib.resources import files
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from reports import annex, narrative, sections
from reports.edition import Edition, Kind
from reports.language import Language
from reports.sections import Section, cover
from reports.sections import annex as annex_section
from sources.errors import MissingLibrary, PolicydiffError
from sources.model import CitedSource

HERE = Path(__file__).parent
FACES = {
    ("Source Sans Pro", 400, "normal"): ("font_source_sans_pro", "SourceSansPro-Regular.ttf"),
    ("Source Sans Pro", 600, "normal"): ("font_source_sans_pro", "SourceSansPro-Semibold.ttf"),
    ("Source Sans Pro", 400, "italic"): ("font_source_sans_pro", "SourceSansPro-It.ttf"),
    ("Source Serif Pro", 400, "normal"): ("font_source_serif_pro", "SourceSerifPro-Regular.ttf"),
    ("Source Serif Pro", 600, "normal"): ("font_source_serif_pro", "SourceSerifPro-Semibold.ttf"),
    ("Source Serif Pro", 400, "italic"): ("font_source_serif_pro", "SourceSerifPro-It.ttf"),
}
FIXED_TIME = 1484870400  # 2017-01-20T00:00:00Z, the first day compared
LIBRARIES = "libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"


class AssetRefused(PolicydiffError):
    """A page asked for something that is not one of our own assets; nothing else may be fetched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A line of the contents: where it leads, its words, and the lines below it."""

    anchor: str
    title: str
    parts: tuple["Entry", ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a page of an edition is put together from: its words, its sections as markup and its contents.

    The contents follow the first `opening` sections and list the others.
    """

    title: str
    description: str
    sections: tuple[Markup, ...]
    opening: int
    contents: tuple[Entry, ...]


def html(edition: Edition, empty_pages: int = 0) -> str:
    """Return the report as the page that is laid out on paper: styles inline, no script, nothing to fetch.

    It ends in `empty_pages` on which only the margins are printed, for what is laid out apart.
    """
    language = Language(edition.request.language)
    css = Markup(paper_css(edition, language))
    return framed("page.html.j2", edition, parts(edition, language), language, css=css, empty_pages=empty_pages)


def annex_html(edition: Edition) -> tuple[str, ...]:
    """Return the lines of the annex as pages of the same form, one for each piece that is laid out apart."""
    language = Language(edition.request.language)
    css = Markup(paper_css(edition, language))
    named = Parts(
        title=language.gettext("Annex"), description=cover.scope(edition, language), sections=(), opening=0, contents=()
    )
    tables = (annex_section.tables(piece, edition, language) for piece in annex.pieces(annex.blocks(edition)))
    return tuple(framed("annex.html.j2", edition, named, language, css=css, tables=one) for one in tables)


def parts(edition: Edition, language: Language) -> Parts:
    """Build every section of the edition's kind that has something to say."""
    environment = _environment()
    shown, contents, opening = [], [], 0
    for section in sections.of_kind(edition.request.kind):
        view = section.build(edition, language)
        if view is not None:
            shown.append(_section(environment, section, view, edition, language))
            if section.order < sections.LISTED_FROM:
                opening += 1
                continue
            contents.append(
                Entry(
                    anchor=section.id,
                    title=language.gettext(section.title),
                    parts=tuple(Entry(anchor=a, title=t) for a, t in section.entries(view, language)),
                )
            )
    return Parts(
        title=language.gettext("%s: U.S. migration policy in two terms") % cover.title(edition, language),
        description=cover.scope(edition, language),
        sections=tuple(shown),
        opening=opening,
        # Two pages need none.
        contents=tuple(contents) if edition.request.kind is not Kind.BRIEF else (),
    )


def framed(template: str, edition: Edition, page: Parts, language: Language, **more: object) -> str:
    """Return a page around its sections; `more` are further values that its template names."""
    return _environment().get_template(template).render(page=page, **_words(edition, language), **more)


def _section(
    environment: jinja2.Environment, section: Section, view: object, edition: Edition, language: Language
) -> Markup:
    template = environment.get_template(f"sections/{section.id}.html.j2")
    return Markup(template.render(view=view, **_words(edition, language)))


def _words(edition: Edition, language: Language) -> Mapping[str, object]:
    """Return what every template may use: the edition, its clock and the reader's language."""
    return {
        "edition": edition,
        # What has a place on the page that a link can lead to.
        "row_anchors": frozenset(row.cell_code for row in edition.rows),
        "note_anchors": frozenset(statement.id for statement in edition.statements),
        "search_anchors": frozenset(s.id for i in edition.instruments for s in edition.searches_of(i)),
        "clock": edition.request.clock,
        "large_print": edition.request.large_print,
        "kind": edition.request.kind,
        "language": language,
        "_": language.gettext,
        "ngettext": language.ngettext,
        "word": language.word,
        "text": language.marked_text,
        "foreign": language.foreign,
        "place": language.place,
        "places": language.places,
        "day": language.day,
        "short_day": language.short_day,
        "when": language.when,
        "number": language.number,
        "voice": partial(narrative.voice, language=language),
        "source_anchor": source_anchor,
    }


def source_anchor(source: CitedSource) -> str:
    """Return the anchor of a publication in the list of sources: the same publication, the same anchor."""
    return "source-" + hashlib.sha256(f"{source.url}\n{source.title}".encode()).hexdigest()[:12]


@cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_refuse_missing,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _refuse_missing(value: Any) -> Any:
    """Stop a template that would print a missing value: it must say in words what is missing."""
    if value is None:
        raise ValueError("a template prints a value that is missing")
    return value


def paper_css(edition: Edition, language: Language) -> str:
    """Return the style sheet of paper with the paper, and the line at the foot of every page."""
    said = language.gettext("As of %(day)s · edition %(id)s") % {
        "day": language.day(edition.request.clock.as_of),
        "id": edition.id[:12],
    }
    foot = _css_string(f"{cover.title(edition, language)} · {said}")
    names = ("page.css", "large_print.css") if edition.request.large_print else ("page.css",)
    sheet = "\n".join((HERE / name).read_text(encoding="utf-8") for name in names)
    return f"{sheet}\n@page {{ size: {edition.request.paper}; @bottom-left {{ content: {foot} }} }}\n"


def _css_string(text: str) -> str:
    """Return text as a CSS string in which nothing can end the string or the style element."""
    return '"' + "".join(f"\\{ord(c):x} " if c in '"\\<>\n\r' else c for c in text) + '"'


# --- PDF ------------------------------------------------------------------------------------------------------


def pdf(page: str, identifier: str, mark: str = "") -> bytes:
    """Return a page made by `html` as a tagged PDF: the same bytes for the same arguments.

    `identifier` is the edition's id, in hexadecimal; `mark` tells the tags of a piece from those of others.
    `reports.archive.enclose` makes the finished report of it, PDF/UA-1 and PDF/A-3a with its attachments. Raises
    MissingLibrary if Pango is not installed, AssetRefused if the page asks for anything but our fonts.
    """
    weasyprint = _weasyprint()
    from reports import structure

    # Embedded font subsets carry a time stamp; without this it would be the time of the build.
    os.environ["SOURCE_DATE_EPOCH"] = str(FIXED_TIME)
    refused: list[str] = []

    class OurAssets(weasyprint.URLFetcher):  # type: ignore[misc, name-defined]
        """Deny by default: only the font files named in FACES can be read."""

        def fetch(self, url: str, headers: Mapping[str, str] | None = None) -> Any:
            if url in _font_urls():
                return super().fetch(url, headers)
            refused.append(url)
            raise ValueError(f"refused: {url}")

    fonts = weasyprint.text.fonts.FontConfiguration()
    fetcher = OurAssets()
    document = weasyprint.HTML(string=page, base_url="about:blank", url_fetcher=fetcher).render(
        stylesheets=[weasyprint.CSS(string=_font_css(), font_config=fonts, url_fetcher=fetcher)],
        font_config=fonts,
    )
    if refused:
        raise AssetRefused(f"the page asks for {refused[0]!r}; only the report's own fonts can be fetched")
    with structure.noted() as notes:
        made: bytes = document.write_pdf(
            pdf_variant="pdf/a-3a",
            pdf_identifier=bytes.fromhex(identifier[:32]),
            custom_metadata=False,
            finisher=structure.finisher(notes, mark),
        )
    return made


def _weasyprint() -> Any:
    try:
        import weasyprint
        import weasyprint.text.fonts
    except OSError as error:
        raise MissingLibrary(
            f"Pango is not installed; install it with: apt-get install {LIBRARIES}  (on a Mac: brew install pango)"
        ) from error
    return weasyprint


@cache
def _font_urls() -> frozenset[str]:
    return frozenset(_font_url(package, name) for package, name in FACES.values())


def _font_url(package: str, name: str) -> str:
    return Path(str(files(package) / "files" / name)).as_uri()


def _font_css() -> str:
    return "\n".join(
        f'@font-face {{ font-family: "{family}"; font-weight: {weight}; font-style: {style}; '
        f'src: url("{_font_url(package, name)}") }}'
        for (family, weight, style), (package, name) in FACES.items()
    )
