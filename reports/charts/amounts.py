"""Amounts: numbers of one measure on one scale from zero, with their ranges, so that sources can be compared."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from reports.charts.curves import round_up
from reports.charts.drawing import INK, PAPER, PROJECTED, QUIET, RULE, path, picture, plain

_WIDTH, _HEIGHT, _MARGIN = 144.0, 7.0, 12.0
_MIDDLE = 3.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """A number or a range; None for an end that nobody gives.

    `is_loose` is about, not exactly; `is_plan` is planned, not yet so.
    """

    low: float | None
    high: float | None
    is_loose: bool = False
    is_plan: bool = False


def scale_of(amounts: Sequence[Amount]) -> float | None:
    """Return the end of a scale from zero that holds all the amounts.

    None for a lone amount, which has nothing to be compared with, and for a negative one, which lies off the scale.
    """
    ends = [end for amount in amounts for end in (amount.low, amount.high) if end is not None]
    return round_up(max(ends)) if len(amounts) > 1 and min(ends) >= 0 else None


def amount(given: Amount, top: float, title: str) -> Markup:
    """Return one amount on a scale from zero to `top`.

    A dot is a number, hollow where it is approximate, a diamond where it is planned; a range is a line between two
    ticks; an arrow leads from a bound to the side on which the number lies.
    """
    room = _WIDTH - 2 * _MARGIN

    def x(value: float) -> float:
        return _MARGIN + room * value / top

    axis = f"M{plain(_MARGIN)} {_MIDDLE}H{plain(_WIDTH - _MARGIN)}"
    ends = f"M{plain(_MARGIN)} 1.2v4.6M{plain(_WIDTH - _MARGIN)} 1.2v4.6"
    parts = [path(axis, stroke=RULE, width=0.6), path(ends, stroke=QUIET, width=0.6)]
    colour = PROJECTED if given.is_plan else INK
    low, high = given.low, given.high
    if low is not None and high is not None and low != high:
        parts.append(path(f"M{plain(x(low))} 1v5m0-2.5H{plain(x(high))}m0-2.5v5", stroke=colour, width=1.3))
    elif low is not None:
        if high is None:
            parts.append(path(f"M{plain(x(low))} {_MIDDLE}h11m-2.6-2.2l2.6 2.2l-2.6 2.2", stroke=colour, width=1.1))
        parts.append(_dot(x(low), given, colour))
    elif high is not None:
        parts.append(path(f"M{plain(x(high))} {_MIDDLE}h-11m2.6-2.2l-2.6 2.2l2.6 2.2", stroke=colour, width=1.1))
        parts.append(_dot(x(high), given, colour))
    return picture("amount", (_WIDTH, _HEIGHT), title, parts)


def _dot(x: float, given: Amount, colour: str) -> Markup:
    round_dot = f"M{plain(x - 2.2)} {_MIDDLE}a2.2 2.2 0 1 1 4.4 0a2.2 2.2 0 1 1-4.4 0z"
    diamond = f"M{plain(x)} .6l2.9 2.9l-2.9 2.9l-2.9-2.9z"
    fill = PAPER if given.is_loose else colour
    return path(diamond if given.is_plan else round_dot, fill=fill, stroke=colour, width=1)
