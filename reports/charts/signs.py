"""Signs: one shape for each kind of finding, told apart without colour and never shown without a word."""

from collections.abc import Sequence
from enum import StrEnum

from markupsafe import Markup

from reports.charts.drawing import ACTUAL, INK, PAPER, QUIET, path, plain
from sources.model import Existence, Outcome


class Class(StrEnum):
    """What a headline or an outcome comes to: findings of one class share a sign. In reading order."""

    BEGAN = "began"
    RETURNED = "returned"
    HELD = "held"
    CARRIED_OUT = "carried_out"
    PENDING = "pending"
    ENDED = "ended"
    ABSENT = "absent"
    CONTRADICTED = "contradicted"
    UNKNOWN = "unknown"


CLASSES = {
    Existence.NEW: Class.BEGAN,
    Existence.REPLACES: Class.BEGAN,
    Existence.REINSTATED: Class.RETURNED,
    Existence.CONTINUED: Class.HELD,
    Existence.PRESENT_BOTH: Class.HELD,
    Existence.DISCONTINUED: Class.ENDED,
    Existence.REPLACED: Class.ENDED,
    Existence.ABSENT_BOTH: Class.ABSENT,
    Existence.PENDING_NEW: Class.PENDING,
    Existence.PENDING_UNCHANGED: Class.PENDING,
    Existence.PENDING_DROPPED: Class.ENDED,
    Existence.PENDING_REALISED: Class.CARRIED_OUT,
    Existence.STEPPED_DOWN_TO_PENDING: Class.PENDING,
    Existence.UNKNOWN_FIRST: Class.UNKNOWN,
    Existence.UNKNOWN_SECOND: Class.UNKNOWN,
    Existence.UNKNOWN_BOTH: Class.UNKNOWN,
    Existence.CONTRADICTORY: Class.CONTRADICTED,
    Existence.NOT_COMPARABLE: Class.CONTRADICTED,
}
_OUTCOMES = {
    Outcome.REVERSED: Class.RETURNED,
    Outcome.NOT_REALISED: Class.ENDED,
    Outcome.NOT_TRIGGERED: Class.ABSENT,
    Outcome.NOT_KNOWN: Class.UNKNOWN,
    Outcome.TOO_EARLY: Class.PENDING,
    Outcome.PARTLY: Class.PENDING,
    Outcome.REALISED: Class.CARRIED_OUT,
    Outcome.NO_PROJECTION: Class.ABSENT,
}
_TRIANGLE = "m5 1.2l4 7.6h-8z"
_TWO_LINES = "m1 3.4h8m-8 3.2h8"
_GRID = 10.0
# On the grid, from its upper left corner: the commands of the line and of the filled part, width and dashes.
_SHAPES = {
    Class.BEGAN: ("m5 1v8m-4-4h8", "", 2.0, ""),
    Class.RETURNED: ("m8.3 6.6a3.6 3.6 0 1 1-.1-3.4", "m9.4 .9v3.4h-3.4z", 1.5, ""),
    Class.HELD: (_TWO_LINES, "", 1.7, ""),
    Class.CARRIED_OUT: (_TRIANGLE, _TRIANGLE, 1.3, ""),
    Class.PENDING: (_TRIANGLE, "", 1.3, ""),
    Class.ENDED: ("m1.6 1.6l6.8 6.8m0-6.8l-6.8 6.8", "", 1.7, ""),
    Class.ABSENT: ("m1.5 5h7", "", 1.3, ""),
    Class.CONTRADICTED: (f"{_TWO_LINES}m-1.8-5.6l-4.4 8", "", 1.3, ""),
    Class.UNKNOWN: ("m.8 5a4.2 4.2 0 1 1 8.4 0a4.2 4.2 0 1 1-8.4 0", "m4 4h2v2h-2z", 1.0, "1.6 1.2"),
}
_FAINT = frozenset({Class.ABSENT, Class.UNKNOWN})
# The grounds of tiles and bars: dark for what began, tinted for what holds in both terms, white for the rest.
DARK = frozenset({Class.BEGAN, Class.CARRIED_OUT})
TINTED = frozenset({Class.RETURNED, Class.HELD})
IN_FORCE = DARK | TINTED
_TINT = "#d5dbe0"


def class_of(finding: Existence | Outcome) -> Class:
    """Return the class that a headline or an outcome belongs to."""
    return CLASSES[finding] if isinstance(finding, Existence) else _OUTCOMES[finding]


def sign(finding: Existence | Outcome | Class, title: str, size: float = 3.2) -> Markup:
    """Return the sign of a finding, `size` millimetres high; `title` is what a screen reader says."""
    group = finding if isinstance(finding, Class) else class_of(finding)
    return Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" class="sign" viewBox="0 0 10 10" width="{0}mm" height="{0}mm" '
        'role="img"><title>{1}</title>{2}</svg>'
    ).format(size, title, signs(group, [(0, 0)]))


def signs(
    group: Class, corners: Sequence[tuple[float, float]], size: float = _GRID, colour: str | None = None
) -> Markup:
    """Return the sign of a class at several places, each its upper left corner, `size` drawing units high."""
    line, solid, width, dash = _SHAPES[group]
    moves = [f"M{plain(_GRID * x / size)} {plain(_GRID * y / size)}" for x, y in corners]
    ink = colour or (QUIET if group in _FAINT else INK)
    drawn = path("".join(move + line for move in moves), stroke=ink, width=width, dash=dash)
    drawn += path("".join(move + solid for move in moves) if solid else "", fill=ink)
    return drawn if size == _GRID else Markup('<g transform="scale({})">{}</g>').format(size / _GRID, drawn)


def ground(group: Class, outline: str) -> Markup:
    """Return the ground of a class: told apart in greyscale by its tone and the strength of its outline."""
    fill = ACTUAL if group in DARK else _TINT if group in TINTED else PAPER
    is_strong = group is Class.PENDING
    return path(outline, fill=fill, stroke=INK if is_strong else QUIET, width=1.4 if is_strong else 0.6)


def ink_on(group: Class) -> str:
    """Return the colour of letters and signs on the ground of a class."""
    return PAPER if group in DARK else INK
