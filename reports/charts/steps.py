"""Marks on a row of steps: where an instrument stood in the first term, as projected, and as it turned out.

Each column of the drawing is a step of a scale, or says that the step is not stated or not known. In a column each side
has a place of its own, first to the left, actual to the right, so that marks never cover each other.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from reports.charts.drawing import (
    BETWEEN,
    COLOURS,
    PAPER,
    QUIET,
    RULE,
    WASH,
    label,
    path,
    picture,
    plain,
    text_width,
)
from sources.model import Presence, Side

_HEIGHT = 11.0
_MIDDLE = 5.5
_PLACES = {Side.FIRST: -0.29, Side.PROJECTED: 0.0, Side.ACTUAL: 0.29}
_LINE = 9.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One side's place: its column and what is so there. `is_placed` is False where the step is not known.

    `has_ended` marks what became of the actual side later, by the end of what is known.
    """

    side: Side
    column: int
    presence: Presence
    is_placed: bool = True
    has_ended: bool = False


def steps(
    marks: Sequence[Mark],
    columns: int,
    title: str,
    width: float,
    shaded: range = range(0),
) -> Markup:
    """Return the marks of one instrument in one place, joined in the order of the sides where the step is known.

    A round mark is the first term, a diamond the projection, a square the outcome: filled where the instrument is
    present, hollow where it is pending, a dash where it is absent, crossed lines where sources contradict, a question
    mark where nothing is known. `shaded` are the columns at which the instrument counts as present.
    """
    each = width / columns
    ground = f"M{plain(each * shaded.start)} 0H{plain(each * shaded.stop)}V11H{plain(each * shaded.start)}z"
    placed = [(mark, each * (mark.column + 0.5 + _PLACES[mark.side])) for mark in marks]
    known = [f"{plain(x)} {_MIDDLE}" for mark, x in placed if mark.is_placed]
    parts = [
        path(ground if shaded else "", fill=WASH),
        path("".join(f"M{plain(each * edge)} 0v11" for edge in range(columns + 1)), stroke=RULE, width=0.5),
        path(f"M{'L'.join(known)}" if len(known) > 1 else "", stroke=BETWEEN, width=1),
        *(_mark(mark, x) for mark, x in placed),
    ]
    return picture("steps", (width, _HEIGHT), title, parts)


def mark_of(side: Side, title: str) -> Markup:
    """Return the mark of a side alone, for a key."""
    drawn = _mark(Mark(side=side, column=0, presence=Presence.PRESENT), 5)
    return picture("sign", (10, _HEIGHT), title, [drawn], width="3.4mm")


def _mark(mark: Mark, x: float) -> Markup:
    colour = COLOURS[mark.side]
    if mark.has_ended:
        return path(f"M{plain(x - 2.4)} 3.1l4.8 4.8m0-4.8l-4.8 4.8", stroke=colour, width=1.3)
    at = f"M{plain(x)} "
    match mark.presence:
        case Presence.UNKNOWN:
            return label(x, 8.6, "?", anchor="middle", colour=colour, size=9, more=' font-weight="600"')
        case Presence.ABSENT:
            return path(f"{at}{_MIDDLE}m-3 0h6", stroke=colour, width=1.6)
        case Presence.CONTRADICTORY:
            return path(f"{at}{_MIDDLE}m-3-1.4h6m-6 2.8h6m-1.4-4.2l-3.2 5.6", stroke=colour, width=1)
    shape = {
        Side.FIRST: f"{at}2.6a2.9 2.9 0 1 1 0 5.8a2.9 2.9 0 1 1 0-5.8z",
        Side.PROJECTED: f"{at}1.9l3.6 3.6l-3.6 3.6l-3.6-3.6z",
        Side.ACTUAL: f"M{plain(x - 2.7)} 2.8h5.4v5.4h-5.4z",
    }[mark.side]
    return path(shape, fill=colour if mark.presence is Presence.PRESENT else PAPER, stroke=colour, width=1.1)


def steps_axis(words: Sequence[str], title: str, width: float) -> Markup:
    """Return the heads of the columns, as wide as the rows below, on as many lines as keep them apart."""
    each = width / len(words)
    centres = [each * (column + 0.5) for column in range(len(words))]
    lines = head_lines(words, centres, width)
    height = (max(line for line, _ in lines) + 1) * _LINE + 3
    parts = []
    for word, x, (line, start) in zip(words, centres, lines, strict=True):
        y = height - 5 - line * _LINE
        parts.append(label(start, y, word))
        parts.append(path(f"M{plain(x)} {plain(y + 2)}V{plain(height)}", stroke=QUIET, width=0.5))
    return picture("steps", (width, height), title, parts)


def head_lines(words: Sequence[str], centres: Sequence[float], width: float) -> list[tuple[int, float]]:
    """Return the line of each head, 0 the lowest, and where it begins: no head touches another or its leader."""
    placed: list[tuple[int, float, float, float]] = []
    for word, x in zip(words, centres, strict=True):
        long = text_width(word)
        start = min(max(x - long / 2, 0), width - long)
        extent = (start - 1.5, start + long + 1.5)
        line = next(line for line in range(len(words)) if _is_free(placed, line, x, extent))
        placed.append((line, x, *extent))
    return [(line, start + 1.5) for line, _, start, _ in placed]


def _is_free(
    placed: Sequence[tuple[int, float, float, float]], line: int, x: float, extent: tuple[float, float]
) -> bool:
    """Say whether a head fits on a line beside those placed before it; a leader runs from each down to its column."""
    start, end = extent
    for other_line, other_x, other_start, other_end in placed:
        if other_line == line and start < other_end and end > other_start:
            return False
        if other_line < line and other_start < x < other_end:
            return False
        if other_line > line and start < other_x < end:
            return False
    return True
