"""Section "Summary": sentences composed from the rows, each naming the rows it rests on.

Template: summary.html.j2, which sees only the SummaryView built here.
"""

from dataclasses import dataclass

from reports import sentences
from reports.edition import Edition, Kind
from reports.language import Language
from reports.sections import Section
from reports.sentences import Sentence
from sources.model import Comparison


@dataclass(frozen=True, slots=True, kw_only=True)
class SummaryView:
    """What was projected, what happened and what became of the projections: every row stands in one sentence of each.

    `outcomes` tells of the rows with a projection alone; `all_outcomes` is the same in one sentence, without names.
    """

    projected: tuple[Sentence, ...]
    actual: tuple[Sentence, ...]
    outcomes: tuple[Sentence, ...]
    all_outcomes: Sentence | None

    @property
    def sentences(self) -> tuple[Sentence, ...]:
        """Return every sentence of the section."""
        return (*self.projected, *self.actual, *self.outcomes)


def build(edition: Edition, language: Language) -> SummaryView:
    """Compose the sentences."""
    actual = edition.of(Comparison.FIRST_VS_ACTUAL)
    claimed = [row for row in actual if row.claims]
    return SummaryView(
        projected=sentences.findings(edition.of(Comparison.FIRST_VS_PROJECTED), sentences.foreseen_key, language),
        actual=sentences.findings(actual, sentences.story_key, language),
        outcomes=sentences.findings(claimed, sentences.fate_key, language),
        all_outcomes=sentences.fates(claimed, language),
    )


SECTION = Section(
    id="summary",
    title="Summary",
    order=20,
    kinds=frozenset({Kind.FULL, Kind.COUNTRY, Kind.INSTRUMENT}),
    build=build,
)
