"""The parameters of a report: what a form offers, what is refused and by which name, and what a request is made of."""

from datetime import date

import pytest
from pydantic import ValidationError

from flows.parameters import ReportParameters
from reports.edition import Kind, Paper
from sources import codebook
from sources.countries import PLACES
from sources.model import BRIDGE_DAY

TODAY = date(2026, 11, 24)


@pytest.fixture(scope="module")
def form():
    """Return the schema that Prefect makes its form of."""
    return ReportParameters.model_json_schema()


def choices(form, name):
    """Return what a field of the form offers: one of them, or several where it is a list."""
    field = form["properties"][name]
    field = field.get("items", field)
    return form["$defs"][field["$ref"].rpartition("/")[2]]["enum"] if "$ref" in field else field["enum"]


def test_the_form_offers_the_instruments_of_the_codebook_and_the_places_a_row_may_be_about(form, book):
    assert choices(form, "instruments") == sorted(instrument.id for instrument in book.instruments)
    assert choices(form, "countries") == list(PLACES)
    assert list(codebook.instrument_ids()) == choices(form, "instruments")


def test_the_form_offers_kinds_languages_sheets_and_formats(form):
    assert choices(form, "report") == list(Kind)
    assert choices(form, "language") == ["en", "es", "pt"]
    assert choices(form, "paper") == list(Paper)
    assert choices(form, "formats") == ["pdf", "html", "csv", "json", "xlsx", "parquet"]


def test_days_are_days_and_what_may_be_left_out_is_neither_a_choice_nor_filled_in(form):
    fields = form["properties"]
    for name in ("as_of", "on", "vintage"):
        assert (fields[name]["type"], fields[name]["format"]) == ("string", "date")
    assert [name for name, field in fields.items() if "default" not in field] == ["as_of", "on", "out", "since"]
    assert "required" not in form


def test_every_field_says_what_it_is(form):
    assert [name for name, field in form["properties"].items() if not field["description"]] == []


@pytest.mark.parametrize(
    ("given", "field", "said"),
    [
        ({"report": "countri"}, "report", "'full', 'country', 'instrument', 'brief' or 'changes'"),
        ({"countries": ["GTM", "MEXX"]}, "countries.1", "unknown country 'MEXX'; did you mean MEX?"),
        ({"countries": [3]}, "countries.0", "'REGION', 'GLOBAL', 'MEX'"),
        ({"instruments": ["travel_bans"]}, "instruments.0", "did you mean travel_ban"),
        ({"language": "xx"}, "language", "'en', 'es' or 'pt'"),
        ({"paper": "a5"}, "paper", "'letter' or 'a4'"),
        ({"as_of": "yesterday"}, "as_of", "valid date"),
        ({"vintage": "2025-01-20"}, "vintage", "2025-01-20 is after 2025-01-19"),
        ({"formats": ["docx"]}, "formats.0", "'pdf', 'html'"),
        ({"formats": []}, "formats", "at least 1 item"),
        ({"colour": "red"}, "colour", "not permitted"),
        ({"report": "country"}, "countries", "needs at least one country, such as GTM"),
        ({"report": "instrument"}, "instruments", "needs at least one instrument, such as travel_ban"),
        ({"report": "changes"}, "since", "needs to know since when"),
        ({"report": "brief", "since": "2026-01-01"}, "since", "no room for what changed"),
        ({"report": "brief", "annex": True}, "annex", "no room for an annex"),
        ({"report": "brief", "machine_read": True}, "machine_read", "no room for machine-read claims"),
    ],
)
def test_what_is_wrong_is_refused_by_the_name_of_its_field(given, field, said):
    with pytest.raises(ValidationError) as refusal:
        ReportParameters.model_validate(given)
    (detail,) = refusal.value.errors()
    assert ".".join(map(str, detail["loc"])) == field
    assert said in detail["msg"]


@pytest.mark.parametrize(
    "given",
    [
        {"report": "country", "countries": ["GTM"]},
        {"report": "instrument", "instruments": ["travel_ban"]},
        {"report": "changes", "since": "2026-01-01"},
        {"report": "brief", "large_print": True},
        {"annex": True, "machine_read": True, "since": "2026-01-01"},
    ],
)
def test_what_goes_together_is_taken(given):
    assert ReportParameters.model_validate(given).report == given.get("report", "full")


def test_a_request_has_each_name_once_in_its_order_and_a_code_in_small_letters_is_one(clock):
    wanted = ReportParameters(countries=["hnd", "GTM", "HND"], instruments=["travel_ban"], paper="a4")
    request = wanted.request(TODAY)
    assert request.country_codes == ("HND", "GTM")
    assert request.instrument_ids == ("travel_ban",)
    assert all(type(name) is str for name in (*request.country_codes, *request.instrument_ids))
    assert (request.kind, request.language, request.paper) == (Kind.FULL, "en", Paper.A4)
    assert request.clock == clock


def test_days_that_are_not_given_follow_from_those_that_are():
    clock = ReportParameters(as_of="2026-03-01").request(TODAY).clock
    assert (clock.as_of, clock.on, clock.vintage) == (date(2026, 3, 1), date(2026, 3, 1), BRIDGE_DAY)
    clock = ReportParameters(on="2026-02-01", vintage="2024-11-05", since="").request(TODAY).clock
    assert (clock.as_of, clock.on, clock.vintage) == (TODAY, date(2026, 2, 1), date(2024, 11, 5))
