"""A report with its tags against the same page without, and against the same page as a simple template would have it.

Run `python -m tests.benchmarks.layout [pairs]`; it needs matplotlib, which nothing else here does: `.venv/bin/uv pip
install matplotlib`. The simple page has tables whose columns find their own widths, and its pictures are drawn with
matplotlib, mark for mark: every text, rectangle and path of ours. Each side is made in a process of its own, in turn;
compared is processor time, from the rows to the bytes.
"""

import io
import multiprocessing
import os
import re
import statistics
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from xml.etree import ElementTree

from reports import edition, render
from reports.edition import Edition, Kind, Request
from reports.state import Clock
from sources import codebook

DAY = date(2026, 11, 24)
SVG = "{http://www.w3.org/2000/svg}"
# Pictures, not the signs in a line of text.
PICTURE = re.compile(r'<svg [^>]*class="(?!sign|meter)[^"]*"[^>]*>.*?</svg>', re.DOTALL)
NUMBER = re.compile(r"-?\d*\.?\d+")


def report() -> Edition:
    """Return a country report on the shipped evidence."""
    clock = Clock(as_of=DAY, on=DAY, vintage=date(2025, 1, 19))
    return edition.make(codebook.load(), Request(kind=Kind.COUNTRY, clock=clock, country_codes=("GTM",)))


def tagged(made: Edition) -> bytes:
    """Return the report as it is."""
    return render.pdf(render.html(made), made.id)


def plain(made: Edition) -> bytes:
    """Return the same page without tags."""
    return _written(render.html(made))


def simple(made: Edition) -> bytes:
    """Return the page of a simple template, without tags."""
    page = render.html(made).replace("table-layout: fixed", "table-layout: auto")
    return _written(PICTURE.sub(lambda found: _redrawn(found[0]), page))


def _written(page: str) -> bytes:
    import weasyprint
    import weasyprint.text.fonts

    fonts = weasyprint.text.fonts.FontConfiguration()
    sheet = weasyprint.CSS(string=render._font_css(), font_config=fonts)
    written: bytes = weasyprint.HTML(string=page).render(stylesheets=[sheet], font_config=fonts).write_pdf()
    return written


def _redrawn(picture: str) -> str:
    """Return a picture as matplotlib draws it: as many texts, rectangles and lines of as many points."""
    from matplotlib.figure import Figure
    from matplotlib.patches import Polygon, Rectangle

    root = ElementTree.fromstring(picture)
    _, _, width, height = (float(number) for number in root.attrib["viewBox"].split())
    figure = Figure(figsize=(width / 72, height / 72))
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(height, 0))
    for mark in root.iter():
        of = mark.attrib
        if mark.tag == f"{SVG}text":
            axes.text(float(of.get("x", 0)), float(of.get("y", 0)), mark.text or "", fontsize=7)
        elif mark.tag == f"{SVG}rect":
            axes.add_patch(Rectangle((float(of.get("x", 0)), float(of.get("y", 0))), 9, 9))
        elif mark.tag == f"{SVG}path":
            numbers = [float(number) for number in NUMBER.findall(of["d"])]
            axes.add_patch(Polygon(list(zip(numbers[::2], numbers[1::2], strict=False))))
    out = io.StringIO()
    figure.savefig(out, format="svg")
    return out.getvalue()[out.getvalue().index("<svg") :]


def measured(make: Callable[[Edition], bytes]) -> tuple[float, int]:
    """Return the processor time of one side, in seconds, and the size of its file."""
    made = report()
    started = time.process_time()
    content = make(made)
    return time.process_time() - started, len(content)


def main(pairs: int) -> None:
    """Measure the three in turn and print the medians and their ratios."""
    sides: dict[Callable[[Edition], bytes], list[tuple[float, int]]] = {tagged: [], plain: [], simple: []}
    for _ in range(pairs):
        for make, costs in sides.items():
            with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as alone:
                costs.append(alone.submit(measured, make).result())
    print(f"{pairs} pairs, load {os.getloadavg()[0]:.1f} at the end")
    for make, costs in sides.items():
        print(
            f"{make.__name__:8}{statistics.median(seconds for seconds, _ in costs):7.2f} s{costs[0][1] / 1e3:8.0f} KB"
        )
    for make, target in ((plain, 1.05), (simple, 0.75)):
        ratio = statistics.median(
            ours / theirs for (ours, _), (theirs, _) in zip(sides[tagged], sides[make], strict=True)
        )
        print(f"tagged / {make.__name__}: {ratio:.2f}; target: {target}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
