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
    """The headlines with their signs and meanings, and the scales of the instruments in scope."""

    headlines: tuple[tuple[Markup, str, str], ...]
    instruments: tuple[Instrument, ...]


def build(edition: Edition, language: Language) -> MethodView:
    """Explain the headlines the edition uses."""
    used = {row.change.existence for row in edition.rows}
    headlines = []
    for existence in Existence:
        if existence in used:
            word = language.word("existence", existence)
            headlines.append((sign(existence, word), word, language.word("means", existence)))
    return MethodView(headlines=tuple(headlines), instruments=tuple(edition.instruments))


SECTION = Section(
    id="method",
    title="How to read this",
    order=80,
    kinds=frozenset({Kind.FULL, Kind.COUNTRY, Kind.INSTRUMENT}),
    build=build,
)
