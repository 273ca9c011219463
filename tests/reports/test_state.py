"""How statements add up to a state on each side: one test for each rule, with a case on both sides of it."""

from dataclasses import replace
from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.state import Clock, cells, history
from sources.model import (
    EndedHow,
    Existence,
    Implementation,
    Legal,
    Letter,
    Modality,
    Presence,
    Side,
    SourceKind,
    Stage,
    StateBasis,
)
from tests.make import claim, instrument, search, source, statement

P, T, A, C, U = Presence
CLOCK = Clock(as_of=date(2026, 11, 24), on=date(2026, 11, 24), vintage=date(2025, 1, 19))


def cell(*statements, clock=CLOCK, country="MEX", searches=(), **values):
    """Return the cell of one country of an instrument with these statements."""
    made = cells(instrument(*statements, searches=searches, **values), clock)
    return next(one for one in made if one.country_code == country)


def presences(one):
    """Return the presence on first, bridge, projected and actual side and today."""
    return "".join((one.first, one.bridge, one.projected, one.actual, one.today)[n].presence for n in range(5))


def test_an_act_carries_forward_until_it_ends():
    assert presences(cell(statement(1, "2019-01-25", stage=Stage.IN_FORCE))) == "PPUPP"


def test_an_end_carries_to_a_single_day_but_not_into_a_term():
    one = cell(
        statement(1, "2019-01-25", stage=Stage.IN_FORCE),
        statement(2, "2021-06-01", stage=Stage.ENDED, ended_how=EndedHow.TERMINATED),
    )
    assert presences(one) == "PAUUA"
    assert one.bridge.ended_how is EndedHow.TERMINATED


def test_over_a_term_the_most_present_day_speaks_and_today_beside_it():
    one = cell(
        statement(1, "2025-02-01", stage=Stage.IN_FORCE),
        statement(2, "2026-02-20", stage=Stage.ENDED, ended_how=EndedHow.STRUCK_DOWN),
    )
    assert (one.actual.presence, one.today.presence) == (P, A)
    assert one.actual.since == date(2025, 2, 1)


def test_an_imprecise_date_takes_effect_on_its_last_day():
    made = statement(1, "2021-01", stage=Stage.IN_FORCE)
    assert presences(cell(made)) == "UPUPP"


def test_an_adopted_act_is_pending_until_its_effective_day():
    made = statement(1, "2020-12-01", stage=Stage.ADOPTED, effective=date(2021, 3, 1))
    assert presences(cell(made)) == "TPUPP"
    assert cell(statement(1, "2020-12-01", stage=Stage.ADOPTED)).first.presence is T


def test_a_fixed_term_expires_by_itself():
    made = statement(1, "2018-01-01", stage=Stage.IN_FORCE, holds_to=date(2019, 1, 1))
    one = cell(made)
    assert presences(one) == "PAUUA"
    assert one.bridge.ended_how is EndedHow.EXPIRED


def test_after_a_condition_that_may_have_been_met_the_state_is_unknown():
    made = statement(1, "2018-01-01", stage=Stage.IN_FORCE, holds_to=date(2019, 1, 1), is_unknown_after=True)
    assert presences(cell(made)) == "PUUUU"


@pytest.mark.parametrize("legal", [Legal.ENJOINED, Legal.VACATED])
def test_a_full_block_is_pending_until_it_is_lifted(legal):
    act = statement(1, "2025-02-01", stage=Stage.IN_FORCE)
    block = statement(2, "2025-03-01", legal=legal)
    assert cell(act, block).today.presence is T
    assert cell(act, block).actual.presence is P
    full = statement(5, "2025-02-01", implementation=Implementation.FULL)
    assert cell(act, full).today.implementation is None, "what was applied 21 months ago is no longer known"
    assert cell(act, full, replace(block, holds_from=act.holds_from)).today.implementation is Implementation.DORMANT
    lifted = statement(3, "2025-07-18", legal=Legal.PARTLY_ENJOINED)
    assert cell(act, block, lifted).today.presence is P
    applied = statement(4, "2025-08-01", implementation=Implementation.PARTIAL)
    assert cell(act, block, applied).today.presence is P


def test_a_suspended_act_is_pending_and_an_ended_one_absent():
    act = statement(1, "2019-11-21", stage=Stage.IN_FORCE)
    paused = statement(2, "2020-03-16", implementation=Implementation.DORMANT)
    assert cell(act, paused).bridge.presence is T
    resumed = statement(3, "2022-01-01", stage=Stage.IN_FORCE)
    assert cell(act, paused, resumed).bridge.presence is P


def test_signed_and_never_applied_is_pending_where_application_counts():
    made = statement(1, "2019-09-25", stage=Stage.IN_FORCE)
    assert cell(made, needs_application=True).first.presence is T
    used = statement(2, "2019-11-21", implementation=Implementation.PILOT)
    assert cell(made, used, needs_application=True).first.presence is P


def test_an_idea_floated_and_no_further_is_absent_a_pledge_is_pending():
    assert cell(statement(1, "2018-05-01", stage=Stage.FLOATED)).first.presence is A
    pledge = statement(1, "2018-05-01", stage=Stage.PLEDGED)
    assert cell(pledge).first.presence is T
    assert cell(replace(pledge, is_named=False)).first.presence is A


def test_an_intention_is_forgotten_after_twelve_months_and_never_lowers_an_act():
    threat = statement(1, "2019-05-30", stage=Stage.THREATENED)
    assert presences(cell(threat)) == "TUUUU"
    late = statement(1, "2024-06-01", stage=Stage.THREATENED)
    assert cell(late).bridge.presence is T
    act = statement(2, "2018-01-01", stage=Stage.IN_FORCE)
    assert cell(act, late).bridge.presence is P


def test_none_holds_for_its_own_days_and_a_term_needs_all_of_them():
    whole = statement(1, "2017-01-20", stage=Stage.NONE, holds_to=date(2021, 1, 20))
    part = statement(1, "2018-01-01", stage=Stage.NONE, holds_to=date(2019, 1, 1))
    assert cell(whole).first.presence is A
    assert cell(part).first.presence is U


def test_a_search_shows_absence_and_supports_it():
    alone = cell(searches=[search(Side.FIRST)])
    assert (alone.first.presence, alone.first.evidence, alone.bridge.presence) == (A, Letter.C, U)
    ended = statement(1, "2022-01-01", stage=Stage.ENDED, ended_how=EndedHow.EXPIRED)
    both = cell(ended, searches=[search(Side.BRIDGE)])
    assert both.bridge.evidence is Letter.C
    assert both.bridge.search_ids == ("Q-001",)


def test_a_search_of_a_side_stops_an_older_act_from_being_carried_into_it():
    act = statement(1, "2019-01-25", stage=Stage.IN_FORCE)
    assert cell(act, searches=[search(Side.BRIDGE, is_absence=False)]).bridge.presence is U
    later = statement(2, "2023-01-01", stage=Stage.IN_FORCE)
    assert cell(act, later, searches=[search(Side.BRIDGE, is_absence=False)]).bridge.presence is P


def test_what_a_search_stopped_does_not_come_back_in_a_later_period():
    act = statement(1, "2019-01-25", stage=Stage.IN_FORCE)
    vain = search(Side.BRIDGE, is_absence=False)
    assert presences(cell(act, searches=[vain])) == "PUUUU"
    again = statement(2, "2025-02-01", stage=Stage.IN_FORCE)
    assert cell(act, again, searches=[vain]).actual.statement_ids == ("S-0002",)
    between = statement(3, "2023-01-01", stage=Stage.IN_FORCE)
    assert presences(cell(act, between, searches=[vain])) == "PPUPP"


@pytest.mark.parametrize(
    ("modality", "stage", "is_negated", "expected"),
    [
        (Modality.PLEDGE, Stage.PLEDGED, False, P),
        (Modality.PLAN_REPORTED, Stage.PLEDGED, False, P),
        (Modality.PLAN_REPORTED, Stage.FLOATED, False, T),
        (Modality.THREAT_CONDITIONAL, Stage.THREATENED, False, T),
        (Modality.EXPECTATION_EXPERT, Stage.FLOATED, False, T),
        (Modality.INFERENCE_OURS, Stage.PLEDGED, False, T),
        (Modality.PLEDGE, Stage.PLEDGED, True, A),
        (Modality.PLEDGE, None, False, U),
    ],
)
def test_projected_presence_comes_from_the_voice(modality, stage, is_negated, expected):
    made = claim(1, "2024-11-21", modality, stage=stage, is_negated=is_negated)
    assert cell(made).projected.presence is expected


def test_a_threat_to_add_to_what_is_in_force_is_carried_not_stepped_down():
    act = statement(1, "2019-08-05", stage=Stage.IN_FORCE, level=3)
    threat = claim(2, "2024-11-01", Modality.THREAT_CONDITIONAL, stage=Stage.THREATENED)
    carried = cell(act, threat).projected
    assert (carried.presence, carried.basis, carried.level) == (P, StateBasis.CARRIED, None)
    assert carried.condition_ids == ("S-0002",)
    assert cell(threat).projected.presence is T


def test_a_plan_and_a_denial_contradict_each_other():
    plan = claim(1, "2024-11-01", stage=Stage.PLEDGED)
    denial = claim(2, "2024-12-01", stage=Stage.PLEDGED, is_negated=True)
    assert cell(plan, denial).projected.presence is C
    own_words = source(SourceKind.SPEAKER, 1, "speaker")
    assert cell(plan, replace(denial, disputes=("S-0001",), source=own_words)).projected.presence is A
    assert cell(replace(plan, source=own_words), replace(denial, disputes=("S-0001",))).projected.presence is P


def test_a_vintage_uses_only_what_was_said_by_then():
    plan = claim(1, "2024-11-21", stage=Stage.PLEDGED)
    assert cell(plan, clock=replace(CLOCK, vintage=date(2024, 11, 20))).projected.presence is U
    vague = claim(1, "2025-01", stage=Stage.PLEDGED)
    assert cell(vague).projected.presence is U
    assert cell(replace(vague, speaks_of_future=True, reviewer_note="so")).projected.presence is P


def test_two_clocks_a_fact_published_later_is_not_known_earlier():
    ruling = statement(1, "2026-06-30", legal=Legal.VACATED, source=source(published="2026-07"))
    act = statement(2, "2025-02-01", stage=Stage.IN_FORCE, source=source(published="2025-02-02"))
    before = Clock(as_of=date(2026, 7, 30), on=date(2026, 7, 30), vintage=CLOCK.vintage)
    assert cell(act, ruling, clock=before).today.presence is P
    assert cell(act, ruling, clock=replace(before, as_of=date(2026, 7, 31))).today.presence is T
    assert cell(act, ruling, clock=replace(CLOCK, on=date(2026, 6, 29))).today.presence is P


def test_a_correction_replaces_what_it_corrects_from_the_day_it_is_recorded():
    wrong = statement(1, "2019-01-25", stage=Stage.IN_FORCE)
    right = statement(2, "2019-01-25", stage=Stage.SIGNED, corrects="S-0001")
    assert cell(wrong, right).first.presence is T
    assert cell(wrong, right, clock=replace(CLOCK, as_of=date(2026, 11, 23))).first.presence is P


def test_a_dispute_is_a_contradiction_unless_something_settles_it():
    signed = statement(1, "2025-06-26", stage=Stage.SIGNED)
    denial = statement(2, "2025-06-27", stage=Stage.NONE, disputes=("S-0001",))
    assert cell(signed, denial).actual.presence is C
    text = statement(3, "2025-07-08", stage=Stage.SIGNED)
    assert cell(signed, denial, text).actual.presence is T
    official = source(SourceKind.OFFICIAL, 1, "state")
    settled = replace(signed, source=official, modality=Modality.FACT_OFFICIAL)
    assert cell(settled, denial).actual.presence is T


def test_universal_statements_are_inherited_one_letter_lower():
    act = statement(1, "2025-01-25", country="GLOBAL", stage=Stage.IN_FORCE, is_universal=True)
    about = statement(2, "2018-01-01", country="COL", partner_response="refuses")
    inherited = cell(act, about, country="COL").actual
    assert (inherited.presence, inherited.basis, inherited.evidence) == (P, StateBasis.INHERITED, Letter.D)
    named = replace(act, is_universal=False)
    assert cell(named, about, country="COL").actual.presence is U
    own = statement(3, "2025-01-26", country="COL", stage=Stage.THREATENED)
    assert cell(act, about, own, country="COL").actual.presence is T


def test_an_own_statement_blocks_an_inherited_one_only_for_the_time_it_speaks_of():
    act = statement(1, "2026-01-25", country="GLOBAL", stage=Stage.IN_FORCE, is_universal=True)
    threat = statement(2, "2025-02-01", country="COL", stage=Stage.THREATENED)
    assert cell(act, threat, country="COL").actual.presence is T
    over = replace(threat, holds_to=date(2025, 3, 1))
    assert cell(act, over, country="COL").actual.presence is P


def test_levels_in_dispute_are_no_level():
    act = statement(1, "2025-02-01", stage=Stage.IN_FORCE, level=2)
    other = statement(2, "2025-02-01", stage=Stage.IN_FORCE, level=3)
    assert cell(act, other).actual.level is None
    assert cell(act, other).actual.disputed_levels == (2, 3)


def test_what_has_run_out_no_longer_speaks_of_level_or_scope():
    old = statement(1, "2018-01-01", stage=Stage.IN_FORCE, level=4, scope={"countries": 3}, holds_to=date(2019, 1, 1))
    new = statement(2, "2025-02-01", stage=Stage.IN_FORCE)
    actual = cell(old, new).actual
    assert (actual.presence, actual.level, actual.scope) == (P, None, {})


def test_history_draws_every_change_of_presence():
    made = instrument(
        statement(1, "2019-01-25", stage=Stage.IN_FORCE),
        statement(2, "2021-06-01", stage=Stage.ENDED, ended_how=EndedHow.TERMINATED),
        statement(3, "2025-01-21", stage=Stage.IN_FORCE),
    )
    runs = history(made, "MEX", None, CLOCK)
    assert [(run.presence, run.start) for run in runs] == [
        (U, date(2017, 1, 20)),
        (P, date(2019, 1, 25)),
        (A, date(2021, 6, 1)),
        (P, date(2025, 1, 21)),
    ]
    assert all(one.end == two.start for one, two in pairwise(runs))


# --- Properties over random statements --------------------------------------------------------------------------

DAYS = st.dates(date(2016, 1, 1), date(2026, 6, 1)).map(date.isoformat)
GROUPS = st.sampled_from(["press", "agency", "institute"])
SOURCES = st.builds(source, st.sampled_from([SourceKind.NEWS, SourceKind.RESEARCH]), st.just(2), GROUPS)


@st.composite
def observed(draw, number, *, with_ends=True):
    """Draw an observed statement with a stage, a court's decision or an application."""
    stages = [Stage.FLOATED, Stage.PLEDGED, Stage.THREATENED, Stage.SIGNED, Stage.ADOPTED, Stage.IN_FORCE]
    stage = draw(st.sampled_from([None, *stages, *([Stage.ENDED, Stage.NONE] if with_ends else [])]))
    return statement(
        number,
        draw(DAYS),
        stage=stage,
        ended_how=EndedHow.TERMINATED if stage is Stage.ENDED else None,
        legal=draw(st.sampled_from([None, None, *Legal])),
        implementation=draw(st.sampled_from([None, None, *Implementation])),
        source=draw(SOURCES),
    )


@st.composite
def projected(draw, number):
    """Draw a projected statement."""
    plans = [Modality.PLEDGE, Modality.PLAN_REPORTED, Modality.THREAT_CONDITIONAL, Modality.EXPECTATION_EXPERT]
    day = draw(st.dates(date(2024, 1, 1), date(2025, 1, 19))).isoformat()
    return claim(number, day, draw(st.sampled_from(plans)), stage=draw(st.sampled_from([Stage.PLEDGED, None])))


@st.composite
def some_statements(draw, *, start=1, with_ends=True):
    """Draw up to eight statements about one country."""
    count = draw(st.integers(1, 8))
    makers = st.integers(0, 3)
    return [
        draw(projected(start + n)) if draw(makers) == 0 else draw(observed(start + n, with_ends=with_ends))
        for n in range(count)
    ]


@settings(max_examples=300, deadline=None)
@given(some_statements(), st.randoms())
def test_the_order_of_statements_does_not_matter(statements, random):
    shuffled = list(statements)
    random.shuffle(shuffled)
    assert cell(*statements) == cell(*shuffled)


@settings(max_examples=300, deadline=None)
@given(some_statements(), some_statements(start=20, with_ends=False))
def test_more_evidence_never_makes_a_known_side_unknown(statements, more):
    """An end or a "there was none" is news of the world, not more evidence, and is left out (vocabulary)."""
    before, after = cell(*statements), cell(*statements, *more)
    for side in Side:
        if getattr(before, side).presence is not U:
            assert getattr(after, side).presence is not U


@settings(max_examples=200, deadline=None)
@given(some_statements())
def test_a_state_known_says_on_what_it_rests(statements):
    one = cell(*statements)
    for side in Side:
        state = getattr(one, side)
        assert (state.presence is U) == (not state.statement_ids)
        assert (state.evidence is Letter.U) == (state.presence is U)


@settings(max_examples=200, deadline=None)
@given(some_statements(), some_statements(start=20))
def test_adding_a_source_never_drops_a_row(statements, more):
    before = {(c.country_code, c.component) for c in cells(instrument(*statements), CLOCK)}
    after = {(c.country_code, c.component) for c in cells(instrument(*statements, *more), CLOCK)}
    assert before <= after


def test_existence_is_a_closed_list():
    assert len(Existence) == 18
