"""Editions to one HTML file for the screen: all in the file, nothing fetched, readable without its script.

It has the sections of the paper, word for word. Around them stand what a screen needs: landmarks, a skip link, the
contents beside the text, and a script that sorts and filters tables. The file prints as the paper does.
"""

import base64
import hashlib
import io
import re
from importlib.resources import files
from pathlib import Path

from markupsafe import Markup

from reports import render
from reports.edition import Edition
from reports.language import Language
from sources.countries import AREAS

HERE = Path(__file__).parent
# What a typeface can do that a page needs: pairs, ligatures, marks on letters, figures of one width.
_FEATURES = ["kern", "liga", "mark", "mkmk", "ccmp", "locl", "tnum", "lnum"]

# A "<" of text is escaped, so these begin only where a template or a picture wrote them.
_TABLE = re.compile(r"(<table\b[^>]*>\s*<caption)(>.*?</table>)", re.DOTALL)
_WIDE_PICTURE = re.compile(r'<svg [^>]*class="(?:timeline|map|shares)".*?<title>(.*?)</title>.*?</svg>', re.DOTALL)
_SIGN = re.compile(r'(<svg [^>]*class="sign"[^>]*) role="img"([^>]*)><title>.*?</title>', re.DOTALL)


def html(edition: Edition) -> str:
    """Return the report as one file for a browser: the same bytes for the same edition.

    A policy in its head lets nothing run or load but the style sheets and the script whose hashes it names, and the
    typefaces that are in the file.
    """
    language = Language(edition.request.language)
    page = render.parts(edition, language)
    sections = _scrolling("\n".join(page.sections))
    script = (HERE / "screen.js").read_text(encoding="utf-8")
    shown = page.title + sections
    # Styles write some words in capitals.
    style = (HERE / "screen.css").read_text(encoding="utf-8") + _faces(set(shown + shown.upper()))
    paper = render.paper_css(edition, language)
    return render.framed(
        "screen.html.j2",
        edition,
        page,
        language,
        sections=Markup(sections),
        country_names=_country_names(edition, language),
        area_names=tuple(language.place(code) for code in AREAS),
        paper=Markup(paper),
        style=Markup(style),
        script=Markup(script),
        policy=_policy((paper, style), script),
    )


def _country_names(edition: Edition, language: Language) -> tuple[str, ...]:
    """Return the names of the countries that have a row, for the filter."""
    return tuple(sorted({language.place(row.country_code) for row in edition.rows if row.country_code not in AREAS}))


def _scrolling(sections: str) -> str:
    """Let wide tables and pictures scroll by themselves, each in a group with a name that the keyboard reaches.

    Signs stand beside their word: a screen reader would say it twice, so they are hidden from it.
    """
    count = 0

    def table(found: re.Match[str]) -> str:
        nonlocal count
        count += 1
        group = f'<div class="scroll" role="group" tabindex="0" aria-labelledby="table-{count}">'
        return f'{group}{found[1]} id="table-{count}"{found[2]}</div>'

    def picture(found: re.Match[str]) -> str:
        return f'<div class="scroll" role="group" tabindex="0" aria-label="{found[1]}">{found[0]}</div>'

    page = _SIGN.sub(r'\1 aria-hidden="true"\2>', sections)
    return _WIDE_PICTURE.sub(picture, _TABLE.sub(table, page))


def _policy(styles: tuple[str, ...], script: str) -> str:
    """Return the content security policy of a page that holds these and nothing else."""
    return "; ".join(
        (
            "default-src 'none'",
            f"style-src {' '.join(map(_hash_source, styles))}",
            f"script-src {_hash_source(script)}",
            "font-src data:",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def _hash_source(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _faces(characters: set[str]) -> str:
    """Return the typefaces of the paper as rules with the file in them, cut to the characters of a page.

    The pictures are measured in them: in a typeface of the reader's machine their labels would touch.
    """
    return "".join(
        f'\n@font-face {{ font-family: "{family}"; font-weight: {weight}; font-style: {style}; font-display: block; '
        f'src: url("data:font/woff2;base64,{base64.b64encode(_cut(package, name, characters)).decode()}") }}'
        for (family, weight, style), (package, name) in render.FACES.items()
    )


def _cut(package: str, name: str, characters: set[str]) -> bytes:
    from fontTools import subset
    from fontTools.ttLib import TTFont

    options = subset.Options()
    options.layout_features = _FEATURES
    options.hinting = False
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=[ord(character) for character in characters])
    with TTFont(Path(str(files(package) / "files" / name)), lazy=True, recalcTimestamp=False) as font:
        subsetter.subset(font)
        font.flavor = "woff2"
        content = io.BytesIO()
        font.save(content)
    return content.getvalue()
