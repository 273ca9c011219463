"""Section "The region on a map": what changed where, one tile a country, as projected and as it turned out.

Template: region_map.html.j2, which sees only the RegionMapView built here.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from reports import charts
from reports.charts import Class, class_of
from reports.comparison import Row
from reports.edition import Edition, Kind
from reports.language import Language
from reports.sections import Section
from sources.countries import AREAS, reading_order
from sources.model import Comparison

COMPARISONS = (Comparison.FIRST_VS_PROJECTED, Comparison.FIRST_VS_ACTUAL)
# A map of fewer places tells less than the sentence beside it.
LEAST = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Map:
    """A map with its caption; `told` is what it shows, a place at a time: its name and its counts."""

    caption: str
    drawn: Markup
    told: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionMapView:
    """The maps, the signs they use, and the names behind the codes of their tiles.

    `is_counted` tells a map with a sign for each instrument from one of a single instrument's headlines.
    """

    maps: tuple[Map, ...]
    legend: tuple[tuple[Markup, str], ...]
    codes: tuple[tuple[str, str], ...]
    is_counted: bool


def build(edition: Edition, language: Language) -> RegionMapView | None:
    """Draw the maps; None where fewer than two places are known."""
    is_counted = len(edition.instruments) > 1
    rows = {comparison: edition.of(comparison) for comparison in COMPARISONS}
    if not any(_known_places(found) >= LEAST for found in rows.values()):
        return None
    classes = {class_of(row.change.existence) for found in rows.values() for row in found}
    places = sorted({row.country_code for row in edition.rows} - set(AREAS), key=reading_order)
    return RegionMapView(
        maps=tuple(_map(c, found, language, is_counted) for c, found in rows.items()),
        legend=legend(classes, language),
        codes=tuple((code, language.place(code)) for code in places),
        is_counted=is_counted,
    )


def _known_places(rows: Sequence[Row]) -> int:
    return len({row.country_code for row in rows if class_of(row.change.existence) is not Class.UNKNOWN})


def caption(comparison: Comparison, language: Language) -> str:
    """Return what is compared with the first term, in words."""
    if comparison is Comparison.FIRST_VS_PROJECTED:
        return language.gettext("First term against projection")
    return language.gettext("First term against outcome")


def legend(classes: Collection[Class], language: Language) -> tuple[tuple[Markup, str], ...]:
    """Return the signs of these classes with their words."""
    words = {group: language.word("class", group) for group in Class if group in classes}
    return tuple((charts.sign(group, word, size=2.6), word) for group, word in words.items())


def _map(comparison: Comparison, rows: Sequence[Row], language: Language, is_counted: bool) -> Map:
    found: dict[str, list[Class]] = {}
    for row in rows:
        found.setdefault(row.country_code, []).append(class_of(row.change.existence))
    told = tuple(
        (language.place(place), counts(groups, language))
        for place, groups in sorted(found.items(), key=lambda item: reading_order(item[0]))
    )
    name = caption(comparison, language)
    words = charts.MapWords(
        title=language.gettext("Tile map of the region: %s") % name,
        description="; ".join(f"{place}: {said}" for place, said in told),
        areas={area: language.place(area) for area in AREAS},
    )
    if is_counted:
        drawn = charts.count_map(found, words)
    else:
        drawn = charts.headline_map({place: groups[0] for place, groups in found.items()}, words)
    return Map(caption=name, drawn=drawn, told=told)


def counts(groups: Sequence[Class], language: Language) -> str:
    """Return what the signs of a place come to: "New 2, Not known 1"."""
    return ", ".join(
        f"{language.word('class', group)} {language.number(groups.count(group))}" for group in Class if group in groups
    )


SECTION = Section(
    id="region_map",
    title="The region on a map",
    order=28,
    kinds=frozenset({Kind.FULL, Kind.INSTRUMENT}),
    build=build,
)
