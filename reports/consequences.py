"""What would change: the rows that a statement would move if it alone were added to the codebook.

Pure. Only the cells of the statement's instrument are read again, and the rows of the instruments that name it as
predecessor or successor compared again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from reports.comparison import Row, rows_of
from reports.state import Cell, Clock, cells
from reports.tables import headline
from sources.codebook import Codebook
from sources.model import Comparison, Instrument, Side, State, Statement


class Effect(StrEnum):
    """How much a statement would change, most consequential first."""

    HEADLINE = "headline"
    STATE = "state"
    EVIDENCE = "evidence"
    NOTHING = "nothing"


_OF_THE_STATE = frozenset({"outcome", "notes", *(f"{side} {part}" for side in Side for part in ("presence", "state"))})


@dataclass(frozen=True, slots=True, kw_only=True)
class RowChange:
    """One row that would change. `before` and `after` are headlines, None where there is no such row.

    `aspects` names what would differ: existence, degree, certainty, outcome, notes, and by side its presence, state and
    evidence.
    """

    code: str
    instrument_id: str
    country_code: str
    comparison: Comparison
    before: str | None
    after: str | None
    aspects: tuple[str, ...]
    effect: Effect

    def __str__(self) -> str:
        if self.before != self.after:
            return f"{self.code}: {self.before or 'no row'} -> {self.after or 'no row'}"
        return f"{self.code}: {self.after} ({', '.join(self.aspects)})"


def consequences(book: Codebook, statements: Mapping[str, Statement], clock: Clock) -> dict[str, tuple[RowChange, ...]]:
    """Return for each statement, by the key it is given under, the rows it would change if it alone were added.

    The most consequential row stands first; a statement that changes nothing has none.
    """
    instruments = {instrument.id: instrument for instrument in book.instruments}
    by_instrument = {instrument.id: cells(instrument, clock) for instrument in book.instruments}
    rows_before: dict[str, dict[str, Row]] = {}
    found = {}
    for key, statement in statements.items():
        instrument = instruments[statement.instrument_id]
        touched = _touched(instrument, instruments)
        if instrument.id not in rows_before:
            rows_before[instrument.id] = _rows(touched, by_instrument, clock)
        before = rows_before[instrument.id]
        altered = replace(instrument, statements=(*instrument.statements, statement))
        after = _rows(
            [altered if i is instrument else i for i in touched],
            {**by_instrument, instrument.id: cells(altered, clock)},
            clock,
        )
        changes = (_change(before.get(code), after.get(code)) for code in {**before, **after})
        found[key] = tuple(sorted((c for c in changes if c), key=lambda c: (list(Effect).index(c.effect), c.code)))
    return found


def effect(changes: Sequence[RowChange]) -> Effect:
    """Return the greatest effect among the rows that would change."""
    return min((change.effect for change in changes), key=list(Effect).index, default=Effect.NOTHING)


def _touched(instrument: Instrument, instruments: Mapping[str, Instrument]) -> list[Instrument]:
    """Return an instrument and those whose change may be "replaced" or "replaces" because of it."""
    relatives = (i for i in instruments.values() if instrument.id in (*i.predecessors, *i.successors))
    return [instrument, *relatives]


def _rows(
    instruments: Sequence[Instrument], by_instrument: Mapping[str, Sequence[Cell]], clock: Clock
) -> dict[str, Row]:
    return {row.code: row for instrument in instruments for row in rows_of(instrument, by_instrument, clock)}


def _change(before: Row | None, after: Row | None) -> RowChange | None:
    row = after or before
    aspects = tuple(_aspects(before, after))
    if row is None or not aspects:
        return None
    return RowChange(
        code=row.code,
        instrument_id=row.instrument.id,
        country_code=row.country_code,
        comparison=row.comparison,
        before=headline(before) if before else None,
        after=headline(after) if after else None,
        aspects=aspects,
        effect=_effect(aspects),
    )


def _aspects(before: Row | None, after: Row | None) -> list[str]:
    """Name what differs between two readings of one row; a row only one of them has differs in its existence."""
    if before is None or after is None:
        return ["existence"]
    pairs: dict[str, tuple[object, object]] = {
        "existence": (before.change.existence, after.change.existence),
        "degree": (before.change.degree, after.change.degree),
        "certainty": (before.change.certainty, after.change.certainty),
        "outcome": (before.outcome, after.outcome),
        "notes": (before.change.notes, after.change.notes),
    }
    for side in Side:
        one, other = before.sides[side], after.sides[side]
        pairs |= {
            f"{side} presence": (one.presence, other.presence),
            f"{side} state": (_values(one), _values(other)),
            f"{side} evidence": (_support(one), _support(other)),
        }
    return [name for name, (one, other) in pairs.items() if one != other]


def _values(state: State) -> tuple[object, ...]:
    return state.stage, state.ended_how, state.legal, state.implementation, state.level, dict(state.scope)


def _support(state: State) -> tuple[object, ...]:
    return state.evidence, state.statement_ids, state.condition_ids, state.search_ids, state.last_evidence


def _effect(aspects: Sequence[str]) -> Effect:
    if "existence" in aspects or "degree" in aspects:
        return Effect.HEADLINE
    return Effect.STATE if _OF_THE_STATE & set(aspects) else Effect.EVIDENCE
