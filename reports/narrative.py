"""Plain words for states and changes: which key of the language file says what a record holds.

No sentence stands here; the words are in reports/locales/. What a state is called depends on how far it has come,
what the courts did and how it is applied, so the choice of the key is a rule and is kept in one place.
"""

from collections.abc import Iterator

from reports.changes import Then
from reports.comparison import Row
from reports.language import Language
from sources.model import (
    Certainty,
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
    return headline_word(row.change.existence, row.comparison, is_carried(row), language)


def is_carried(row: Row) -> bool:
    """Whether the projected side of a row is what was in force before, with a threat to add to it."""
    return row.projected.basis is StateBasis.CARRIED


def headline_word(existence: Existence, comparison: Comparison, is_carried: bool, language: Language) -> str:
    """Return a headline in words that fit what is compared."""
    is_projected = comparison is Comparison.FIRST_VS_PROJECTED
    if is_projected and is_carried and existence in (Existence.CONTINUED, Existence.PRESENT_BOTH):
        return language.gettext("existence.carried_with_threat")
    if existence is Existence.PENDING_REALISED and is_projected:
        return language.gettext("existence.pending_realised_projected")
    if existence is Existence.UNKNOWN_SECOND:
        return language.gettext(f"existence.unknown_second_{'projected' if is_projected else 'actual'}")
    return language.word("existence", existence)


def headline_with_degree(row: Row, language: Language) -> str:
    """Return the headline of a row and, where both sides are present, how far it goes."""
    return _with_degree(headline(row, language), row.change.degree, language)


def headline_then(row: Row, then: Then, language: Language) -> str:
    """Return what `headline_with_degree` said of a row at an earlier time."""
    word = headline_word(then.existence, row.comparison, then.is_carried, language)
    return _with_degree(word, then.degree, language)


def _with_degree(word: str, degree: Degree | None, language: Language) -> str:
    return f"{word}, {language.word('degree', degree)}" if degree else word


def otherwise(row: Row, then: Then, language: Language) -> Iterator[str]:
    """Yield what a row says otherwise beside its headline: how sure, today, what became of the projection."""
    pairs = (
        ("certainty", then.certainty, row.change.certainty),
        ("presence", then.today, row.today.presence),
        ("outcome", then.outcome, row.outcome),
    )
    for scale, before, after in pairs:
        if before is not after:
            words = {"before": _beside(scale, before, language), "after": _beside(scale, after, language)}
            yield language.gettext(f"changed.{scale}") % words


def _beside(scale: str, value: object, language: Language) -> str:
    """Return a word that stands beside the name of its scale: not "certainty: certainty not known"."""
    is_unknown = value is Certainty.NOT_KNOWN
    return language.word("presence", Presence.UNKNOWN) if is_unknown else language.word(scale, value)


def voice(s: Statement, language: Language) -> str:
    """Return who says it and in which voice: "plan, reported by unnamed sources"."""
    modality = language.word("modality", s.modality)
    if s.modality in (Modality.FACT_OFFICIAL, Modality.FACT_REPORTED):
        return modality
    return modality if s.is_named else language.gettext("%s, unnamed source") % modality


def number(q: Quantity, language: Language) -> str:
    """Return a quantity with its qualifier, unit and unit of count: "about 68,000 people"."""
    low, high = q.low, q.high
    bound = None
    if q.value is not None:
        value, figure = q.value, language.number(q.value)
    elif low is not None and high is not None:
        value, figure = high, f"{language.number(low)}–{language.number(high)}"
    elif low is not None:
        value, figure, bound = low, language.number(low), "at_least"
    else:
        value = high or 0
        figure, bound = language.number(value), "at_most"
    amount = language.amount(figure, value, q.unit, q.unit_of_count)
    for qualifier in filter(None, (bound, q.qualifier)):
        amount = language.word("qualifier", qualifier) % amount
    return amount


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
