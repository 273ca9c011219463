"""Pictures: what is drawn for what is known, what is not known, and where letters stand."""

import re
from dataclasses import dataclass
from datetime import date
from itertools import combinations, pairwise

import pytest
from lxml import etree

from reports import charts, edition
from reports.charts import Class, Mark, drawing
from reports.charts.signs import ground, ink_on
from reports.charts.steps import head_lines
from reports.charts.tile_map import PLACES
from reports.edition import Kind, Request
from reports.language import Language, languages
from reports.sections import sheets
from reports.state import Run
from sources.countries import AREAS, REGION_COUNTRIES
from sources.model import Existence, Outcome, Presence, Side, Stage

SVG = "{http://www.w3.org/2000/svg}"
UNTIL = date(2026, 11, 24)


def read(svg):
    """Return a picture's root; it is well formed, has a title first and is called an image."""
    root = etree.fromstring(str(svg))
    assert root[0].tag == f"{SVG}title"
    assert root[0].text
    assert root.get("role") == "img"
    return root


def elements(svg, name):
    """Return the elements of one kind."""
    return list(read(svg).iter(f"{SVG}{name}"))


def texts(svg):
    """Return the words that are printed."""
    return [element.text for element in elements(svg, "text")]


@dataclass(frozen=True)
class Box:
    """Where a line of text stands."""

    text: str
    left: float
    right: float
    bottom: float
    size: float


def boxes(svg):
    """Return where each line of text of a picture stands, and the width of the picture."""
    root = read(svg)
    found = []
    for element in root.iter(f"{SVG}text"):
        size = float(element.get("font-size", root.get("font-size")))
        width = drawing.text_width(element.text, size)
        left = float(element.get("x")) - {"end": width, "middle": width / 2}.get(element.get("text-anchor"), 0)
        found.append(Box(element.text, left, left + width, float(element.get("y")), size))
    return found, float(root.get("viewBox").split()[2])


def assert_legible(svg):
    """Hold that no line of text touches another, leaves the picture or is smaller than seven points."""
    found, width = boxes(svg)
    for box in found:
        assert box.left >= -0.1, box
        assert box.right <= width + 0.1, box
        assert box.size >= 7, box
    for one, other in combinations(found, 2):
        is_apart = one.right <= other.left + 0.1 or other.right <= one.left + 0.1
        assert is_apart or abs(one.bottom - other.bottom) >= 6.5, (one, other)


def luminance(colour):
    """Return the relative luminance of a colour (WCAG 2.2)."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    """Return the contrast of two colours."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("colour", [drawing.INK, drawing.QUIET, drawing.FIRST, drawing.PROJECTED, drawing.ACTUAL])
def test_every_colour_of_letters_can_be_read_on_paper_and_on_the_ground_of_a_term(colour):
    assert contrast(colour, drawing.PAPER) >= 4.5
    assert contrast(colour, drawing.WASH) >= 4.5


def test_letters_on_the_ground_of_every_class_can_be_read():
    for group in Class:
        (shape,) = etree.fromstring(f'<svg xmlns="http://www.w3.org/2000/svg">{ground(group, "M0 0h1")}</svg>')
        assert contrast(ink_on(group), shape.get("fill")) >= 4.5


def test_text_from_the_data_is_text():
    lane = charts.Lane(label="<script>", runs=())
    drawn = charts.timeline([lane, lane], [], timeline_words(title='"><b>'), UNTIL)
    assert "<script>" not in drawn
    assert read(drawn)[0].text == '"><b>'


# --- Signs and meters ---------------------------------------------------------------------------------------------


def test_every_finding_has_a_sign_and_those_of_one_class_share_it():
    drawn = {finding: str(charts.sign(finding, "x")) for finding in (*Existence, *Outcome, *Class)}
    assert drawn[Existence.NEW] == drawn[Existence.REPLACES] == drawn[Class.BEGAN]
    assert drawn[Outcome.REALISED] == drawn[Existence.PENDING_REALISED]
    assert len(set(drawn.values())) == len(Class)
    for svg in drawn.values():
        read(svg)


def test_an_unknown_level_is_dashed_and_zero_is_not():
    assert "stroke-dasharray" in charts.meter(None, "x", Side.FIRST)
    assert "stroke-dasharray" not in charts.meter(0, "x", Side.FIRST)
    filled = [len([r for r in elements(charts.meter(n, "x", Side.FIRST), "rect") if r.get("fill") != "none"]) for n in
              (0, 1, 4)]  # fmt: skip
    assert filled == [0, 2, 5]


# --- Timeline -----------------------------------------------------------------------------------------------------


def timeline_words(title="Both terms"):
    """Return English words for a timeline."""
    return charts.TimelineWords(
        title=title,
        first_term="First term",
        between="The years between",
        second_term="Second term",
        years=tuple((date(year, 1, 1), str(year)) for year in range(2017, 2027)),
    )


def test_presence_is_solid_pending_hollow_and_not_known_dotted():
    runs = [
        Run(start=date(2018, 1, 1), end=date(2019, 1, 1), presence=presence)
        for presence in (
            Presence.PRESENT,
            Presence.PENDING,
            Presence.UNKNOWN,
            Presence.CONTRADICTORY,
            Presence.ABSENT,
        )
    ]
    drawn = [
        [p.attrib for p in elements(charts.timeline([lane], [], timeline_words(), UNTIL), "path")]
        for lane in (charts.Lane(label="", runs=(run,)) for run in runs)
    ]
    plain = drawn[-1]
    bars = [[p for p in paths if p not in plain] for paths in drawn]
    assert [len(paths) for paths in bars] == [1, 1, 1, 1, 0]
    present, pending, unknown, contradictory = (paths[0] for paths in bars[:4])
    assert present["fill"] == drawing.FIRST
    assert pending["fill"] == drawing.PAPER
    assert unknown["stroke-dasharray"] == ".9 2.2"
    assert contradictory["d"].count("M") == 2


def test_a_flag_without_room_keeps_its_pole_and_loses_its_words():
    days = [date(2025, 3, day) for day in range(1, 20)]
    events = [charts.Event(label="Signed", day=day, day_text="3 Mar 2025") for day in days]
    drawn = charts.timeline([charts.Lane(label="", runs=())], events, timeline_words(), UNTIL)
    assert_legible(drawn)
    (poles,) = [p for p in elements(drawn, "path") if p.get("stroke-width") == "0.6" and p.get("stroke") == drawing.INK]
    assert poles.get("d").count("M") == len(days)
    assert 0 < texts(drawn).count("Signed 3 Mar 2025") < len(days)


def test_several_lanes_flag_what_courts_did_on_the_lanes_it_is_about():
    lanes = [charts.Lane(label=name, runs=()) for name in ("Honduras", "Haiti", "Nicaragua")]
    ruling = charts.Event(label="Enjoined", day=date(2018, 10, 3), day_text="3 Oct", is_court=True, lanes=(0, 2))
    act = charts.Event(label="Signed", day=date(2018, 10, 3), day_text="3 Oct")
    drawn = charts.timeline(lanes, [ruling, act], timeline_words(), UNTIL)
    assert "Enjoined 3 Oct" in texts(drawn)
    assert not any(text.startswith("Signed") for text in texts(drawn))
    (dots,) = [p for p in elements(drawn, "path") if p.get("fill") == drawing.INK and "a1.6" in p.get("d")]
    assert dots.get("d").count("M") == 2
    everywhere = charts.Event(label="Enjoined", day=date(2018, 10, 3), day_text="3 Oct", is_court=True)
    drawn = charts.timeline(lanes, [everywhere], timeline_words(), UNTIL)
    (dots,) = [p for p in elements(drawn, "path") if p.get("fill") == drawing.INK and "a1.6" in p.get("d")]
    assert dots.get("d").count("M") == 3


@pytest.mark.parametrize("language", languages())
def test_no_label_of_a_timeline_touches_another(book, clock, language):
    made = edition.make(book, Request(kind=Kind.FULL, clock=clock, language=language))
    for sheet in sheets.build(made, Language(language)).sheets:
        assert_legible(sheet.timeline)


# --- Curves -------------------------------------------------------------------------------------------------------


def curve(label, *values, first=2018):
    """Return a curve of yearly values; None is a gap."""
    points = [(date(first + n, 1, 1), date(first + n + 1, 1, 1), v) for n, v in enumerate(values) if v is not None]
    return charts.Curve(label=label, points=tuple(points))


def draw(*lines):
    """Return a chart of curves in English."""
    words = charts.CurveWords(
        title="Counted",
        first_term="First term",
        between="The years between",
        second_term="Second term",
        years=tuple((date(year, 1, 1), str(year)) for year in range(2017, 2027)),
        number=lambda value: f"{value:,.0f}",
    )
    return charts.curves(lines, words, UNTIL)


def test_a_gap_breaks_the_curve():
    (whole,) = [p for p in elements(draw(curve("a", 1, 2, 3)), "path") if p.get("stroke-width") == "1.3"]
    (broken,) = [p for p in elements(draw(curve("a", 1, None, 3)), "path") if p.get("stroke-width") == "1.3"]
    assert (whole.get("d").count("M"), broken.get("d").count("M")) == (1, 2)


def test_an_axis_begins_at_zero():
    assert texts(draw(curve("a", 800, 900)))[3:6] == ["0", "500", "1,000"]


def test_a_negative_value_is_drawn_below_zero():
    drawn = draw(curve("a", 30, -12))
    assert texts(drawn)[3:6] == ["-50", "0", "50"]
    (line,) = [p for p in elements(drawn, "path") if p.get("stroke-width") == "1.3"]
    start, way = re.fullmatch(r"M[\d.]+ ([\d.]+)h[\d.]+v([\d.]+)h[\d.]+", line.get("d")).groups()
    zero = next(b for b in boxes(drawn)[0] if b.text == "0").bottom - 2.5
    assert float(start) < zero < float(start) + float(way)
    assert texts(draw(curve("a", -3, -12)))[3:5] == ["-20", "0"]


def test_six_curves_are_told_apart_by_dashes_and_named_at_their_ends_without_touching():
    drawn = draw(*(curve(f"A very long name of the place number {n}", 100, 101) for n in range(6)))
    assert_legible(drawn)
    lines = [p for p in elements(drawn, "path") if p.get("stroke-width") == "1.3"]
    assert len({p.get("stroke-dasharray") for p in lines}) == 6
    assert len([text for text in texts(drawn) if text.endswith("… 101")]) == 6


def test_a_long_curve_of_relative_ways_ends_where_it_should():
    values = [n * 37 % 97 for n in range(9)]
    (line,) = [p for p in elements(draw(curve("a", *values)), "path") if p.get("stroke-width") == "1.3"]
    x, y = (float(part) for part in re.match(r"M([\d.]+) ([\d.]+)", line.get("d")).groups())
    across = sum(float(part) for part in re.findall(r"h(-?[\d.]+)", line.get("d")))
    down = sum(float(part) for part in re.findall(r"v(-?[\d.]+)", line.get("d")))
    (alone,) = [
        p
        for p in elements(draw(curve("a", values[-1], first=2026), curve("b", 100)), "path")
        if p.get("stroke") == drawing.ACTUAL
    ]
    end = re.match(r"M([\d.]+) ([\d.]+)h([\d.]+)", alone.get("d")).groups()
    assert (round(x + across, 1), round(y + down, 1)) == (round(float(end[0]) + float(end[2]), 1), float(end[1]))


def test_values_outside_the_years_shown_are_left_out():
    drawn = draw(curve("early", 5, first=2010), curve("later", 7))
    assert not any(text.startswith("early") for text in texts(drawn))


# --- Steps --------------------------------------------------------------------------------------------------------


def mark(side, column, presence=Presence.PRESENT, **values):
    """Return a mark."""
    return Mark(side=side, column=column, presence=presence, **values)


def test_marks_in_one_column_stand_beside_each_other_in_the_order_of_the_sides():
    same = [mark(side, 2) for side in (Side.FIRST, Side.PROJECTED, Side.ACTUAL)]
    drawn = charts.steps(same, 5, "x", 300)
    (line,) = [p for p in elements(drawn, "path") if p.get("stroke") == drawing.BETWEEN]
    places = [float(point.split()[0]) for point in line.get("d")[1:].split("L")]
    assert places == sorted(places)
    assert min(b - a for a, b in pairwise(places)) > 7


def test_the_line_joins_only_what_is_placed():
    marks = [mark(Side.FIRST, 1), mark(Side.PROJECTED, 5, is_placed=False), mark(Side.ACTUAL, 6, is_placed=False)]
    assert not [p for p in elements(charts.steps(marks, 7, "x", 300), "path") if p.get("stroke") == drawing.BETWEEN]


def test_pending_is_hollow_absent_a_dash_and_unknown_a_question_mark():
    def shapes(presence, **values):
        drawn = charts.steps([mark(Side.ACTUAL, 0, presence, **values)], 5, "x", 300)
        return [p for p in elements(drawn, "path") if p.get("stroke") == drawing.ACTUAL], texts(drawn)

    assert shapes(Presence.PRESENT)[0][0].get("fill") == drawing.ACTUAL
    assert shapes(Presence.PENDING)[0][0].get("fill") == drawing.PAPER
    assert shapes(Presence.ABSENT)[0][0].get("d").endswith("m-3 0h6")
    assert shapes(Presence.UNKNOWN) == ([], ["?"])
    assert shapes(Presence.CONTRADICTORY)[0][0].get("d").count("m") == 3
    assert "l4.8 4.8" in shapes(Presence.ABSENT, has_ended=True)[0][0].get("d")


def test_the_levels_at_which_an_instrument_is_present_are_shaded():
    shaded = charts.steps([mark(Side.FIRST, 0)], 7, "x", 350, shaded=range(2, 5))
    (ground,) = [p for p in elements(shaded, "path") if p.get("fill") == drawing.WASH]
    assert ground.get("d") == "M100 0H250V11H100z"
    assert not [p for p in elements(charts.steps([], 7, "x", 350), "path") if p.get("fill") == drawing.WASH]


@pytest.mark.parametrize("language", languages())
def test_heads_of_columns_do_not_touch_in_any_language(language):
    words = [Language(language).word("event", stage) for stage in Stage]
    drawn = charts.steps_axis(words, "Steps", 241)
    assert texts(drawn) == words
    assert_legible(drawn)
    centres = [241 / len(words) * (n + 0.5) for n in range(len(words))]
    placed = head_lines(words, centres, 241)
    for line, start in placed:
        for x, (other, _) in zip(centres, placed, strict=True):
            width = drawing.text_width(words[placed.index((line, start))])
            assert other <= line or not start < x < start + width, "a leader runs through a head"


# --- Map ----------------------------------------------------------------------------------------------------------

MAP_WORDS = charts.MapWords(
    title="The region", description="Mexico: New 1", areas={"REGION": "Region-wide", "GLOBAL": "Worldwide"}
)


def test_every_country_has_a_tile_of_its_own():
    assert set(PLACES) == {*REGION_COUNTRIES, *AREAS}
    assert len(set(PLACES.values())) == len(PLACES)


def test_every_country_is_named_and_areas_only_where_they_have_a_row():
    drawn = charts.count_map({"MEX": [Class.BEGAN]}, MAP_WORDS)
    assert set(texts(drawn)) == set(REGION_COUNTRIES)
    assert_legible(drawn)
    drawn = charts.count_map({"MEX": [Class.BEGAN], "REGION": [Class.HELD]}, MAP_WORDS)
    assert "Region-wide" in texts(drawn)
    assert read(drawn)[1].text == "Mexico: New 1"


def test_each_instrument_has_a_sign_on_its_tile_and_tiles_grow_with_them():
    few = charts.count_map({"MEX": [Class.BEGAN] * 3}, MAP_WORDS)
    many = charts.count_map({"MEX": [Class.BEGAN] * 30}, MAP_WORDS)
    (signs,) = [p for p in elements(many, "path") if p.get("stroke-width") == "2"]
    assert signs.get("d").count("M") == 30
    heights = [float(read(drawn).get("viewBox").split()[3]) for drawn in (few, many)]
    assert heights[0] < heights[1]


def test_what_is_not_known_is_hatched_and_never_white():
    def hatches(drawn):
        return [p for p in elements(drawn, "path") if p.get("stroke-dasharray") == ".7 3.3"]

    assert hatches(charts.count_map({"MEX": [Class.UNKNOWN]}, MAP_WORDS))
    assert not hatches(charts.count_map({"MEX": [Class.UNKNOWN, Class.BEGAN]}, MAP_WORDS))
    assert hatches(charts.headline_map({"MEX": Class.UNKNOWN}, MAP_WORDS))
    assert not hatches(charts.headline_map({"MEX": Class.ABSENT}, MAP_WORDS))


def test_a_headline_is_told_by_its_ground_in_greyscale():
    def tone(group):
        drawn = charts.headline_map({"MEX": group}, MAP_WORDS)
        shape = next(p for p in elements(drawn, "path") if p.get("stroke-width") != "0.4")
        return luminance(shape.get("fill")), shape.get("stroke-width")

    dark, tinted, pending, ended = map(tone, (Class.BEGAN, Class.HELD, Class.PENDING, Class.ENDED))
    assert dark[0] + 0.3 < tinted[0] < pending[0] - 0.15
    assert pending[0] == ended[0]
    assert float(pending[1]) > 2 * float(ended[1])
    everywhere = dict.fromkeys(PLACES, Class.BEGAN)
    assert_legible(charts.headline_map(everywhere, MAP_WORDS))


@pytest.mark.parametrize("language", languages())
def test_names_of_areas_fit_their_tiles_whole(language):
    areas = {area: Language(language).place(area) for area in AREAS}
    words = charts.MapWords(title="x", description="", areas=areas)
    found = dict.fromkeys(AREAS, Class.HELD)
    assert set(areas.values()) <= set(texts(charts.headline_map(found, words)))
    assert set(areas.values()) <= set(texts(charts.count_map({area: [Class.HELD] * 9 for area in AREAS}, words)))


# --- Shares and amounts -------------------------------------------------------------------------------------------


def test_a_part_is_as_wide_as_its_count():
    words = charts.ShareWords(title="Rows", description="", number=str)
    counts = {Class.BEGAN: 10, Class.PENDING: 20, Class.UNKNOWN: 60, Class.CONTRADICTED: 1}
    drawn = charts.shares([("As projected", counts), ("As it turned out", {Class.BEGAN: 91})], words)
    assert_legible(drawn)
    grounds = [p for p in elements(drawn, "path") if "v15h-" in p.get("d")]
    wide = [float(p.get("d").split("h")[1].split("v")[0]) + 1.6 for p in grounds]
    assert [round(width / wide[0] * 10) for width in wide] == [10, 20, 1, 60, 91]
    assert texts(drawn) == ["As projected", "10", "20", "60", "As it turned out", "91"], "one row has no room for words"


def test_amounts_share_a_scale_from_zero():
    one, other = charts.Amount(low=30, high=30), charts.Amount(low=60, high=70)
    assert charts.scale_of([one, other]) == 100
    assert charts.scale_of([one]) is None, "nothing to compare it with"
    assert charts.scale_of([one, charts.Amount(low=-1, high=5)]) is None, "off the scale"

    def left(amount):
        (shape,) = [p for p in elements(charts.amount(amount, 100, "x"), "path") if p.get("stroke") == drawing.INK]
        return float(shape.get("d")[1:].split()[0])

    zero, end = 12, 132
    assert left(other) == zero + (end - zero) * 0.6
    assert left(charts.Amount(low=0, high=10)) == zero


def test_ranges_bounds_and_approximate_figures_are_told_apart():
    def shapes(**values):
        drawn = charts.amount(charts.Amount(**values), 100, "x")
        return [(p.get("d"), p.get("fill")) for p in elements(drawn, "path")][2:]

    assert len(shapes(low=10, high=20)) == 1
    assert shapes(low=10, high=10)[0][1] == drawing.INK
    assert shapes(low=10, high=10, is_loose=True)[0][1] == drawing.PAPER
    assert "h11" in shapes(low=10, high=None)[0][0]
    assert "h-11" in shapes(low=None, high=10)[0][0]
    assert "l2.9 2.9" in shapes(low=10, high=10, is_plan=True)[0][0]
