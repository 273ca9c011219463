"""Section "Annex": how many gathered numbers and legal acts are in scope, and the tables that list them.

Template: annex.html.j2, which sees only the AnnexView built here. The tables are laid out in pieces
(reports/annex.html.j2 with what `tables` returns) and follow this section as the last pages of the PDF.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby

from markupsafe import Markup

from reports import annex
from reports.annex import Block
from reports.edition import Edition, Kind
from reports.language import Language
from reports.sections import Section
from reports.sections.numbers import marked_group, unit_text
from reports.series import LegalAct, Number

_SHOWN_DIGITS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceLines:
    """How many lines a source has."""

    name: str
    numbers: int
    acts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnexView:
    """The sources that have lines."""

    sources: tuple[SourceLines, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One table of a piece, of numbers or acts: `source` is the heading above it, if no earlier table has that."""

    source: str
    kind: str
    caption: str
    rows: tuple[tuple[str, ...], ...]


def build(edition: Edition, language: Language) -> AnnexView | None:
    """Count the lines of each source; None if no annex is asked for."""
    if not edition.request.annex:
        return None
    return AnnexView(
        sources=tuple(
            SourceLines(
                name=_source(edition, source_id, language),
                numbers=sum(len(block.numbers) for block in blocks),
                acts=sum(len(block.acts) for block in blocks),
            )
            for source_id, blocks in _by_source(annex.blocks(edition))
        )
    )


def _by_source(blocks: Sequence[Block]) -> Iterator[tuple[str, list[Block]]]:
    for source_id, of_source in groupby(blocks, key=lambda block: block.source_id):
        yield source_id, list(of_source)


def _source(edition: Edition, source_id: str, language: Language) -> str:
    source = edition.gathered.source(source_id)
    return Markup("{}, {}").format(source.publisher, language.foreign(source.title))


def tables(piece: Sequence[Block], edition: Edition, language: Language) -> tuple[Table, ...]:
    """Return the tables of a piece, each source named above its first one."""
    return tuple(_table(block, edition, language) for block in piece)


def _table(block: Block, edition: Edition, language: Language) -> Table:
    if block.numbers:
        first = block.numbers[0]
        measure, unit = language.name("measure", first.measure), unit_text(first.unit, first.unit_of_count, language)
        caption = measure if measure == unit else f"{measure}, {unit}"
        rows = tuple(_number(number, language) for number in block.numbers)
    else:
        caption = language.gettext("Legal acts")
        names = {i.id: language.text(i.short_names) for i in edition.codebook.instruments}
        rows = tuple(_act(act, names, language) for act in block.acts)
    return Table(
        source=_source(edition, block.source_id, language) if block.is_first else "",
        kind="numbers" if block.numbers else "acts",
        caption=language.gettext("%s (continued)") % caption if block.is_begun else caption,
        rows=rows,
    )


def _number(n: Number, language: Language) -> tuple[str, ...]:
    return (
        language.place(n.country_code),
        marked_group(n.population, language),
        language.short_day(n.interval.start),
        language.short_day(n.interval.end - timedelta(days=1)),
        language.number(n.value),
        n.snapshot_sha256[:_SHOWN_DIGITS],
    )


def _act(act: LegalAct, instruments: dict[str, str], language: Language) -> tuple[str, ...]:
    told = (language.name("act", act.kind), language.foreign(act.title), act.citation_url, act.act_id)
    return (
        language.short_day(act.day) if act.day else language.gettext("undated"),
        Markup('{}: {} <a class="url" href="{}">{}</a>').format(*told),
        ", ".join(instruments[name] for name in act.instrument_ids),
        act.snapshot_sha256[:_SHOWN_DIGITS],
    )


SECTION = Section(
    id="annex",
    title="Annex",
    order=100,
    kinds=frozenset(Kind) - {Kind.BRIEF},
    build=build,
)
