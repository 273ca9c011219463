"""The chain behind a row, as text: rule, statements, sources, dates, hashes, and what would change the verdict."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from reports.comparison import Row
from reports.tables import headline
from sources.model import Coding, Presence, Search, Side, State, Statement


def explain(rows: Sequence[Row], statements: Mapping[str, Statement], as_of: date) -> str:
    """Return the whole chain of one cell's rows, most general first; a coding only if all it rests on was known."""
    row = rows[0]
    lines = [
        f"{row.cell_code}  {row.instrument.names['en']} x {row.country_code}"
        + (f", component {row.component}" if row.component else ""),
        f"  {row.instrument.present_means['en']}",
    ]
    for compared in rows:
        lines += ["", *_comparison(compared)]
    for side, state in row.sides.items():
        lines += ["", *_side(row, side, state, statements, as_of)]
    if row.claims:
        lines += ["", "projections, worst outcome first"]
        lines += [
            f"  {claim.statement_id}: {claim.outcome}, horizon {claim.horizon}"
            + (f", {claim.days_late:+d} days" if claim.days_late is not None else "")
            for claim in row.claims
        ]
    lines += ["", "what would change the verdict", *(f"  {line}" for line in _what_would_change(row))]
    return "\n".join(lines) + "\n"


def _comparison(row: Row) -> list[str]:
    change = row.change
    return [
        f"{row.code}  {row.comparison}: {headline(row)}",
        f"  rule: {change.decided_by}",
        f"  direction {change.direction}, magnitude {change.magnitude or 'none'}, "
        f"certainty {change.certainty} (evidence {change.evidence})"
        + (f", {', '.join(change.notes)}" if change.notes else ""),
    ]


def _side(row: Row, side: Side, state: State, statements: Mapping[str, Statement], as_of: date) -> Iterator[str]:
    yield (
        f"{side}: {state.presence} ({Presence(state.presence).name.lower()}), stage {state.stage or 'unknown'}, "
        f"legal {state.legal or 'unknown'}, implementation {state.implementation or 'unknown'}, "
        f"level {'unknown' if state.level is None else state.level}, evidence {state.evidence}, {state.basis}"
        + (f", since {state.since}" if state.since and state.presence is not Presence.UNKNOWN else "")
    )
    for statement_id in dict.fromkeys((*state.statement_ids, *state.condition_ids)):
        yield from _statement(statements[statement_id])
    searches = {search.id: search for search in row.instrument.searches}
    for search_id in state.search_ids:
        yield from _search(searches[search_id])
    for coding in row.instrument.codings:
        is_of_this = (
            row.country_code in coding.country_codes and coding.side is side and coding.component == row.component
        )
        if is_of_this and all(statements[i].known_from <= as_of for i in coding.statement_ids):
            yield from _coding(coding)


def _statement(s: Statement) -> list[str]:
    published = s.source.published or "undated"
    return [
        f"  {s.id}  {s.holds_from}  {s.text['en']}",
        f"      {s.modality}, {s.speaker}{'' if s.is_named else ' (unnamed)'}; {', '.join(s.properties)}",
        f"      {s.source.imprint}: {s.source.title} ({published}); {s.source.kind}, tier {s.source.tier}, "
        f"group {s.source.group}",
        f"      {s.source.url}",
        f"      {s.locator}; passage sha256 {s.quote_sha256}; recorded {s.recorded}",
        *([f"      note: {s.reviewer_note}"] if s.reviewer_note else []),
    ]


def _search(search: Search) -> list[str]:
    finding = "absence supported" if search.is_absence else "nothing found either way"
    return [
        f"  {search.id}  searched {search.searched}: {search.claim['en']} ({finding})",
        f"      {search.result['en']}",
        f"      in {search.where['en']}; query: {search.query}; {search.source_url}",
    ]


def _coding(coding: Coding) -> list[str]:
    return [
        f"  coded {coding.presence} by {coding.coder}, {_second(coding)}: {coding.rule}",
        f"      alternative: {coding.alternative}",
        *([f"      settled: {coding.settled}"] if coding.settled else []),
    ]


def _second(coding: Coding) -> str:
    if coding.second_presence is None:
        return "not yet by a second coder"
    return f"{coding.second_presence} by {coding.reviewer}"


def _what_would_change(row: Row) -> Iterator[str]:
    """Say which finding on which side would give another headline."""
    names = {
        Side.FIRST: "in the first term",
        Side.BRIDGE: "on 2025-01-19",
        Side.PROJECTED: "among projections by the vintage",
        Side.ACTUAL: "in the second term",
    }
    for side, state in row.sides.items():
        match state.presence:
            case Presence.UNKNOWN:
                yield f"any dated passage on it {names[side]}, or a recorded search that covers that side"
            case Presence.CONTRADICTORY:
                yield f"an official text that settles the dispute {names[side]}"
            case Presence.ABSENT:
                yield f"a passage that shows it in force or applied {names[side]}"
            case Presence.PENDING:
                yield f"a passage that shows it in force, applied or given up {names[side]}"
            case Presence.PRESENT if side is Side.PROJECTED:
                yield "a correction of the claims above, or a clear 'will not' of the same standing"
            case Presence.PRESENT:
                yield f"a correction of the statements above, which show it {names[side]}"
    if any(state.presence is Presence.PRESENT and state.level is None for state in row.sides.values()):
        yield "a stated level on every side where it is present, for the degree"
