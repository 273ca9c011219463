"""Section "How to read this": the words, the rules and the codebook's version.

Template: method.html.j2, which sees only the MethodView built here.
"""

from dataclasses import dataclass

from markupsafe import Markup

from reports.charts import sign
from reports.edition import Edition, Kind
from reports.language import Language
from reports.sections import Section
from sources.model import Existence, Instrument


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodView:
    """The headlines with their signs and meanings, the scales in scope, and how much was coded and read twice."""

    headlines: tuple[tuple[Markup, str, str], ...]
    instruments: tuple[Instrument, ...]
    codings: int
    coded_twice: int
    statements: int
    reviewed: int


def build(edition: Edition, language: Language) -> MethodView:
    """Explain the headlines the edition uses."""
    used = {row.change.existence for row in edition.rows}
    headlines = []
    for existence in Existence:
        if existence in used:
            word = language.word("existence", existence)
            headlines.append((sign(existence, word), word, language.word("means", existence)))
    codings = [coding for instrument in edition.instruments for coding in instrument.codings]
    return MethodView(
        headlines=tuple(headlines),
        instruments=tuple(edition.instruments),
        codings=len(codings),
        coded_twice=sum(coding.second_presence is not None for coding in codings),
        statements=len(edition.statements),
        reviewed=sum(s.reviewer is not None for s in edition.statements),
    )


SECTION = Section(
    id="method",
    title="How to read this",
    order=80,
    kinds=frozenset({Kind.FULL, Kind.COUNTRY, Kind.INSTRUMENT, Kind.CHANGES}),
    build=build,
)
