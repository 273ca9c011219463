"""The shipped instruments: nothing of the evidence lost, every known side judged, and the core reads right."""

import re
from collections import Counter

import pytest

from reports.projection import Claim
from reports.state import cells
from sources.model import Comparison, Existence, Note, Outcome, Presence, Side, StateBasis
from tests.conftest import read_csv

P, T, A, C, U = Presence


def row_of(rows, instrument_id, country, comparison=Comparison.FIRST_VS_PROJECTED):
    """Return one row."""
    return next(
        row
        for row in rows
        if (row.instrument.id, row.country_code, row.comparison) == (instrument_id, country, comparison)
    )


# --- Nothing lost -----------------------------------------------------------------------------------------------


def test_every_instrument_is_there(book, evidence):
    expected = [line["instrument_id"] for line in read_csv(evidence / "instrument_ids.csv")]
    assert [instrument.id for instrument in book.instruments] == expected


def test_every_row_of_the_evidence_is_a_statement_or_left_out_with_a_reason(book, evidence):
    lines = read_csv(evidence / "evidence.csv")
    coded = {int(statement_id[2:6]) for statement_id in book.statements}
    left_out = {row: reason for instrument in book.instruments for row, reason in instrument.left_out.items()}
    assert {int(line["row"]) for line in lines} <= coded | left_out.keys()
    assert all(len(reason) > 10 for reason in left_out.values())


def with_lines(book, evidence):
    """Return the statements that rest on a line of the evidence base, each with its line."""
    lines = {int(line["row"]): line for line in read_csv(evidence / "evidence.csv")}
    return [(s, lines[int(s.id[2:6])]) for s in book.statements.values() if int(s.id[2:6]) in lines]


def test_statements_carry_the_hash_and_address_of_their_passage(book, evidence):
    for statement, line in with_lines(book, evidence):
        assert statement.quote_sha256 == line["quote_sha256"], statement.id
        assert statement.source.url == line["source_url"], statement.id
        assert statement.source.title == line["source_title"], statement.id


def test_numbers_are_those_of_the_evidence(book, evidence):
    for statement, line in with_lines(book, evidence):
        given = line["value"]
        if statement.quantity is None or statement.quantity.value is None or not re.fullmatch(r"-?[\d.]+", given):
            continue
        if len(statement.id) == 6:
            assert statement.quantity.value == float(given), statement.id


def test_every_search_and_conflict_is_kept(book, evidence):
    searches = {search.id for instrument in book.instruments for search in instrument.searches}
    assert searches == {f"Q-{n:03d}" for n in range(1, len(read_csv(evidence / "searches.csv")) + 1)}
    conflicts = {c.id for instrument in book.instruments for c in instrument.contradictions}
    assert conflicts == {line["conflict_id"] for line in read_csv(evidence / "conflicts.csv")}


def test_texts_are_our_own_words(book, evidence):
    """No statement repeats a sentence of the evidence base."""
    lines = {line["statement"].strip().rstrip(".").casefold() for line in read_csv(evidence / "evidence.csv")}
    assert [s.id for s in book.statements.values() if s.text["en"].rstrip(".").casefold() in lines] == []


# --- Coded twice ------------------------------------------------------------------------------------------------


def test_the_computed_presence_is_the_one_two_coders_settled_on(book, clock):
    """Status is computed from dated events; the coders' judgement checks it and never feeds it."""
    wrong = []
    for instrument in book.instruments:
        computed = {(cell.country_code, cell.component): cell for cell in cells(instrument, clock)}
        for coding in instrument.codings:
            for code in coding.country_codes:
                state = getattr(computed[code, coding.component], coding.side)
                if state.presence is not coding.presence:
                    wrong.append((instrument.id, code, coding.side, state.presence, coding.presence))
    assert wrong == []


def test_every_known_side_has_a_coding(book, clock):
    missing = []
    for instrument in book.instruments:
        coded = {(code, c.component, c.side) for c in instrument.codings for code in c.country_codes}
        for cell in cells(instrument, clock):
            for side in Side:
                is_known = getattr(cell, side).presence is not U
                if is_known and (cell.country_code, cell.component, side) not in coded:
                    missing.append((instrument.id, cell.country_code, cell.component, side))
    assert missing == []


# --- The subject's core -----------------------------------------------------------------------------------------


def test_remain_in_mexico_is_reinstated(rows):
    for comparison in (Comparison.FIRST_VS_PROJECTED, Comparison.FIRST_VS_ACTUAL):
        row = row_of(rows, "migrant_protection_protocols", "MEX", comparison)
        assert row.change.existence is Existence.REINSTATED
        assert row.bridge.presence is A


def test_first_term_figures_of_remain_in_mexico_stand_side_by_side(book):
    disputes = {c.id: c for c in book.instrument("migrant_protection_protocols").contradictions}
    values = " ".join(value.value["en"] for value in disputes["C01"].values)
    assert "68,000" in values
    assert "71,036" in values


@pytest.mark.parametrize("country", ["HND", "SLV"])
def test_agreements_signed_and_never_used_are_not_called_reinstated(rows, country):
    row = row_of(rows, "asylum_cooperative_agreements", country)
    assert row.first.presence is T
    assert row.change.existence is not Existence.REINSTATED


def test_the_agreement_with_guatemala_is_contradictory_and_the_one_with_honduras_settled(rows):
    guatemala = row_of(rows, "asylum_cooperative_agreements", "GTM", Comparison.FIRST_VS_ACTUAL)
    honduras = row_of(rows, "asylum_cooperative_agreements", "HND", Comparison.FIRST_VS_ACTUAL)
    assert guatemala.actual.presence is C
    assert guatemala.change.existence is Existence.CONTRADICTORY
    assert honduras.actual.presence is P


def test_sanctions_on_venezuela_are_carried_with_the_threat_as_a_condition(book, rows):
    row = row_of(rows, "country_sanctions", "VEN")
    assert (row.first.presence, row.bridge.presence, row.projected.basis) == (P, P, StateBasis.CARRIED)
    assert row.change.existence is Existence.CONTINUED
    assert row.projected.condition_ids
    assert any(book.statements[i].trigger for i in row.projected.condition_ids)


def test_tariffs_on_mexico_were_pending_and_not_present_in_the_first_term(rows):
    row = row_of(rows, "tariffs_as_lever", "MEX")
    assert row.first.presence is T
    assert row.change.existence is Existence.PENDING_REALISED


def test_silence_of_the_projection_is_unknown_never_discontinued(rows):
    silent = [row for row in rows if row.projected.presence is U and row.comparison is Comparison.FIRST_VS_PROJECTED]
    assert silent
    assert {row.change.existence for row in silent} <= {Existence.UNKNOWN_SECOND, Existence.UNKNOWN_BOTH}


def test_partners_answers_stand_apart_from_the_us_instrument(book, rows):
    reception = row_of(rows, "returnee_reception", "MEX")
    assert reception.instrument.is_partner_act
    answers = [s for s in book.statements.values() if s.partner_response and s.instrument_id != "returnee_reception"]
    assert answers


def test_beside_each_projection_stands_what_happened(rows):
    for row in rows:
        if row.claims:
            assert isinstance(row.claims[0], Claim)
            assert row.outcome is not Outcome.NO_PROJECTION
            assert [claim.outcome for claim in row.claims] == sorted(
                (claim.outcome for claim in row.claims), key=list(Outcome).index
            )


def test_codes_are_unique_and_shared_by_the_three_comparisons(rows):
    assert len({row.code for row in rows}) == len(rows)
    assert set(Counter(row.cell_code for row in rows).values()) == {3}


def test_what_ended_in_the_term_says_so(rows):
    tariff = row_of(rows, "tariffs_as_lever", "MEX", Comparison.FIRST_VS_ACTUAL)
    assert Note.SINCE_ENDED in tariff.change.notes
    assert tariff.outcome is Outcome.REVERSED
