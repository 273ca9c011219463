"""Section "Instrument by instrument": one sheet each, with first, projected and actual side by side.

Template: sheets.html.j2, which sees only the SheetsView built here.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from markupsafe import Markup

from reports import charts, sentences
from reports.comparison import Row
from reports.edition import Edition, Kind
from reports.language import Language
from reports.narrative import (
    headline,
    level_text,
    number,
    outcome_word,
    qualifiers,
    state_word,
)
from reports.sections import Section
from reports.sentences import Sentence
from reports.series import LegalAct
from reports.state import history
from sources.model import Basis, Comparison, Instrument, Quantity, Side, State, Statement

# A column shows this many of the statements that decide it; the notes below the sheet have all.
SHOWN = 3
# How a figure is qualified: the side of it on which the number lies, or that it is near.
LOWER_BOUNDS = frozenset({"at_least", "more_than"})
UPPER_BOUNDS = frozenset({"at_most", "up_to"})
LOOSE = frozenset({"about", "not_quantified"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One side of a cell: its name, state in words, level, and the statements that decide it."""

    side: Side
    title: str
    state: str
    details: tuple[str, ...]
    meter: Markup | None
    level: str
    statements: tuple[Statement, ...]
    more: int
    searches: tuple[str, ...]
    evidence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One cell: its headlines with their qualifiers, and its columns."""

    code: str
    place: str
    component: str | None
    projected: Row
    actual: Row
    projected_sign: Markup
    projected_word: str
    projected_qualifiers: tuple[str, ...]
    actual_sign: Markup
    actual_word: str
    actual_qualifiers: tuple[str, ...]
    outcome_sign: Markup
    outcome: str
    bridge: str
    today: str | None
    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberRow:
    """One quantity: what, how much, where, when, said by whom, and the disputes it is part of.

    `strip` draws it on the scale of its measure, None where the measure has no second figure to compare it with.
    """

    measure: str
    figure: str
    strip: Markup | None
    statement: Statement
    disputes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One instrument's sheet; `lead` tells it in paragraphs of sentences."""

    instrument: Instrument
    family: str
    lead: tuple[tuple[Sentence, ...], ...]
    verdicts: tuple[Verdict, ...]
    timeline: Markup
    numbers: tuple[NumberRow, ...]
    partner: tuple[Statement, ...]
    courts: tuple[Statement, ...]
    acts: tuple[LegalAct, ...]
    notes: tuple[Statement, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetsView:
    """The sheets, in the codebook's order."""

    sheets: tuple[Sheet, ...]


def build(edition: Edition, language: Language) -> SheetsView:
    """Build every sheet of the edition."""
    return SheetsView(sheets=tuple(_sheet(edition, i, language) for i in edition.instruments))


def _sheet(edition: Edition, instrument: Instrument, language: Language) -> Sheet:
    rows = [row for row in edition.rows if row.instrument.id == instrument.id]
    statements = edition.statements_of(instrument)
    by_id = {s.id: s for s in statements}
    disputes = [(value.statement_ids, dispute.id) for dispute in instrument.contradictions for value in dispute.values]
    by_cell: dict[str, dict[Comparison, Row]] = {}
    for row in rows:
        by_cell.setdefault(row.cell_code, {})[row.comparison] = row
    return Sheet(
        instrument=instrument,
        family=language.word("family", instrument.family),
        lead=sentences.lead(rows, edition.request.clock, language),
        verdicts=tuple(_verdict(cell, by_id, language) for cell in by_cell.values()),
        timeline=_timeline(edition, instrument, by_cell, statements, language),
        numbers=tuple(_numbers(statements, disputes, language)),
        partner=tuple(s for s in statements if s.partner_response),
        courts=tuple(s for s in statements if s.litigation),
        acts=tuple(edition.acts_of(instrument)),
        notes=tuple(statements),
    )


def _numbers(
    statements: Sequence[Statement], disputes: Sequence[tuple[tuple[str, ...], str]], language: Language
) -> Iterator[NumberRow]:
    """Yield the quantities, those of one measure together on one scale, in the order in which measures first appear."""
    by_measure: dict[tuple[str, str, str | None], list[tuple[Statement, Quantity]]] = defaultdict(list)
    for s in statements:
        if q := s.quantity:
            by_measure[q.measure, q.unit, q.unit_of_count].append((s, q))
    for group in by_measure.values():
        amounts = [_amount(s, q) for s, q in group]
        top = charts.scale_of(amounts)
        for (s, q), amount in zip(group, amounts, strict=True):
            measure, figure = language.name("measure", q.measure), number(q, language)
            yield NumberRow(
                measure=measure,
                figure=figure,
                strip=charts.amount(amount, top, _told(measure, figure, top, language)) if top else None,
                statement=s,
                disputes=tuple(dispute_id for ids, dispute_id in disputes if s.id in ids),
            )


def _told(measure: str, figure: str, top: float, language: Language) -> str:
    """Return what a drawn figure shows, for a reader who does not see it."""
    return language.gettext("%(measure)s: %(figure)s, on a scale from zero to %(end)s") % {
        "measure": measure,
        "figure": figure,
        "end": language.number(top),
    }


def _amount(s: Statement, q: Quantity) -> charts.Amount:
    """Return a quantity as what is drawn of it: a bound leaves its other end open."""
    low, high = q.low, q.high
    if q.value is not None:
        low = None if q.qualifier in UPPER_BOUNDS else q.value
        high = None if q.qualifier in LOWER_BOUNDS else q.value
    return charts.Amount(
        low=low,
        high=high,
        is_loose=q.qualifier in LOOSE,
        is_plan=s.basis is Basis.PROJECTED or q.qualifier == "planned",
    )


def _verdict(cell: dict[Comparison, Row], by_id: dict[str, Statement], language: Language) -> Verdict:
    projected, actual = cell[Comparison.FIRST_VS_PROJECTED], cell[Comparison.FIRST_VS_ACTUAL]
    words = headline(projected, language), headline(actual, language)
    today = state_word(actual.today, Side.ACTUAL, language)
    return Verdict(
        code=actual.cell_code,
        place=language.place(actual.country_code),
        component=language.text(actual.instrument.components[actual.component]) if actual.component else None,
        projected=projected,
        actual=actual,
        projected_sign=charts.sign(projected.change.existence, words[0], size=4),
        projected_word=words[0],
        projected_qualifiers=tuple(qualifiers(projected, language)),
        actual_sign=charts.sign(actual.change.existence, words[1], size=4),
        actual_word=words[1],
        actual_qualifiers=tuple(qualifiers(actual, language)),
        outcome_sign=charts.sign(actual.outcome, outcome_word(actual, language)),
        outcome=outcome_word(actual, language),
        bridge=state_word(actual.bridge, Side.BRIDGE, language),
        today=today if actual.today.presence is not actual.actual.presence else None,
        columns=tuple(
            _column(row, side, by_id, language)
            for row, side in ((actual, Side.FIRST), (projected, Side.PROJECTED), (actual, Side.ACTUAL))
        ),
    )


def _column(row: Row, side: Side, by_id: dict[str, Statement], language: Language) -> Column:
    state = row.sides[side]
    deciding = [by_id[i] for i in (*state.statement_ids, *state.condition_ids) if i in by_id]
    recent = sorted({s.id: s for s in deciding}.values(), key=lambda s: (s.holds_from, s.id))
    shown = recent[:1] + recent[1:][-(SHOWN - 1) :]
    level = level_text(row.instrument, state, language) if state.statement_ids else ""
    return Column(
        side=side,
        title=language.word("side", side),
        state=state_word(state, side, language),
        details=tuple(_details(state, language)),
        meter=charts.meter(state.level, level, side) if state.statement_ids else None,
        level=level,
        statements=tuple(shown),
        more=len(recent) - len(shown),
        searches=state.search_ids,
        evidence=state.evidence,
    )


def _details(state: State, language: Language) -> list[str]:
    details = []
    if state.legal:
        details.append(language.word("legal", state.legal))
    if state.implementation:
        details.append(language.word("implementation", state.implementation))
    if state.basis != "own":
        details.append(language.word("basis", state.basis))
    if state.last_evidence:
        details.append(language.gettext("last evidence %s") % language.short_day(state.last_evidence))
    return details


def _timeline(
    edition: Edition,
    instrument: Instrument,
    by_cell: dict[str, dict[Comparison, Row]],
    statements: Sequence[Statement],
    language: Language,
) -> Markup:
    clock = edition.request.clock
    rows = [cell[Comparison.FIRST_VS_ACTUAL] for cell in by_cell.values()]
    lanes = [
        charts.Lane(
            label=language.place(row.country_code),
            runs=history(instrument, row.country_code, row.component, clock),
        )
        for row in rows
    ]
    places = [row.country_code for row in rows]
    events = [event for s in statements if (event := _event(s, places, language)) and event.day <= clock.on]
    name = language.text(instrument.short_names)
    words = charts.TimelineWords(
        title=language.gettext("%(name)s, from 2017 to %(day)s: when it was in force, with events")
        % {"name": name, "day": language.day(clock.on)},
        first_term=language.gettext("First term"),
        between=language.gettext("The years between"),
        second_term=language.gettext("Second term"),
        years=tuple((date(year, 1, 1), str(year)) for year in range(2017, clock.on.year + 1)),
    )
    acts = [act.day for act in edition.acts_of(instrument) if act.day]
    width = charts.LARGE_PRINT_WIDTH if edition.request.large_print else charts.WIDTH
    return charts.timeline(lanes, events, words, clock.on, acts, width)


def _event(s: Statement, places: Sequence[str], language: Language) -> charts.Event | None:
    """Return a statement as a flag of the timeline: acts and courts' decisions, on the day they are known to.

    It is about the lanes of its own places; one about the region or the world is about all of them.
    """
    if s.basis != "observed" or not (s.stage or s.litigation or s.implementation == "dormant"):
        return None
    if s.litigation:
        label = language.word("litigation", s.litigation)
    elif s.stage:
        label = language.word("event", s.ended_how or s.stage)
    else:
        label = language.word("event", "suspended")
    return charts.Event(
        label=label,
        day=s.holds_from.last_day,
        day_text=language.when(s.holds_from),
        is_court=s.litigation is not None,
        lanes=tuple(lane for lane, place in enumerate(places) if place in s.country_codes),
    )


def _entries(view: SheetsView, language: Language) -> list[tuple[str, str]]:
    return [(sheet.instrument.id, language.text(sheet.instrument.names)) for sheet in view.sheets]


SECTION = Section(
    id="sheets",
    title="Instrument by instrument",
    order=40,
    kinds=frozenset({Kind.FULL, Kind.COUNTRY, Kind.INSTRUMENT, Kind.CHANGES}),
    build=build,
    entries=_entries,
)
