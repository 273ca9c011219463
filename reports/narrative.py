"""Plain words for states and changes: which key of the language file says what a record holds.

No sentence stands here; the words are in reports/locales/. What a state is called depends on how far it has come,
what the courts did and how it is applied, so the choice of the key is a rule and is kept in one place.
"""

from reports.comparison import Row
from reports.language import Language
from sources.model import (
    Comparison,
    Degree,
    Direction,
    Existence,
    Implementation,
    Instrument,
    Legal,
    Modality,
    Outcome,
    Presence,
    Quantity,
    Side,
    Stage,
    State,
    StateBasis,
    Statement,
)


def state_word(state: State, side: Side, language: Language) -> str:
    """Return a short name of a state: "In force", "Threatened", "Not known"."""
    return language.gettext(f"state.{_state_key(state, side)}")


def _state_key(state: State, side: Side) -> str:
    match state.presence:
        case Presence.UNKNOWN:
            return "unknown"
        case Presence.CONTRADICTORY:
            return "contradictory"
        case Presence.ABSENT:
            if side is Side.PROJECTED:
                return "will_not"
            return f"ended_{state.ended_how}" if state.ended_how else "absent"
        case Presence.PENDING:
            return _pending_key(state, side)
    if side is Side.PROJECTED:
        return "carried" if state.basis is StateBasis.CARRIED else "planned"
    return "partly_blocked" if state.legal is Legal.PARTLY_ENJOINED else "in_force"


def _pending_key(state: State, side: Side) -> str:
    if side is Side.PROJECTED:
        return "expected" if state.stage in (None, Stage.FLOATED) else "conditional"
    if state.legal in (Legal.ENJOINED, Legal.VACATED):
        return "blocked"
    if state.implementation is Implementation.DORMANT:
        return "suspended"
    return f"pending_{state.stage or Stage.THREATENED}"


def qualifiers(row: Row, language: Language) -> list[str]:
    """Return what stands in one quiet line beside the headline: degree, direction, size, certainty, notes."""
    change = row.change
    words = [language.word("note", note) for note in change.notes]
    if change.degree:
        words.append(language.word("degree", change.degree))
    is_said_already = change.degree is Degree.DEGREE_UNKNOWN
    if change.direction not in (Direction.NOT_APPLICABLE, Direction.SAME) and not is_said_already:
        words.append(language.word("direction", change.direction))
    if change.magnitude:
        words.append(language.word("magnitude", change.magnitude))
    words.append(language.word("certainty", change.certainty))
    return words


def headline(row: Row, language: Language) -> str:
    """Return the headline of a row in words that fit what is compared."""
    existence = row.change.existence
    is_carried = row.comparison is Comparison.FIRST_VS_PROJECTED and row.projected.basis is StateBasis.CARRIED
    if is_carried and existence in (Existence.CONTINUED, Existence.PRESENT_BOTH):
        return language.gettext("existence.carried_with_threat")
    is_projected = row.comparison is Comparison.FIRST_VS_PROJECTED
    if existence is Existence.PENDING_REALISED and is_projected:
        return language.gettext("existence.pending_realised_projected")
    if existence is Existence.UNKNOWN_SECOND:
        return language.gettext(f"existence.unknown_second_{'projected' if is_projected else 'actual'}")
    return language.word("existence", existence)


def voice(s: Statement, language: Language) -> str:
    """Return who says it and in which voice: "plan, reported by unnamed sources"."""
    modality = language.word("modality", s.modality)
    if s.modality in (Modality.FACT_OFFICIAL, Modality.FACT_REPORTED):
        return modality
    return modality if s.is_named else language.gettext("%s, unnamed source") % modality


def number(q: Quantity, language: Language) -> str:
    """Return a quantity with its qualifier, unit and unit of count: "about 68,000 people"."""
    unit = q.unit_of_count if q.unit == "count" else language.word("unit", q.unit)
    counted = f" ({q.unit_of_count})" if q.unit != "count" and q.unit_of_count else ""
    return f"{_figure(q, language)} {unit}{counted}"


def _figure(q: Quantity, language: Language) -> str:
    low, high = q.low, q.high
    if q.value is not None:
        figure = language.number(q.value)
    elif low is not None and high is not None:
        figure = f"{language.number(low)}–{language.number(high)}"
    elif low is not None:
        figure = language.word("qualifier", "at_least") % language.number(low)
    else:
        figure = language.word("qualifier", "at_most") % language.number(high or 0)
    return language.word("qualifier", q.qualifier) % figure if q.qualifier else figure


def level_text(instrument: Instrument, state: State, language: Language) -> str:
    """Return the level in words, the values in dispute, or that nobody stated one."""
    if state.disputed_levels:
        levels = ", ".join(str(level) for level in state.disputed_levels)
        return language.gettext("Level in dispute: %s") % levels
    if state.level is None:
        return language.gettext("Level not stated")
    return language.gettext("Level %(level)s: %(text)s") % {
        "level": state.level,
        "text": language.text(instrument.levels[state.level]),
    }


def outcome_word(row: Row, language: Language) -> str:
    """Return what became of the row's projections, in a word."""
    return language.word("outcome", row.outcome if row.claims else Outcome.NO_PROJECTION)
