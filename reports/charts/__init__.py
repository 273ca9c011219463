"""Pictures: SVG drawings made from the data, readable in greyscale, each with its title and one module for each kind.

Every function returns markup to stand inline in a page. Text that comes from the data is escaped by Markup. One
drawing unit of a wide picture is a point on A4 and a little more on Letter: text of 7 units and more stays readable.
A picture narrower than that is drawn for large print: names stand above what they name, and what has no room is left
to the words beside it.
"""

from reports.charts.amounts import Amount, amount, scale_of
from reports.charts.curves import Curve, CurveWords, curves
from reports.charts.drawing import LARGE_PRINT_WIDTH, WIDTH
from reports.charts.meter import meter
from reports.charts.shares import ShareWords, shares
from reports.charts.signs import Class, class_of, sign
from reports.charts.steps import Mark, mark_of, steps, steps_axis
from reports.charts.tile_map import MapWords, count_map, headline_map
from reports.charts.timeline import Event, Lane, TimelineWords, timeline

__all__ = [
    "LARGE_PRINT_WIDTH",
    "WIDTH",
    "Amount",
    "Class",
    "Curve",
    "CurveWords",
    "Event",
    "Lane",
    "MapWords",
    "Mark",
    "ShareWords",
    "TimelineWords",
    "amount",
    "class_of",
    "count_map",
    "curves",
    "headline_map",
    "mark_of",
    "meter",
    "scale_of",
    "shares",
    "sign",
    "steps",
    "steps_axis",
    "timeline",
]
