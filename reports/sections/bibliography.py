"""Section "Sources": every publication the report cites, with its date, kind and the hashes of what was quoted.

Template: bibliography.html.j2, which sees only the BibliographyView built here.
"""

from dataclasses import dataclass

from reports.edition import Edition, Kind
from reports.language import Language
from reports.sections import Section
from sources.model import CitedSource, Statement


@dataclass(frozen=True, slots=True, kw_only=True)
class BibliographyView:
    """Sources with the statements that cite them, by publisher and date."""

    entries: tuple[tuple[CitedSource, tuple[Statement, ...]], ...]


def build(edition: Edition, language: Language) -> BibliographyView:
    """Group the edition's statements by publication."""
    cited: dict[tuple[str, str], list[Statement]] = {}
    for s in edition.statements:
        cited.setdefault((s.source.url, s.source.title), []).append(s)
    entries = [(group[0].source, tuple(sorted(group, key=lambda s: s.id))) for group in cited.values()]
    entries.sort(key=lambda e: (e[0].publisher.casefold(), str(e[0].published), e[0].title, e[0].url))
    return BibliographyView(entries=tuple(entries))


SECTION = Section(
    id="bibliography",
    title="Sources",
    order=90,
    kinds=frozenset({Kind.FULL, Kind.COUNTRY, Kind.INSTRUMENT, Kind.CHANGES}),
    build=build,
)
