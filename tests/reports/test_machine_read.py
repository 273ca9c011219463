"""Machine-read claims in the report: only when asked for, in a section of their own, and nowhere else."""

import io
from dataclasses import replace
from datetime import date

import pikepdf
import pytest

from reports import acceptance, archive, edition, render
from reports.edition import Kind, Request
from reports.proposals import Unreviewed
from tests import make
from tests.reports.conftest import finished

REMAIN = "migrant_protection_protocols"


def unreviewed(number=1, title="A headline", source="https://example.org/a", known_from=date(2024, 11, 19), **values):
    """Return a claim about Remain in Mexico, from an English document."""
    return Unreviewed(
        id=f"P-{number:010x}",
        proposal=make.proposal(**{"instrument_id": REMAIN, **values}),
        title=title,
        source=source,
        language="en",
        known_from=known_from,
    )


@pytest.fixture
def request_(clock):
    """Return the request of a report on one instrument."""
    return Request(kind=Kind.INSTRUMENT, clock=clock, instrument_ids=(REMAIN,))


def test_an_edition_that_does_not_ask_has_neither_section_nor_input(book, request_):
    made = edition.make(book, request_)
    assert "machine_read_sha256" not in made.inputs
    assert "Machine-read" not in render.html(made)


def test_an_edition_that_asks_has_another_id_and_the_same_rows(book, request_):
    plain = edition.make(book, request_)
    none = edition.make(book, request_, machine_read=())
    some = edition.make(book, request_, machine_read=(unreviewed(),))
    assert len({plain.id, none.id, some.id}) == 3
    assert list(some.inputs["machine_read_sha256"]) == ["P-0000000001"]
    surer = edition.make(book, request_, machine_read=(unreviewed(confidence=0.9),))
    assert surer.id != some.id, "what a report prints is part of its id"
    assert (some.rows, some.coverage, some.statements) == (plain.rows, plain.coverage, plain.statements)


def test_the_rest_of_the_page_is_the_same(book, request_):
    plain = render.html(edition.make(book, request_))
    made = render.html(edition.make(book, request_, machine_read=(unreviewed(),)))
    start = made.index('<section id="machine_read">')
    end = made.index("</section>", start) + len("</section>\n")
    ids = [edition.make(book, request_, machine_read=claims).id[:12] for claims in (None, (unreviewed(),))]
    without = (made[:start].rstrip() + "\n" + made[end:].lstrip()).replace(ids[1], ids[0])
    line = '<li><a href="#machine_read">Machine-read claims, not reviewed</a> </li>'
    assert " ".join(without.split()).replace(f"{line} ", "") == " ".join(plain.split())


def test_a_claim_is_one_row_without_its_quote(book, request_):
    claim = unreviewed(quote="They will see.", is_optional=True, why="no speaker", speaker="a candidate")
    page = render.html(edition.make(book, request_, machine_read=(claim,)))
    section = page[page.index('<section id="machine_read">') :]
    section = section[: section.index("</section>")]
    for part in (
        *("Remain in Mexico: Mexico", "P-0000000001", "Threatened", "Second term, projected", "a candidate"),
        *("19 Nov 2024", "A headline", 'href="https://example.org/a"', "80 percent; not sure: no speaker"),
    ):
        assert part in section
    assert section.count('<th scope="row">') == 1
    assert "They will see" not in page


def test_an_edition_that_asks_in_vain_says_that_there_are_none(book, request_):
    assert "There are none in the scope" in render.html(edition.make(book, request_, machine_read=()))


def test_claims_outside_the_scope_are_left_out(book, clock):
    claims = (
        unreviewed(1),
        unreviewed(2, country_codes=("GTM",)),
        unreviewed(3, country_codes=("REGION",)),
        unreviewed(4, instrument_id="travel_ban"),
        unreviewed(5, known_from=date(2027, 1, 1)),
    )

    def ids(**chosen):
        made = edition.make(book, Request(kind=Kind.FULL, clock=clock, **chosen), machine_read=claims)
        return [int(claim.id[2:], 16) for claim in made.machine_read]

    assert ids(country_codes=("MEX",), instrument_ids=(REMAIN,)) == [1, 3]
    assert ids(instrument_ids=(REMAIN,)) == [1, 2, 3]
    assert sorted(ids(country_codes=("MEX",))) == [1, 3, 4]
    assert sorted(ids()) == [1, 2, 3, 4]


def test_the_path_of_a_file_is_nobodys_business(book, request_):
    claim = unreviewed(title="", source="/home/jdoe/secret plans/notes.txt")
    page = render.html(edition.make(book, request_, machine_read=(claim,)))
    assert "notes.txt" in page
    assert "jdoe" not in page
    assert "secret" not in page


def test_an_address_that_is_no_web_address_is_no_link(book, request_):
    page = render.html(edition.make(book, request_, machine_read=(unreviewed(source="javascript:alert(1)"),)))
    assert 'href="javascript' not in page


def test_hostile_text_is_text_and_the_pdf_passes(book, request_):
    hostile = "</td><script>x</script> {{ 7*7 }} &lt; Undefined \u4e2d\u6587 \U0001f600\u202e"
    claim = unreviewed(
        title=hostile, speaker=hostile, why=hostile, is_optional=True, source="https://example.org/<b>{{x}}"
    )
    made = edition.make(book, request_, machine_read=(claim,))
    page = render.html(made)
    assert "<script>" not in page
    content = finished(made, page).content
    assert acceptance.check(content, made) > 3
    text = " ".join(archive.read_text(content))
    assert "Machine-read claims, not reviewed" in text
    with pikepdf.open(io.BytesIO(content)) as document, document.open_outline() as outline:
        titles = {item.title for entry in outline.root for item in (entry, *entry.children)}
    assert "Machine-read claims, not reviewed" in titles


def test_traces_the_claims_do_not_bring_are_refused_as_ever(book, request_):
    made = edition.make(book, request_, machine_read=(unreviewed(),))
    page = render.html(made).replace("<h2>Summary</h2>", "<h2>Summary</h2><p>{{ view }}</p>")
    page = page.replace("<h2>Sources</h2>", "<h2>Sources</h2><p>{{ view }}</p>")
    with pytest.raises(acceptance.Refused, match="prints '"):
        acceptance.check(finished(made, page).content, made)


def test_a_brief_has_no_such_section(book, request_):
    brief = replace(request_, kind=Kind.BRIEF)
    assert "Machine-read" not in render.html(edition.make(book, brief, machine_read=(unreviewed(),)))
