"""Curves: what public sources counted, over both terms and the years between."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from markupsafe import Markup

from reports.charts.drawing import (
    ACTUAL,
    BETWEEN,
    FIRST,
    INK,
    PROJECTED,
    QUIET,
    RULE,
    WIDTH,
    fitted,
    label,
    moved,
    path,
    picture,
    plain,
    text_width,
)
from reports.charts.timeline import LINE, XOfDay, scale, terms, years
from sources.model import FIRST_TERM_START


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """One line of a chart: its label and its points, each the half-open days it speaks of and a value."""

    label: str
    points: tuple[tuple[date, date, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CurveWords:
    """The reader's words a chart of curves needs; `number` writes a number as the reader does."""

    title: str
    first_term: str
    between: str
    second_term: str
    years: tuple[tuple[date, str], ...]
    number: Callable[[float], str]


_HEIGHT, _TOP, _RIGHT = 104.0, 12.0, 138.0
_LABEL_HEIGHT = 8.5
# Dashes tell curves apart in greyscale; each is named at its end.
_STROKES = (
    (ACTUAL, ""),
    (PROJECTED, "5 2"),
    (FIRST, "2 2"),
    (INK, "7 2 1.5 2"),
    ("#7a3b5e", "1 1.6"),
    (QUIET, "9 3"),
)


def curves(lines: Sequence[Curve], words: CurveWords, until: date, width: float = WIDTH) -> Markup:
    """Return values over both terms and the years between: at most six curves, broken where data miss.

    The axis has a zero: it begins there, or lies below it where a value is negative. Each curve is named at its end,
    on a narrow drawing below the years.
    """
    shown = [[p for p in line.points if p[1] > FIRST_TERM_START and p[0] <= until] for line in lines]
    values = [value for points in shown for _, _, value in points]
    ticks = _ticks(min(values, default=0.0), max(values, default=1.0))
    left = max(text_width(words.number(tick)) for tick in ticks) + 6
    is_narrow = width < WIDTH
    right = width - (2 if is_narrow else _RIGHT)
    top = _TOP + (LINE if is_narrow else 0)
    bottom = top + _HEIGHT
    x = scale(until, left, right)
    low, high = ticks[0], ticks[-1]

    def y(value: float) -> float:
        return bottom - _HEIGHT * (value - low) / (high - low)

    parts = terms(x, until, bottom, (words.first_term, words.between, words.second_term), is_narrow)
    for tick in ticks:
        is_zero = tick == 0
        parts.append(
            path(f"M{plain(left)} {plain(y(tick))}H{plain(right)}", stroke=QUIET if is_zero else RULE, width=0.5)
        )
        parts.append(label(left - 4, y(tick) + 2.5, words.number(tick), anchor="end", colour=QUIET))
    drawn = [
        (points, line.label, stroke) for points, line, stroke in zip(shown, lines, _STROKES, strict=False) if points
    ]
    parts += [path(_steps(points, x, y), stroke=colour, width=1.3, dash=dash) for points, _, (colour, dash) in drawn]
    parts += years(x, until, bottom + 1, words.years, right if is_narrow else right + 8)
    below = bottom + 13
    if is_narrow:
        for number, (points, name, stroke) in enumerate(drawn):
            parts += _name_below(name, words.number(points[-1][2]), stroke, (below + number * LINE, width))
        return picture("timeline", (width, below + len(drawn) * LINE), words.title, parts)
    ends = _spread([y(points[-1][2]) for points, _, _ in drawn], bottom)
    for (points, name, (colour, _)), end in zip(drawn, ends, strict=True):
        _, last_day, last_value = points[-1]
        parts += _name_at_end(name, words.number(last_value), colour, (x(last_day), y(last_value)), (right + 8, end))
    return picture("timeline", (width, below), words.title, parts)


def _name_at_end(
    name: str, number: str, colour: str, last: tuple[float, float], end: tuple[float, float]
) -> list[Markup]:
    """Return a curve's name and last value at `end`; a name without room is cut, the table has it whole."""
    room = _RIGHT - 9 - text_width(f" {number}")
    leader = f"M{plain(last[0])} {plain(last[1])}L{plain(end[0] - 2)} {plain(end[1])}"
    return [
        path(leader, stroke=BETWEEN, width=0.5, dash=".6 2"),
        label(end[0], end[1] + 2.5, f"{fitted(name, room)} {number}", colour=colour),
    ]


def _name_below(name: str, number: str, stroke: tuple[str, str], place: tuple[float, float]) -> list[Markup]:
    """Return a curve's dashes with its name and last value, on a line of a drawing (its top, and the width)."""
    top, width = place
    room = width - 26 - text_width(f" {number}")
    return [
        path(f"M2 {plain(top + 4)}h18", stroke=stroke[0], width=1.3, dash=stroke[1]),
        label(24, top + 6.5, f"{fitted(name, room)} {number}", colour=stroke[0]),
    ]


def _steps(points: Sequence[tuple[date, date, float]], x: XOfDay, y: Callable[[float], float]) -> str:
    """Return steps over the periods, joined where one ends as the next begins; a lone day is a short stroke."""
    commands: list[str] = []
    starts = {start for start, _, _ in points}
    end: date | None = None
    left = height = 0.0
    for start, stop, value in points:
        # A day without neighbours would be thinner than the line.
        is_alone = start != end and stop not in starts
        if start == end:
            commands.append(f"v{moved(height, y(value))}")
        else:
            left = x(start)
            commands.append(f"M{plain(left)} {plain(y(value))}")
        right = max(x(stop), left + 2.4) if is_alone else x(stop)
        commands.append(f"h{moved(left, right)}")
        left, height, end = right, y(value), stop
    return "".join(commands)


def _ticks(least: float, most: float) -> tuple[float, ...]:
    """Return the values of the axis from bottom to top; zero is always among them."""
    if least >= 0:
        top = round_up(most)
        return 0.0, top / 2, top
    reach = round_up(max(-least, most))
    return (-reach, 0.0, reach) if most > 0 else (-reach, 0.0)


def round_up(value: float) -> float:
    """Return the next number that is one, two or five with zeros behind."""
    if value <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1.0, 2.0, 5.0, 10.0) if value <= step * power)


def _spread(heights: Sequence[float], lowest: float) -> list[float]:
    """Move labels apart so that none touches the next or falls below `lowest`, keeping their order."""
    order = sorted(range(len(heights)), key=lambda place: heights[place])
    spread = list(heights)
    for above, below in pairwise(order):
        spread[below] = max(spread[below], spread[above] + _LABEL_HEIGHT)
    limit = lowest
    for place in reversed(order):
        spread[place] = min(spread[place], limit)
        limit = spread[place] - _LABEL_HEIGHT
    return spread
