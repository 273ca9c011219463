"""Level meter: how far up its scale an instrument stands."""

from markupsafe import Markup

from reports.charts.drawing import COLOURS, QUIET
from sources.model import Side

_STEPS = 5


def meter(level: int | None, title: str, side: Side) -> Markup:
    """Return five steps filled up to a level; an unknown level is left open and dashed, never drawn as zero."""
    boxes = []
    colour = COLOURS[side]
    for step in range(_STEPS):
        is_filled = level is not None and step <= level and level > 0
        style = f'fill="{colour}"' if is_filled else 'fill="none"'
        dash = ' stroke-dasharray="1.4 1.4"' if level is None else ""
        outline = colour if level is not None else QUIET
        boxes.append(
            f'<rect x="{1 + step * 11}" y="1" width="9" height="5" {style} stroke="{outline}" stroke-width=".7"{dash}/>'
        )
    return Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" class="meter" viewBox="0 0 56 7" width="19mm" height="2.4mm" '
        'role="img"><title>{0}</title>{1}</svg>'
    ).format(title, Markup("".join(boxes)))
