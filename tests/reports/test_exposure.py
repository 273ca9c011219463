"""Exposure: whole years with the same year on both sides of a share, what was not gathered, and what the page says."""

import csv
import io
from dataclasses import replace
from datetime import date

import pytest
from lxml import html as markup

from reports import archive, edition, exposure, render
from reports.edition import Kind, Request
from reports.exposure import Figure
from reports.language import Language
from reports.sections import exposure as section
from reports.series import Gathered, LegalAct, Number, UnlikePeriods
from reports.state import Clock
from sources.model import CountryRole, Modality, Scope, Stage
from sources.periods import Interval, calendar_year, fiscal_year, month
from tests import make

EN = Language("en")
ON = date(2026, 11, 24)
CLOCK = Clock(as_of=ON, on=ON, vintage=date(2025, 1, 19))


def number(source_id, measure, interval, value, unit="count", country="HND", population="all", **values):
    """Return a number of a source; what it counts only where the unit is a count."""
    plain = {"unit_of_count": "removals" if unit == "count" else "", "snapshot_sha256": "a" * 64}
    return Number(
        source_id=source_id,
        measure=measure,
        country_code=country,
        population=population,
        interval=interval,
        value=value,
        unit=unit,
        **plain | values,
    )


def imports(year, value=100.0, months=range(1, 13), country="HND"):
    """Return the U.S. goods imports of the months of a year, in millions of dollars."""
    return [number("census_trade", "goods_imports", month(year, m), value, "usd_million", country) for m in months]


def exports(year, value, country="HND"):
    """Return all goods exports of a year, in dollars."""
    return number(
        "world_bank", "merchandise_exports", calendar_year(year), value, "usd", country, snapshot_sha256="b" * 64
    )


def remittances(year, value):
    """Return the remittances of a year in percent of gross domestic product."""
    return number("world_bank", "remittances_received", calendar_year(year), value, "percent_of_gdp")


def act(kind, day, source_id="tps_designations", countries=("HND",)):
    """Return a legal act about Honduras."""
    return LegalAct(
        source_id=source_id,
        act_id=f"{kind} {day}",
        kind=kind,
        title=f"A title of {day}",
        signing_date=None,
        publication_date=day,
        president="",
        citation_url="https://example.org/act",
        instrument_ids=(),
        country_codes=countries,
        snapshot_sha256="c" * 64,
    )


def state(source_id):
    """Return the state of a source that was looked at in November 2026."""
    return make.source_state(source_id, publisher=f"The {source_id.replace('_', ' ')}")


def gathered(*numbers, acts=()):
    """Return what was gathered, with the states of the sources it is from."""
    ids = sorted({n.source_id for n in numbers} | {a.source_id for a in acts})
    return Gathered(numbers=tuple(numbers), acts=tuple(acts), sources=tuple(map(state, ids)))


def of_honduras(*numbers, acts=(), on=ON):
    """Return the exposure of Honduras."""
    (found,) = exposure.of_countries(gathered(*numbers, acts=acts), ["HND"], on)
    return found


def values(reading):
    """Return the figures of a reading: before the first term, before the second, newest."""
    return [figure and figure.value for figure in (reading.before_first, reading.before_second, reading.newest)]


# --- Figures --------------------------------------------------------------------------------------------------------


def test_the_last_years_before_each_term_and_the_newest_are_taken():
    numbers = [n for year in (2015, 2016, 2017, 2023, 2024, 2025) for n in imports(year, year / 1000)]
    reading = of_honduras(*numbers).reading("goods_sent")
    assert values(reading) == [24.2, 24.3, 24.3]
    assert [figure.interval for figure in reading.figures] == [calendar_year(year) for year in (2016, 2024, 2025)]
    assert reading.newest == Figure(
        value=24.3,
        unit="usd_million",
        unit_of_count="",
        interval=calendar_year(2025),
        snapshot_sha256=("a" * 64,),
    )


def test_a_year_with_a_month_missing_has_no_figure():
    numbers = imports(2024, months=range(1, 12)) + imports(2025, months=range(2, 13))
    assert values(of_honduras(*numbers).reading("goods_sent")) == [None, None, None]


def test_a_year_too_long_before_a_term_does_not_speak_for_it():
    reading = of_honduras(*imports(2021), *imports(2022)).reading("goods_sent")
    assert values(reading) == [None, None, 1200.0]
    assert values(of_honduras(*imports(2023)).reading("goods_sent")) == [None, 1200.0, 1200.0]


def test_a_share_has_the_same_year_above_and_below_the_line():
    numbers = [*imports(2023), *imports(2024), exports(2023, 4.8e9), exports(2025, 1e9)]
    reading = of_honduras(*numbers).reading("goods_sent_share")
    assert values(reading) == [None, 25.0, 25.0]
    assert (reading.newest.interval, reading.newest.unit) == (calendar_year(2023), "percent")
    assert reading.newest.snapshot_sha256 == ("a" * 64, "b" * 64)


def test_there_is_no_share_of_nothing_and_one_above_the_whole_stays():
    assert of_honduras(*imports(2024), exports(2024, 0)).reading("goods_sent_share").newest is None
    assert of_honduras(*imports(2024), exports(2024, 1e9)).reading("goods_sent_share").newest.value == 120.0


def test_a_share_of_gross_domestic_product_is_never_added_up():
    quarter = number(
        "world_bank", "remittances_received", Interval(date(2024, 1, 1), date(2024, 4, 1)), 5.0, "percent_of_gdp"
    )
    assert of_honduras(quarter).reading("remittances_share").newest is None
    assert of_honduras(remittances(2024, 26.25)).reading("remittances_share").newest.value == 26.2


def test_fiscal_years_are_those_of_the_united_states_and_groups_of_one_source_are_added():
    removed = [number("ice_removals", "removals", fiscal_year(2018), 20, population=p) for p in ("a", "b")]
    aid = number("foreign_assistance", "foreign_aid_obligations", fiscal_year(2024), 172_594_290, "usd")
    of_calendar = number("ice_removals", "removals", calendar_year(2025), 7)
    found = of_honduras(*removed, aid, of_calendar)
    assert (found.reading("removals").newest.value, found.reading("removals").newest.interval) == (
        40,
        fiscal_year(2018),
    )
    assert found.reading("aid_obligations").before_second.value == 172.6


def test_two_units_of_count_of_one_series_are_not_added():
    one = number("ice_removals", "removals", fiscal_year(2018), 20)
    with pytest.raises(UnlikePeriods, match="ice_removals removals HND: several groups or units of count"):
        of_honduras(one, replace(one, unit_of_count="people"))


def test_nothing_after_the_day_asked_for_is_told():
    found = of_honduras(*imports(2023), *imports(2024), on=date(2024, 6, 30))
    assert found.reading("goods_sent").newest.interval == calendar_year(2023)


def test_a_source_without_the_country_is_no_data_and_one_without_the_measure_is_not_gathered():
    found = of_honduras(*imports(2024, country="GTM"))
    assert found.reading("goods_sent").not_gathered == ()
    assert found.reading("goods_received").not_gathered == ("census_trade",)
    assert found.reading("goods_sent_share").not_gathered == ("world_bank",)
    assert values(found.reading("goods_sent")) == [None, None, None]


# --- Tariffs and acts -----------------------------------------------------------------------------------------------


def rate(population, value, start, end):
    """Return a tariff rate in force from a day to before another."""
    return number("tariffs", "tariff_rate", Interval(start, end), value, "percent", population=population)


def test_rates_are_those_in_force_on_the_last_day_their_source_speaks_of():
    end = date(2026, 7, 2)
    found = of_honduras(
        rate("s232 steel", 50, date(2025, 6, 4), end),
        rate("s232 autos", 25, date(2025, 4, 3), end),
        rate("s232 buses", 25, date(2025, 11, 1), end),
        rate("IEEPA reciprocal, EO 14326", 10, date(2025, 8, 7), date(2025, 8, 8)),
    )
    assert found.rates.day == date(2026, 7, 1)
    assert found.rates.by_rate == ((50, ("s232 steel",)), (25, ("s232 autos", "s232 buses")))


def test_rates_on_an_earlier_day_are_those_of_that_day():
    steel = rate("s232 steel", 50, date(2025, 6, 4), date(2026, 7, 2))
    buses = rate("s232 buses", 10, date(2025, 11, 1), date(2026, 7, 2))
    found = of_honduras(steel, buses, on=date(2025, 7, 1))
    assert (found.rates.day, found.rates.by_rate) == (date(2025, 7, 1), ((50, ("s232 steel",)),))


def test_a_country_without_rates_is_told_from_rates_not_gathered():
    abroad = replace(rate("s232 steel", 50, date(2025, 6, 4), date(2026, 7, 2)), country_code="GTM")
    assert (of_honduras(abroad).rates, of_honduras(abroad).has_rates) == (None, True)
    assert (of_honduras().rates, of_honduras().has_rates) == (None, False)


def test_decisions_are_the_newest_three_without_corrections_and_later_ones():
    days = [date(year, 6, 5) for year in (2016, 2017, 2018, 2023, 2027)]
    found = of_honduras(
        acts=[
            *(act("tps_extension", day) for day in days),
            act("tps_correction", date(2025, 1, 1)),
            act("tps_termination", date(2025, 7, 8), countries=("NIC",)),
        ]
    )
    assert [one.day.year for one in found.decisions] == [2023, 2018, 2017]
    assert (found.deals, found.has_deals) == ((), False)


# --- The page -------------------------------------------------------------------------------------------------------


def tariff(*statements, **values):
    """Return an instrument of coercion aimed at countries."""
    plain = {"id": "tariffs_as_lever", "family": "coercion", "country_role": CountryRole.TARGET}
    return make.instrument(*statements, scope=Scope.BY_COUNTRY, **plain | values)


THREAT = make.claim(
    1,
    "2024-11-25",
    modality=Modality.THREAT_CONDITIONAL,
    stage=Stage.THREATENED,
    instrument_id="tariffs_as_lever",
    demand={"en": "It stops <b>."},
    trigger={"en": "It does not stop."},
)
ANSWER = make.statement(2, "2025-02-03", instrument_id="tariffs_as_lever", partner_response="accepts")


def report(book, kind=Kind.COUNTRY, given=None, countries=("MEX",), language="en"):
    """Return an edition."""
    request = Request(kind=kind, clock=CLOCK, country_codes=countries, language=language)
    return edition.make(book, request, given)


def page(made):
    """Return the section of an edition as an element."""
    return markup.document_fromstring(render.html(made)).get_element_by_id("exposure")


def said(element):
    """Return the text of an element with single spaces."""
    return " ".join(element.text_content().split())


def test_without_gathered_data_the_levers_stand_and_every_figure_is_said_not_to_be_gathered():
    shown = page(report(make.book(tariff(THREAT, ANSWER))))
    (lever,) = shown.xpath('.//table[@class="levers"]/tbody/tr')
    told = said(lever)
    assert "R-0102" in told
    assert "Demand: It stops <b>.If: It does not stop. 25 Nov 2024 S-0001" in told
    assert "Accepts. text 3 Feb 2025 S-0002" in told
    assert "Projected: On a condition." in told
    rows = shown.xpath('.//table[@class="exposed"]/tbody/tr[not(@class)]')
    missing = [said(row) for row in rows if row.xpath("./td/b[text()='not gathered']")]
    assert len(missing) == len(rows) - 1 == 11
    assert "policydiff gather census_trade; policydiff gather world_bank" in missing[1]
    assert all("policydiff gather" in text for text in missing)


def test_figures_stand_with_their_year_and_source():
    given = gathered(*imports(2024), *imports(2016, 200), exports(2024, 4.8e9))
    shown = page(report(make.book(tariff()), given=given, countries=("HND",)))
    sent, share = shown.xpath('.//table[@class="exposed"]/tbody[1]/tr[not(@class)]')[:2]
    assert [said(cell) for cell in sent] == [
        "Goods sent to the United States million dollars",
        "2,400 2016",
        "1,200 2024",
        "none later",
        "The census trade, 1 Nov 2026",
    ]
    assert [said(cell) for cell in share][1:4] == ["no data", "25 2024", "none later"]


def test_an_answer_stands_once_and_those_on_other_measures_in_a_table_of_their_own():
    everywhere = make.statement(3, "2025-03-01", "GLOBAL", instrument_id="tariffs_as_lever", stage=Stage.IN_FORCE)
    flights = make.instrument(
        make.statement(4, "2025-02-05", instrument_id="removal_flights", partner_response="refuses"),
        id="removal_flights",
        number=2,
        family="removal",
    )
    view = section.build(report(make.book(tariff(THREAT, ANSWER, everywhere), flights)), EN)
    (country,) = view.countries
    assert [(lever.code, lever.area, [s.id for s in lever.answers]) for lever in country.levers] == [
        ("R-0102", "", ["S-0002"]),
        ("R-0101", "Worldwide", []),
    ]
    assert [(one.code, one.statement.id) for one in country.answers] == [("R-0202", "S-0004")]


def test_a_lever_of_which_nothing_is_known_is_named_apart():
    floated = make.statement(1, "2023-01-01", instrument_id="tariffs_as_lever")
    (country,) = section.build(report(make.book(tariff(floated))), EN).countries
    assert (country.levers, country.not_known) == ((), (("text", "R-0102"),))


def test_the_region_keeps_its_order_and_names_what_was_not_gathered():
    other = replace(THREAT, id="S-0005", country_codes=("HND",))
    given = gathered(*imports(2024, 1, country="GTM"), remittances(2024, 26.25))
    view = section.build(report(make.book(tariff(THREAT, other)), Kind.FULL, given, ()), EN)
    assert [row.name for row in view.rows] == ["Mexico", "Guatemala", "Honduras"]
    assert [column.id for column in view.columns] == ["goods_sent", "remittances_share"]
    assert [[cell.figure for cell in row.cells] for row in view.rows] == [
        ["no data", "no data"],
        ["12", "no data"],
        ["no data", "26.2"],
    ]
    assert view.not_gathered == (
        ("goods_sent_share", ("world_bank",)),
        ("aid_obligations", ("foreign_assistance",)),
        ("removals", ("ice_removals",)),
        ("decisions", ("tps_designations",)),
    )


def test_a_region_of_which_nothing_is_known_has_no_table():
    assert section.build(report(make.book(make.instrument()), Kind.FULL, countries=()), EN) is None


def test_hostile_titles_of_acts_are_text():
    deal = replace(act("trade_deal", date(2025, 11, 13), "tariffs"), title="<script>1</script>")
    shown = page(report(make.book(tariff()), given=gathered(acts=[deal]), countries=("HND",)))
    assert not shown.xpath(".//script")
    assert "13 Nov 2025: trade deal <script>1</script>" in said(shown)


@pytest.mark.parametrize("language", ["en", "es", "pt"])
def test_every_kind_with_the_section_can_be_made_in_every_language(book, language):
    given = gathered(
        *imports(2016, country="MEX"), rate("s232 steel", 50, date(2025, 6, 4), date(2026, 7, 2)), remittances(2024, 2)
    )
    for kind, countries in ((Kind.COUNTRY, ("HND", "MEX")), (Kind.FULL, ())):
        assert page(report(book, kind, given, countries, language)).xpath(".//table")


def test_the_figures_are_attached_as_they_are_printed(book):
    given = gathered(*imports(2024, 100.04), exports(2024, 4.8e9), acts=[act("tps_termination", date(2025, 7, 8))])
    made = report(book, given=given, countries=("HND",))
    files = {one.name: one.content for one in archive.attachments(made)}
    lines = list(csv.DictReader(io.StringIO(files["numbers.csv"].decode())))
    told = [
        (line["source_id"], line["measure"], line["start_date"], line["value"], line["unit"])
        for line in lines
        if line["kind"] == "exposure"
    ]
    assert told == [
        ("census_trade", "goods_sent", "2024-01-01", "1200.5", "usd_million"),
        ("census_trade;world_bank", "goods_sent_share", "2024-01-01", "25.0", "percent"),
    ]
    assert b"tps_termination 2025-07-08" in files["statements.json"]
