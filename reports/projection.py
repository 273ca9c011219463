"""Projections scored: what became of each claim about the second term (rulings 25 and 37)."""

from dataclasses import dataclass
from datetime import date

from reports.state import Cell, Clock, is_claim, is_denial, known
from sources.model import (
    SECOND_TERM_END,
    Instrument,
    Legal,
    Modality,
    Outcome,
    Presence,
    State,
    StateBasis,
    Statement,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One projected statement about one cell, its horizon and what became of it.

    `days_late` counts from the horizon to the first day the measure was seen in the term; negative is early, None
    where the claim named no day or the measure was never seen.
    """

    statement_id: str
    outcome: Outcome
    horizon: date
    days_late: int | None


def claims_of(instrument: Instrument, cell: Cell, clock: Clock) -> tuple[Claim, ...]:
    """Return the claims that count for a cell, each with its outcome on the day `on`, ordered by statement id."""
    about = [
        s
        for s in known(instrument.statements, clock)
        if is_claim(s, clock.vintage) and s.component == cell.component and _speaks_of(s, cell)
    ]
    return tuple(_score(s, cell, clock) for s in sorted(about, key=lambda s: s.id))


def _speaks_of(s: Statement, cell: Cell) -> bool:
    return cell.country_code in s.country_codes or s.id in (
        *cell.projected.statement_ids,
        *cell.projected.condition_ids,
    )


def _score(s: Statement, cell: Cell, clock: Clock) -> Claim:
    horizon = s.horizon or SECOND_TERM_END
    is_plan = s.id in cell.projected.statement_ids and s.id not in cell.projected.condition_ids
    score = score_plan if is_plan or is_denial(s) else score_threat
    outcome = score(s, cell, has_passed=clock.on >= horizon)
    days_late = None
    if s.horizon and cell.actual.presence is Presence.PRESENT and cell.actual.since:
        days_late = (cell.actual.since - s.horizon).days
    return Claim(statement_id=s.id, outcome=outcome, horizon=horizon, days_late=days_late)


def score_plan(s: Statement, cell: Cell, *, has_passed: bool) -> Outcome:
    """Return the outcome of something said to be coming.

    Seen and still in force is realised (partly, below the projected level or partly enjoined); seen and then ended
    or wholly blocked is reversed; only pending is partly; never seen is not realised once the horizon has passed.
    """
    actual = cell.actual
    if is_denial(s):
        return _score_denial(actual, has_passed=has_passed)
    if actual.presence in (Presence.UNKNOWN, Presence.CONTRADICTORY):
        return Outcome.NOT_KNOWN
    if actual.presence is Presence.PRESENT:
        return _of_what_came(s, cell)
    if actual.presence is Presence.PENDING:
        return Outcome.PARTLY
    return Outcome.NOT_REALISED if has_passed else Outcome.TOO_EARLY


def _of_what_came(s: Statement, cell: Cell) -> Outcome:
    """Return the outcome of a claim about a measure that was seen in the term, by how it stands today."""
    today = cell.today
    if today.presence in (Presence.ABSENT, Presence.PENDING):
        return Outcome.REVERSED
    if today.presence is not Presence.PRESENT:
        return Outcome.NOT_KNOWN
    is_below = s.level is not None and today.level is not None and today.level < s.level
    return Outcome.PARTLY if is_below or today.legal is Legal.PARTLY_ENJOINED else Outcome.REALISED


def _score_denial(actual: State, *, has_passed: bool) -> Outcome:
    """Return the outcome of "will not": realised only when the term is over without it."""
    if actual.presence in (Presence.UNKNOWN, Presence.CONTRADICTORY):
        return Outcome.NOT_KNOWN
    if actual.presence is Presence.PRESENT:
        return Outcome.NOT_REALISED
    return Outcome.REALISED if has_passed else Outcome.TOO_EARLY


def score_threat(s: Statement, cell: Cell, *, has_passed: bool) -> Outcome:
    """Return the outcome of a threat, an idea or an expectation.

    Realised when the measure came (for a threat to add to what was in force: when its level rose) and, for a
    conditional threat, its condition was met; not triggered when the condition was not met or the horizon passed.
    """
    actual = cell.actual
    if s.condition_met is False:
        return Outcome.NOT_TRIGGERED
    if actual.presence in (Presence.UNKNOWN, Presence.CONTRADICTORY):
        return Outcome.NOT_KNOWN
    if actual.presence is Presence.PRESENT:
        if s.modality is Modality.THREAT_CONDITIONAL and s.condition_met is None:
            return Outcome.NOT_KNOWN
        if cell.projected.basis is not StateBasis.CARRIED:
            return _of_what_came(s, cell)
        if cell.bridge.level is None or actual.level is None:
            return Outcome.NOT_KNOWN
        if actual.level > cell.bridge.level:
            return Outcome.REALISED
    if not has_passed:
        return Outcome.TOO_EARLY
    return Outcome.NOT_REALISED if s.condition_met else Outcome.NOT_TRIGGERED
