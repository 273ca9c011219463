"""The page on paper: how full its pages are, and large print."""

import io
from collections import Counter

import pikepdf
import pytest

from flows.parameters import ReportParameters
from reports import acceptance, archive, edition, render
from reports.edition import Kind, Request
from reports.language import languages
from reports.publish import file_stem
from sources.errors import Refused
from tests.reports.conftest import finished
from tests.reports.pages import filled, sizes

# The largest part that is not cut for the sake of those that read it: the head of a sheet with its timeline.
LEAST = 0.35


def test_no_page_but_the_last_is_left_two_thirds_empty(country):
    shares = filled(country.content)
    assert [number for number, share in enumerate(shares[:-1], start=1) if share < LEAST] == []
    assert sum(shares) / len(shares) > 0.8


def test_an_empty_page_is_seen_to_be_empty():
    page = '<html lang="en"><style>@page { size: letter } p { break-after: page }</style><p>one</p><p>two</p></html>'
    assert max(filled(render.pdf(page, "0" * 64))) < LEAST


def test_columns_of_a_cell_begin_on_the_page_of_their_head(country):
    pages = archive.read_text(country.content)
    heads = [page.count("SECOND TERM · PROJECTED") - page.count("SECOND TERM · ACTUAL") for page in pages]
    assert set(heads) == {0}


# --- Large print --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def large(book, clock):
    """Return a country report in large print."""
    request = Request(kind=Kind.COUNTRY, clock=clock, country_codes=("HND",), language="es", large_print=True)
    return finished(edition.make(book, request))


def test_large_print_passes_its_acceptance_check_and_has_no_small_letters(large):
    acceptance.check(large.content, large.edition)
    # The letters of pictures are a little smaller than those of the text.
    found = sizes(large.content)
    assert min(found) >= 16
    assert Counter(size < 18 for size in found)[True] == 1


def test_normal_print_has_letters_that_large_print_must_not(country):
    assert min(sizes(country.content)) < 8


def test_tables_of_large_print_are_read_as_what_they_look_like(large, country):
    def kinds(report):
        with pikepdf.open(io.BytesIO(report.content)) as document:
            return {str(item.get("/S")) for item in document.objects if isinstance(item, pikepdf.Dictionary)}

    assert not {"/Table", "/TR", "/TH", "/TD"} & kinds(large)
    assert {"/Table", "/TR", "/TH", "/TD"} <= kinds(country)


def test_what_pictures_of_many_marks_show_is_said_in_words(large):
    assert "Segundo mandato · proyectado: Previsto, Nivel no indicado" in " ".join(
        "".join(archive.read_text(large.content)).split()
    )
    assert 'class="steps"' not in large.page


def test_only_a_brief_in_large_print_may_have_more_than_two_pages(book, clock):
    request = Request(kind=Kind.BRIEF, clock=clock, large_print=True)
    made = edition.make(book, request)
    content = finished(made).content
    assert acceptance.check(content, made) > 2
    normal = edition.make(book, Request(kind=Kind.BRIEF, clock=clock))
    page = render.html(normal).replace("</body>", "<p>more</p>" * 400 + "</body>")
    with pytest.raises(Refused, match=r"the brief has \d+ pages; two are allowed"):
        acceptance.check(finished(normal, page).content, normal)


def test_large_print_is_another_edition_with_another_name(book, clock):
    large, normal = (
        edition.make(book, ReportParameters(report=Kind.BRIEF, large_print=value).request(clock.as_of))
        for value in (True, False)
    )
    assert (large.inputs["large_print"], "large_print" in normal.inputs) == (True, False)
    assert large.id != normal.id
    assert file_stem(large) == f"{file_stem(normal)}_large-print"
    again = ReportParameters.of_inputs(large.inputs, ["pdf"]).request(clock.as_of)
    assert again == large.request


@pytest.mark.parametrize("language", languages())
def test_every_row_of_a_full_report_in_large_print_is_on_its_page(book, clock, language):
    made = edition.make(book, Request(kind=Kind.FULL, clock=clock, language=language, large_print=True))
    page = render.html(made)
    assert [row.cell_code for row in made.rows if row.cell_code not in page] == []
    assert 'class="map"' not in page
