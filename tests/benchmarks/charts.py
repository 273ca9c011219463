"""What each picture costs: time to make, size, and processor time in the renderer.

Run `python -m tests.benchmarks.charts [repeats]`. The pictures are those of the reports on the shipped evidence, made
anew with the same arguments; curves are of invented numbers. In the renderer a page with the largest picture of a kind
forty times is laid out in turn with a page without; the median of the differences is divided by forty.
"""

import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from datetime import date
from functools import partial
from unittest import mock

from markupsafe import Markup

from reports import charts, edition, render
from reports.edition import Kind, Request
from reports.language import Language
from reports.state import Clock
from sources import codebook

DAY = date(2026, 11, 24)
CLOCK = Clock(as_of=DAY, on=DAY, vintage=date(2025, 1, 19))
KINDS = ("timeline", "curves", "meter", "amount", "count_map", "headline_map", "steps", "steps_axis", "shares")
COPIES = 40
PAIRS = 5
PAGE = '<html lang="en"><head><title>x</title><style>svg {{ display: block; width: 100% }}</style></head>{}</html>'

Make = Callable[[], Markup]


def pictures() -> dict[str, list[Make]]:
    """Return the pictures of the reports by kind, each as a call that makes it."""
    made: dict[str, list[Make]] = defaultdict(list)

    def recording(name: str, draw: Callable[..., Markup]) -> Callable[..., Markup]:
        def draw_and_note(*arguments: object, **named: object) -> Markup:
            made[name].append(partial(draw, *arguments, **named))
            return draw(*arguments, **named)

        return draw_and_note

    book = codebook.load()
    requests = (
        Request(kind=Kind.FULL, clock=CLOCK),
        Request(kind=Kind.INSTRUMENT, clock=CLOCK, instrument_ids=("travel_ban",)),
        Request(kind=Kind.BRIEF, clock=CLOCK),
    )
    noted = {name: recording(name, getattr(charts, name)) for name in KINDS}
    with mock.patch.multiple(charts, **noted):
        for request in requests:
            render.html(edition.make(book, request))
        _curves()
    return made


def _curves() -> Markup:
    def month(number: int) -> date:
        return date(2017 + number // 12, number % 12 + 1, 1)

    lines = [
        charts.Curve(
            label=f"Place {line}",
            points=tuple((month(n), month(n + 1), float(n * line % 97)) for n in range(110) if n % 30),
        )
        for line in range(1, 7)
    ]
    words = charts.CurveWords(
        title="Counted",
        first_term="First term",
        between="The years between",
        second_term="Second term",
        years=tuple((date(year, 1, 1), str(year)) for year in range(2017, 2027)),
        number=Language("en").number,
    )
    return charts.curves(lines, words, DAY)


def milliseconds(make: Make, repeats: int) -> float:
    """Return the median time of making a picture."""
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        make()
        times.append(time.perf_counter() - started)
    return 1000 * statistics.median(times)


def rendering(picture: Markup) -> float:
    """Return the processor time of one picture in the renderer, in milliseconds."""

    def cost(body: str) -> float:
        started = time.process_time()
        render.pdf(PAGE.format(body), "0" * 64)
        return time.process_time() - started

    texts = "<h1>x</h1>" + "<p>x</p>" * COPIES
    with_pictures = "<h1>x</h1>" + f"<p>x</p>{picture}" * COPIES
    return 1000 / COPIES * statistics.median(cost(with_pictures) - cost(texts) for _ in range(PAIRS))


def main(repeats: int) -> None:
    """Measure every kind and print the medians and the largest."""
    print("targets: 0.5 ms to make, 3 KB, 45 ms in the renderer")
    heads = ("number", "ms, median", "ms, most", "KB, median", "KB, most", "render ms")
    print(f"{'picture':14}" + "".join(f"{head:>11}" for head in heads))
    for name, makes in pictures().items():
        times = [milliseconds(make, repeats) for make in makes]
        drawn = sorted((make() for make in makes), key=len)
        sizes = [len(picture.encode()) / 1000 for picture in drawn]
        print(
            f"{name:14}{len(makes):11}{statistics.median(times):11.2f}{max(times):11.2f}"
            f"{statistics.median(sizes):11.1f}{sizes[-1]:11.1f}{rendering(drawn[-1]):11.1f}"
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
