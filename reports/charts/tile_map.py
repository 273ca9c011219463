"""Tile map of the region: one tile a country at its rough place, for signs of what changed there."""

import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from markupsafe import Markup

from reports.charts.drawing import (
    ACTUAL,
    INK,
    PAPER,
    QUIET,
    RULE,
    WIDTH,
    fitted,
    hatch,
    label,
    path,
    picture,
    plain,
    text_width,
)
from reports.charts.signs import IN_FORCE, Class, ground, ink_on, signs
from sources.countries import AREAS, GLOBAL, REGION

# Column and row of each tile, so that neighbours stay near each other; drawn by us, no projection of a globe.
PLACES = {
    "MEX": (0, 0), "GTM": (0, 1), "BLZ": (1, 1), "SLV": (0, 2), "HND": (1, 2), "NIC": (1, 3), "CRI": (1, 4),
    "PAN": (2, 4), "BHS": (4, 0), "CUB": (3, 1), "JAM": (3, 2), "HTI": (4, 2), "DOM": (5, 2), "KNA": (6, 1),
    "ATG": (7, 1), "DMA": (7, 2), "LCA": (7, 3), "BRB": (7, 4), "VCT": (6, 4), "GRD": (5, 4), "TTO": (4, 4),
    "COL": (2, 5), "VEN": (3, 5), "GUY": (4, 5), "SUR": (5, 5), "ECU": (2, 6), "PER": (3, 6), "BRA": (4, 6),
    "BOL": (3, 7), "PRY": (4, 7), "CHL": (3, 8), "ARG": (4, 8), "URY": (5, 8), REGION: (0, 7), GLOBAL: (0, 8),
}  # fmt: skip
_COLUMNS, _ROWS, _GAP = 8, 9, 2.0
# The region and the world as a whole stand apart, on tiles wide enough for their names.
_AREA_TILES = 2.5


@dataclass(frozen=True, slots=True, kw_only=True)
class MapWords:
    """The reader's words a map needs; `areas` names the tiles that are no country."""

    title: str
    description: str
    areas: Mapping[str, str]


def count_map(found: Mapping[str, Sequence[Class]], words: MapWords) -> Markup:
    """Return the region with one sign for each instrument on its country's tile; what is in force is dark.

    A tile where nothing is known is hatched, a place without any row has only a faint frame.
    """
    grid = _grid_for(found, words)
    corners: dict[Class, list[tuple[float, float]]] = {group: [] for group in Class}
    for place, groups in found.items():
        for number, group in enumerate(sorted(groups, key=list(Class).index)):
            corners[group].append(grid.sign_corner(place, number, words))
    hatched = [place for place, groups in found.items() if set(groups) == {Class.UNKNOWN}]
    parts = [
        grid.empty(found, words),
        path("".join(grid.outline(place) for place in found), fill=PAPER, stroke=QUIET, width=0.6),
        hatch(grid.rectangle(place) for place in hatched),
        grid.codes(found, words, INK),
        *(signs(group, at, grid.sign, ACTUAL if group in IN_FORCE else None) for group, at in corners.items() if at),
    ]
    return picture("map", grid.size, words.title, parts, description=words.description)


def headline_map(found: Mapping[str, Class], words: MapWords) -> Markup:
    """Return the region with one instrument's headline on each tile: sign and ground say which.

    Dark is what began, tinted what holds in both terms, a strong outline what is pending, hatched what is not known; a
    place without a row has only a faint frame.
    """
    grid = _Grid(width=WIDTH / 2 - 9, height=17.0, baseline=11.2, sign=7.2)
    count = Counter(found.values())
    parts = [grid.empty(found, words)]
    for group in (group for group in Class if count[group]):
        places = [place for place, other in found.items() if other is group]
        parts.append(ground(group, "".join(grid.outline(place) for place in places)))
        if group is Class.UNKNOWN:
            parts.append(hatch(grid.rectangle(place) for place in places))
        ink = ink_on(group)
        parts.append(grid.codes(places, words, ink))
        parts.append(signs(group, [grid.last_corner(place) for place in places], grid.sign, ink))
    return picture("map", grid.size, words.title, parts, description=words.description)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Grid:
    """Where tiles stand on a map of a width, with tiles of a height."""

    width: float
    height: float
    baseline: float = 8.4
    sign: float = 8.2

    @property
    def size(self) -> tuple[float, float]:
        return self.width, _ROWS * (self.height + _GAP)

    @property
    def tile(self) -> float:
        return self.width / _COLUMNS - _GAP

    def corner(self, place: str) -> tuple[float, float]:
        column, row = PLACES[place]
        return column * (self.tile + _GAP) + _GAP / 2, row * (self.height + _GAP) + _GAP / 2

    def width_of(self, place: str) -> float:
        return self.tile * _AREA_TILES + _GAP if place in AREAS else self.tile

    def outline(self, place: str) -> str:
        x, y = self.corner(place)
        return (
            f"M{plain(x)} {plain(y)}h{plain(self.width_of(place))}v{plain(self.height)}h-{plain(self.width_of(place))}z"
        )

    def empty(self, found: Collection[str], words: MapWords) -> Markup:
        """Return the countries without a row: a faint frame and the code in quiet letters."""
        places = [place for place in PLACES if place not in found and place not in AREAS]
        frames = path("".join(self.outline(place) for place in places), stroke=RULE, width=0.4)
        return frames + self.codes(places, words, QUIET, weight=400)

    def rectangle(self, place: str) -> tuple[float, float, float, float]:
        return *self.corner(place), self.width_of(place), self.height

    def codes(self, places: Iterable[str], words: MapWords, colour: str, weight: int = 600) -> Markup:
        """Return what tiles are called, each in its upper left corner."""
        names = []
        for place in places:
            x, y = self.corner(place)
            room = self.width_of(place) - 12
            names.append(label(x + 2.5, y + self.baseline, fitted(words.areas.get(place, place), room)))
        group = Markup('<g fill="{}" font-weight="{}">{}</g>')
        return group.format(colour, weight, Markup("").join(names))

    def last_corner(self, place: str) -> tuple[float, float]:
        """Return where the only sign of a tile stands: at its right end."""
        x, y = self.corner(place)
        return x + self.width_of(place) - self.sign - 2, y + (self.height - self.sign) / 2

    def sign_corner(self, place: str, number: int, words: MapWords) -> tuple[float, float]:
        """Return where a tile's next sign stands: beside the code, then on the lines below it."""
        x, y = self.corner(place)
        beside, below = self.rooms(place, words)
        if number < beside:
            return x + self.width_of(place) - 1 - (beside - number) * self.pitch, y + 1.4
        line, at = divmod(number - beside, below)
        return x + 2 + at * self.pitch, y + 1.4 + (line + 1) * self.line

    def rooms(self, place: str, words: MapWords) -> tuple[int, int]:
        """Return how many signs have room beside a tile's code and how many on a line below it."""
        # Semibold letters are a little wider than those measured.
        code = text_width(words.areas.get(place, place)) * 1.08 + 5
        width = self.width_of(place)
        return int((width - code - 1) // self.pitch), int((width - 3) // self.pitch)

    @property
    def pitch(self) -> float:
        return self.sign + 0.8

    @property
    def line(self) -> float:
        return self.sign + 1.4


def _grid_for(found: Mapping[str, Sequence[Class]], words: MapWords) -> _Grid:
    """Return a grid across the page whose tiles hold the signs of the fullest one."""
    grid = _Grid(width=WIDTH, height=0)
    lines = 1
    for place, groups in found.items():
        beside, below = grid.rooms(place, words)
        lines = max(lines, 1 + math.ceil(max(len(groups) - beside, 0) / below))
    return replace(grid, height=lines * grid.line + 2)
