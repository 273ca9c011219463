"""What every picture is drawn with: the colours, the frame with its accessible name, and the widths of letters."""

from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from pathlib import Path

from markupsafe import Markup

from sources.model import Side

INK, QUIET, RULE, WASH, PAPER = "#1c2126", "#5a646e", "#c9cfd5", "#eef0ee", "#ffffff"
FIRST, PROJECTED, ACTUAL, BETWEEN = "#51606f", "#9a5b13", "#0e5a68", "#8b949c"
COLOURS = {Side.FIRST: FIRST, Side.BRIDGE: QUIET, Side.PROJECTED: PROJECTED, Side.ACTUAL: ACTUAL}

# The width of the text of an A4 page in points: the narrower of the two papers.
WIDTH = 493.0
# The same width in large print: so few units that letters come out at 16 points.
LARGE_PRINT_WIDTH = 215.0
# The size of the small print; nothing is smaller than 7 points.
TEXT = 7.2
_TYPEFACE = ("font_source_sans_pro", "SourceSansPro-Regular.ttf")
# A character the typeface lacks is set in another one: room is kept for a wide letter.
_WIDE = 0.9


def picture(
    kind: str,
    size: tuple[float, float],
    title: str,
    parts: Iterable[Markup],
    *,
    description: str = "",
    width: str = "100%",
) -> Markup:
    """Return the frame of a picture: `size` in drawing units, `title` as its accessible name, then its parts."""
    told = Markup("<desc>{}</desc>").format(description) if description else Markup("")
    return Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" class="{}" viewBox="0 0 {} {}" width="{}" role="img" '
        'font-family="Source Sans Pro" font-size="{}" fill="{}"><title>{}</title>{}{}</svg>'
    ).format(kind, plain(size[0]), plain(size[1]), width, TEXT, INK, title, told, Markup("").join(parts))


def label(
    x: float, y: float, text: str, *, anchor: str = "start", colour: str = INK, size: float = TEXT, more: str = ""
) -> Markup:
    """Return one line of text at a place; `more` are further attributes."""
    at = "" if anchor == "start" else f' text-anchor="{anchor}"'
    ink = "" if colour == INK else f' fill="{colour}"'
    large = "" if size == TEXT else f' font-size="{plain(size)}"'
    return Markup(f'<text x="{plain(x)}" y="{plain(y)}"{ink}{at}{large}{more}>{{}}</text>').format(text)


def path(commands: str, *, fill: str = "none", stroke: str = "", width: float = 1.0, dash: str = "") -> Markup:
    """Return a path; without a stroke it is only filled. Returns nothing where there are no commands."""
    if not commands:
        return Markup("")
    line = f' stroke="{stroke}" stroke-width="{plain(width)}"' if stroke else ""
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    return Markup(f'<path d="{commands}" fill="{fill}"{line}{dashes}/>')


def hatch(rectangles: Iterable[tuple[float, float, float, float]]) -> Markup:
    """Return the ground of what is not known: fine upright lines over rectangles (x, y, width, height) of one height.

    A line as thick as the rectangle is high, with dashes, is a row of such lines: one command, whatever the width.
    """
    given = list(rectangles)
    lines = "".join(f"M{plain(x + 2)} {plain(y + height / 2)}h{plain(width - 2)}" for x, y, width, height in given)
    return path(lines, stroke=RULE, width=given[0][3] if given else 0, dash=".7 3.3")


def plain(value: float) -> str:
    """Return a coordinate as short as a tenth of a unit allows."""
    return f"{value:.1f}".removesuffix(".0")


def moved(start: float, end: float) -> str:
    """Return the way from one coordinate to another, each as `plain` writes it: a curve of such ways does not drift."""
    way = f"{round(end, 1) - round(start, 1):.1f}".removesuffix(".0")
    return way.replace("0.", ".", 1) if way.lstrip("-").startswith("0.") else way


def text_width(text: str, size: float = TEXT) -> float:
    """Return how wide a line of the sans face is in drawing units, from the typeface's own measures."""
    advances = _advances()
    return size * sum(advances.get(character, _WIDE) for character in text)


def fitted(text: str, room: float, size: float = TEXT) -> str:
    """Return the text, cut with an ellipsis where it is wider than the room."""
    if text_width(text, size) <= room:
        return text
    while text and text_width(f"{text}…", size) > room:
        text = text[:-1].rstrip()
    return f"{text}…"


@cache
def _advances() -> dict[str, float]:
    """Return the width of each character of the typeface in ems."""
    from fontTools.ttLib import TTFont

    package, name = _TYPEFACE
    with TTFont(Path(str(files(package) / "files" / name))) as font:
        em = font["head"].unitsPerEm
        metrics = font["hmtx"].metrics
        return {chr(code): metrics[glyph][0] / em for code, glyph in font.getBestCmap().items()}
