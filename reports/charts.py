"""Pictures: small SVG drawings made from the data, readable in greyscale, each with its title.

Every function returns markup to stand inline in a page. Text that comes from the data is escaped by Markup.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from markupsafe import Markup

from reports.state import Run
from sources.model import (
    BRIDGE_START,
    FIRST_TERM_START,
    SECOND_TERM_START,
    Existence,
    Outcome,
    Presence,
)

XOfDay = Callable[[date], float]
"""Where a day stands on the drawing, from the left, in drawing units."""

INK, QUIET, RULE, WASH = "#1c2126", "#5a646e", "#c9cfd5", "#eef0ee"
FIRST, ACTUAL, BETWEEN = "#51606f", "#0e5a68", "#8b949c"

# --- Signs ----------------------------------------------------------------------------------------------------

# One shape for each kind of finding, on a 10 by 10 grid: told apart without colour and never shown without a word.
_PLUS = '<path d="M5 1v8M1 5h8" fill="none" stroke="#1c2126" stroke-width="2"/>'
_BACK = (
    '<path d="M8.3 6.6A3.6 3.6 0 1 1 8.2 3.2" fill="none" stroke="#1c2126" stroke-width="1.5"/>'
    '<path d="M9.4 .9v3.4H6z" fill="#1c2126"/>'
)
_SAME = '<path d="M1 3.4h8M1 6.6h8" fill="none" stroke="#1c2126" stroke-width="1.7"/>'
_GONE = '<path d="M1.6 1.6l6.8 6.8M8.4 1.6L1.6 8.4" fill="none" stroke="#1c2126" stroke-width="1.7"/>'
_OPEN = '<path d="M5 1.2L9 8.8H1z" fill="none" stroke="#1c2126" stroke-width="1.3"/>'
_DONE = '<path d="M5 1.2L9 8.8H1z" fill="#1c2126" stroke="#1c2126" stroke-width="1.3"/>'
_NONE = '<path d="M1.5 5h7" fill="none" stroke="#5a646e" stroke-width="1.3"/>'
_ASK = (
    '<circle cx="5" cy="5" r="4.2" fill="none" stroke="#5a646e" stroke-width="1" stroke-dasharray="1.6 1.2"/>'
    '<circle cx="5" cy="5" r="1" fill="#5a646e"/>'
)
_CLASH = '<path d="M1 3.4h8M1 6.6h8M7.2 1L2.8 9" fill="none" stroke="#1c2126" stroke-width="1.3"/>'
_SIGNS = {
    Existence.NEW: _PLUS,
    Existence.REPLACES: _PLUS,
    Existence.REINSTATED: _BACK,
    Existence.CONTINUED: _SAME,
    Existence.PRESENT_BOTH: _SAME,
    Existence.DISCONTINUED: _GONE,
    Existence.REPLACED: _GONE,
    Existence.ABSENT_BOTH: _NONE,
    Existence.PENDING_NEW: _OPEN,
    Existence.PENDING_UNCHANGED: _OPEN,
    Existence.PENDING_DROPPED: _GONE,
    Existence.PENDING_REALISED: _DONE,
    Existence.STEPPED_DOWN_TO_PENDING: _OPEN,
    Existence.UNKNOWN_FIRST: _ASK,
    Existence.UNKNOWN_SECOND: _ASK,
    Existence.UNKNOWN_BOTH: _ASK,
    Existence.CONTRADICTORY: _CLASH,
    Existence.NOT_COMPARABLE: _CLASH,
    Outcome.REVERSED: _BACK,
    Outcome.NOT_REALISED: _GONE,
    Outcome.NOT_TRIGGERED: _NONE,
    Outcome.NOT_KNOWN: _ASK,
    Outcome.TOO_EARLY: _OPEN,
    Outcome.PARTLY: _OPEN,
    Outcome.REALISED: _DONE,
    Outcome.NO_PROJECTION: _NONE,
}


def sign(finding: Existence | Outcome, title: str, size: float = 3.2) -> Markup:
    """Return the sign of a finding, `size` millimetres high; `title` is what a screen reader says."""
    return Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" class="sign" viewBox="0 0 10 10" width="{0}mm" height="{0}mm" '
        'role="img"><title>{1}</title>{2}</svg>'
    ).format(size, title, Markup(_SIGNS[finding]))


# --- Level meter ------------------------------------------------------------------------------------------------


def meter(level: int | None, title: str, colour: str) -> Markup:
    """Return five steps filled up to a level; an unknown level is left open and dashed, never drawn as zero."""
    steps = []
    for step in range(5):
        is_filled = level is not None and step <= level and level > 0
        style = f'fill="{colour}"' if is_filled else 'fill="none"'
        dash = ' stroke-dasharray="1.4 1.4"' if level is None else ""
        outline = colour if level is not None else QUIET
        steps.append(
            f'<rect x="{1 + step * 11}" y="1" width="9" height="5" {style} stroke="{outline}" stroke-width=".7"{dash}/>'
        )
    return Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" class="meter" viewBox="0 0 56 7" width="19mm" height="2.4mm" '
        'role="img"><title>{0}</title>{1}</svg>'
    ).format(title, Markup("".join(steps)))


# --- Timeline ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """One line of a timeline: its label and the runs of presence drawn on it."""

    label: str
    runs: tuple[Run, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A flag on a timeline: what happened, on which day, and that day in the reader's language."""

    label: str
    day: date
    day_text: str
    is_court: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineWords:
    """The reader's words a timeline needs."""

    title: str
    first_term: str
    between: str
    second_term: str
    years: tuple[tuple[date, str], ...]


_WIDTH, _LABEL_WIDTH = 640.0, 118.0
_FLAG_ROWS, _FLAG_HEIGHT = 4, 10.0
_LANE_HEIGHT = 13.0
# Mean width of a character of the sans face in ems, measured generously so that labels never touch.
_CHARACTER_EM = 0.53


def timeline(
    lanes: Sequence[Lane],
    events: Sequence[Event],
    words: TimelineWords,
    until: date,
    acts: Sequence[date] = (),
) -> Markup:
    """Return presence over both terms and the years between, with events as flags on a single lane.

    `acts` are the days of legal acts, drawn as diamonds on the axis.

    Solid bars are in force, hollow bars pending, a dotted line is not known, nothing is absent. A flag's label is
    placed on the first row where it touches nothing: with its date, then without; a label that fits nowhere is left
    to the list of events, its flag is kept.
    """
    left = _LABEL_WIDTH if len(lanes) > 1 else 4.0
    total_days = (until - FIRST_TERM_START).days or 1

    def x(day: date) -> float:
        share = (day - FIRST_TERM_START).days / total_days
        return round(left + (_WIDTH - left - 4) * min(max(share, 0), 1), 1)

    flags, rows_used = _place_flags(events, x) if len(lanes) == 1 else ([], 0)
    top = 13.0 + rows_used * _FLAG_HEIGHT
    bottom = top + _LANE_HEIGHT * len(lanes)
    parts = [
        _band(x(FIRST_TERM_START), x(min(BRIDGE_START, until)), bottom, words.first_term),
        _band(x(min(BRIDGE_START, until)), x(min(SECOND_TERM_START, until)), bottom, words.between, shade=False),
        _band(x(min(SECOND_TERM_START, until)), x(until), bottom, words.second_term),
    ]
    parts += [_pole(event, row, top, x) for event, row, _ in flags]
    parts += [_flag_label(event, row, text, top, x) for event, row, text in flags if text]
    for number, lane in enumerate(lanes):
        y = top + number * _LANE_HEIGHT
        if len(lanes) > 1:
            parts.append(
                Markup('<text x="{}" y="{}" font-size="7.6" text-anchor="end">{}</text>').format(
                    left - 5, y + 8.6, lane.label
                )
            )
        parts += [_bar(run, x, y) for run in lane.runs]
    parts += [_diamond(x(day), bottom + 1.5) for day in acts if FIRST_TERM_START <= day <= until]
    for day, year in words.years:
        if FIRST_TERM_START <= day <= until:
            parts.append(
                Markup(
                    '<path d="M{0} {1}v3" stroke="{2}" stroke-width=".6"/>'
                    '<text x="{0}" y="{3}" font-size="7.2" text-anchor="middle" fill="{2}">{4}</text>'
                ).format(x(day), bottom + 1, QUIET, bottom + 11, year)
            )
    height = bottom + 14
    return Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" class="timeline" viewBox="0 0 {0} {1}" width="100%" role="img" '
        'font-family="Source Sans Pro"><title>{2}</title>{3}</svg>'
    ).format(_WIDTH, round(height, 1), words.title, Markup("").join(parts))


def _band(x1: float, x2: float, bottom: float, label: str, *, shade: bool = True) -> Markup:
    if x2 - x1 < 1:
        return Markup("")
    colour = WASH if shade else "none"
    return Markup(
        '<rect x="{}" y="0" width="{}" height="{}" fill="{}"/><text x="{}" y="8" font-size="7.2" fill="{}">{}</text>'
    ).format(x1, round(x2 - x1, 1), bottom, colour, x1 + 2, QUIET, label)


def _bar(run: Run, x: XOfDay, y: float) -> Markup:
    x1, x2 = x(run.start), x(run.end)
    width = max(round(x2 - x1, 1), 1.2)
    colour = FIRST if run.start < BRIDGE_START else BETWEEN if run.start < SECOND_TERM_START else ACTUAL
    match run.presence:
        case Presence.PRESENT:
            shape = f'<rect x="{x1}" y="{y + 3}" width="{width}" height="6" fill="{colour}"/>'
        case Presence.PENDING:
            shape = (
                f'<rect x="{x1 + 0.4}" y="{y + 3.4}" width="{max(width - 0.8, 0.6)}" height="5.2" fill="#ffffff" '
                f'stroke="{colour}" stroke-width=".8"/>'
            )
        case Presence.CONTRADICTORY:
            shape = (
                f'<path d="M{x1} {y + 4.5}h{width}M{x1} {y + 7.5}h{width}" stroke="{INK}" stroke-width="1" '
                f'stroke-dasharray="3 1.5"/>'
            )
        case Presence.UNKNOWN:
            shape = f'<path d="M{x1} {y + 6}h{width}" stroke="{BETWEEN}" stroke-width=".9" stroke-dasharray=".9 2.2"/>'
        case _:
            shape = ""
    return Markup(shape)


def _diamond(x: float, y: float) -> Markup:
    return Markup('<path d="M{} {}l2 2l-2 2l-2 -2z" fill="{}"/>').format(x, y - 2, INK)


def _place_flags(events: Sequence[Event], x: XOfDay) -> tuple[list[tuple[Event, int, str]], int]:
    """Give every flag a row and a text so that no two labels touch and none leaves the page."""
    taken: list[list[tuple[float, float]]] = [[] for _ in range(_FLAG_ROWS)]
    placed: list[tuple[Event, int, str]] = []
    for event in sorted(events, key=lambda e: (e.day, e.label)):
        for text in (f"{event.label} {event.day_text}", event.label, ""):
            row = _free_row(taken, *_extent(text, x(event.day)))
            if row is not None:
                break
        else:
            row, text = 0, ""
        taken[row].append(_extent(text, x(event.day)))
        placed.append((event, row, text))
    return placed, max((row for _, row, _ in placed), default=-1) + 1


def _extent(text: str, x: float) -> tuple[float, float]:
    """Return where a label begins and ends: right of its flag, or left of it near the right edge."""
    width = len(text) * 7.2 * _CHARACTER_EM + (4 if text else 1)
    return (x - width, x + 1) if x + width > _WIDTH - 2 else (x - 1, x + width)


def _free_row(taken: Sequence[Sequence[tuple[float, float]]], start: float, end: float) -> int | None:
    for row, extents in enumerate(taken):
        if start >= 0 and all(end < other_start or start > other_end for other_start, other_end in extents):
            return row
    return None


def _pole(event: Event, row: int, top: float, x: XOfDay) -> Markup:
    dash = Markup(' stroke-dasharray="1.5 1"') if event.is_court else Markup("")
    return Markup('<path d="M{} {}V{}" stroke="{}" stroke-width=".7"{}/>').format(
        x(event.day), round(top - row * _FLAG_HEIGHT - 6, 1), round(top + 3, 1), INK, dash
    )


def _flag_label(event: Event, row: int, text: str, top: float, x: XOfDay) -> Markup:
    """Draw a label on a light ground, so that the poles of other flags pass behind it."""
    flag_x = x(event.day)
    y = round(top - row * _FLAG_HEIGHT, 1)
    start, end = _extent(text, flag_x)
    is_left = start < flag_x - 1.5
    ground_x = round(start + 1, 1) if is_left else round(flag_x + 1, 1)
    return Markup(
        '<rect x="{}" y="{}" width="{}" height="8" fill="#ffffff" fill-opacity=".82"/>'
        '<text x="{}" y="{}" font-size="7.2" text-anchor="{}">{}</text>'
    ).format(
        ground_x,
        y - 7,
        round(end - start - 3, 1),
        flag_x - 2 if is_left else flag_x + 2,
        y - 1,
        "end" if is_left else "start",
        text,
    )


# --- Curves -----------------------------------------------------------------------------------------------------


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


_CURVE_HEIGHT, _CURVE_TOP, _CURVE_LEFT, _CURVE_RIGHT = 118.0, 12.0, 44.0, 150.0
_LABEL_HEIGHT = 8.5
# Dashes tell curves apart in greyscale; each is named at its end.
_STROKES = (
    (ACTUAL, ""),
    ("#9a5b13", "5 2"),
    (FIRST, "2 2"),
    ("#1c2126", "7 2 1.5 2"),
    ("#7a3b5e", "1 1.6"),
    (BETWEEN, "9 3"),
)


def curves(lines: Sequence[Curve], words: CurveWords, until: date) -> Markup:
    """Return values over both terms and the years between, from zero: at most six curves, broken where data miss."""
    total_days = (until - FIRST_TERM_START).days or 1
    width = _WIDTH - _CURVE_LEFT - _CURVE_RIGHT
    bottom = _CURVE_TOP + _CURVE_HEIGHT
    shown = [[p for p in line.points if p[1] > FIRST_TERM_START and p[0] <= until] for line in lines]
    top_value = _round_up(max((value for points in shown for _, _, value in points), default=1.0))

    def x(day: date) -> float:
        share = (day - FIRST_TERM_START).days / total_days
        return round(_CURVE_LEFT + width * min(max(share, 0), 1), 1)

    def y(value: float) -> float:
        return round(bottom - _CURVE_HEIGHT * max(value, 0) / top_value, 1)

    parts = [
        _band(x(FIRST_TERM_START), x(min(BRIDGE_START, until)), bottom, words.first_term),
        _band(x(min(BRIDGE_START, until)), x(min(SECOND_TERM_START, until)), bottom, words.between, shade=False),
        _band(x(min(SECOND_TERM_START, until)), x(until), bottom, words.second_term),
    ]
    for share in (0, 0.5, 1):
        value = top_value * share
        parts.append(
            Markup(
                '<path d="M{0} {1}H{2}" stroke="{3}" stroke-width=".5"/>'
                '<text x="{4}" y="{5}" font-size="7.2" text-anchor="end" fill="{6}">{7}</text>'
            ).format(
                _CURVE_LEFT,
                y(value),
                _CURVE_LEFT + width,
                RULE,
                _CURVE_LEFT - 4,
                y(value) + 2.5,
                QUIET,
                words.number(value),
            )
        )
    ends = _spread([(y(points[-1][2]) if points else bottom) for points in shown], bottom)
    for points, line, (colour, dash), end in zip(shown, lines, _STROKES, ends, strict=False):
        if not points:
            continue
        parts.append(
            Markup('<path d="{}" fill="none" stroke="{}" stroke-width="1.3" stroke-dasharray="{}"/>').format(
                _path(points, x, y), colour, dash or "none"
            )
        )
        last = points[-1]
        text_x = _CURVE_LEFT + width + 8
        parts.append(
            Markup(
                '<path d="M{0} {1}L{2} {3}" stroke="#8b949c" stroke-width=".5" stroke-dasharray=".6 2"/>'
                '<text x="{5}" y="{6}" font-size="7.4" fill="{4}">{7} {8}</text>'
            ).format(
                x(last[1]), y(last[2]), text_x - 2, end, colour, text_x, end + 2.5, *_end_label(line, last[2], words)
            )
        )
    for day, year in words.years:
        if FIRST_TERM_START <= day <= until:
            parts.append(
                Markup('<text x="{}" y="{}" font-size="7.2" text-anchor="middle" fill="{}">{}</text>').format(
                    x(day), bottom + 10, QUIET, year
                )
            )
    return Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" class="timeline" viewBox="0 0 {0} {1}" width="100%" role="img" '
        'font-family="Source Sans Pro"><title>{2}</title>{3}</svg>'
    ).format(_WIDTH, bottom + 14, words.title, Markup("").join(parts))


def _end_label(line: Curve, value: float, words: CurveWords) -> tuple[str, str]:
    """Return a curve's label, cut to the room beside the chart, and its last value; the table has the whole label."""
    number = words.number(value)
    room = int((_CURVE_RIGHT - 10) / (7.4 * _CHARACTER_EM)) - len(number) - 1
    label = line.label if len(line.label) <= room else f"{line.label[: room - 1].rstrip()}…"
    return label, number


def _path(points: Sequence[tuple[date, date, float]], x: XOfDay, y: Callable[[float], float]) -> str:
    """Return steps over the periods, joined where one ends as the next begins; a lone day is a short stroke."""
    commands: list[str] = []
    starts = {start for start, _, _ in points}
    end: date | None = None
    for start, stop, value in points:
        # A day without neighbours would be thinner than the line.
        least = 0.0 if stop in starts or start == end else 2.4
        commands.append(f"{'L' if start == end else 'M'}{x(start)} {y(value)}H{max(x(stop), x(start) + least):g}")
        end = stop
    return "".join(commands)


def _round_up(value: float) -> float:
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
