"""What a statement would change, alone: the same rows as a whole comparison with it, the most consequential first."""

from dataclasses import replace
from datetime import date

import pytest

from reports.comparison import compare_codebook
from reports.consequences import Effect, consequences, effect
from reports.state import Clock
from sources.model import Modality, Stage
from tests.make import book, claim, instrument, renamed, source, statement

CLOCK = Clock(as_of=date(2026, 11, 24), on=date(2026, 11, 24), vintage=date(2025, 1, 19))
FIRST = statement(1, "2018-01-01", stage=Stage.IN_FORCE, level=2)
ENDED = statement(2, "2021-02-01", stage=Stage.ENDED, ended_how="terminated")
SECOND = statement(3, "2025-02-01", stage=Stage.IN_FORCE, level=2)


def of(given, added):
    """Return what one statement would change."""
    return consequences(given, {"P-1": added}, CLOCK)["P-1"]


def by_code(changes):
    """Return (before, after) by the suffix of a row's code."""
    return {change.code[-1]: (change.before, change.after) for change in changes}


def test_a_new_headline_is_found_and_stands_first():
    given = book(instrument(FIRST, ENDED))
    changes = of(given, SECOND)
    assert by_code(changes)["a"] == ("unknown_second", "reinstated, unchanged")
    assert (changes[0].effect, effect(changes)) == (Effect.HEADLINE, Effect.HEADLINE)
    assert "existence" in changes[0].aspects
    assert "actual presence" in changes[0].aspects
    assert str(changes[0]) == "R-0102a: unknown_second -> reinstated, unchanged"
    assert given == book(instrument(FIRST, ENDED)), "the codebook is not touched"


def test_a_new_cell_is_a_new_headline():
    changes = of(book(instrument(FIRST)), replace(SECOND, country_codes=("GTM",)))
    assert {(change.country_code, change.before) for change in changes} == {("GTM", None)}
    assert str(changes[0]).startswith("R-0103a: no row -> unknown_first")


@pytest.mark.parametrize(
    ("added", "expected"),
    [
        (statement(4, "2025-03-01", stage=Stage.IN_FORCE, level=3), Effect.HEADLINE),
        (statement(4, "2025-03-01", stage=Stage.IN_FORCE), Effect.EVIDENCE),
        (statement(4, "2025-02-01", legal="in_litigation"), Effect.STATE),
        (claim(4, "2024-12-01", stage=Stage.PLEDGED), Effect.HEADLINE),
        (statement(4, "2025-02-01", partner_response="accepts"), Effect.NOTHING),
        (statement(4, "2025-02-01", stage=Stage.IN_FORCE, source=source(group="other"), level=2), Effect.EVIDENCE),
        (statement(4, "2027-01-01", stage=Stage.ENDED, source=source(published="2027-01-01")), Effect.NOTHING),
    ],
)
def test_the_effect_is_the_greatest_of_its_rows(added, expected):
    assert effect(of(book(instrument(FIRST, ENDED, SECOND)), added)) is expected


def test_an_outcome_alone_is_a_state():
    given = book(instrument(FIRST, ENDED, SECOND, claim(5, "2024-12-01", stage=Stage.PLEDGED, level=2)))
    threat = claim(6, "2024-12-01", Modality.THREAT_CONDITIONAL, stage=Stage.THREATENED, condition_met=False)
    changes = of(given, threat)
    assert effect(changes) is Effect.STATE
    assert any("outcome" in change.aspects for change in changes)


def test_a_successor_changes_the_row_of_its_predecessor():
    none = statement(7, "2021-02-01", stage=Stage.NONE, holds_to=date(2027, 1, 1))
    old = instrument(FIRST, none, successors=("new",))
    new = renamed(instrument(), "new", 2)
    changes = of(book(old, new), replace(SECOND, instrument_id="new"))
    assert by_code([c for c in changes if c.instrument_id == "an_instrument"])["a"] == ("discontinued", "replaced")


def test_the_rows_are_those_of_a_whole_comparison(book, rows, clock):
    changed_id = "removal_flights"
    given = book.instrument(changed_id)
    added = replace(given.statements[0], id="L-0000000001", country_codes=("BRA",))
    found = {c.code: c.after for c in consequences(book, {"P-1": added}, clock)["P-1"]}
    whole = replace(
        book,
        instruments=tuple(
            replace(i, statements=(*i.statements, added)) if i.id == changed_id else i for i in book.instruments
        ),
    )
    before = {row.code: row for row in rows}
    after = {row.code: row for row in compare_codebook(whole, clock)}
    differing = {c for c, row in after.items() if c not in before or row.change != before[c].change}
    assert differing
    assert differing <= found.keys()
    assert {code[:4] for code in found} == {f"R-{given.number:02d}"}
