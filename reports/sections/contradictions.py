"""Section "Contradictions": where sources disagree, every value side by side, none averaged.

Template: contradictions.html.j2, which sees only the ContradictionsView built here.
"""

from dataclasses import dataclass

from reports.edition import Edition, Kind
from reports.language import Language
from reports.sections import Section
from sources.model import Contradiction, Instrument


@dataclass(frozen=True, slots=True, kw_only=True)
class ContradictionsView:
    """Disputes by instrument, in the codebook's order; `known_ids` are the statements the report itself cites."""

    disputes: tuple[tuple[Instrument, Contradiction], ...]
    known_ids: frozenset[str]


def build(edition: Edition, language: Language) -> ContradictionsView | None:
    """Gather the disputes that touch a statement in scope; None where there are none."""
    known_ids = frozenset(s.id for s in edition.statements)
    disputes = tuple(
        (instrument, contradiction)
        for instrument in edition.instruments
        for contradiction in instrument.contradictions
        if not (cited := {i for value in contradiction.values for i in value.statement_ids}) or cited & known_ids
    )
    return ContradictionsView(disputes=disputes, known_ids=known_ids) if disputes else None


SECTION = Section(
    id="contradictions",
    title="Where sources disagree",
    order=60,
    kinds=frozenset({Kind.FULL, Kind.COUNTRY, Kind.INSTRUMENT, Kind.CHANGES}),
    build=build,
)
