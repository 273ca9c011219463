"""The annex laid out in pieces on all processors and bound together, against one piece.

Run `python -m tests.benchmarks.annex [lines] [pairs]`. Both bind their pages into the same short report, in turn, each
in a process of its own; compared are wall time, the largest process, the size of the file, and the text of the lines.
"""

import multiprocessing
import os
import resource
import statistics
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from itertools import islice, product
from typing import NamedTuple
from unittest import mock

from reports import annex, archive, edition, publish
from reports.edition import Edition, Kind, Request
from reports.series import Gathered, Number
from reports.state import Clock
from sources import codebook
from sources.countries import REGION_COUNTRIES
from sources.periods import Interval
from tests import make

DAY = date(2026, 11, 24)
CLOCK = Clock(as_of=DAY, on=DAY, vintage=date(2025, 1, 19))
GROUPS = ("single adults", "family units", "Title 8", "Title 42")


class Cost(NamedTuple):
    """What one side took: seconds, the largest process in MiB, bytes of the file, and its lines as text."""

    seconds: float
    mebibytes: float
    size: int
    lines: list[str]


def invented(lines: int) -> Edition:
    """Return a report on one instrument with an annex of invented monthly numbers."""
    months = [date(2016 + n // 12, n % 12 + 1, 1) for n in range(121)]
    sources_needed = range(lines // (len(GROUPS) * len(REGION_COUNTRIES) * 120) + 1)
    keys = product(sources_needed, GROUPS, REGION_COUNTRIES, range(120))
    numbers = tuple(
        Number(
            source_id=f"source_{source}",
            measure="removals",
            country_code=country,
            population=group,
            interval=Interval(months[month], months[month + 1]),
            value=float((source + 7) * month * 37 % 39_989),
            unit="count",
            unit_of_count="removals",
            snapshot_sha256=f"{source:02x}" * 32,
        )
        for source, group, country, month in islice(keys, lines)
    )
    sources = tuple(
        make.source_state(source_id, last_look=DAY, rows=lines)
        for source_id in sorted({number.source_id for number in numbers})
    )
    request = Request(kind=Kind.INSTRUMENT, clock=CLOCK, instrument_ids=("border_wall",), annex=True)
    return edition.make(codebook.load(), request, Gathered(numbers=numbers, sources=sources))


def measured(lines: int, longest: int) -> Cost:
    """Lay out the report with pieces of so many lines at most."""
    made = invented(lines)
    with mock.patch.object(annex, "PIECE_LINES", longest):
        started = time.perf_counter()
        (content,) = publish.make(made, ["pdf"], lambda _: None).files.values()
        seconds = time.perf_counter() - started
    text = [line for page in archive.read_text(content) for line in page.splitlines() if line.endswith(made_of(made))]
    largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return Cost(seconds, largest, len(content), text)


def made_of(made: Edition) -> tuple[str, ...]:
    """Return what a line of the annex ends in."""
    return tuple({number.snapshot_sha256[:8] for number in made.gathered.numbers})


def main(lines: int, pairs: int) -> None:
    """Measure both in turn and print the medians and their ratios."""
    pieces, whole = [], []
    for _ in range(pairs):
        for side, longest in ((pieces, annex.PIECE_LINES), (whole, lines)):
            with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as alone:
                side.append(alone.submit(measured, lines, longest).result())
    assert all(cost.lines == whole[0].lines for cost in pieces), "the lines are not the same, or not in the same order"
    load = os.getloadavg()[0]
    print(f"{lines:,} lines ({len(whole[0].lines):,} read back), {pairs} pairs, load {load:.1f} at the end")
    for name, side in (("pieces", pieces), ("one piece", whole)):
        seconds, mebibytes = (statistics.median(getattr(cost, what) for cost in side) for what in Cost._fields[:2])
        print(f"{name:10} {seconds:7.1f} s {mebibytes:7.0f} MiB {side[0].size / 1e6:7.2f} MB")
    wall = statistics.median(one.seconds / other.seconds for one, other in zip(pieces, whole, strict=True))
    print(
        f"wall {wall:.2f} x, size {pieces[0].size / whole[0].size:.2f} x; targets: 0.6 x on two cores, 1.15 x, 250 MiB"
    )


if __name__ == "__main__":
    given = [int(argument) for argument in sys.argv[1:]]
    main(*(given + [10_000, 5][len(given) :]))
