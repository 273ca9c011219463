"""The finished report, read back: pages, tags, fonts, links, determinism, and what it refuses."""

import io
import os
import re
import subprocess
import sys
from collections import Counter
from dataclasses import replace

import pikepdf
import pytest

from reports import acceptance, edition, limits, render, sections
from reports.edition import Kind, Paper, Request
from sources.errors import MissingLibrary, Refused
from sources.model import Comparison
from tests.reports.conftest import finished


def test_the_pdf_passes_its_acceptance_check(country):
    made, _, content = country
    assert acceptance.check(content, made) > 3


def test_every_kind_and_paper_can_be_made(book, clock):
    requests = (
        Request(kind=Kind.BRIEF, clock=clock),
        Request(kind=Kind.BRIEF, clock=clock, paper=Paper.A4),
        Request(kind=Kind.INSTRUMENT, clock=clock, instrument_ids=("migrant_protection_protocols",)),
    )
    for request in requests:
        made = edition.make(book, request)
        content = finished(made).content
        acceptance.check(content, made)
        with pikepdf.open(io.BytesIO(content)) as document:
            width = float(document.pages[0].mediabox[2])
        assert round(width) == (595 if request.paper is Paper.A4 else 612)


def test_the_same_edition_is_the_same_bytes_in_another_process_and_time_zone(instrument, tmp_path):
    script = (
        "import sys; from datetime import date; from pathlib import Path; "
        "from reports import archive, edition, render; "
        "from reports.edition import Kind, Request; from reports.state import Clock; from sources import codebook; "
        "day = date(2026, 11, 24); clock = Clock(as_of=day, on=day, vintage=date(2025, 1, 19)); "
        "request = Request(kind=Kind.INSTRUMENT, clock=clock, instrument_ids=('migrant_protection_protocols',)); "
        "made = edition.make(codebook.load(), request); laid_out = render.pdf(render.html(made), made.id); "
        "Path(sys.argv[1]).write_bytes(archive.enclose(laid_out, made))"
    )
    out = tmp_path / "again.pdf"
    environment = {**os.environ, "TZ": "Pacific/Auckland", "PYTHONHASHSEED": "7"}
    subprocess.run([sys.executable, "-c", script, out], check=True, env=environment)
    assert out.read_bytes() == instrument.content


def test_the_page_is_tagged_and_its_fonts_are_ours(country):
    _, _, content = country
    with pikepdf.open(io.BytesIO(content)) as document:
        assert document.Root.MarkInfo.Marked
        kinds = Counter(str(o.get("/S")) for o in document.objects if isinstance(o, pikepdf.Dictionary) and "/S" in o)
        scopes = [str(o.A.get("/Scope")) for o in document.objects if _is_header(o)]
        figures = [o for o in document.objects if isinstance(o, pikepdf.Dictionary) and o.get("/S") == "/Figure"]
    assert kinds["/H1"] == 1
    assert min(kinds["/H2"], kinds["/Table"], kinds["/Figure"]) > 3
    assert set(scopes) == {"/Row", "/Column"}
    assert all(str(figure.get("/Alt", "")) for figure in figures)


def _is_header(item):
    return isinstance(item, pikepdf.Dictionary) and item.get("/S") == "/TH"


def test_every_link_inside_the_page_leads_somewhere(country):
    _, page, _ = country
    anchors = Counter(re.findall(r'\bid="([^"]+)"', page))
    assert [name for name, count in anchors.items() if count > 1] == []
    assert set(re.findall(r'href="#([^"]+)"', page)) <= anchors.keys()


def test_every_row_and_every_statement_is_printed_with_its_source(country):
    made, page, _ = country
    for row in made.rows:
        assert row.cell_code in page
    for statement in made.statements:
        assert f'id="{statement.id}"' in page
        assert f'id="{render.source_anchor(statement.source)}"' in page


def test_text_from_the_evidence_is_text(book, clock):
    instrument = book.instruments[0]
    hostile = '<script>alert(1)</script></style><img src="file:///etc/passwd">{{ 7*7 }}'
    names = dict.fromkeys(("en", "es", "pt"), hostile)
    first = replace(instrument.statements[0], text=names)
    changed = replace(instrument, names=names, short_names=names, statements=(first, *instrument.statements[1:]))
    other = replace(book, instruments=(changed,))
    made = edition.make(other, Request(kind=Kind.INSTRUMENT, clock=clock, instrument_ids=(instrument.id,)))
    page = render.html(made)
    assert "<script>" not in page
    assert page.count("</style>") == 1
    assert "<img" not in page
    assert "49" not in render._css_string(hostile)
    render.pdf(page, made.id)


@pytest.mark.parametrize(
    "asset", ["file:///etc/hostname", "http://127.0.0.1:9/a.png", "page.css", "data:image/png;base64,AAAA"]
)
def test_nothing_but_our_fonts_can_be_fetched(country, asset):
    made, _, _ = country
    with pytest.raises((render.AssetRefused, Refused)):
        acceptance.check(finished(made, f'<html lang="en"><img src="{asset}" alt="x"></html>').content, made)


def test_the_acceptance_check_names_what_is_wrong(country):
    made, page, content = country
    lost = finished(made, page.replace("R-0102", "R-0000")).content
    with pytest.raises(Refused, match="rows R-0102 are not printed"):
        acceptance.check(lost, made)
    with pytest.raises(Refused, match="its language is not es"):
        acceptance.check(content, replace(made, request=replace(made.request, language="es")))
    trace = page.replace("<h2>Summary</h2>", "<h2>Summary</h2><p>{{ view }}</p>")
    with pytest.raises(Refused, match="prints '{{'".replace("{", r"\{")):
        acceptance.check(finished(made, trace).content, made)


def test_without_pango_one_sentence_says_what_to_install(monkeypatch):
    for name in [name for name in sys.modules if name.split(".")[0] == "weasyprint"]:
        monkeypatch.delitem(sys.modules, name)

    def refuse(name, *_):
        if name == "weasyprint":
            raise OSError("cannot load library 'libgobject-2.0-0'")
        return

    monkeypatch.setattr("sys.meta_path", [_Refusing(refuse), *sys.meta_path])
    with pytest.raises(MissingLibrary, match=re.escape("apt-get install libpango-1.0-0")):
        render.pdf("<html></html>", "0" * 64)


class _Refusing:
    """An import finder that asks a function first."""

    def __init__(self, ask):
        self.find_spec = ask


def test_a_page_that_never_ends_is_stopped():
    bomb = '<html lang="en">' + '<div style="display:flex">' * 40 + "x" + "</html>"
    with pytest.raises(limits.LimitExceeded):
        limits.run(render.pdf, 4, 4096, bomb, "0" * 64)


def test_a_country_report_shows_region_wide_measures_beside_its_own(book, clock):
    made = edition.make(book, Request(kind=Kind.COUNTRY, clock=clock, country_codes=("MEX",)))
    assert {row.country_code for row in made.rows} == {"MEX"}
    assert {row.country_code for row in made.context_rows} <= {"REGION", "GLOBAL"}
    assert made.context_rows


def test_coverage_counts_cells_once(book, clock):
    made = edition.make(book, Request(kind=Kind.FULL, clock=clock))
    assert made.coverage.cells * len(Comparison) == len(made.rows)


def test_the_brief_has_its_own_sections():
    ids = [section.id for section in sections.of_kind(Kind.BRIEF)]
    assert ids == ["brief", "shares", "overview"]
