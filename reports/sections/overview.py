"""Section "Overview": one line for every instrument, its countries grouped by headline.

Template: overview.html.j2, which sees only the OverviewView built here.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby

from markupsafe import Markup

from reports.charts import sign
from reports.comparison import Row
from reports.edition import Edition, Kind
from reports.language import Language
from reports.narrative import headline, outcome_word
from reports.sections import Section
from sources.model import Comparison, Existence, Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Countries of one instrument with the same headline."""

    sign: Markup
    word: str
    places: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One instrument: its anchor (None without a sheet), name and what became of it in three columns."""

    anchor: str | None
    name: str
    projected: tuple[Group, ...]
    actual: tuple[Group, ...]
    outcomes: tuple[Group, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OverviewView:
    """Lines by family, in the codebook's order."""

    families: tuple[tuple[str, tuple[Line, ...]], ...]


def build(edition: Edition, language: Language) -> OverviewView:
    """Group the rows of each instrument by headline; a country report shows region-wide measures too."""
    lines: list[tuple[str, Line]] = []
    has_sheet = {i.id for i in edition.instruments} if edition.request.kind is not Kind.BRIEF else set()
    for instrument in edition.codebook.instruments:
        rows = [row for row in edition.all_rows if row.instrument.id == instrument.id]
        if not rows:
            continue
        by_comparison = {c: [row for row in rows if row.comparison is c] for c in Comparison}
        actual = by_comparison[Comparison.FIRST_VS_ACTUAL]
        lines.append(
            (
                instrument.family,
                Line(
                    anchor=instrument.id if instrument.id in has_sheet else None,
                    name=language.text(instrument.short_names),
                    projected=_groups(by_comparison[Comparison.FIRST_VS_PROJECTED], _change, headline, language),
                    actual=_groups(actual, _change, headline, language),
                    outcomes=_groups([r for r in actual if r.claims], _outcome, outcome_word, language),
                ),
            )
        )
    families = groupby(lines, key=lambda line: line[0])
    return OverviewView(
        families=tuple(
            (language.word("family", family), tuple(line for _, line in group)) for family, group in families
        )
    )


def _change(row: Row) -> Existence:
    return row.change.existence


def _outcome(row: Row) -> Outcome:
    return row.outcome


def _groups(
    rows: Sequence[Row],
    finding: Callable[[Row], Existence | Outcome],
    word: Callable[[Row, Language], str],
    language: Language,
) -> tuple[Group, ...]:
    ordered = sorted(rows, key=lambda row: (list(type(finding(row))).index(finding(row)), word(row, language)))
    return tuple(
        Group(
            sign=sign(finding_of_group, text, size=2.6),
            word=text,
            places=", ".join(language.place(row.country_code) for row in group),
        )
        for (finding_of_group, text), group in groupby(ordered, lambda row: (finding(row), word(row, language)))
    )


SECTION = Section(
    id="overview",
    title="Every instrument in one table",
    order=25,
    kinds=frozenset({Kind.FULL, Kind.COUNTRY, Kind.BRIEF}),
    build=build,
)
