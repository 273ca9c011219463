"""Timeline: when an instrument was in force over both terms and the years between, with what happened to it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from markupsafe import Markup

from reports.charts.drawing import (
    ACTUAL,
    BETWEEN,
    FIRST,
    INK,
    PAPER,
    QUIET,
    WASH,
    WIDTH,
    fitted,
    label,
    path,
    picture,
    plain,
    text_width,
)
from reports.state import Run
from sources.model import BRIDGE_START, FIRST_TERM_START, SECOND_TERM_START, Presence

XOfDay = Callable[[date], float]
"""Where a day stands on the drawing, from the left, in drawing units."""

_LABEL_WIDTH = 92.0
_FLAG_ROWS, _FLAG_HEIGHT = 6, 9.5
_LANE_HEIGHT = 11.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """One line of a timeline: its label and the runs of presence drawn on it."""

    label: str
    runs: tuple[Run, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A flag on a timeline: what happened, on which day, and that day in the reader's language.

    `lanes` are the places of the lanes it happened on, empty for all of them.
    """

    label: str
    day: date
    day_text: str
    is_court: bool = False
    lanes: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineWords:
    """The reader's words a timeline needs."""

    title: str
    first_term: str
    between: str
    second_term: str
    years: tuple[tuple[date, str], ...]


def scale(until: date, left: float, right: float) -> XOfDay:
    """Return where a day stands between two places of a drawing that begins with the first term."""
    total_days = (until - FIRST_TERM_START).days or 1

    def x(day: date) -> float:
        share = (day - FIRST_TERM_START).days / total_days
        return left + (right - left) * min(max(share, 0), 1)

    return x


def terms(x: XOfDay, until: date, bottom: float, words: tuple[str, str, str]) -> list[Markup]:
    """Return the grounds of the two terms and the years between, each with its name as far as there is room."""
    days = [FIRST_TERM_START, *(min(day, until) for day in (BRIDGE_START, SECOND_TERM_START, until))]
    parts = []
    for number, word in enumerate(words):
        x1, x2 = x(days[number]), x(days[number + 1])
        if x2 - x1 < 1:
            continue
        if number != 1:
            parts.append(path(f"M{plain(x1)} 0H{plain(x2)}V{plain(bottom)}H{plain(x1)}z", fill=WASH))
        parts.append(label(x1 + 2, 8, fitted(word, x2 - x1 - 3), colour=QUIET))
    return parts


def years(x: XOfDay, until: date, y: float, words: Sequence[tuple[date, str]], right: float) -> list[Markup]:
    """Return the names of the years below an axis; one that would leave the drawing keeps its tick alone."""
    shown = [(day, year) for day, year in words if FIRST_TERM_START <= day <= until]
    ticks = "".join(f"M{plain(x(day))} {plain(y)}v3" for day, _ in shown)
    names = [
        label(x(day), y + 10, year, anchor="middle", colour=QUIET)
        for day, year in shown
        if x(day) + text_width(year) / 2 <= right
    ]
    return [path(ticks, stroke=QUIET, width=0.6), *names]


def timeline(
    lanes: Sequence[Lane],
    events: Sequence[Event],
    words: TimelineWords,
    until: date,
    acts: Sequence[date] = (),
) -> Markup:
    """Return presence over both terms and the years between, with events as flags.

    `acts` are the days of legal acts, drawn as diamonds on the axis.

    Solid bars are in force, hollow bars pending, a dotted line is not known, nothing is absent. A single lane has a
    flag for every event, several lanes one for what courts did, with a dot on each lane it is about. A flag's label
    is placed on the first row where it touches nothing: with its date, then without; a label that fits nowhere is
    left to the list of events, its flag is kept.
    """
    left = _LABEL_WIDTH if len(lanes) > 1 else 2.0
    x = scale(until, left, WIDTH - 2)
    shown = events if len(lanes) == 1 else [event for event in events if event.is_court]
    flags = place_flags(shown, x)
    top = 12.0 + (max((row for _, row, _ in flags), default=-1) + 1) * _FLAG_HEIGHT
    bottom = top + _LANE_HEIGHT * len(lanes)
    parts = terms(x, until, bottom, (words.first_term, words.between, words.second_term))
    parts += [_pole(event, row, top, len(lanes), x) for event, row, _ in flags]
    parts += [_flag_label(event, row, text, top, x) for event, row, text in flags if text]
    for number, lane in enumerate(lanes):
        y = top + number * _LANE_HEIGHT
        if len(lanes) > 1:
            parts.append(label(left - 5, y + 8.2, fitted(lane.label, left - 7), anchor="end"))
        parts += [_bar(run, x, y) for run in lane.runs]
    if len(lanes) > 1:
        parts.append(_dots(flags, top, len(lanes), x))
    parts.append(path("".join(_diamond(x(day), bottom) for day in acts if FIRST_TERM_START <= day <= until), fill=INK))
    parts += years(x, until, bottom + 1, words.years, WIDTH)
    return picture("timeline", (WIDTH, bottom + 13), words.title, parts)


def _bar(run: Run, x: XOfDay, y: float) -> Markup:
    x1, width = x(run.start), max(x(run.end) - x(run.start), 1.2)
    colour = FIRST if run.start < BRIDGE_START else BETWEEN if run.start < SECOND_TERM_START else ACTUAL
    along = f"h{plain(width)}"
    match run.presence:
        case Presence.PRESENT:
            return path(f"M{plain(x1)} {plain(y + 2.8)}{along}v6h-{plain(width)}z", fill=colour)
        case Presence.PENDING:
            inner = max(width - 0.8, 0.6)
            outline = f"M{plain(x1 + 0.4)} {plain(y + 3.2)}h{plain(inner)}v5.2h-{plain(inner)}z"
            return path(outline, fill=PAPER, stroke=colour, width=0.8)
        case Presence.CONTRADICTORY:
            lines = f"M{plain(x1)} {plain(y + 4.3)}{along}M{plain(x1)} {plain(y + 7.3)}{along}"
            return path(lines, stroke=INK, dash="3 1.5")
        case Presence.UNKNOWN:
            return path(f"M{plain(x1)} {plain(y + 5.8)}{along}", stroke=BETWEEN, width=0.9, dash=".9 2.2")
        case _:
            return Markup("")


def _diamond(x: float, y: float) -> str:
    return f"M{plain(x)} {plain(y - 0.5)}l2 2l-2 2l-2-2z"


def place_flags(events: Sequence[Event], x: XOfDay) -> list[tuple[Event, int, str]]:
    """Give every flag a row and a text so that no two labels touch and none leaves the page."""
    taken: list[list[tuple[float, float]]] = [[] for _ in range(_FLAG_ROWS)]
    placed: list[tuple[Event, int, str]] = []
    for event in sorted(events, key=lambda e: (e.day, e.label)):
        for text in (f"{event.label} {event.day_text}", event.label, ""):
            row = _free_row(taken, *extent(text, x(event.day)))
            if row is not None:
                break
        else:
            row, text = 0, ""
        taken[row].append(extent(text, x(event.day)))
        placed.append((event, row, text))
    return placed


def extent(text: str, x: float) -> tuple[float, float]:
    """Return where a label begins and ends: right of its flag, or left of it near the right edge."""
    width = text_width(text) + (5 if text else 1)
    return (x - width, x + 1) if x + width > WIDTH else (x - 1, x + width)


def _free_row(taken: Sequence[Sequence[tuple[float, float]]], start: float, end: float) -> int | None:
    for row, extents in enumerate(taken):
        if start >= 0 and all(end < other_start or start > other_end for other_start, other_end in extents):
            return row
    return None


def _pole(event: Event, row: int, top: float, lanes: int, x: XOfDay) -> Markup:
    foot = top + 3 if lanes == 1 else top + 5.8 + _LANE_HEIGHT * max(event.lanes, default=lanes - 1)
    pole = f"M{plain(x(event.day))} {plain(top - row * _FLAG_HEIGHT - 6)}V{plain(foot)}"
    return path(pole, stroke=INK, width=0.6, dash="1.5 1" if event.is_court else "")


def _dots(flags: Sequence[tuple[Event, int, str]], top: float, lanes: int, x: XOfDay) -> Markup:
    """Return a dot on each lane that an event is about."""
    dot = "a1.6 1.6 0 1 1 3.2 0a1.6 1.6 0 1 1-3.2 0z"
    dots = "".join(
        f"M{plain(x(event.day) - 1.6)} {plain(top + lane * _LANE_HEIGHT + 5.8)}{dot}"
        for event, _, _ in flags
        for lane in (event.lanes or range(lanes))
    )
    return path(dots, fill=INK, stroke=PAPER, width=0.6)


def _flag_label(event: Event, row: int, text: str, top: float, x: XOfDay) -> Markup:
    """Draw a label on a light ground, so that the poles of other flags pass behind it."""
    flag_x = x(event.day)
    y = top - row * _FLAG_HEIGHT
    is_left = extent(text, flag_x)[0] < flag_x - 1.5
    width = text_width(text) + 2
    ground = Markup('<rect x="{}" y="{}" width="{}" height="8" fill="{}" fill-opacity=".85"/>').format(
        plain(flag_x - 1 - width if is_left else flag_x + 1), plain(y - 7), plain(width), PAPER
    )
    return ground + label(flag_x - 2 if is_left else flag_x + 2, y - 1, text, anchor="end" if is_left else "start")
