"""The sections of pictures: what each shows for which report, and what it leaves out and says so."""

from dataclasses import replace
from datetime import date

import pytest

from reports import edition, render
from reports.edition import Kind, Request
from reports.language import Language
from reports.sections import levels, region_map, shares, sheets, threats
from sources.model import Basis, Modality, Quantity, Scope, Stage
from tests import make
from tests.reports.test_charts import elements, read, texts

EN = Language("en")
PLEDGED = {"stage": Stage.PLEDGED}


def coerced(number, when="2019-05-30", **values):
    """Return a statement that a threat was made, by way of a number and more."""
    return make.statement(number, when, **{"stage": Stage.THREATENED, **values})


def a_report(clock, *instruments, kind=Kind.FULL, countries=()):
    """Return an edition of these instruments alone."""
    request = Request(kind=kind, clock=clock, country_codes=countries)
    return edition.make(make.book(*instruments), request)


def in_force(number, when, country, level=None, **values):
    """Return a statement that the instrument is in force in a country, and goes on unless said otherwise."""
    return make.statement(number, when, country=country, stage=Stage.IN_FORCE, level=level, **values)


# What nobody knows any more after the first term.
FORGOTTEN = {"holds_to": date(2019, 6, 1), "is_unknown_after": True}


# --- The map ------------------------------------------------------------------------------------------------------


def test_the_map_of_a_full_report_has_a_sign_for_every_row(book, clock):
    made = edition.make(book, Request(kind=Kind.FULL, clock=clock))
    view = region_map.build(made, EN)
    assert view.is_counted
    assert [one.caption for one in view.maps] == ["First term against projection", "First term against outcome"]
    actual = view.maps[1].drawn
    assert "Mexico: New 1, Reinstated 1, Continued or present in both terms 2" in read(actual)[1].text
    signs = [p for p in elements(actual, "path") if p.getparent().get("transform")]
    lines = [p for p in signs if p.get("fill") == "none" and p.get("stroke")]
    drawn = sum(p.get("d").count("M") for p in lines)
    assert drawn == len(made.rows) / 3
    assert dict(view.codes)["MEX"] == "Mexico"
    assert "REGION" not in dict(view.codes)


def test_the_map_of_one_instrument_shows_its_headlines(clock):
    first, second = in_force(1, "2018-02-01", "MEX"), in_force(2, "2025-02-01", "MEX")
    other = in_force(3, "2025-02-01", "GTM")
    made = a_report(clock, make.instrument(first, second, other, searches=[make.search(country="GTM")]))
    view = region_map.build(made, EN)
    assert not view.is_counted
    assert [word for _, word in view.legend] == ["New", "Continued or present in both terms", "Not known"]
    assert "Guatemala: New 1" in read(view.maps[1].drawn)[1].text


def test_a_map_of_fewer_than_two_known_places_is_left_out(clock):
    alone = make.instrument(in_force(1, "2018-02-01", "MEX"), in_force(2, "2025-02-01", "MEX"))
    assert region_map.build(a_report(clock, alone), EN) is None
    unknown = make.instrument(
        in_force(1, "2018-02-01", "MEX", **FORGOTTEN), in_force(2, "2018-02-01", "GTM", **FORGOTTEN)
    )
    assert region_map.build(a_report(clock, unknown), EN) is None


def test_a_brief_counts_its_rows_in_two_bars(book, clock):
    made = edition.make(book, Request(kind=Kind.BRIEF, clock=clock))
    view = shares.build(made, EN)
    counted = sum(int(text) for text in texts(view.bars) if text.isdigit())
    assert 0.95 * len(made.rows) * 2 / 3 < counted <= len(made.rows) * 2 / 3
    assert "Not known 35" in read(view.bars)[1].text
    alone = make.instrument(in_force(1, "2018-02-01", "MEX"))
    assert shares.build(a_report(clock, alone, kind=Kind.BRIEF), EN) is None


# --- Levels -------------------------------------------------------------------------------------------------------


def test_levels_stand_in_their_columns_and_those_not_stated_at_the_side(clock):
    first, second = in_force(1, "2018-02-01", "MEX", level=2), in_force(2, "2025-02-01", "MEX", level=4)
    plan = make.claim(3, "2024-11-01", **PLEDGED)
    view = levels.build(a_report(clock, make.instrument(first, second, plan)), EN)
    ((family, (line,)),) = view.families
    assert (family, line.place, line.code) == ("Asylum", "Mexico", "R-0102")
    assert read(line.steps)[0].text == (
        "First term · observed: In force, Level 2; Second term · projected: Planned, Level not stated; "
        "Second term · actual: In force, Level 4"
    )
    assert view.left_out == 0


def test_a_row_without_any_level_is_left_out_and_counted(clock):
    with_levels = (in_force(1, "2018-02-01", "MEX", level=2), in_force(2, "2025-02-01", "MEX", level=4))
    view = levels.build(a_report(clock, make.instrument(*with_levels, in_force(3, "2018-02-01", "GTM"))), EN)
    assert [line.code for _, lines in view.families for line in lines] == ["R-0102"]
    assert view.left_out == 1


def test_what_is_not_known_has_a_question_mark_and_an_instrument_without_countries_no_place(clock):
    statement = make.statement(1, "2018-02-01", country="REGION", stage=Stage.IN_FORCE, level=3, **FORGOTTEN)
    other = replace(in_force(2, "2018-02-01", "REGION", level=2), instrument_id="another")
    second = make.renamed(make.instrument(other, scope=Scope.DOMESTIC), "another", 2)
    view = levels.build(a_report(clock, make.instrument(statement, scope=Scope.DOMESTIC), second), EN)
    ((_, lines),) = view.families
    assert [line.place for line in lines] == ["", ""]
    assert texts(lines[0].steps) == ["?", "?"]


def test_one_stated_level_is_not_enough_to_compare(clock):
    alone = make.instrument(in_force(1, "2018-02-01", "MEX", level=2, **FORGOTTEN))
    assert levels.build(a_report(clock, alone), EN) is None


def test_a_country_report_draws_region_wide_rows_beside_its_own(book, clock):
    made = edition.make(book, Request(kind=Kind.COUNTRY, clock=clock, country_codes=("GTM",)))
    codes = {line.code for _, lines in levels.build(made, EN).families for line in lines}
    assert {"R-0203", "R-0700"} <= codes
    assert not {code for code in codes if code.endswith("02")}


# --- Threats ------------------------------------------------------------------------------------------------------


def lever(*statements, **values):
    """Return an instrument of coercion."""
    return make.instrument(*statements, family="coercion", **values)


def test_a_threat_has_its_step_and_its_newest_conditions(clock):
    conditions = [
        make.claim(
            number,
            f"2024-{number + 8:02d}-01",
            modality=Modality.THREAT_CONDITIONAL,
            stage=Stage.THREATENED,
            trigger={"en": f"reason {number}"},
            demand={"en": "a demand"},
        )
        for number in (1, 2, 3)
    ]
    again = replace(conditions[2], id="S-0009")
    first, second = coerced(4), coerced(5, "2025-02-01", stage=Stage.IN_FORCE)
    view = threats.build(a_report(clock, lever(*conditions, again, first, second)), EN)
    ((place, (line,)),) = view.places
    assert place == "Mexico"
    assert [s.trigger["en"] for s in line.conditions] == ["reason 3", "reason 2"], "one wording stands once"
    assert line.more == 1
    assert read(line.steps)[0].text == (
        "First term · observed: Threatened, not in force; Second term · projected: On a condition; "
        "Second term · actual: In force"
    )


def test_a_measure_that_has_ended_keeps_its_mark_and_gets_a_cross(clock):
    ended = make.statement(3, "2026-02-01", stage=Stage.ENDED, ended_how="withdrawn")
    view = threats.build(a_report(clock, lever(coerced(1), coerced(2, "2025-02-01", stage=Stage.IN_FORCE), ended)), EN)
    ((_, (line,)),) = view.places
    assert read(line.steps)[0].text.endswith("Second term · actual: In force; Today: Ended: withdrawn")
    assert [p for p in elements(line.steps, "path") if "l4.8 4.8" in p.get("d")]


def test_an_absence_shown_by_a_search_is_the_lowest_step_and_silence_is_none(clock):
    searched = lever(coerced(1, "2025-02-01"), searches=[make.search()])
    ((_, (line,)),) = threats.build(a_report(clock, searched), EN).places
    assert texts(line.steps) == ["?"], "nothing is known of the projection alone"
    assert threats.build(a_report(clock, lever(coerced(1, "2025-02-01"))), EN) is None


def test_only_coercion_that_is_aimed_at_countries_has_a_ladder(clock):
    both = (coerced(1), coerced(2, "2025-02-01"))
    assert threats.build(a_report(clock, make.instrument(*both)), EN) is None
    assert threats.build(a_report(clock, lever(*both, scope=Scope.DOMESTIC)), EN) is None
    assert threats.build(a_report(clock, lever(*both)), EN) is not None


def test_a_row_of_which_no_step_is_known_is_left_out_and_counted(clock):
    silent = make.statement(3, "2018-02-01", country="GTM", authority="a law")
    view = threats.build(a_report(clock, lever(coerced(1), coerced(2, "2025-02-01"), silent)), EN)
    assert [place for place, _ in view.places] == ["Mexico"]
    assert view.left_out == 1


# --- Numbers of a sheet -------------------------------------------------------------------------------------------


def counted(number, when="2019-06-01", basis=Basis.OBSERVED, measure="people_returned", **values):
    """Return a statement with a number of people."""
    quantity = Quantity(measure=measure, unit="count", unit_of_count="people", **values)
    return make.statement(number, when, basis=basis, quantity=quantity, stage=Stage.IN_FORCE)


def test_figures_of_one_measure_stand_together_on_one_scale(clock):
    other = counted(2, measure="people_granted_relief", value=641)
    made = a_report(clock, make.instrument(counted(1, value=68000, qualifier="about"), other, counted(3, value=71036)))
    rows = sheets.build(made, EN).sheets[0].numbers
    assert [row.statement.id for row in rows] == ["S-0001", "S-0003", "S-0002"]
    assert [row.strip is not None for row in rows] == [True, True, False]
    assert read(rows[0].strip)[0].text == "people returned: about 68,000 people, on a scale from zero to 100,000"


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"value": 5, "qualifier": "at_least"}, (5, None, False, False)),
        ({"value": 5, "qualifier": "up_to"}, (None, 5, False, False)),
        ({"value": 5, "qualifier": "about"}, (5, 5, True, False)),
        ({"value": 5, "qualifier": "planned"}, (5, 5, False, True)),
        ({"value": 5, "basis": Basis.PROJECTED}, (5, 5, False, True)),
        ({"low": 5, "high": 9, "qualifier": "up_to"}, (5, 9, False, False)),
        ({"high": 9, "qualifier": "at_most"}, (None, 9, False, False)),
    ],
)
def test_a_qualified_figure_is_drawn_as_it_is_qualified(values, expected):
    s = counted(1, **values)
    drawn = sheets._amount(s, s.quantity)
    assert (drawn.low, drawn.high, drawn.is_loose, drawn.is_plan) == expected


# --- The page -----------------------------------------------------------------------------------------------------


def test_pictures_have_a_caption_a_source_and_the_day_in_every_report_that_shows_them(book, clock):
    requests = {
        Kind.FULL: Request(kind=Kind.FULL, clock=clock),
        Kind.COUNTRY: Request(kind=Kind.COUNTRY, clock=clock, country_codes=("VEN",)),
        Kind.INSTRUMENT: Request(kind=Kind.INSTRUMENT, clock=clock, instrument_ids=("tariffs_as_lever",)),
        Kind.BRIEF: Request(kind=Kind.BRIEF, clock=clock),
    }
    shown = {
        Kind.FULL: {"region_map", "levels", "threats"},
        Kind.COUNTRY: {"levels", "threats"},
        Kind.INSTRUMENT: {"region_map", "levels", "threats"},
        Kind.BRIEF: {"shares"},
    }
    for kind, request in requests.items():
        page = render.html(edition.make(book, request))
        for name in ("region_map", "levels", "threats", "shares"):
            assert (f'<section id="{name}"' in page) is (name in shown[kind]), (kind, name)
            if name in shown[kind]:
                section = page.split(f'<section id="{name}"')[1].split("</section>")[0]
                assert "<caption>" in section or "<figure>" in section
                assert "ource: the rows of this report" in section
                assert "as of 24 November 2026" in section


def test_every_code_in_a_picture_leads_to_its_sheet(book, clock):
    made = edition.make(book, Request(kind=Kind.COUNTRY, clock=clock, country_codes=("VEN",)))
    own = {row.cell_code for row in made.rows}
    page = render.html(made)
    for _, lines in levels.build(made, EN).families:
        for line in lines:
            assert (f'href="#{line.code}"' in page) is (line.code in own)
