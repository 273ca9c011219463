"""OHSS monthly encounters: blocks found by their labels, rounding, marks that are no count, and the real workbook."""

import copy
import io
import re
import zipfile
from collections import Counter
from xml.etree import ElementTree
from xml.sax.saxutils import escape

import pytest

from sources import tables
from sources.connector import load
from sources.connectors import ohss_monthly
from sources.errors import SourceChanged
from sources.gathering import Outcome
from sources.snapshots import Snapshot
from tests import mutations
from tests.desk import Desk
from tests.make import RETRIEVED
from tests.replay.publishers import ohss_monthly as publisher
from tests.replay.server import FIXTURES, running

PAYLOAD = FIXTURES / "ohss_monthly" / "payload.xlsx"
OCT, NOV = "01 October", "02 November"
FY = "Fiscal\nYear"
SINGLE, FAMILY, CHILDREN = "Single Adults", "Family Unit Individuals", "Unaccompanied Children"
SOUTHWEST, NORTHERN, COASTAL = "Southwest Land Border", "Northern Land Border", "Coastal Border"

# The workbook's shape with invented numbers: two months of one fiscal year and one of the next.
SHEETS = {
    "Annual Count": [[FY, "Quantity"], [2024, 390], [2025, 60]],
    "Monthly Count": [[FY, "Month", "Quantity"], [2024, OCT, 190], [2024, NOV, 200], [2025, OCT, 60]],
    "Annual Citizenship": [
        [FY, "Citizenship", "Quantity"],
        [2024, "China, People's Republic", 30],
        [2024, "Guatemala", 130],
        [2024, "Mexico", 190],
        [2024, "Serbia and Montenegro (former)", 10],
        [2024, "Unknown", 30],
        [2025, "Cuba", "D"],
        [2025, "Guatemala", 40],
        [2025, "Honduras", 10],
        [2025, "Mexico", 20],
    ],
    "Monthly Citizenship": [
        ["Border Patrol encounters by citizenship", None, None, None],
        [],
        [FY, "Month", "Citizenship", "Quantity"],
        [2024, OCT, "China, People's Republic", 30],
        [2024, OCT, "Guatemala", 60],
        [2024, OCT, "Mexico", 80],
        [2024, OCT, "Unknown1", 20],
        [2024, NOV, "Guatemala", 70],
        [2024, NOV, "Mexico", 110],
        [2024, NOV, "Serbia and Montenegro (former)", 10],
        [2024, NOV, "Unknown1", 10],
        [2025, OCT, "Cuba", "D"],
        [2025, OCT, "Guatemala", 40],
        [2025, OCT, "Honduras", "n/a"],
        [2025, OCT, "Mexico", 20],
        [],
        ["1 Includes people whose citizenship was not recorded."],
        ["Note: Figures are rounded to the nearest ten."],
    ],
    "Annual Region": [
        [FY, "Region", "Quantity"],
        [2024, COASTAL, 10],
        [2024, NORTHERN, 10],
        [2024, SOUTHWEST, 370],
        [2025, SOUTHWEST, 60],
    ],
    "Monthly Region": [
        [FY, "Month", "Region", "Quantity"],
        [2024, OCT, NORTHERN, 10],
        [2024, OCT, SOUTHWEST, 180],
        [2024, NOV, COASTAL, 10],
        [2024, NOV, SOUTHWEST, 190],
        [2025, OCT, SOUTHWEST, 60],
    ],
    "Annual Family Status": [
        [FY, "Family Status", "Quantity"],
        [2024, FAMILY, 40],
        [2024, SINGLE, 350],
        [2025, SINGLE, 40],
        [2025, CHILDREN, 20],
    ],
    "Monthly Family Status": [
        [FY, "Month", "Family Status", "Quantity"],
        [2024, OCT, FAMILY, 40],
        [2024, OCT, SINGLE, 150],
        [2024, NOV, SINGLE, 200],
        [2025, OCT, SINGLE, 40],
        [2025, OCT, CHILDREN, 20],
    ],
    "Annual Sector": [
        [FY, "Sector", "Quantity"],
        [2024, "Del Rio, TX", 370],
        [2024, "Miami, FL", 10],
        [2024, "Swanton, VT", 10],
        [2025, "El Paso, TX", 60],
    ],
    "Monthly Sector": [
        [FY, "Month", "Sector", "Quantity"],
        [2024, OCT, "Del Rio, TX", 180],
        [2024, OCT, "Swanton, VT", 10],
        [2024, NOV, "Del Rio, TX", 190],
        [2024, NOV, "Miami, FL", 10],
        [2025, OCT, "El Paso, TX", "60"],
    ],
    "Annual Rgn and Citp": [[FY, "Region", "Citizenship", "Quantity"], [2025, SOUTHWEST, "Mexico", 20]],
    "Monthly Rgn and Citp": [[FY, "Month", "Region", "Citizenship", "Quantity"], [2025, OCT, SOUTHWEST, "Mexico", 20]],
    "Annual Rgn and Fam Status": [[FY, "Region", "Family Status", "Quantity"], [2025, SOUTHWEST, SINGLE, 40]],
    "Monthly Rgn and Fam Status": [[FY, "Month", "Region", "Family Status", "Quantity"]],
    "Annual Rgn and Sector": [[FY, "Region", "Sector", "Quantity"], [2025, SOUTHWEST, "El Paso, TX", 60]],
    "Monthly Rgn and Sector": [[FY, "Month", "Region", "Sector", "Quantity"]],
}

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"


def workbook(sheets):
    """Return a workbook of sheets of lines; numbers are numbers, text stands in its cells, None is no cell."""
    names = list(sheets)
    listed = "".join(
        f'<sheet name="{escape(name)}" sheetId="{n}" r:id="r{n}"/>' for n, name in enumerate(names, start=1)
    )
    related = "".join(
        f'<Relationship Id="r{n}" Type="{OFFICE}/worksheet" Target="worksheets/sheet{n}.xml"/>'
        for n in range(1, len(names) + 1)
    )
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types"><Default Extension="xml" '
        f'ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="{kind}"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="r1" '
        f'Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>{listed}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships">{related}</Relationships>',
    }
    for n, name in enumerate(names, start=1):
        rows = "".join(
            f'<row r="{r}">{"".join(_cell(cell, f"{chr(64 + c)}{r}") for c, cell in enumerate(line, start=1))}</row>'
            for r, line in enumerate(sheets[name], start=1)
        )
        parts[f"xl/worksheets/sheet{n}.xml"] = f'<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>'
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, text in parts.items():
            archive.writestr(zipfile.ZipInfo(name), f'<?xml version="1.0" encoding="UTF-8"?>{text}')
    return file.getvalue()


def _cell(cell, place):
    if cell is None:
        return ""
    if isinstance(cell, int | float):
        return f'<c r="{place}"><v>{cell}</v></c>'
    return f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{escape(cell)}</t></is></c>'


def parse(content, name="payload.xlsx"):
    """Read bytes as the connector does."""
    snapshot = Snapshot.of(content, source_id="ohss_monthly", name=name, retrieved=RETRIEVED)
    return tables.check(ohss_monthly.parse(snapshot), "ohss_monthly")


def changed(sheet, line, place, cell):
    """Return the payload's sheets with one cell changed."""
    sheets = copy.deepcopy(SHEETS)
    sheets[sheet][line][place] = cell
    return sheets


def values(parsed):
    """Return each figure by measure, country, population and month."""
    return {
        (row.measure, row.country_code, row.population, f"{row.start_date:%Y-%m}"): int(row.value)
        for row in parsed.series.itertuples()
    }


# --- The oracle: plain XML, in its own way ----------------------------------------------------------------------------

WAYS = {
    "Citizenship": "usbp_encounters",
    "Family Status": "usbp_encounters_by_family_status",
    "Region": "usbp_encounters_by_region",
    "Sector": "usbp_encounters_by_sector",
}
CODES = {
    "China, People's Republic": "CHN",
    "Guatemala": "GTM",
    "Mexico": "MEX",
    "Honduras": "HND",
    "Cuba": "CUB",
    "Unknown": "OTHER",
    "Serbia and Montenegro (former)": "OTHER",
}


def grid(archive, part):
    """Return a sheet's cells by line and column letter."""
    shared = []
    if "xl/sharedStrings.xml" in archive.namelist():
        for item in ElementTree.fromstring(archive.read("xl/sharedStrings.xml")).iter(f"{{{MAIN}}}si"):
            shared.append("".join(t.text or "" for t in item.iter(f"{{{MAIN}}}t")))
    lines = {}
    for cell in ElementTree.fromstring(archive.read(part)).iter(f"{{{MAIN}}}c"):
        letters, number = re.fullmatch("([A-Z]+)([0-9]+)", cell.get("r")).groups()
        text = "".join(t.text or "" for t in cell.iter(f"{{{MAIN}}}t"))
        if value := cell.findtext(f"{{{MAIN}}}v"):
            text = shared[int(value)] if cell.get("t") == "s" else plain(float(value))
        lines.setdefault(int(number), {})[letters] = " ".join(text.split())
    return [lines.get(number, {}) for number in range(1, max(lines, default=0) + 1)]


def plain(value):
    """Return a number as it is written."""
    return str(int(value)) if value.is_integer() and abs(value) < 2**53 else str(value)


def unmarked(label):
    """Return a label without the mark of a footnote."""
    return re.sub(r"\s*([0-9](,[0-9])*|[*†‡]+|[¹²³⁰⁴-⁹]+|[(\[][0-9a-z][)\]])$", "", label)


def oracle(content, ways=WAYS):
    """Add up the monthly sheets of a workbook by plain means; a dubious row counts for nothing."""
    found = Counter()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = [
            s.get("name") for s in ElementTree.fromstring(archive.read("xl/workbook.xml")).iter(f"{{{MAIN}}}sheet")
        ]
        for place, name in enumerate(names, start=1):
            way = name.strip().removeprefix("Monthly ")
            if way not in ways or not name.strip().startswith("Monthly"):
                continue
            columns = ["Fiscal Year", "Month", way, "Quantity"]
            lines = grid(archive, f"xl/worksheets/sheet{place}.xml")
            start = next(
                n
                for n, cells in enumerate(lines)
                if sorted(unmarked(c) for c in cells.values() if c) == sorted(columns)
            )
            letters = {unmarked(cell): letter for letter, cell in lines[start].items() if cell}
            given = {}
            for line in lines[start + 1 :]:
                filled = {letter for letter, cell in line.items() if cell}
                if not filled <= set(letters.values()):
                    continue
                year, month, label, quantity = (line.get(letters[column], "") for column in columns)
                if re.fullmatch("(19|20)[0-9]{2}", year):
                    given.setdefault((year, month, unmarked(label)), set()).add(quantity)
            for (year, month, label), quantities in given.items():
                quantity = quantities.pop().replace(",", "")
                if quantities or not re.fullmatch(r"[0-9]{1,15}(\.0*)?", quantity):
                    continue
                number = (int(month[:2]) + 8) % 12 + 1
                key = (CODES[label], "all") if way == "Citizenship" else ("GLOBAL", label)
                found[ways[way], *key, f"{int(year) - (number >= 10)}-{number:02d}"] += int(float(quantity))
    return dict(found)


def broken(content, random):
    """Break a workbook: its bytes, or up to three of its cells, lines, columns and sheets."""
    if random.random() < 0.15:
        return random.choice((_cut, _flip, lambda *_: mutations.PAGE))(content, random)
    sheets = copy.deepcopy(SHEETS)
    for _ in range(random.randint(1, 3)):
        random.choice(ACCIDENTS)(sheets, random)
    return workbook(sheets)


def _cut(content, random):
    return content[: random.randrange(len(content))]


def _flip(content, random):
    place = random.randrange(len(content))
    return content[:place] + bytes([random.randrange(256)]) + content[place + 1 :]


def _line(sheets, random):
    # Most accidents befall the sheets that are read.
    names = [name for name in sheets if len(sheets[name]) > 1]
    monthly = [name for name in names if name.startswith("Monthly")] or names
    name = random.choice(random.choice((monthly, names)))
    return sheets[name], random.randrange(len(sheets[name]))


def _change_cell(sheets, random):
    lines, line = _line(sheets, random)
    if lines[line]:
        lines[line][random.randrange(len(lines[line]))] = random.choice((*mutations.JUNK, "D", "X", 7, 12.0, 1e300, -5))


def _mark_label(sheets, random):
    lines, line = _line(sheets, random)
    if len(lines[line]) > 2 and isinstance(lines[line][-2], str):
        lines[line][-2] += random.choice((" (a)", "2", "1,2", "*", "\u00b9"))


def _swap_cells(sheets, random):
    lines, line = _line(sheets, random)
    random.shuffle(lines[line])


def _drop_line(sheets, random):
    lines, line = _line(sheets, random)
    del lines[line]


def _repeat_line(sheets, random):
    lines, line = _line(sheets, random)
    lines.insert(line, list(lines[line]))


def _put_line(sheets, random):
    lines, line = _line(sheets, random)
    lines.insert(line, random.choice(([], ["Note: revised."], ["Total", None, None, 5], [None] * 6 + ["x"])))


def _drop_column(sheets, random):
    lines, _ = _line(sheets, random)
    place = random.randrange(4)
    for line in lines:
        del line[place : place + 1]


def _turn_columns(sheets, random):
    lines, _ = _line(sheets, random)
    for line in lines:
        line.reverse()


def _rename_sheet(sheets, random):
    name = random.choice(list(sheets))
    sheets[random.choice((f" {name} ", f"{name} (2)", name.upper()))] = sheets.pop(name)


def _drop_sheet(sheets, random):
    del sheets[random.choice(list(sheets))]


ACCIDENTS = (
    *(_change_cell, _change_cell, _change_cell, _mark_label, _swap_cells, _drop_line, _repeat_line, _put_line),
    *(_put_line, _drop_column, _turn_columns, _rename_sheet, _drop_sheet),
)


def test_broken_workbooks_are_refused_or_read_right():
    mutations.check(load("ohss_monthly"), PAYLOAD.read_bytes(), broken, oracle, values)


# --- What may change, and what must not -------------------------------------------------------------------------------


def test_the_recorded_payload_is_the_workbook_of_this_module():
    assert PAYLOAD.read_bytes() == workbook(SHEETS)


def test_a_footnote_mark_does_not_make_another_label():
    marked = changed("Monthly Sector", 1, 2, "Del Rio, TX (a)")
    marked["Monthly Sector"][0][2] = "Sector*"
    assert values(parse(workbook(marked))) == values(parse(PAYLOAD.read_bytes()))


def test_a_label_with_and_without_its_mark_is_one_label():
    sheets = copy.deepcopy(SHEETS)
    sheets["Monthly Sector"].append([2024, OCT, "Del Rio, TX1", 500])
    parsed = parse(workbook(sheets))
    assert not [key for key in values(parsed) if key[2:] == ("Del Rio, TX", "2023-10")]
    assert {w.row for w in parsed.withheld if w.column == "Monthly Sector: Fiscal Year"} == {1, 6}


@pytest.mark.parametrize("mark", ["D", "X", "-"])
def test_a_mark_is_no_row_and_never_zero(mark):
    parsed = parse(workbook(changed("Monthly Sector", 1, 3, mark)))
    assert not [key for key in values(parsed) if key[2:] == ("Del Rio, TX", "2023-10")]
    assert len(parsed.withheld) == 1, "that of the payload"


def test_titles_blank_lines_other_places_and_an_order_of_columns_do_not_matter():
    sheets = copy.deepcopy(SHEETS)
    sheets["Monthly Sector"] = [["Title"], [], *([None, *reversed(line)] for line in sheets["Monthly Sector"])]
    assert values(parse(workbook(sheets))) == values(parse(PAYLOAD.read_bytes()))


@pytest.mark.parametrize(
    ("sheet", "line", "place", "cell", "said"),
    [
        ("Monthly Sector", 0, 2, "Field Office", "Field Office"),
        ("Monthly Sector", 1, 2, "Atlantis, FL", "Atlantis, FL"),
        ("Annual Region", 1, 1, "Southern Border", "Southern Border"),
        ("Monthly Family Status", 1, 2, "Families", "Families"),
        ("Monthly Citizenship", 3, 2, "Atlantis", "Atlantis"),
        ("Monthly Count", 1, 1, "13 Undecimber", "13 Undecimber"),
        ("Monthly Count", 1, 1, "10 October", "10 October"),
        ("Monthly Region", 0, 3, "Rate", "Rate"),
    ],
)
def test_an_unknown_column_or_label_stops_the_source_by_name(sheet, line, place, cell, said):
    with pytest.raises(SourceChanged, match=said):
        parse(workbook(changed(sheet, line, place, cell)))


@pytest.mark.parametrize(("old", "new"), [("Monthly Sector", "Monthly Office"), ("Annual Rgn and Citp", "Annual Sex")])
def test_an_unknown_or_missing_sheet_stops_the_source_by_name(old, new):
    sheets = {(new if name == old else name): lines for name, lines in SHEETS.items()}
    with pytest.raises(SourceChanged, match=new):
        parse(workbook(sheets))


@pytest.mark.parametrize(
    ("sheet", "line", "cell", "is_right"),
    [
        # Three sectors and the total are rounded by themselves, to 5 each: 20 may be between them, no more.
        ("Monthly Count", 1, 210, True),
        ("Monthly Count", 1, 220, False),
        # A year is rounded, and so are its twelve months.
        ("Annual Sector", 1, 430, True),
        ("Annual Sector", 1, 440, False),
        ("Annual Citizenship", 2, 195, True),
        ("Annual Citizenship", 2, 196, False),
        ("Annual Count", 1, 1000, False),
    ],
)
def test_totals_hold_within_the_rounding_of_their_parts(sheet, line, cell, is_right):
    content = workbook(changed(sheet, line, -1, cell))
    if is_right:
        assert values(parse(content)) == values(parse(PAYLOAD.read_bytes()))
    else:
        with pytest.raises(SourceChanged, match="expected at most"):
            parse(content)


def test_a_month_that_is_missing_from_a_sheet_stops_the_source():
    sheets = copy.deepcopy(SHEETS)
    del sheets["Monthly Family Status"][3]
    with pytest.raises(SourceChanged, match="Monthly Family Status and Monthly Count differ by -200"):
        parse(workbook(sheets))


def test_cells_that_lie_far_apart_are_refused_before_room_is_made_for_them():
    content = workbook(SHEETS)
    for far in (b'<c r="XFD1048576">', b'<row r="1048576"><c>', b"<c r='XFD1048576'>"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive, zipfile.ZipFile(file := io.BytesIO(), "w") as other:
            for name in archive.namelist():
                part = archive.read(name)
                row = b"<row>" + far + b"<v>1</v></c></row>"
                if far.startswith(b"<row"):
                    row = b'<row r="2"><c r="ZZZ2"><v>1</v></c></row>' + far + b"<v>1</v></c></row>"
                other.writestr(name, part.replace(b"</sheetData>", row + b"</sheetData>"))
        with pytest.raises(SourceChanged, match="spans 1048576 rows"):
            parse(file.getvalue())


@pytest.mark.parametrize("part", ["xl/workbook.bin", "content.xml"])
def test_a_workbook_of_another_kind_is_refused(part):
    file = io.BytesIO(workbook(SHEETS))
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr(part, b"x")
    with pytest.raises(SourceChanged, match="expected an XML workbook"):
        parse(file.getvalue())


def test_the_real_workbook_gives_its_own_totals(data):
    content = (data / "ohss" / "KHSM_Encounters_USBP_fy25m11.xlsx").read_bytes()
    parsed = parse(content, "KHSM_Encounters_USBP_fy25m11.xlsx")
    assert parsed.withheld == ()
    sums, years = Counter(), Counter()
    for (measure, _, _, month), value in values(parsed).items():
        sums[measure] += value
        if measure == "usbp_encounters_by_region":
            years[int(month[:4]) + (int(month[5:]) >= 10)] += value
    assert sums == {
        "usbp_encounters": 22_726_500,
        "usbp_encounters_by_family_status": 22_738_720,
        "usbp_encounters_by_region": 22_738_870,
        "usbp_encounters_by_sector": 22_741_440,
    }
    # The sheet "Annual Count", which is rounded by itself.
    annual = {2001: 1_255_920, 2017: 310_530, 2019: 859_500, 2021: 1_662_170, 2022: 2_214_650, 2025: 105_660}
    assert all(abs(years[year] - value) <= 60 for year, value in annual.items())
    found = values(parsed)
    others = {sheet: measure for sheet, measure in WAYS.items() if sheet != "Citizenship"}
    assert {key: value for key, value in found.items() if key[1] == "GLOBAL"} == oracle(content, others)
    assert found["usbp_encounters", "VEN", "all", "2024-11"] == 1_110
    assert found["usbp_encounters_by_sector", "GLOBAL", "Tucson, AZ", "2024-11"] == 8_020
    assert found["usbp_encounters_by_family_status", "GLOBAL", "Single Adults", "1999-10"] == 89_810


# --- Over real HTTP ---------------------------------------------------------------------------------------------------


@pytest.fixture
def desk(tmp_path):
    """Return an empty store beside the running publisher."""
    with running() as replay:
        yield Desk(tmp_path, replay, "ohss_monthly")


def test_the_whole_plan_over_http_and_a_second_run_with_nothing_new(desk):
    first = desk.gather()
    assert (first.outcome, first.documents, first.new_documents) == (Outcome.NEW, 3, 3)
    assert first.rows == parse(PAYLOAD.read_bytes()).rows
    assert [w.column for w in first.withheld] == ["Monthly Citizenship: Quantity"]
    asked = [path.removeprefix("/ohss_monthly") for path in desk.replay.asked]
    # Of three workbooks the one with the newest figures: December 2024 comes before January 2025.
    assert asked == ["/khsm", "/khsm/cbp-encounters", publisher.NEWEST]
    assert {o.key: o.is_listing for o in desk.store.observations("ohss_monthly")} == {
        "metrics page": True,
        "encounters page": True,
        "usbp encounters": False,
    }
    second = desk.gather()
    assert (second.outcome, second.new_documents, second.rows) == (Outcome.SAME, 0, first.rows)


def test_a_workbook_linked_on_the_first_page_is_asked_for_at_once(desk, monkeypatch):
    monkeypatch.setitem(publisher.PAGES, "/khsm", publisher.PAGES["/khsm/cbp-encounters"])
    assert desk.gather().outcome is Outcome.NEW
    assert len(desk.replay.asked) == 2


@pytest.mark.parametrize("page", ["/khsm", "/khsm/cbp-encounters"])
def test_pages_without_a_link_are_a_loud_failure(desk, monkeypatch, page):
    monkeypatch.setitem(publisher.PAGES, page, ("/about",))
    result = desk.gather()
    assert result.outcome is Outcome.FAILED
    assert f"{page} links no workbook like KHSM Encounters (USBP) fy25m11.xlsx" in result.faults[0]
