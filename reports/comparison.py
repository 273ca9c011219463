"""States to changes: the class of a pair of states on five axes, with one headline.

`compare` is total: every pair of states (and bridge) has exactly one existence label. It is symmetric under
swapping the terms (MIRROR). The decision order and the rulings behind it stand in docs/vocabulary.md ("Change").
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from reports.evidence import certainty, weaker
from reports.projection import Claim, claims_of
from reports.state import Cell, Clock, cells
from sources.codebook import Codebook
from sources.countries import AREAS, reading_order, row_code
from sources.model import (
    UNKNOWN_STATE,
    Change,
    Comparison,
    Degree,
    Direction,
    Existence,
    Instrument,
    Note,
    Outcome,
    Presence,
    Side,
    State,
    StateBasis,
)

MIRROR = {
    Existence.NEW: Existence.DISCONTINUED,
    Existence.REPLACES: Existence.REPLACED,
    Existence.PENDING_NEW: Existence.PENDING_DROPPED,
    Existence.PENDING_REALISED: Existence.STEPPED_DOWN_TO_PENDING,
    Existence.UNKNOWN_FIRST: Existence.UNKNOWN_SECOND,
}
MIRROR |= {mirrored: label for label, mirrored in MIRROR.items()}

BOTH_PRESENT = frozenset({Existence.CONTINUED, Existence.REINSTATED, Existence.PRESENT_BOTH})
# Labels for which the state on the bridge is part of the finding, and so of its certainty (ruling 15).
RESTS_ON_BRIDGE = frozenset({Existence.CONTINUED, Existence.REINSTATED})

_PENDING = {
    (Presence.PENDING, Presence.PENDING): Existence.PENDING_UNCHANGED,
    (Presence.ABSENT, Presence.PENDING): Existence.PENDING_NEW,
    (Presence.PENDING, Presence.ABSENT): Existence.PENDING_DROPPED,
    (Presence.PENDING, Presence.PRESENT): Existence.PENDING_REALISED,
    (Presence.PRESENT, Presence.PENDING): Existence.STEPPED_DOWN_TO_PENDING,
}
_NOT_DIRECTED = frozenset(
    {
        Existence.UNKNOWN_FIRST,
        Existence.UNKNOWN_SECOND,
        Existence.UNKNOWN_BOTH,
        Existence.CONTRADICTORY,
        Existence.ABSENT_BOTH,
        Existence.NOT_COMPARABLE,
    }
)
_PRESENCE_RANK = {Presence.ABSENT: 0, Presence.PENDING: 1, Presence.PRESENT: 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Lineage:
    """Instruments that took over from or gave way to this one, where they are present on the other side."""

    predecessor: str | None = None
    successor: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One cell compared over two sides: what the reports, tables and JSON print.

    Unique on code; `cell_code` is shared by the three comparisons of a cell. `component` names the component whose
    change is the headline. `outcome` and `claims` are those of the cell's projections, worst first.
    """

    code: str
    cell_code: str
    instrument: Instrument
    country_code: str
    component: str | None
    comparison: Comparison
    change: Change
    first: State
    bridge: State
    projected: State
    actual: State
    today: State
    outcome: Outcome
    claims: tuple[Claim, ...]

    @property
    def sides(self) -> dict[Side, State]:
        """Return the four states of the row's cell by side."""
        return {
            Side.FIRST: self.first,
            Side.BRIDGE: self.bridge,
            Side.PROJECTED: self.projected,
            Side.ACTUAL: self.actual,
        }

    @property
    def statement_ids(self) -> tuple[str, ...]:
        """Return the ids of the statements that decided the row's states, in order, each once."""
        ids = {i for state in self.sides.values() for i in (*state.statement_ids, *state.condition_ids)}
        return tuple(sorted(ids))


# --- One pair of states ---------------------------------------------------------------------------------------


def compare(
    before: State,
    after: State,
    bridge: State,
    *,
    is_directed: bool = True,
    is_general: bool = False,
    lineage: Lineage | None = None,
) -> Change:
    """Return the change from `before` to `after`, with what held on the bridge between them."""
    existence, decided_by = _existence(before, after, bridge, lineage or Lineage())
    degree = _degree(before, after) if existence in BOTH_PRESENT else None
    rests_on = [before, after, *([bridge] if existence in RESTS_ON_BRIDGE else [])]
    evidence = weaker([state.evidence for state in rests_on])
    return Change(
        existence=existence,
        degree=degree,
        direction=_direction(before, after, existence, is_directed),
        magnitude=_magnitude(before, after, existence, degree, is_general),
        certainty=certainty(evidence),
        evidence=evidence,
        decided_by=decided_by,
        notes=_notes(before, after, bridge, existence),
    )


def _existence(before: State, after: State, bridge: State, lineage: Lineage) -> tuple[Existence, str]:
    """Return the headline and the rule that decided it; the first rule that fits decides."""
    pair = (before.presence, after.presence)
    unknown = [presence is Presence.UNKNOWN for presence in pair]
    if all(unknown):
        return Existence.UNKNOWN_BOTH, "unknown on both sides"
    if unknown[0]:
        return Existence.UNKNOWN_FIRST, "unknown on the first side"
    if unknown[1]:
        return Existence.UNKNOWN_SECOND, "unknown on the second side"
    if Presence.CONTRADICTORY in pair:
        return Existence.CONTRADICTORY, "an undecided contradiction about presence"
    if pair == (Presence.ABSENT, Presence.ABSENT):
        return Existence.ABSENT_BOTH, "absent on both sides"
    if pair in _PENDING:
        return _PENDING[pair], "pending on one side or both"
    if pair == (Presence.ABSENT, Presence.PRESENT):
        if lineage.predecessor:
            return Existence.REPLACES, f"absent, then present, with the predecessor {lineage.predecessor}"
        return Existence.NEW, "absent, then present"
    if pair == (Presence.PRESENT, Presence.ABSENT):
        if lineage.successor:
            return Existence.REPLACED, f"present, then absent, with the successor {lineage.successor}"
        return Existence.DISCONTINUED, "present, then absent"
    if before.measured != after.measured:
        return Existence.NOT_COMPARABLE, "present on both sides, measured in different units or codebooks"
    return _origin(bridge)


def _origin(bridge: State) -> tuple[Existence, str]:
    """Return where presence on both sides comes from: what held on the bridge decides."""
    match bridge.presence:
        case Presence.PRESENT:
            return Existence.CONTINUED, "present on both sides and on the bridge"
        case Presence.ABSENT | Presence.PENDING:
            return Existence.REINSTATED, "present on both sides, not on the bridge"
        case _:
            return Existence.PRESENT_BOTH, "present on both sides, the bridge not known"


def _degree(before: State, after: State) -> Degree:
    """Return the degree: levels decide when they differ, the scope when they are equal (ruling 21)."""
    if before.level is None or after.level is None:
        return Degree.DEGREE_UNKNOWN
    if before.level != after.level:
        return Degree.EXPANDED if after.level > before.level else Degree.NARROWED
    moves = {
        after.scope[dimension] - before.scope[dimension] > 0
        for dimension in before.scope.keys() & after.scope.keys()
        if after.scope[dimension] != before.scope[dimension]
    }
    if len(moves) == 2:
        return Degree.MIXED
    if moves:
        return Degree.EXPANDED if moves.pop() else Degree.NARROWED
    return Degree.UNCHANGED


def _direction(before: State, after: State, existence: Existence, is_directed: bool) -> Direction:
    """Return the direction: from presence when it changes, from the levels when it does not (ruling 22)."""
    if not is_directed or existence in _NOT_DIRECTED:
        return Direction.NOT_APPLICABLE
    step = _PRESENCE_RANK[after.presence] - _PRESENCE_RANK[before.presence]
    if step == 0 and existence in BOTH_PRESENT:
        if before.level is None or after.level is None:
            return Direction.UNKNOWN
        step = after.level - before.level
    return Direction.SAME if step == 0 else Direction.MORE if step > 0 else Direction.LESS


def _magnitude(
    before: State, after: State, existence: Existence, degree: Degree | None, is_general: bool
) -> int | None:
    """Return 1 (fine-tuning) to 4 (major): departure, and one more for a general measure (ruling 23).

    None where nothing moved, or where level or scope is not known.
    """
    if Presence.PRESENT not in (before.presence, after.presence) or existence in _NOT_DIRECTED:
        return None
    if degree is None:
        departure = 3
    elif degree in (Degree.DEGREE_UNKNOWN, Degree.UNCHANGED) or before.level is None or after.level is None:
        return None
    else:
        distance = abs(after.level - before.level)
        if distance == 0 and before.scope.keys() != after.scope.keys():
            return None
        departure = min(distance, 2) + 1
    return departure + is_general


def _notes(before: State, after: State, bridge: State, existence: Existence) -> tuple[Note, ...]:
    """Return the words printed beside the headline (rulings 14 and 19)."""
    notes = []
    if existence in (Existence.NEW, Existence.REPLACES) and bridge.presence is Presence.PRESENT:
        notes.append(Note.INHERITED_FROM_BETWEEN)
    if before.presence is Presence.PRESENT and bridge.presence is Presence.ABSENT and after.presence is Presence.ABSENT:
        notes.append(Note.ENDED_BETWEEN)
    is_open = bridge.presence in (Presence.UNKNOWN, Presence.CONTRADICTORY)
    if existence is Existence.STEPPED_DOWN_TO_PENDING and is_open:
        notes.append(Note.BRIDGE_NOT_SETTLED)
    return tuple(notes)


# --- The codebook's rows --------------------------------------------------------------------------------------


def compare_codebook(codebook: Codebook, clock: Clock) -> tuple[Row, ...]:
    """Return three rows for every cell of every instrument, ordered by instrument, country and comparison."""
    by_instrument = {instrument.id: cells(instrument, clock) for instrument in codebook.instruments}
    return tuple(row for instrument in codebook.instruments for row in rows_of(instrument, by_instrument, clock))


def rows_of(instrument: Instrument, by_instrument: Mapping[str, Sequence[Cell]], clock: Clock) -> list[Row]:
    """Return the rows of one instrument; `by_instrument` holds its cells and those of its relatives."""
    rows: list[Row] = []
    by_country: dict[str, list[Cell]] = {}
    for cell in by_instrument[instrument.id]:
        by_country.setdefault(cell.country_code, []).append(cell)
    for code in sorted(by_country, key=reading_order):
        rows += _rows_of_cell(instrument, by_country[code], by_instrument, clock)
    return rows


def _rows_of_cell(
    instrument: Instrument,
    components: Sequence[Cell],
    by_instrument: Mapping[str, Sequence[Cell]],
    clock: Clock,
) -> list[Row]:
    code = components[0].country_code
    cell_code = row_code(instrument.number, code)
    claims = tuple(claim for cell in components for claim in claims_of(instrument, cell, clock))
    claims = tuple(sorted(claims, key=lambda claim: (list(Outcome).index(claim.outcome), claim.statement_id)))
    rows = []
    for comparison, suffix in zip(Comparison, "pao", strict=True):
        compared = [(cell, _compare_cell(instrument, cell, comparison, by_instrument)) for cell in components]
        cell, change = _headline(compared, comparison)
        rows.append(
            Row(
                code=cell_code + suffix,
                cell_code=cell_code,
                instrument=instrument,
                country_code=code,
                component=cell.component,
                comparison=comparison,
                change=change,
                first=cell.first,
                bridge=cell.bridge,
                projected=cell.projected,
                actual=cell.actual,
                today=cell.today,
                outcome=claims[0].outcome if claims else Outcome.NO_PROJECTION,
                claims=claims,
            )
        )
    return rows


def pair(cell: Cell | Row, comparison: Comparison) -> tuple[State, State, State]:
    """Return the two states a comparison is about and the state between them.

    Nothing lies between a projection and the term it is about: a measure planned and carried out is continued.
    """
    match comparison:
        case Comparison.FIRST_VS_PROJECTED:
            return cell.first, cell.projected, cell.bridge
        case Comparison.FIRST_VS_ACTUAL:
            return cell.first, cell.actual, cell.bridge
        case Comparison.PROJECTED_VS_ACTUAL:
            return cell.projected, cell.actual, cell.projected


def _compare_cell(
    instrument: Instrument,
    cell: Cell,
    comparison: Comparison,
    by_instrument: Mapping[str, Sequence[Cell]],
) -> Change:
    before, after, between = pair(cell, comparison)
    lineage = Lineage(
        predecessor=_present_relative(instrument.predecessors, cell, comparison, 0, by_instrument),
        successor=_present_relative(instrument.successors, cell, comparison, 1, by_instrument),
    )
    change = compare(
        before,
        after,
        between,
        is_directed=instrument.is_directed,
        is_general=instrument.is_general,
        lineage=lineage,
    )
    if comparison is not Comparison.FIRST_VS_PROJECTED and cell.actual.presence is Presence.PRESENT:
        if cell.today.presence is Presence.ABSENT:
            return replace(change, notes=(*change.notes, Note.SINCE_ENDED))
        if cell.today.presence is Presence.PENDING:
            return replace(change, notes=(*change.notes, Note.BLOCKED))
    return change


def _present_relative(
    instrument_ids: Iterable[str],
    cell: Cell,
    comparison: Comparison,
    side: int,
    by_instrument: Mapping[str, Sequence[Cell]],
) -> str | None:
    """Return the relative that is itself present in the same country on the given side of the comparison."""
    for instrument_id in instrument_ids:
        for other in by_instrument.get(instrument_id, ()):
            is_here = other.country_code in (cell.country_code, *AREAS)
            if is_here and pair(other, comparison)[side].presence is Presence.PRESENT:
                return instrument_id
    return None


def _headline(compared: Sequence[tuple[Cell, Change]], comparison: Comparison) -> tuple[Cell, Change]:
    """Choose the component that speaks for a compound instrument (rulings 4 and 28).

    The one present on both sides, else the one of the higher level; components that moved in opposite directions
    make the degree mixed.
    """

    def weight(item: tuple[Cell, Change]) -> tuple[bool, int, int]:
        before, after, _ = pair(item[0], comparison)
        is_in_both = before.presence is after.presence is Presence.PRESENT
        ranks = [_PRESENCE_RANK.get(state.presence, -1) for state in (before, after)]
        levels = [state.level for state in (before, after) if state.level is not None]
        return is_in_both, max(levels, default=-1), max(ranks)

    cell, change = max(compared, key=weight)
    degrees = {c.degree for _, c in compared}
    if change.degree and {Degree.EXPANDED, Degree.NARROWED} <= degrees:
        change = replace(change, degree=Degree.MIXED, direction=Direction.UNKNOWN, magnitude=None)
    return cell, change


def is_carried_threat(row: Row) -> bool:
    """Say whether the projected side is what was in force already, with a threat to add to it."""
    return row.projected.basis is StateBasis.CARRIED and row.projected != UNKNOWN_STATE
