"""The annex: every gathered number and legal act in the scope of a report, line by line.

Pure functions. The lines are those of annex.csv, in the same order. Because there may be ten thousand of them, they are
laid out in pieces beside the report (`pieces`), and bound into it by `reports/binding.py`.
"""

import csv
import io
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import chain, pairwise
from math import ceil

from reports.edition import Edition
from reports.series import LegalAct, Number
from reports.tables import harmless
from sources.countries import GLOBAL, PLACES, reading_order

# So many lines take a process about 200 MiB to lay out; all of them at once take eight times that.
PIECE_LINES = 800
COLUMNS = (
    *("kind", "source_id", "measure", "country_code", "population", "start_date", "end_date", "value", "unit"),
    *("unit_of_count", "act_id", "title", "signing_date", "publication_date", "citation_url", "instrument_ids"),
    "snapshot_sha256",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A table of the annex: one source's numbers of one measure in one unit, or its legal acts.

    `is_first` says that its source has no table before it, `is_begun` that its first lines stand in an earlier piece.
    """

    source_id: str
    numbers: tuple[Number, ...] = ()
    acts: tuple[LegalAct, ...] = ()
    is_first: bool = False
    is_begun: bool = False

    def __len__(self) -> int:
        return len(self.numbers) + len(self.acts)

    def part(self, start: int, end: int) -> "Block":
        """Return some of its lines as a block."""
        return replace(
            self,
            numbers=self.numbers[start:end],
            acts=self.acts[start:end],
            is_first=self.is_first and not start,
            is_begun=start > 0,
        )


def blocks(edition: Edition) -> tuple[Block, ...]:
    """Return the numbers and legal acts in scope by source, numbers before acts; nothing if no annex is asked for.

    In scope are the numbers of the places asked for and of the whole world, and the acts that name an instrument and a
    place asked for; an act that names no place counts for all.
    """
    if not edition.request.annex:
        return ()
    numbers: dict[tuple[str, ...], list[Number]] = defaultdict(list)
    for number in _numbers(edition):
        numbers[number.source_id, number.measure, number.unit, number.unit_of_count].append(number)
    acts: dict[str, list[LegalAct]] = defaultdict(list)
    for act in _acts(edition):
        acts[act.source_id].append(act)
    found = [Block(source_id=key[0], numbers=tuple(sorted(n, key=_place_and_time))) for key, n in numbers.items()]
    found += [Block(source_id=name, acts=tuple(sorted(given, key=_time))) for name, given in acts.items()]
    ordered = sorted(found, key=_source_and_measure)
    first = [0, *(n for n, (one, two) in enumerate(pairwise(ordered), start=1) if one.source_id != two.source_id)]
    return tuple(replace(block, is_first=n in first) for n, block in enumerate(ordered))


def _numbers(edition: Edition) -> Iterator[Number]:
    places = {*(edition.request.country_codes or PLACES), GLOBAL}
    return (number for number in edition.gathered.numbers if number.country_code in places)


def _acts(edition: Edition) -> Iterator[LegalAct]:
    instruments, places = set(edition.request.instrument_ids), set(edition.request.country_codes)
    for act in edition.gathered.acts:
        is_of_instruments = not instruments or instruments & set(act.instrument_ids)
        is_of_places = not places or not act.country_codes or places & set(act.country_codes)
        if is_of_instruments and is_of_places:
            yield act


def _source_and_measure(block: Block) -> tuple[str, bool, str, str, str]:
    first = block.numbers[0] if block.numbers else None
    key = (first.measure, first.unit, first.unit_of_count) if first else ("", "", "")
    return block.source_id, bool(block.acts), *key


def _place_and_time(number: Number) -> tuple[object, ...]:
    place = reading_order(number.country_code)
    return place, number.population, number.interval, number.value, number.snapshot_sha256


def _time(act: LegalAct) -> tuple[date, str]:
    return act.day or date.max, act.act_id


def counts(edition: Edition) -> dict[str, int]:
    """Return how many lines the annex has, by source."""
    found: Counter[str] = Counter()
    for block in blocks(edition):
        found[block.source_id] += len(block)
    return dict(found)


def pieces(given: Sequence[Block]) -> tuple[tuple[Block, ...], ...]:
    """Return blocks as pieces of about the same size, none of more than PIECE_LINES lines, all lines in their order."""
    total = sum(len(block) for block in given)
    if not total:
        return ()
    size = ceil(total / ceil(total / PIECE_LINES))
    made: list[list[Block]] = [[]]
    room = size
    for block in given:
        start = 0
        while start < len(block):
            if not room:
                made.append([])
                room = size
            part = block.part(start, start + room)
            made[-1].append(part)
            start += len(part)
            room -= len(part)
    return tuple(tuple(piece) for piece in made)


def as_csv(given: Sequence[Block]) -> str:
    """Return the lines as CSV with COLUMNS: numbers have none of an act's columns, acts none of a number's."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for line in chain.from_iterable(_lines(block) for block in given):
        writer.writerow([harmless(cell) for cell in line])
    return out.getvalue()


def _lines(block: Block) -> Iterator[tuple[object, ...]]:
    for n in block.numbers:
        measured = (n.country_code, n.population, n.interval.start, n.interval.end, n.value, n.unit, n.unit_of_count)
        yield "number", n.source_id, n.measure, *measured, "", "", "", "", "", "", n.snapshot_sha256
    for a in block.acts:
        told = (a.act_id, a.title, a.signing_date, a.publication_date, a.citation_url, ";".join(a.instrument_ids))
        yield "act", a.source_id, a.kind, ";".join(a.country_codes), *[""] * 6, *told, a.snapshot_sha256
