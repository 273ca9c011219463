"""The HTML file: its structure, that it is whole and fetches nothing, and that it says what the paper says."""

import base64
import hashlib
import io
import os
import re
import subprocess
import sys
from dataclasses import replace
from datetime import date
from itertools import pairwise

import pytest
from fontTools.ttLib import TTFont
from lxml import html as markup

from reports import changes, edition, render, screen
from reports.charts import drawing, signs
from reports.edition import Kind, Request
from reports.language import languages
from tests.reports.conftest import SCOPES, gathered

KINDS = list(Kind)
STYLE = (screen.HERE / "screen.css").read_text(encoding="utf-8")
SCRIPT = (screen.HERE / "screen.js").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def edition_of(book, clock):
    """Return a function that makes the edition of a kind in a language."""

    def of(kind, language="en"):
        request = Request(kind=kind, clock=clock, language=language, **SCOPES.get(kind, {}))
        since = changes.on_day(book, clock, date(2026, 1, 1)) if kind is Kind.CHANGES else None
        return edition.make(book, request, gathered(), since=since)

    return of


@pytest.fixture(scope="module")
def file_of(edition_of):
    """Return a function that gives the HTML file of a kind in a language, made once."""
    made = {}

    def of(kind, language="en"):
        if (kind, language) not in made:
            made[kind, language] = screen.html(edition_of(kind, language))
        return made[kind, language]

    return of


@pytest.fixture(params=KINDS)
def page(request, file_of):
    """Return the parsed English file of each kind."""
    return markup.document_fromstring(file_of(request.param))


# --- Structure ------------------------------------------------------------------------------------------------------


def test_a_page_has_its_landmarks_one_title_and_a_way_past_them(page):
    for landmark in ("header", "main", "footer", "main//h1"):
        assert len(page.xpath(f"//body//{landmark}")) == 1, landmark
    assert all(nav.get("aria-label") for nav in page.xpath("//nav"))
    first = page.body.xpath(".//a")[0]
    assert first.get("class") == "skip"
    assert page.get_element_by_id(first.get("href").removeprefix("#")).tag == "main"


def test_headings_skip_no_level(page):
    levels = [int(heading.tag[1]) for heading in page.xpath("//main//*[self::h1 or self::h2 or self::h3 or self::h4]")]
    assert levels[0] == 1
    assert [(a, b) for a, b in pairwise(levels) if b > a + 1] == []


def test_no_name_stands_twice_and_every_link_leads_somewhere(page):
    names = page.xpath("//@id")
    assert len(names) == len(set(names))
    assert {link.removeprefix("#") for link in page.xpath("//a/@href") if link.startswith("#")} <= set(names)
    assert set(page.xpath("//@aria-labelledby")) <= set(names)


def test_every_table_scrolls_in_a_group_that_has_its_caption_as_name(page):
    for table in page.xpath("//main//table"):
        group, caption = table.getparent(), table.find("caption")
        assert (group.get("role"), group.get("tabindex")) == ("group", "0"), caption.text_content()
        assert group.get("aria-labelledby") == caption.get("id")
        assert table.xpath(".//th") == table.xpath(".//th[@scope]")


def test_a_column_that_sorts_says_how_and_rows_that_are_filtered_say_what_they_name(page):
    assert set(page.xpath("//th/@data-sort")) <= {"text", "number"}
    assert {name for names in page.xpath("//@data-rows") for name in names.split()} <= {"place", "instrument"}
    assert page.xpath("//table[@data-rows and not(thead)]") == []


def test_what_only_the_script_can_do_is_hidden_without_it(page):
    assert page.xpath("//main//button | //main//input") == []
    assert [tools.get("hidden") for tools in page.xpath('//*[@role="search"]')] == [""]


def test_signs_beside_their_word_are_not_said_twice(page):
    pictures = page.xpath("//main//*[local-name()='svg']")
    assert pictures
    for picture in pictures:
        is_sign = picture.get("class") == "sign"
        assert (picture.get("aria-hidden") == "true") is is_sign
        assert bool(picture.xpath("*[local-name()='title']/text()")) is not is_sign


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("kind", KINDS)
def test_the_screen_says_what_the_paper_says(edition_of, file_of, kind, language):
    paper = render.html(edition_of(kind, language))
    assert said(file_of(kind, language), "//main/section") == said(paper, "//body/section")


def said(text, sections):
    """Return the words of a page's sections, without the names of pictures."""
    page = markup.document_fromstring(re.sub("<title>.*?</title>", "", text, flags=re.DOTALL))
    return [" ".join(section.text_content().split()) for section in page.xpath(sections)]


# --- Whole and safe -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_the_file_is_whole_and_small(file_of, kind):
    text = file_of(kind)
    page = markup.document_fromstring(text)
    assert page.xpath("//@src | //link | //iframe | //object | //img | //form | //base") == []
    assert all(address.startswith("data:font/woff2;") for address in re.findall(r'url\("?([^")]*)', text))
    assert "@import" not in text
    assert len(text.encode()) < 3_000_000


def test_nothing_but_the_scripts_and_styles_of_the_page_is_allowed(page):
    policy = page.xpath('//meta[@http-equiv="Content-Security-Policy"]/@content')[0]
    allowed = dict(part.split(" ", 1) for part in policy.split("; "))
    assert allowed["default-src"] == "'none'"
    assert allowed["script-src"] == sha256(page.xpath("//script")[0].text)
    assert allowed["style-src"].split() == [sha256(style.text) for style in page.xpath("//style")]
    assert page.xpath("//@style") == []
    assert [name for name in page.xpath("//@*") if name.attrname.startswith("on")] == []


def sha256(text):
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_the_page_for_paper_has_no_script(edition_of):
    paper = render.html(edition_of(Kind.COUNTRY))
    assert "<script" not in paper
    assert "<template" not in paper


def test_text_from_outside_is_text(book, clock):
    instrument = book.instruments[0]
    hostile = '</script></style><script>alert(1)</script><table><caption>x</caption></table><svg class="sign">'
    names = dict.fromkeys(("en", "es", "pt"), hostile)
    first = replace(instrument.statements[0], text=names)
    changed = replace(instrument, names=names, short_names=names, statements=(first, *instrument.statements[1:]))
    others = tuple(other for other in book.instruments if other.id != instrument.id)
    made = edition.make(replace(book, instruments=(changed, *others)), Request(kind=Kind.FULL, clock=clock))
    text = screen.html(made)
    assert text.count("<script>") == 1
    assert text.count("</script>") == 1
    assert "alert(1)" not in markup.document_fromstring(text).xpath("string(//script)")
    option = markup.document_fromstring(text).xpath(f'//option[@data-sheet="{instrument.id}"]')[0]
    assert option.text == hostile
    assert all(table.find("caption").text != "x" for table in markup.document_fromstring(text).iter("table"))


def test_the_script_cannot_end_its_element_and_makes_no_markup():
    assert "</" not in SCRIPT
    assert "<!--" not in SCRIPT
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval|Function\(|fetch\(|Http", SCRIPT)


def test_the_typefaces_have_every_letter_of_the_page_also_in_capitals(file_of):
    text = file_of(Kind.COUNTRY, "es")
    fonts = [base64.b64decode(code) for code in re.findall(r"data:font/woff2;base64,([^\"]+)", text)]
    assert len(fonts) == len(render.FACES)
    words = markup.document_fromstring(text).xpath("string(//main)")
    assert "política" in words.lower()
    for font in fonts:
        known = {chr(code) for code in TTFont(io.BytesIO(font)).getBestCmap()}
        assert {"Í", "í", "7"} <= known
        assert {letter for letter in words if letter.isalpha()} <= known


def test_the_same_edition_is_the_same_bytes_in_another_process_and_time_zone(book, clock, tmp_path):
    script = (
        "import sys; from datetime import date; from pathlib import Path; from reports import edition, screen; "
        "from reports.edition import Kind, Request; from reports.state import Clock; from sources import codebook; "
        "day = date(2026, 11, 24); clock = Clock(as_of=day, on=day, vintage=date(2025, 1, 19)); "
        "made = edition.make(codebook.load(), Request(kind=Kind.BRIEF, clock=clock)); "
        "Path(sys.argv[1]).write_text(screen.html(made), encoding='utf-8')"
    )
    out = tmp_path / "again.html"
    environment = {**os.environ, "TZ": "Pacific/Auckland", "PYTHONHASHSEED": "7"}
    subprocess.run([sys.executable, "-c", script, out], check=True, env=environment)
    made = edition.make(book, Request(kind=Kind.BRIEF, clock=clock))
    assert out.read_text(encoding="utf-8") == screen.html(made)


# --- Colours --------------------------------------------------------------------------------------------------------


def schemes():
    """Return the colours by name, light and dark."""
    blocks = re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)
    return [dict(re.findall(r"--([a-z]+): (#[0-9a-f]{6})", block)) for block in blocks]


def contrast(one, other):
    """Return the contrast of two colours after WCAG 2.2."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour):
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_contrast_is_measured_as_the_guideline_has_it():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)


@pytest.mark.parametrize("scheme", schemes(), ids=["light", "dark"])
def test_letters_have_contrast_in_both_schemes(scheme):
    for ground in ("paper", "wash", "note"):
        for ink in ("ink", "quiet", "first", "projected", "actual"):
            assert contrast(scheme[ink], scheme[ground]) >= 4.5, (ink, ground)
    # Letters and signs on the tiles and bars of pictures.
    assert contrast(scheme["paper"], scheme["actual"]) >= 4.5
    assert contrast(scheme["ink"], scheme["tint"]) >= 4.5
    assert contrast(scheme["fifth"], scheme["paper"]) >= 4.5
    assert contrast(scheme["focus"], scheme["paper"]) >= 3


def test_both_schemes_name_the_same_colours():
    light, dark = schemes()
    assert light.keys() == dark.keys()


@pytest.mark.parametrize("kind", KINDS)
def test_every_colour_of_a_picture_has_a_counterpart_in_the_dark(file_of, kind):
    pictures = " ".join(re.findall("<svg.*?</svg>", file_of(kind), re.DOTALL))
    used = set(re.findall(r'(?:fill|stroke)="(#\w+)"', pictures))
    assert used
    assert {colour for colour in used if not has_counterpart(colour)} == set()


def test_a_colour_without_a_counterpart_is_found():
    assert has_counterpart(drawing.INK)
    assert has_counterpart(signs._TINT)
    assert not has_counterpart("#123456")


def has_counterpart(colour):
    return all(f'[{what}="{colour}"] {{ {what}: var(--' in STYLE for what in ("fill", "stroke"))
