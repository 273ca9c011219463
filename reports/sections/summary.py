"""Section "Summary": sentences built from the rows, each naming the rows it rests on.

Template: summary.html.j2, which sees only the SummaryView built here.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from reports.comparison import Row
from reports.edition import Edition, Kind
from reports.language import Language
from reports.sections import Section
from sources.model import Comparison, Existence, Outcome, Presence, StateBasis


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One sentence of the summary: its lead words and the rows it is about."""

    lead: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SummaryView:
    """Findings on the projection and on what happened; empty ones are left out."""

    projected: tuple[Finding, ...]
    actual: tuple[Finding, ...]
    outcomes: tuple[tuple[str, int], ...]
    claimed_rows: int


def build(edition: Edition, language: Language) -> SummaryView:
    """Sort the rows into sentences."""
    projected = edition.of(Comparison.FIRST_VS_PROJECTED)
    actual = edition.of(Comparison.FIRST_VS_ACTUAL)
    carried = [row for row in projected if row.projected.basis is StateBasis.CARRIED]
    rest = [row for row in projected if row not in carried]
    claimed = [row for row in actual if row.claims]
    counts = [(outcome, sum(row.outcome is outcome for row in claimed)) for outcome in reversed(Outcome)]
    return SummaryView(
        projected=_findings(
            language,
            ("summary.projected_reinstated", _with(rest, Existence.REINSTATED)),
            ("summary.projected_continued", _with(rest, Existence.CONTINUED, Existence.PRESENT_BOTH)),
            ("summary.projected_carried", carried),
            ("summary.projected_realised", _with(rest, Existence.PENDING_REALISED)),
            ("summary.projected_new", _with(rest, Existence.NEW, Existence.REPLACES)),
            (
                "summary.projected_pending",
                _with(
                    rest,
                    Existence.PENDING_NEW,
                    Existence.PENDING_UNCHANGED,
                    Existence.STEPPED_DOWN_TO_PENDING,
                ),
            ),
        ),
        actual=_findings(
            language,
            ("summary.actual_reinstated", _with(actual, Existence.REINSTATED)),
            ("summary.actual_continued", _with(actual, Existence.CONTINUED, Existence.PRESENT_BOTH)),
            ("summary.actual_realised", _with(actual, Existence.PENDING_REALISED)),
            ("summary.actual_new", _with(actual, Existence.NEW, Existence.REPLACES)),
            ("summary.actual_ended", _with(actual, Existence.DISCONTINUED, Existence.REPLACED)),
            (
                "summary.today_not_in_force",
                [
                    row
                    for row in actual
                    if row.actual.presence is Presence.PRESENT
                    and row.today.presence in (Presence.ABSENT, Presence.PENDING)
                ],
            ),
            ("summary.contradictory", _with(actual, Existence.CONTRADICTORY)),
        ),
        outcomes=tuple((language.word("outcome", outcome), count) for outcome, count in counts if count),
        claimed_rows=len(claimed),
    )


def _with(rows: Sequence[Row], *labels: Existence) -> list[Row]:
    return [row for row in rows if row.change.existence in labels]


def _findings(language: Language, *candidates: tuple[str, list[Row]]) -> tuple[Finding, ...]:
    return tuple(Finding(lead=language.gettext(key), rows=tuple(rows)) for key, rows in candidates if rows)


SECTION = Section(
    id="summary",
    title="Summary",
    order=20,
    kinds=frozenset({Kind.FULL, Kind.COUNTRY, Kind.INSTRUMENT}),
    build=build,
)
