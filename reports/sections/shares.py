"""Section "Rows by headline": the whole comparison as two bars, for the two pages of a decision maker.

Template: shares.html.j2, which sees only the SharesView built here.
"""

from collections import Counter
from dataclasses import dataclass

from markupsafe import Markup

from reports import charts
from reports.charts import class_of
from reports.edition import Edition, Kind
from reports.language import Language
from reports.sections import Section
from reports.sections.region_map import COMPARISONS, caption, counts, legend


@dataclass(frozen=True, slots=True, kw_only=True)
class SharesView:
    """The bars and the signs they use."""

    bars: Markup
    legend: tuple[tuple[Markup, str], ...]


def build(edition: Edition, language: Language) -> SharesView | None:
    """Count the rows in scope by class of headline; None if there is but one."""
    found = {c: [class_of(row.change.existence) for row in edition.of(c)] for c in COMPARISONS}
    if len(found[COMPARISONS[0]]) < 2:
        return None
    words = charts.ShareWords(
        title=language.gettext("Rows by headline"),
        description="; ".join(f"{caption(c, language)}: {counts(groups, language)}" for c, groups in found.items()),
        number=language.number,
    )
    width = charts.LARGE_PRINT_WIDTH if edition.request.large_print else charts.WIDTH
    bars = [(caption(c, language), Counter(groups)) for c, groups in found.items()]
    return SharesView(
        bars=charts.shares(bars, words, width),
        legend=legend({group for groups in found.values() for group in groups}, language),
    )


SECTION = Section(id="shares", title="Rows by headline", order=20, kinds=frozenset({Kind.BRIEF}), build=build)
