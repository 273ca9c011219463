"""Timeline: when an instrument was in force over both terms and the years between, with what happened to it."""

from collections import defaultdict
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
LINE = 9.0


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


def terms(x: XOfDay, until: date, bottom: float, words: tuple[str, str, str], is_narrow: bool) -> list[Markup]:
    """Return the grounds of the two terms and the years between, each with its name as far as there is room.

    On a narrow drawing a name without room stands on a line of its own, ending where its term ends.
    """
    days = [FIRST_TERM_START, *(min(day, until) for day in (BRIDGE_START, SECOND_TERM_START, until))]
    parts = []
    for number, word in enumerate(words):
        x1, x2 = x(days[number]), x(days[number + 1])
        if x2 - x1 < 1:
            continue
        if number != 1:
            parts.append(path(f"M{plain(x1)} 0H{plain(x2)}V{plain(bottom)}H{plain(x1)}z", fill=WASH))
        if is_narrow and text_width(word) > x2 - x1 - 3:
            parts.append(label(x2 - 2, 8 + LINE, word, anchor="end", colour=QUIET))
        else:
            parts.append(label(x1 + 2, 8, fitted(word, x2 - x1 - 3), colour=QUIET))
    return parts


def years(x: XOfDay, until: date, y: float, words: Sequence[tuple[date, str]], right: float) -> list[Markup]:
    """Return the names of the years below an axis.

    A name that would leave the drawing or touch the one before keeps its tick alone.
    """
    shown = [(day, year) for day, year in words if FIRST_TERM_START <= day <= until]
    ticks = "".join(f"M{plain(x(day))} {plain(y)}v3" for day, _ in shown)
    names, end = [], 0.0
    for day, year in shown:
        half = text_width(year) / 2
        if end <= x(day) - half and x(day) + half <= right:
            names.append(label(x(day), y + 10, year, anchor="middle", colour=QUIET))
            end = x(day) + half + 3
    return [path(ticks, stroke=QUIET, width=0.6), *names]


def timeline(
    lanes: Sequence[Lane],
    events: Sequence[Event],
    words: TimelineWords,
    until: date,
    acts: Sequence[date] = (),
    width: float = WIDTH,
) -> Markup:
    """Return presence over both terms and the years between, with events as flags.

    `acts` are the days of legal acts, drawn as diamonds on the axis.

    Solid bars are in force, hollow bars pending, a dotted line is not known, nothing is absent. A single lane has a
    flag for every event, several lanes one for what courts did, with a dot on each lane it is about. A flag's label
    is placed on the first row where it touches nothing: with its date, then without; a label that fits nowhere is
    left to the list of events, its flag is kept.
    """
    is_narrow, are_named = width < WIDTH, len(lanes) > 1
    left = _LABEL_WIDTH if are_named and not is_narrow else 2.0
    # Without room beside it, a lane has its name above.
    head = LINE if are_named and is_narrow else 0.0
    pitch = _LANE_HEIGHT + head
    x = scale(until, left, width - 2)
    shown = [event for event in events if event.is_court] if are_named else events
    flags = place_flags(shown, x, width)
    top = 12.0 + (LINE if is_narrow else 0) + (max((row for _, row, _ in flags), default=-1) + 1) * _FLAG_HEIGHT
    bottom = top + pitch * len(lanes)
    tops = [top + head + number * pitch for number in range(len(lanes))]
    parts = terms(x, until, bottom, (words.first_term, words.between, words.second_term), is_narrow)
    parts += _poles(flags, top, tops, x)
    parts += _flag_labels(flags, top, x, width)
    bars: dict[tuple[Presence, str], list[str]] = defaultdict(list)
    for lane, y in zip(lanes, tops, strict=True):
        if are_named and is_narrow:
            parts.append(label(left, y - 0.5, fitted(lane.label, width - 4)))
        elif are_named:
            parts.append(label(left - 5, y + 8.2, fitted(lane.label, left - 7), anchor="end"))
        for run in lane.runs:
            bars[run.presence, _colour(run)].append(_bar(run, x, y))
    parts += [_bars(presence, colour, "".join(drawn)) for (presence, colour), drawn in bars.items()]
    if are_named:
        parts.append(_dots(flags, tops, x))
    parts.append(path("".join(_diamond(x(day), bottom) for day in acts if FIRST_TERM_START <= day <= until), fill=INK))
    parts += years(x, until, bottom + 1, words.years, width)
    return picture("timeline", (width, bottom + 13), words.title, parts)


def _bars(presence: Presence, colour: str, commands: str) -> Markup:
    """Return bars of one presence: solid, hollow, two dashed lines or a dotted one; what is absent is not drawn."""
    match presence:
        case Presence.PRESENT:
            return path(commands, fill=colour)
        case Presence.PENDING:
            return path(commands, fill=PAPER, stroke=colour, width=0.8)
        case Presence.CONTRADICTORY:
            return path(commands, stroke=INK, dash="3 1.5")
        case Presence.UNKNOWN:
            return path(commands, stroke=BETWEEN, width=0.9, dash=".9 2.2")
        case Presence.ABSENT:
            return Markup("")


def _colour(run: Run) -> str:
    return FIRST if run.start < BRIDGE_START else BETWEEN if run.start < SECOND_TERM_START else ACTUAL


def _bar(run: Run, x: XOfDay, y: float) -> str:
    x1, width = x(run.start), max(x(run.end) - x(run.start), 1.2)
    match run.presence:
        case Presence.PRESENT:
            return f"M{plain(x1)} {plain(y + 2.8)}h{plain(width)}v6h-{plain(width)}z"
        case Presence.PENDING:
            inner = max(width - 0.8, 0.6)
            return f"M{plain(x1 + 0.4)} {plain(y + 3.2)}h{plain(inner)}v5.2h-{plain(inner)}z"
        case Presence.CONTRADICTORY:
            return f"M{plain(x1)} {plain(y + 4.3)}h{plain(width)}M{plain(x1)} {plain(y + 7.3)}h{plain(width)}"
        case _:
            return f"M{plain(x1)} {plain(y + 5.8)}h{plain(width)}"


def _diamond(x: float, y: float) -> str:
    return f"M{plain(x)} {plain(y - 0.5)}l2 2l-2 2l-2-2z"


def place_flags(events: Sequence[Event], x: XOfDay, width: float) -> list[tuple[Event, int, str]]:
    """Give every flag a row and a text so that no two labels touch and none leaves the drawing of a width."""
    taken: list[list[tuple[float, float]]] = [[] for _ in range(_FLAG_ROWS)]
    placed: list[tuple[Event, int, str]] = []
    for event in sorted(events, key=lambda e: (e.day, e.label)):
        for text in (f"{event.label} {event.day_text}", event.label, ""):
            row = _free_row(taken, *extent(text, x(event.day), width))
            if row is not None:
                break
        else:
            row, text = 0, ""
        taken[row].append(extent(text, x(event.day), width))
        placed.append((event, row, text))
    return placed


def extent(text: str, x: float, width: float) -> tuple[float, float]:
    """Return where a label begins and ends: right of its flag, or left of it near the right edge."""
    long = text_width(text) + (5 if text else 1)
    return (x - long, x + 1) if x + long > width else (x - 1, x + long)


def _free_row(taken: Sequence[Sequence[tuple[float, float]]], start: float, end: float) -> int | None:
    for row, extents in enumerate(taken):
        if start >= 0 and all(end < other_start or start > other_end for other_start, other_end in extents):
            return row
    return None


def _poles(flags: Sequence[tuple[Event, int, str]], top: float, tops: Sequence[float], x: XOfDay) -> list[Markup]:
    """Return the poles of the flags, those of courts dashed; in several lanes they reach the lowest they are about."""
    drawn: dict[bool, list[str]] = {False: [], True: []}
    for event, row, _ in flags:
        foot = top + 3 if len(tops) == 1 else 5.8 + tops[max(event.lanes, default=-1)]
        drawn[event.is_court].append(f"M{plain(x(event.day))} {plain(top - row * _FLAG_HEIGHT - 6)}V{plain(foot)}")
    return [
        path("".join(poles), stroke=INK, width=0.6, dash="1.5 1" if is_court else "")
        for is_court, poles in drawn.items()
    ]


def _dots(flags: Sequence[tuple[Event, int, str]], tops: Sequence[float], x: XOfDay) -> Markup:
    """Return a dot on each lane that an event is about."""
    dot = "a1.6 1.6 0 1 1 3.2 0a1.6 1.6 0 1 1-3.2 0z"
    dots = "".join(
        f"M{plain(x(event.day) - 1.6)} {plain(tops[lane] + 5.8)}{dot}"
        for event, _, _ in flags
        for lane in (event.lanes or range(len(tops)))
    )
    return path(dots, fill=INK, stroke=PAPER, width=0.6)


def _flag_labels(flags: Sequence[tuple[Event, int, str]], top: float, x: XOfDay, width: float) -> list[Markup]:
    """Return the labels on a light ground, so that the poles of other flags pass behind them."""
    grounds, labels = [], []
    for event, row, text in flags:
        if text:
            flag_x, y = x(event.day), top - row * _FLAG_HEIGHT
            is_left = extent(text, flag_x, width)[0] < flag_x - 1.5
            long = text_width(text) + 2
            start = flag_x - 1 - long if is_left else flag_x + 1
            grounds.append(f"M{plain(start)} {plain(y - 7)}h{plain(long)}v8h-{plain(long)}z")
            anchor, beside = ("end", -2) if is_left else ("start", 2)
            labels.append(label(flag_x + beside, y - 1, text, anchor=anchor))
    return [path("".join(grounds), fill=PAPER), *labels]
