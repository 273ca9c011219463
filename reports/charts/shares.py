"""Shares: how many rows have each headline, as bars of one scale from zero."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from reports.charts.drawing import WIDTH, hatch, label, picture, plain, text_width
from reports.charts.signs import Class, ground, ink_on, signs

_BAR, _PITCH = 15.0, 19.0
_SIGN = 7.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareWords:
    """The reader's words the bars need; `number` writes a number as the reader does."""

    title: str
    description: str
    number: Callable[[int], str]


def shares(bars: Sequence[tuple[str, Mapping[Class, int]]], words: ShareWords, width: float = WIDTH) -> Markup:
    """Return one bar for each comparison, cut by class: each part has its sign and count as far as it has room.

    A bar is named to its left, on a narrow drawing above.
    """
    most = max(sum(counts.values()) for _, counts in bars)
    head = 10.0 if width < WIDTH else 0.0
    left = 0.0 if head else max(text_width(name) for name, _ in bars) + 8
    unit = (width - left - 2) / most
    pitch = _PITCH + head
    parts = []
    for number, (name, counts) in enumerate(bars):
        y = number * pitch + head + 1
        parts.append(label(0, y - 3 if head else y + 10.2, name))
        x = left
        for group in (group for group in Class if counts.get(group)):
            long = counts[group] * unit
            parts += _part(group, (x, y), long, words.number(counts[group]))
            x += long
    return picture("shares", (width, len(bars) * pitch), words.title, parts, description=words.description)


def _part(group: Class, corner: tuple[float, float], width: float, count: str) -> list[Markup]:
    """Return a part of a bar; where its sign and count have no room, the sign alone, or neither."""
    x, y = corner
    # A single row of very many still shows.
    inner = max(width - 1.6, 0.4)
    parts = [ground(group, f"M{plain(x + 0.8)} {plain(y)}h{plain(inner)}v{plain(_BAR)}h-{plain(inner)}z")]
    if group is Class.UNKNOWN:
        parts.append(hatch([(x + 0.8, y, inner, _BAR)]))
    both = _SIGN + 2 + text_width(count, _SIGN + 1)
    if inner < _SIGN + 1:
        return parts
    start = x + (width - (both if inner >= both + 2 else _SIGN)) / 2
    parts.append(signs(group, [(start, y + (_BAR - _SIGN) / 2)], _SIGN, ink_on(group)))
    if inner >= both + 2:
        parts.append(label(start + _SIGN + 2, y + 10.4, count, colour=ink_on(group), size=_SIGN + 1))
    return parts
