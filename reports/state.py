"""Statements to states: what is known of one instrument in one country on each side of the comparison.

Pure functions over frozen records. The rules are those of docs/vocabulary.md ("State"); the comments below name
the ruling where one settled a doubt.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from reports.evidence import letter, one_lower
from sources.countries import AREAS, reading_order
from sources.dates import add_months
from sources.model import (
    BRIDGE_DAY,
    BRIDGE_START,
    FIRST_TERM_START,
    SECOND_TERM_START,
    UNKNOWN_STATE,
    Basis,
    EndedHow,
    Implementation,
    Instrument,
    Legal,
    Letter,
    Modality,
    Presence,
    Scope,
    Search,
    Side,
    Stage,
    State,
    StateBasis,
    Statement,
)

APPLIED = frozenset({Implementation.PILOT, Implementation.PARTIAL, Implementation.FULL})
BLOCKED = frozenset({Legal.ENJOINED, Legal.VACATED})
INTENTS = frozenset({Stage.FLOATED, Stage.PLEDGED, Stage.THREATENED, Stage.NEGOTIATED})
PLANNED = frozenset({Modality.PLEDGE, Modality.PLAN_REPORTED})
# Implementation, quantities and intentions hold for their date and are unknown after this long (persistence).
MONTHS_OF_MEMORY = 12
# Over the days of a term the most present day speaks for it.
PRESENCE_ORDER = (Presence.UNKNOWN, Presence.ABSENT, Presence.PENDING, Presence.PRESENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """The days [starts, ends) that an observed side speaks of (ruling 6)."""

    side: Side
    starts: date
    ends: date


PERIODS = (
    Period(side=Side.FIRST, starts=FIRST_TERM_START, ends=BRIDGE_START),
    Period(side=Side.BRIDGE, starts=BRIDGE_START, ends=SECOND_TERM_START),
    Period(side=Side.ACTUAL, starts=SECOND_TERM_START, ends=date.max),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """The two clocks and the vintage: known by `as_of`, valid on `on`, projected by `vintage`."""

    as_of: date
    on: date
    vintage: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One instrument (or one of its components) in one country: its state on every side, and on the day `on`."""

    instrument_id: str
    country_code: str
    component: str | None
    first: State
    bridge: State
    projected: State
    actual: State
    today: State


@dataclass(frozen=True, slots=True, kw_only=True)
class _Side:
    """How a side is read: over the days of a term, or on one day at the end of a period."""

    name: Side
    starts: date
    first_day: date
    last_day: date

    @property
    def ends(self) -> date:
        """The day after the last."""
        return self.last_day + timedelta(days=1)

    @property
    def is_one_day(self) -> bool:
        return self.first_day == self.last_day


@dataclass(frozen=True, slots=True, kw_only=True)
class _Heard:
    """The known statements and searches that speak of one cell, its own or inherited."""

    statements: tuple[Statement, ...]
    searches: tuple[Search, ...]
    inherited_ids: frozenset[str]


def cells(instrument: Instrument, clock: Clock) -> tuple[Cell, ...]:
    """Return the cells of an instrument: one for each country (and component) anything known speaks of.

    Unique on (country_code, component); in reading order, the region and the world last.
    """
    statements = known(instrument.statements, clock)
    searches = tuple(s for s in instrument.searches if s.searched <= clock.as_of)
    spoken: list[Statement | Search] = [*statements, *searches]
    keys = {
        (code, item.component)
        for item in spoken
        for code in item.country_codes
        if code not in AREAS or instrument.scope is Scope.DOMESTIC or _makes_state(item)
    }
    if instrument.components:
        # A statement about the instrument as a whole is context of its components, not a component of its own.
        keys = {(code, component) for code, _ in keys for component in instrument.components}
    return tuple(
        _cell(instrument, code, component, statements, searches, clock)
        for code, component in sorted(keys, key=lambda key: (reading_order(key[0]), key[1] or ""))
    )


def _makes_state(item: Statement | Search) -> bool:
    """Say whether a region-wide statement is more than context: only then has the region a cell beside countries."""
    if isinstance(item, Search):
        return item.is_absence
    return any(value is not None for value in (item.stage, item.legal, item.implementation, item.level))


def known(statements: Iterable[Statement], clock: Clock) -> tuple[Statement, ...]:
    """Return the statements known on `as_of`, without those that a known correction replaces."""
    heard = [s for s in statements if s.known_from <= clock.as_of]
    corrected = {s.corrects for s in heard if s.corrects}
    return tuple(s for s in heard if s.id not in corrected and not s.is_retraction)


def _cell(
    instrument: Instrument,
    code: str,
    component: str | None,
    statements: Sequence[Statement],
    searches: Sequence[Search],
    clock: Clock,
) -> Cell:
    heard = _heard(code, component, statements, searches)
    day_before_bridge = BRIDGE_START - timedelta(days=1)
    term = _Side(
        name=Side.FIRST,
        starts=FIRST_TERM_START,
        first_day=FIRST_TERM_START,
        last_day=min(day_before_bridge, clock.on),
    )
    bridge_day = _Side(name=Side.BRIDGE, starts=BRIDGE_START, first_day=BRIDGE_DAY, last_day=BRIDGE_DAY)
    second = _Side(name=Side.ACTUAL, starts=SECOND_TERM_START, first_day=SECOND_TERM_START, last_day=clock.on)
    today = replace(second, first_day=clock.on)
    bridge = _observed(instrument, heard, bridge_day) if clock.on >= BRIDGE_DAY else UNKNOWN_STATE
    has_begun = clock.on >= SECOND_TERM_START
    return Cell(
        instrument_id=instrument.id,
        country_code=code,
        component=component,
        first=_observed(instrument, heard, term),
        bridge=bridge,
        projected=_projected(instrument, heard, bridge, clock),
        actual=_observed(instrument, heard, second) if has_begun else UNKNOWN_STATE,
        today=_observed(instrument, heard, today) if has_begun else UNKNOWN_STATE,
    )


# --- Which statements speak of a cell -------------------------------------------------------------------------


def _heard(code: str, component: str | None, statements: Sequence[Statement], searches: Sequence[Search]) -> _Heard:
    """Gather a cell's own statements and the universal ones it inherits.

    A cell's own statement blocks an inherited one of the same property and period only; between what is left the
    most present wins, as between any statements (rulings 2 and 30).
    """
    about = [s for s in statements if s.component == component]
    own = [s for s in about if code in s.country_codes]
    own_searches = [s for s in searches if s.component == component and code in s.country_codes]
    if code in AREAS:
        return _Heard(statements=tuple(own), searches=tuple(own_searches), inherited_ids=frozenset())
    inherited = [
        s
        for s in about
        if s.is_universal and code not in s.country_codes and not any(_takes_the_place(mine, s) for mine in own)
    ]
    sides = {search.side for search in own_searches}
    inherited_searches = [
        s
        for s in searches
        if s.component == component
        and code not in s.country_codes
        and s.side not in sides
        and set(s.country_codes) & set(AREAS)
    ]
    return _Heard(
        statements=(*own, *inherited),
        searches=(*own_searches, *inherited_searches),
        inherited_ids=frozenset([*(s.id for s in inherited), *(s.id for s in inherited_searches)]),
    )


def _takes_the_place(own: Statement, universal: Statement) -> bool:
    """Say whether a cell's own statement speaks of the same property, in the same period and at the same time."""
    return (
        not set(own.properties).isdisjoint(universal.properties)
        and own.basis is universal.basis
        and _period_of(_takes_effect(own)) == _period_of(_takes_effect(universal))
        and own.holds_from.first_day < (universal.holds_to or date.max)
        and universal.holds_from.first_day < (own.holds_to or date.max)
    )


def _period_of(day: date) -> Period:
    """Return the period a day falls in; days before the first term count to it."""
    return next(period for period in reversed(PERIODS) if day >= period.starts or period is PERIODS[0])


# --- Observed sides -------------------------------------------------------------------------------------------


def _observed(instrument: Instrument, heard: _Heard, side: _Side) -> State:
    """Return the state of an observed side: over a term any day counts, the most present one speaks.

    Disputed statements are left out one way and the other; when the presence depends on which, it is an undecided
    contradiction (ruling 20).
    """
    observed = [s for s in heard.statements if s.basis is Basis.OBSERVED]
    dispute = _settle(observed)
    if not dispute.claimed:
        return _read(instrument, heard, side, dispute.standing)
    readings = [
        _read(instrument, heard, side, [s for s in dispute.standing if s.id not in without])
        for without in (dispute.claimed, dispute.denied)
    ]
    if readings[0].presence != readings[1].presence:
        return replace(
            max(readings, key=lambda state: PRESENCE_ORDER.index(state.presence)),
            presence=Presence.CONTRADICTORY,
            level=None,
            statement_ids=tuple(sorted(dispute.claimed | dispute.denied)),
        )
    return _read(instrument, heard, side, dispute.standing)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Dispute:
    """What is left of statements of which some dispute others, and the ids of both sides where neither outranks."""

    standing: tuple[Statement, ...]
    claimed: frozenset[str]
    denied: frozenset[str]


def _settle(statements: Sequence[Statement]) -> _Dispute:
    """Leave out what a statement of higher rank disputes (dominance)."""
    lost: set[str] = set()
    claimed: set[str] = set()
    denied: set[str] = set()
    for s in statements:
        denials = [d for d in statements if s.id in d.disputes]
        if not denials:
            continue
        rank, denial_rank = _rank_in_dispute(s), max(map(_rank_in_dispute, denials))
        if rank == denial_rank:
            claimed.add(s.id)
            denied.update(d.id for d in denials)
        elif rank > denial_rank:
            lost.update(d.id for d in denials)
        else:
            lost.add(s.id)
    return _Dispute(
        standing=tuple(s for s in statements if s.id not in lost),
        claimed=frozenset(claimed),
        denied=frozenset(denied),
    )


def _rank_in_dispute(s: Statement) -> tuple[bool, int]:
    """Order the sides of a dispute: an official text over reports of it, then the better tier."""
    is_text = s.modality is Modality.FACT_OFFICIAL and letter([s]) is Letter.A
    return is_text, -s.source.tier


def _read(instrument: Instrument, heard: _Heard, side: _Side, statements: Sequence[Statement]) -> State:
    """Read one side from undisputed statements."""
    not_before = _searched_in_vain_from(heard.searches, statements, side)
    statements = [s for s in statements if _takes_effect(s) >= not_before or s.stage is Stage.ENDED]
    states = [_on_day(instrument, statements, side, day) for day in _days_to_look_at(statements, side)]
    best = max(
        states,
        key=lambda s: (PRESENCE_ORDER.index(s.presence), -1 if s.level is None else s.level, s.day),
        default=UNKNOWN_STATE,
    )
    since = min((s.day for s in states if s.day and s.presence is best.presence), default=None)
    best = replace(best, since=since)
    absences = [s for s in heard.searches if s.side is side.name and s.is_absence]
    return _mark_inherited(_with_searches(best, absences), heard)


def _searched_in_vain_from(searches: Sequence[Search], statements: Sequence[Statement], side: _Side) -> date:
    """Return the day before which acts (not ends) are no longer carried into a side.

    A search of a period, whatever it found, stops older acts there unless something shows the measure in that
    period (ruling 29); what it stopped does not come back in a later one.
    """
    sides = {s.side for s in searches}
    return max(
        (
            period.starts
            for period in PERIODS
            if period.side in sides
            and period.starts <= side.starts
            and not any(
                _shows_presence(s) and period.starts <= _takes_effect(s) < min(period.ends, side.ends)
                for s in statements
            )
        ),
        default=date.min,
    )


def _with_searches(state: State, absences: Sequence[Search]) -> State:
    """Let recorded searches support an absence, or show it where no statement speaks of the side (ruling 16)."""
    if not absences or state.presence not in (Presence.UNKNOWN, Presence.ABSENT):
        return state
    searched = max(s.searched for s in absences)
    return replace(
        state,
        presence=Presence.ABSENT,
        evidence=min(state.evidence, Letter.C),
        stage=state.stage or Stage.NONE,
        last_evidence=max(state.last_evidence or searched, searched),
        search_ids=tuple(sorted(s.id for s in absences)),
    )


def _mark_inherited(state: State, heard: _Heard) -> State:
    deciding = {*state.statement_ids, *state.search_ids}
    if deciding and deciding <= heard.inherited_ids:
        return replace(state, basis=StateBasis.INHERITED, evidence=one_lower(state.evidence))
    return state


def _shows_presence(s: Statement) -> bool:
    return s.stage in (Stage.ADOPTED, Stage.IN_FORCE) or s.implementation in APPLIED


def _takes_effect(s: Statement) -> date:
    """Return the day from which a statement is certainly so: the last day its date may mean."""
    return s.holds_from.last_day


def _starts(s: Statement) -> date | None:
    """Return the day an act is in force from: an adopted one from its effective day (ruling 11)."""
    if s.stage is Stage.ADOPTED:
        return s.effective
    return _takes_effect(s) if s.stage is Stage.IN_FORCE else None


def _days_to_look_at(statements: Sequence[Statement], side: _Side) -> list[date]:
    """Return the first day of the side and every later day on which something changes."""
    if side.first_day > side.last_day:
        return []
    days = {side.first_day}
    for s in statements:
        days.update(day for day in (_takes_effect(s), _starts(s), s.holds_to) if day)
    return sorted(day for day in days if side.first_day <= day <= side.last_day)


def _on_day(instrument: Instrument, statements: Sequence[Statement], side: _Side, day: date) -> State:
    """Return the state on one day, from what took effect by then.

    An end closes an episode: acts, courts' decisions, application and levels of before it no longer speak.
    """
    past = [s for s in statements if min(_takes_effect(s), _starts(s) or _takes_effect(s)) <= day]
    ends = [s for s in past if s.stage in (Stage.ENDED, Stage.NONE)]
    end_day = max((_takes_effect(s) for s in ends), default=date.min)
    since = [s for s in past if (_starts(s) or _takes_effect(s)) > end_day]
    alive = [s for s in since if _is_alive(s, day)]
    acts = [s for s in alive if s.stage in (Stage.ADOPTED, Stage.IN_FORCE, Stage.SIGNED)]
    in_force = [s for s in acts if (start := _starts(s)) is not None and start <= day]
    applied = [s for s in alive if s.implementation in APPLIED]
    showing = applied if instrument.needs_application else [*in_force, *(s for s in applied if s not in in_force)]
    legal = _latest([s for s in alive if s.legal])
    block = legal if legal and legal.legal in BLOCKED and not _resumed(applied, legal) else None
    dormant = _latest([s for s in alive if s.implementation is Implementation.DORMANT])
    if dormant and _resumed([*in_force, *applied], dormant):
        dormant = None
    intents = [s for s in past if s.stage in INTENTS and _is_fresh(s, side, day)]

    if showing and not (block or dormant):
        presence, deciding = Presence.PRESENT, showing
    elif showing or acts:
        presence, deciding = Presence.PENDING, [*(showing or acts), *(s for s in (block, dormant) if s)]
    elif asserted := [s for s in intents if s.stage is not Stage.FLOATED and s.is_named]:
        presence, deciding = Presence.PENDING, asserted
    elif gone := _gone(ends, since, side, day):
        presence, deciding = Presence.ABSENT, gone
    elif intents:
        # An idea floated, or a plan only unnamed sources speak of, taken no further: it did not exist (ruling 10).
        presence, deciding = Presence.ABSENT, intents
    else:
        return replace(UNKNOWN_STATE, day=day)

    level, disputed_levels = _level(instrument, alive if presence is not Presence.ABSENT else past, presence)
    stages = [s for s in deciding if s.stage]
    last_stage = max(stages, key=lambda s: (s.stage.rank if s.stage else 0, _takes_effect(s), s.id), default=None)
    ended = _ended(last_stage, deciding, presence, day)
    application = _latest([s for s in alive if s.implementation])
    return State(
        presence=presence,
        evidence=letter(deciding),
        stage=Stage.ENDED if ended else last_stage.stage if last_stage else None,
        ended_how=ended,
        legal=legal.legal if legal else None,
        implementation=_implementation(application, block, day),
        level=level,
        scope=_scope(alive),
        day=day,
        last_evidence=max(_takes_effect(s) for s in deciding),
        statement_ids=tuple(sorted({s.id for s in deciding})),
        disputed_levels=disputed_levels,
        measured=instrument.unit_of_count,
    )


def _implementation(application: Statement | None, block: Statement | None, day: date) -> Implementation | None:
    """Return how far a measure is applied that day: a full block by a court makes it dormant (ruling 12)."""
    if block:
        return Implementation.DORMANT
    return application.implementation if application and _is_remembered(application, day) else None


def _latest(statements: Sequence[Statement]) -> Statement | None:
    """Return the statement that took effect last; of several on one day, the last by id."""
    return max(statements, key=lambda s: (_takes_effect(s), s.id), default=None)


def _resumed(shown: Sequence[Statement], hold: Statement) -> bool:
    """Say whether the measure was shown in force or applied after it was held up."""
    return any((_starts(s) or _takes_effect(s)) > _takes_effect(hold) for s in shown)


def _is_alive(s: Statement, day: date) -> bool:
    return s.holds_to is None or day < s.holds_to


def _is_remembered(s: Statement, day: date) -> bool:
    return day < add_months(_takes_effect(s), MONTHS_OF_MEMORY)


def _is_fresh(s: Statement, side: _Side, day: date) -> bool:
    """Say whether an intention still counts: within a term from its own days, on one day for twelve months."""
    if _takes_effect(s) < side.starts or not _is_alive(s, day):
        return False
    return not side.is_one_day or _is_remembered(s, day)


def _gone(ends: Sequence[Statement], since: Sequence[Statement], side: _Side, day: date) -> list[Statement]:
    """Return what shows that the measure is absent on a day.

    An end carries forward to a single day, not into a term (ruling 29); "there was none" holds for its own days.
    A fixed term that ran out is an end; a condition that may have been met is not (ruling 9).
    """
    shown = [
        s
        for s in ends
        if (s.stage is Stage.ENDED and (side.is_one_day or _takes_effect(s) >= side.first_day))
        or (s.stage is Stage.NONE and _covers(s, side, day))
    ]
    expired = [s for s in since if _shows_presence(s) and s.holds_to and s.holds_to <= day]
    if any(s.is_unknown_after for s in expired):
        return []
    return shown + [s for s in expired if side.is_one_day or (s.holds_to and s.holds_to > side.first_day)]


def _covers(s: Statement, side: _Side, day: date) -> bool:
    """Say whether "there was none" speaks of the day, and for a term of all its days (ruling 16)."""
    until = s.holds_to or s.holds_from.last_day + timedelta(days=1)
    if side.is_one_day:
        return s.holds_from.first_day <= day < until
    return s.holds_from.first_day <= side.first_day and until > side.last_day


def _ended(last: Statement | None, deciding: Sequence[Statement], presence: Presence, day: date) -> EndedHow | None:
    if presence is not Presence.ABSENT:
        return None
    if last and last.stage is Stage.ENDED:
        return last.ended_how
    has_run_out = any(s.holds_to and s.holds_to <= day and _shows_presence(s) for s in deciding)
    return EndedHow.EXPIRED if has_run_out else None


def _level(
    instrument: Instrument, statements: Sequence[Statement], presence: Presence
) -> tuple[int | None, tuple[int, ...]]:
    """Return the last level stated that fits the presence; several on one day are a dispute, and no level."""
    is_present = presence is Presence.PRESENT
    stated = [s for s in statements if s.level is not None and (s.level >= instrument.present_from) == is_present]
    if not stated:
        return None, ()
    last_day = max(_takes_effect(s) for s in stated)
    levels = sorted({s.level for s in stated if _takes_effect(s) == last_day and s.level is not None})
    return (levels[0], ()) if len(levels) == 1 else (None, tuple(levels))


def _scope(statements: Sequence[Statement]) -> dict[str, int]:
    """Return the last value stated for each dimension of the scope."""
    scope: dict[str, int] = {}
    for s in sorted(statements, key=lambda s: (_takes_effect(s), s.id)):
        scope.update(s.scope)
    return scope


# --- The projected side -----------------------------------------------------------------------------------------


def _projected(instrument: Instrument, heard: _Heard, bridge: State, clock: Clock) -> State:
    """Return the projected world: what was said by the vintage, in which voice (ruling 13).

    A plan or pledge makes it present, a threat, an idea or an expectation pending, "will not" absent. A threat to
    add to what is in force on the bridge leaves it present, its degree unknown, the threat its condition
    (ruling 14). Silence is unknown.
    """
    claims = _settle([s for s in heard.statements if is_claim(s, clock.vintage)]).standing
    plans = [s for s in claims if not s.is_negated and s.modality in PLANNED and s.stage is not Stage.FLOATED]
    denials = [s for s in claims if is_denial(s)]
    plans = [s for s in plans if s not in denials]
    conditions = [s for s in claims if s not in plans and s not in denials]
    condition_ids = tuple(sorted(s.id for s in conditions))
    if plans and denials:
        presence, deciding = Presence.CONTRADICTORY, [*plans, *denials]
    elif plans:
        presence, deciding = Presence.PRESENT, plans
    elif conditions:
        presence, deciding = Presence.PENDING, conditions
    elif denials:
        presence, deciding = Presence.ABSENT, denials
    else:
        return UNKNOWN_STATE
    last_day = max(_takes_effect(s) for s in deciding)
    levels = sorted({s.level for s in deciding if s.level is not None})
    state = State(
        presence=presence,
        evidence=letter(deciding),
        stage=max((s.stage for s in deciding if s.stage), key=lambda stage: stage.rank),
        level=levels[0] if len(levels) == 1 else None,
        disputed_levels=tuple(levels) if len(levels) > 1 else (),
        scope=_scope(deciding),
        day=last_day,
        last_evidence=last_day,
        statement_ids=tuple(sorted({s.id for s in deciding})),
        condition_ids=condition_ids,
        measured=instrument.unit_of_count,
    )
    state = _mark_inherited(state, heard)
    if presence is Presence.PENDING and bridge.presence is Presence.PRESENT:
        return replace(state, presence=Presence.PRESENT, basis=StateBasis.CARRIED, level=None, disputed_levels=())
    return state


def is_denial(s: Statement) -> bool:
    """Say whether a claim is that there will be no such measure, or an end of it."""
    return s.is_negated or s.stage in (Stage.NONE, Stage.ENDED)


def is_claim(s: Statement, vintage: date) -> bool:
    """Say whether a statement is a projection of the instrument that the vintage may use (ruling 8)."""
    if s.basis is not Basis.PROJECTED or s.stage is None:
        return False
    return s.holds_from.last_day <= vintage or (s.speaks_of_future and s.holds_from.first_day <= vintage)


# --- Through the years ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Days [start, end) over which a cell's presence did not change."""

    start: date
    end: date
    presence: Presence


def history(instrument: Instrument, country_code: str, component: str | None, clock: Clock) -> tuple[Run, ...]:
    """Return a cell's presence from the first day of the first term to the day `on`, for drawing."""
    searches = tuple(s for s in instrument.searches if s.searched <= clock.as_of)
    heard = _heard(country_code, component, known(instrument.statements, clock), searches)
    observed = [s for s in heard.statements if s.basis is Basis.OBSERVED]
    whole = _Side(name=Side.FIRST, starts=FIRST_TERM_START, first_day=FIRST_TERM_START, last_day=clock.on)
    days = {*_days_to_look_at(observed, whole), BRIDGE_START, SECOND_TERM_START}
    runs: list[Run] = []
    for day in sorted(day for day in days if day <= clock.on):
        presence = _observed(instrument, heard, _period_on(day)).presence
        if runs and runs[-1].presence is presence:
            continue
        if runs:
            runs[-1] = replace(runs[-1], end=day)
        runs.append(Run(start=day, end=clock.on, presence=presence))
    return tuple(runs)


def _period_on(day: date) -> _Side:
    """Return one day as a side of its period."""
    period = _period_of(day)
    return _Side(name=period.side, starts=period.starts, first_day=day, last_day=day)
