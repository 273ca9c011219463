"""Section "What changed": the rows that say something else than they did, why, and what they rest on now.

Template: changes.html.j2, which sees only the ChangesView built here.
"""

from collections import Counter
from dataclasses import dataclass

from markupsafe import Markup

from reports.changes import Cause, Changed
from reports.charts import sign
from reports.edition import Edition, Kind
from reports.language import Language
from reports.narrative import headline, headline_then, headline_with_degree, otherwise
from reports.sections import Section
from sources.model import Statement


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One changed row: where, which comparison, what it said and says, what else changed, why, what it newly rests on.

    `searches` are the ids of recorded searches that found nothing.
    """

    code: str
    cell_code: str
    place: str
    comparison: str
    before: str
    sign: Markup
    after: str
    details: tuple[str, ...]
    cause: str
    statements: tuple[Statement, ...]
    searches: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangesView:
    """The lines by instrument, and how many rows each cause changed; `headlines` of them have another headline."""

    instruments: tuple[tuple[str, tuple[Line, ...]], ...]
    causes: tuple[tuple[str, int], ...]
    total: int
    headlines: int
    since: str


def build(edition: Edition, language: Language) -> ChangesView | None:
    """Put the changed rows in the codebook's order; None where nobody asked since when."""
    if edition.since is None:
        return None
    changed = edition.changes
    counts = Counter(change.cause for change in changed)
    by_instrument: dict[int, list[Changed]] = {}
    for change in changed:
        by_instrument.setdefault(change.row.instrument.number, []).append(change)
    return ChangesView(
        instruments=tuple(
            (language.text(found[0].row.instrument.names), tuple(_line(change, language) for change in found))
            for _, found in sorted(by_instrument.items())
        ),
        causes=tuple((language.word("cause", cause), counts[cause]) for cause in Cause if counts[cause]),
        total=len(changed),
        headlines=sum(change.is_headline for change in changed),
        since=language.day(edition.since.as_of),
    )


def _line(change: Changed, language: Language) -> Line:
    row, then = change.row, change.then
    return Line(
        code=row.code,
        cell_code=row.cell_code,
        place=language.place(row.country_code),
        comparison=language.word("comparison", row.comparison),
        before=headline_then(row, then, language) if then else language.gettext("no row"),
        sign=sign(row.change.existence, headline(row, language)),
        after=headline_with_degree(row, language),
        details=tuple(otherwise(row, then, language)) if then else (),
        cause=language.word("cause", change.cause),
        statements=change.new_statements,
        searches=tuple(search.id for search in change.new_searches),
    )


SECTION = Section(
    id="changes",
    title="What changed",
    order=15,
    kinds=frozenset({Kind.FULL, Kind.COUNTRY, Kind.INSTRUMENT, Kind.CHANGES}),
    build=build,
)
