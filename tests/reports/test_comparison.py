"""The change rules, over every combination of inputs: exactly one label, symmetric, deterministic."""

import itertools
from dataclasses import replace

import pytest

from reports.comparison import BOTH_PRESENT, MIRROR, Lineage, compare
from reports.state import State
from sources.model import (
    UNKNOWN_STATE,
    Degree,
    Direction,
    Existence,
    Letter,
    Note,
    Presence,
)

P, T, A, C, U = Presence
SCOPES = ({}, {"countries": 1, "penalty": 1}, {"countries": 2, "penalty": 0}, {"countries": 2, "penalty": 1})


def state(presence, level=None, evidence=Letter.B, scope=None, measured="people"):
    letter = Letter.U if presence is U else evidence
    return State(presence=presence, level=level, evidence=letter, scope=scope or {}, measured=measured)


STATES = [
    state(presence, level, evidence, scope)
    for presence, level, evidence, scope in itertools.product(Presence, (None, 1, 2, 4), (Letter.A, Letter.D), SCOPES)
]
BRIDGES = [state(presence) for presence in Presence]
LINEAGES = (Lineage(), Lineage(predecessor="before", successor="after"))


def every_combination():
    for before, after in itertools.product(STATES, STATES):
        for bridge in BRIDGES:
            yield before, after, bridge


def test_every_combination_has_one_label_a_mirror_and_a_certainty():
    count = 0
    for before, after, bridge in every_combination():
        change = compare(before, after, bridge)
        swapped = compare(after, before, bridge)
        count += 1
        assert swapped.existence is MIRROR.get(change.existence, change.existence)
        assert (change.degree is None) == (change.existence not in BOTH_PRESENT)
        if change.degree in (Degree.EXPANDED, Degree.NARROWED):
            assert {change.degree, swapped.degree} == {Degree.EXPANDED, Degree.NARROWED}
        else:
            assert change.degree == swapped.degree
        flips = {Direction.MORE: Direction.LESS, Direction.LESS: Direction.MORE}
        assert swapped.direction is flips.get(change.direction, change.direction)
        assert change.magnitude == swapped.magnitude
        assert change.magnitude is None or 1 <= change.magnitude <= 4
        assert change.evidence >= max(before.evidence, after.evidence)
        assert compare(before, after, bridge) == change
    assert count > 50_000


def test_lineage_mirrors_too():
    for presence in Presence:
        bridge = state(presence)
        begun = compare(state(A), state(P, 3), bridge, lineage=LINEAGES[1])
        gone = compare(state(P, 3), state(A), bridge, lineage=LINEAGES[1])
        assert (begun.existence, gone.existence) == (Existence.REPLACES, Existence.REPLACED)
        assert begun.magnitude == gone.magnitude == 3


def test_a_side_against_itself_never_changes():
    allowed = {
        Existence.CONTINUED,
        Existence.REINSTATED,
        Existence.PRESENT_BOTH,
        Existence.CONTRADICTORY,
        Existence.ABSENT_BOTH,
        Existence.PENDING_UNCHANGED,
        Existence.UNKNOWN_BOTH,
    }
    for one, bridge in itertools.product(STATES, BRIDGES):
        change = compare(one, one, bridge)
        assert change.existence in allowed
        assert change.degree in (None, Degree.UNCHANGED, Degree.DEGREE_UNKNOWN)
        assert change.magnitude is None


@pytest.mark.parametrize(
    ("before", "bridge", "after", "expected"),
    [
        (U, P, P, Existence.UNKNOWN_FIRST),
        (P, P, U, Existence.UNKNOWN_SECOND),
        (U, U, U, Existence.UNKNOWN_BOTH),
        (C, P, U, Existence.UNKNOWN_SECOND),
        (C, P, P, Existence.CONTRADICTORY),
        (A, A, A, Existence.ABSENT_BOTH),
        (A, A, T, Existence.PENDING_NEW),
        (T, A, T, Existence.PENDING_UNCHANGED),
        (T, A, A, Existence.PENDING_DROPPED),
        (T, A, P, Existence.PENDING_REALISED),
        (P, A, T, Existence.STEPPED_DOWN_TO_PENDING),
        (A, A, P, Existence.NEW),
        (P, A, A, Existence.DISCONTINUED),
        (P, P, P, Existence.CONTINUED),
        (P, A, P, Existence.REINSTATED),
        (P, T, P, Existence.REINSTATED),
        (P, U, P, Existence.PRESENT_BOTH),
        (P, C, P, Existence.PRESENT_BOTH),
    ],
)
def test_decision_order(before, bridge, after, expected):
    assert compare(state(before), state(after), state(bridge)).existence is expected


def test_different_units_are_not_compared():
    change = compare(state(P, 2), state(P, 3, measured="cases"), state(P))
    assert change.existence is Existence.NOT_COMPARABLE
    assert change.magnitude is None
    assert change.direction is Direction.NOT_APPLICABLE


@pytest.mark.parametrize(
    ("before", "after", "degree", "direction", "magnitude"),
    [
        (state(P, 2), state(P, 3), Degree.EXPANDED, Direction.MORE, 2),
        (state(P, 4), state(P, 2), Degree.NARROWED, Direction.LESS, 3),
        (state(P, 2), state(P, 2), Degree.UNCHANGED, Direction.SAME, None),
        (state(P, 2), state(P), Degree.DEGREE_UNKNOWN, Direction.UNKNOWN, None),
        (
            state(P, 2, scope={"countries": 1}),
            state(P, 2, scope={"countries": 3}),
            Degree.EXPANDED,
            Direction.SAME,
            1,
        ),
        (state(P, 2, scope=SCOPES[1]), state(P, 2, scope=SCOPES[2]), Degree.MIXED, Direction.SAME, 1),
        (state(P, 2, scope=SCOPES[1]), state(P, 3, scope=SCOPES[2]), Degree.EXPANDED, Direction.MORE, 2),
    ],
)
def test_levels_decide_and_scope_breaks_ties(before, after, degree, direction, magnitude):
    change = compare(before, after, state(P))
    assert (change.degree, change.direction, change.magnitude) == (degree, direction, magnitude)


def test_general_measures_weigh_one_more():
    assert compare(state(A), state(P, 3), state(A)).magnitude == 3
    assert compare(state(A), state(P, 3), state(A), is_general=True).magnitude == 4


def test_an_undirected_instrument_has_no_direction():
    assert compare(state(A), state(P), state(A), is_directed=False).direction is Direction.NOT_APPLICABLE


@pytest.mark.parametrize(
    ("before", "bridge", "after", "note"),
    [
        (P, A, A, Note.ENDED_BETWEEN),
        (A, P, P, Note.INHERITED_FROM_BETWEEN),
        (P, U, T, Note.BRIDGE_NOT_SETTLED),
    ],
)
def test_words_beside_the_headline(before, bridge, after, note):
    assert compare(state(before), state(after), state(bridge)).notes == (note,)


def test_certainty_is_the_weakest_side_and_the_bridge_where_it_is_used():
    strong, weak = state(P, evidence=Letter.A), state(P, evidence=Letter.D)
    assert compare(strong, strong, weak).evidence is Letter.D
    assert compare(strong, weak, strong).evidence is Letter.D
    began = compare(replace(strong, presence=A), strong, weak)
    assert began.evidence is Letter.A
    assert compare(strong, UNKNOWN_STATE, strong).evidence is Letter.U
