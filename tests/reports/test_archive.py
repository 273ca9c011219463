"""The PDF as an archive: what is attached, what the manifest says, and that it says the same as the edition."""

import csv
import hashlib
import io
import json
from dataclasses import replace

import pikepdf
import pytest

from reports import acceptance, archive, edition, tables
from reports.edition import Kind, Request, canonical_json
from reports.explain import explain
from reports.language import Language
from reports.sections import numbers as section
from reports.series import Gathered
from sources.errors import Refused
from tests import make
from tests.reports.conftest import finished, gathered


def files(made):
    """Return what is attached to an edition's report by name."""
    return {one.name: one.content for one in archive.attachments(made)}


def test_every_attachment_says_what_it_is_and_to_what_it_belongs(country):
    made, _, content = country
    with pikepdf.open(io.BytesIO(content)) as document:
        told = {}
        for specification in document.Root.AF:
            stream = specification.EF.F
            told[str(specification.UF)] = (
                str(specification.AFRelationship),
                str(stream.Subtype),
                str(stream.Params.CreationDate),
                str(stream.Params.ModDate),
            )
            assert str(specification.Desc)
        assert set(told) == set(document.attachments)
    day = f"D:{made.request.clock.as_of:%Y%m%d}000000Z"
    assert told == {
        "rows.csv": ("/Data", "/text/csv", day, day),
        "rows.json": ("/Data", "/application/json", day, day),
        "statements.json": ("/Data", "/application/json", day, day),
        "numbers.csv": ("/Data", "/text/csv", day, day),
        "manifest.json": ("/Supplement", "/application/json", day, day),
    }


def test_the_metadata_name_both_standards_the_edition_and_the_manifest(country):
    made, _, content = country
    manifest = archive.attached(content)[archive.MANIFEST]
    with pikepdf.open(io.BytesIO(content)) as document, document.open_metadata() as said:
        assert (said["pdfaid:part"], said["pdfaid:conformance"], said["pdfuaid:part"]) == ("3", "A", "1")
        assert said["xmpMM:DocumentID"] == f"policydiff:edition:{made.id}"
        assert said["xmpMM:InstanceID"] == f"policydiff:manifest:{hashlib.sha256(manifest).hexdigest()}"
        assert said["dc:title"] == str(document.docinfo["/Title"])
        assert said["dc:language"] == {"en"}
        assert bytes(document.trailer.ID[0]).hex() == made.id[:32]


def test_a_title_with_marks_of_markup_is_text_in_the_metadata(book, clock):
    first, *rest = book.instruments
    names = dict.fromkeys(("en", "es", "pt"), "A & <b>B</b>")
    other = replace(book, instruments=(replace(first, names=names, short_names=names), *rest))
    made = edition.make(other, Request(kind=Kind.INSTRUMENT, clock=clock, instrument_ids=(first.id,)))
    with pikepdf.open(io.BytesIO(finished(made).content)) as document, document.open_metadata() as said:
        assert said["dc:title"].startswith("A & <b>B</b>")


def test_a_statement_carries_its_values_dates_and_source_and_no_quotation(country):
    made, _, _ = country
    told = json.loads(files(made)[archive.STATEMENTS])["statements"]
    one = next(s for s in told if s["id"] == "S-0010")
    statement = made.codebook.statements["S-0010"]
    assert one["country_codes"] == ["MEX"]
    assert one["text"]["en"] == statement.text["en"]
    assert one["quantity"]["value"] == 12500
    assert one["holds_from"]["first_day"] == "2019-08-01"
    assert one["source"]["url"] == statement.source.url
    assert one["source"]["published"]["last_day"] == "2021-07-16"
    assert (one["locator"], one["quote_sha256"]) == (statement.locator, statement.quote_sha256)
    assert {key for s in told for key in s if "quote" in key} == {"quote_sha256"}


@pytest.mark.parametrize("kind", [Kind.COUNTRY, Kind.BRIEF])
def test_rows_and_statements_read_back_explain_the_same(book, clock, kind):
    places = ("MEX",) if kind is Kind.COUNTRY else ()
    made = edition.make(book, Request(kind=kind, clock=clock, country_codes=places))
    read, its_clock, rows = archive.opened(files(made))
    assert its_clock == clock
    assert tables.as_json(rows, clock, read) == tables.as_json(made.all_rows, clock, book)
    for one, other in zip(rows, made.all_rows, strict=True):
        assert explain([one], read.statements, clock.as_of) == explain([other], book.statements, clock.as_of)


def test_numbers_are_attached_with_what_they_come_to_in_each_term(book, clock):
    request = Request(kind=Kind.COUNTRY, clock=clock, country_codes=("MEX",))
    lines = list(csv.DictReader(io.StringIO(files(edition.make(book, request, gathered()))["numbers.csv"].decode())))
    told = [(line["kind"], line["start_date"], line["value"], line["covered_days"], line["days"]) for line in lines]
    assert told == [
        ("observation", "2016-07-01", "5", "365", "365"),
        ("observation", "2017-07-01", "1000", "365", "365"),
        ("observation", "2018-07-01", "234", "365", "365"),
        ("sum", "2017-01-20", "1234", "730", "1461"),
    ]
    assert {line["snapshot_sha256"] for line in lines if line["kind"] == "observation"} == {"ab" * 32}


def test_what_charts_add_up_and_where_sources_disagree_is_attached(book, clock):
    _, year, _ = gathered().numbers
    groups = (replace(year, population="adults", value=600), replace(year, population="children", value=400))
    sources = tuple(make.source_state(source_id=name) for name in ("a_source", "b_source"))
    found = Gathered(numbers=(*groups, replace(year, source_id="b_source", value=990)), sources=sources)
    request = Request(kind=Kind.COUNTRY, clock=clock, country_codes=("MEX",))
    lines = csv.DictReader(io.StringIO(files(edition.make(book, request, found))["numbers.csv"].decode()))
    told = [(line["kind"], line["source_id"], line["population"], line["value"]) for line in lines]
    assert told == [
        ("observation", "a_source", "adults", "600"),
        ("observation", "a_source", "children", "400"),
        ("observation", "b_source", "", "990"),
        ("added", "a_source", "", "1000"),
        ("sum", "a_source", "", "1000"),
        ("sum", "b_source", "", "990"),
        ("disputed", "a_source", "", "1000"),
        ("disputed", "b_source", "", "990"),
    ]


def test_numbers_of_one_period_have_a_table_and_no_chart(book, clock):
    request = Request(kind=Kind.COUNTRY, clock=clock, country_codes=("MEX",))
    _, *years = gathered().numbers

    def charts(numbers):
        found = replace(gathered(), numbers=tuple(numbers))
        (measure,) = section.build(edition.make(book, request, found), Language("en")).measures
        return len(measure.charts), len(measure.rows)

    assert charts(years) == (1, 1)
    assert charts(years[:1]) == (0, 1)


def test_numbers_of_other_places_are_not_attached(book, clock):
    request = Request(kind=Kind.COUNTRY, clock=clock, country_codes=("HND",))
    assert files(edition.make(book, request, gathered()))["numbers.csv"].count(b"\n") == 1


def test_the_manifest_says_what_the_edition_is_made_from_and_counts_what_is_printed(country):
    made, _, content = country
    manifest = json.loads(archive.attached(content)[archive.MANIFEST])
    assert hashlib.sha256(canonical_json(manifest["inputs"]).encode()).hexdigest() == manifest["edition"] == made.id
    assert manifest["rows"] == [row.code for row in made.all_rows]
    assert manifest["counts"]["rows"] == len({row.cell_code for row in made.rows})
    assert (
        manifest["counts"]["rows_unknown.projected"] + manifest["counts"]["rows_projected"]
        == manifest["counts"]["rows"]
    )
    assert manifest["counts"]["statements"] == len(made.statements)
    assert {"python", "weasyprint", "pikepdf"} <= manifest["tools"].keys()
    attached = archive.attached(content)
    assert manifest["attachments"] == {
        name: hashlib.sha256(attached[name]).hexdigest() for name in attached if name != archive.MANIFEST
    }
    assert len(manifest["pages"]) == acceptance.check(content, made)


def test_the_acceptance_check_misses_an_attachment_a_standard_or_the_seal(country):
    made, _, content = country
    with pikepdf.open(io.BytesIO(content)) as document:
        del document.attachments["rows.csv"]
        document.Root.Metadata = document.make_stream(b"<x/>")
        out = io.BytesIO()
        document.save(out)
    with pytest.raises(Refused) as refused:
        acceptance.check(out.getvalue(), made)
    for finding in ("attachment rows.csv is missing", "that it is PDF/UA-1", "that it is PDF/A-3a", "its seal is not"):
        assert finding in str(refused.value)
    other = replace(made, rows=made.rows[3:])
    with pytest.raises(Refused, match="its manifest is missing or is not that of the edition"):
        acceptance.check(content, replace(other, request=replace(made.request, language="es")))


def test_the_acceptance_check_wants_the_english_of_a_spanish_report_marked(country):
    made, page, _ = country
    spanish = replace(made, request=replace(made.request, language="es"))
    unmarked = finished(spanish, page.replace('<html lang="en">', '<html lang="es">')).content
    with pytest.raises(Refused, match="no part of it is marked as English"):
        acceptance.check(unmarked, spanish)
