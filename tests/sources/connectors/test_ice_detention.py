"""ICE detention statistics: sheets and blocks that move, totals and days that must fit, and the real workbooks."""

import io
import re
import zipfile
from datetime import date, datetime, timedelta
from math import isfinite
from xml.etree import ElementTree

import pytest

from sources import tables
from sources.connector import Ask, load
from sources.connectors import ice_detention
from sources.errors import SourceChanged
from sources.gathering import Outcome
from sources.snapshots import Snapshot
from tests import mutations
from tests.desk import Desk
from tests.make import RETRIEVED
from tests.replay.server import FIXTURES, running
from tests.workbooks import workbook

PAYLOADS = FIXTURES / "ice_detention"
MONTHS = ["Oct", "Nov", "Dec", "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep"]
DISCLAIMER = ["These statistics are made available to the public pursuant to an appropriations bill."]
BLANK = ["", "", ""]

# --- The workbooks' shape with invented numbers -----------------------------------------------------------------------

# The sheet of a running year: two months, the second of ten days; blocks beside blocks, none of them where it was.
LATER = [""] * 10


def running_year():
    """Return the sheets of a year that has run for 41 days; the book-ins of ICE in November are no number."""
    days = (31, 10)

    def averages(label, october, november, zeros=(0,) * 10):
        overall = (october * days[0] + november * days[1]) / sum(days)
        return [label, october, november, *zeros, overall]

    return {
        "Header": [["ICE Detention Statistics"], DISCLAIMER, ["Data fluctuate until “locked” at the end of the year."]],
        "ATD FY26 YTD": [
            ["U.S. Immigration and Customs Enforcement"],
            DISCLAIMER,
            [],
            ["ICE ALTERNATIVES TO DETENTION DATA, FY26"],
            ["ATD Active Population Counts and Daily Cost by Technology", *BLANK, "FY26 thru October Court Appearance"],
            ["Technology", "Count", "Daily Tech Cost", "", "Metric", "Count", "%"],
            ["SmartLINK", 160, 153.5, "", "Attended", 90, 0.9],
            ["Total", 160, 153.5, "", "Total", 100, 1],
            ["Data from BI Inc. Participants Report, 11.01.2025"],
            [],
            ["ATD Active Population by Status, Extended Case Management Service, Count and ALIP, FY26"],
            ["FAMU Status", "Count", "ALIP"],
            ["FAMU", 60, 928.5],
            ["Single Adult", 100, 670.25],
            ["Total", 160, 767],
            ["Data from BI Inc. Participants Report, 11.08.2025"],
            ["Data from OBP Report, 11.10.2025"],
        ],
        "Detention FY26": [
            ["U.S. Immigration and Customs Enforcement"],
            DISCLAIMER,
            ["ICE DETENTION DATA, FY2026"],
            [],
            ["ICE Currently Detained by Processing Disposition and Detention Facility Type: FY2026"],
            ["Processing Disposition", "FSC", "Adult", "Total"],
            ["Total", 1, 118, 119],
            ["Expedited Removal (I-860)", 1, 118, 119],
            [],
            [
                "ICE Currently Detained by Criminality and Arresting Agency: FY2026", *BLANK, *BLANK, "",
                "ICE Initial Book-Ins by Arresting Agency and Month: FY2026",
            ],
            ["Criminality", "ICE", "Percent ICE", "CBP", "Percent CBP", "Total", "", "", "Agency", *MONTHS, "Total"],
            ["Total", 110, 0.92, 9, 0.08, 119, "", "", "Total", 340, 120, *(0,) * 10, 460],
            ["Convicted Criminal", 60, 0.98, 1, 0.02, 61, "", "", "CBP", 40, 10, *LATER, 50],
            ["Pending Criminal Charges", 40, 0.95, 2, 0.05, 42, "", "", "ICE  ", 300, "n/a", *LATER, 410],
            ["Other Immigration Violator", 10, 0.63, 6, 0.37, 16],
            [],
            [
                "ICE Initial Book-Ins by Facility Type and Criminality: FY2026", *BLANK, *BLANK,
                "ICE Final Book Outs by Facility Type: FY2026", *BLANK, "", "", "ICE Removals: FY2026",
            ],
            ["Facility Type", "Total", *BLANK, "", "", "Facility Type", "", "Total", *BLANK, "Removals", "", "Total"],
            ["Total", 460, *BLANK, "", "", "Total", "", 400, *BLANK, "Total", "", 350],
            ["FSC", 2, *BLANK, "", "", "FSC", "", 3, *BLANK, "Removals with a FAMU Identifier", "", 20],
            ["Adult", 458, *BLANK, "", "", "Adult", "", 397],
            [],
            ["ICE Final Book Outs by Release Reason, Month and Criminality: FY2026"],
            ["Release Reason", "Criminality", *MONTHS, "Total"],
            ["Total", "", 300, 100, *(0,) * 10, 400],
            ["Bonded Out", "Total", 30, 10, *(0,) * 10, 40],
            [],
            ["ICE Average Daily Population by Arresting Agency, Month and Criminality: FY2026"],
            ["Agency", *MONTHS, "FY Overall"],
            averages("CBP Average", 20, 10),
            averages("Convicted Criminal", 5, 4),
            averages("Pending Criminal Charges", 3, 1),
            averages("Other Immigration Violator", 12, 5),
            averages("ICE Average  ", 100.5, 110.25),
            averages("Convicted Criminal", 60.5, 60.25),
            averages("Pending Criminal Charges", 30, 40),
            averages("Other Immigration Violator", 10, 10),
            averages("Average ", 120.5, 120.25),
            averages("Convicted Criminal", 65.5, 64.25),
            averages("Pending Criminal Charges", 33, 41),
            averages("Other Immigration Violator", 22, 15),
            [],
            ["ICE Average Length of Stay by Arresting Agency, Month and Criminality: FY2026"],
            ["Agency", *MONTHS, "FY Overall"],
            ["CBP Average", 74.5, 92.25, *(0,) * 10, 91.5],
            ["ICE Average  ", 42.5, 41.25, *(0,) * 10, 44.5],
        ],
        " ICLOS and Detainees": [["Average In Custody Length of Stay (ICLOS)"], ["Population ", 2020], ["Total", 217]],
        "Footnotes": [
            ["U.S. Immigration and Customs Enforcement"],
            DISCLAIMER,
            ["ICE FOOTNOTES"],
            ["Term", "Definition"],
            ["ADP", "Average daily population"],
            [
                "FY2026 ICE Average Daily Population and ICE Average Length of Stay",
                "FY2026 YTD ICE Detention data are updated through 11/10/2025 (IIDS Run Date 11/11/2025; EID as of "
                "11/10/2025).",
            ],
            ["", "ICE Detention data exclude ORR transfers/facilities."],
            [
                "FY2026 and FY2025 ICE Final Book Outs",
                "FY2026 YTD ICE Final Book Out data are updated through 11/09/2025 (IIDS Run Date 11/11/2025).",
            ],
            ["FY2026 ICE Removals", "FY2026 YTD ICE Removals data are updated through 11/09/2025 (IIDS 11/11/2025)."],
            ["", "ICE Removal Data Include Returns and Expulsions.  Returns include Voluntary Returns."],
            ["ICE Currently Detained Population Breakdown", "ICE National Docket data are a snapshot as 11/10/2025."],
            ["FY2026 ICE Initial Book-Ins", "FY2026 YTD ICE Book-ins data is updated through 11/10/2025 (IIDS)."],
            ["Individuals with Credible Fear Parole", "Encounters data is updated through 11/07/2025 (IIDS)."],
        ],
    }  # fmt: skip


def finished_year():
    """Return the sheets of a year that is over, as they were named and labelled seven years before."""
    yearly = [300, *(200,) * 11]
    return {
        "Header": [["ICE Detention Statistics"], DISCLAIMER],
        "ATD FY19": [
            ["ICE ALTERNATIVES TO DETENTION DATA, FY19 YE"],
            ["ATD Active Population by Status, Extended Case Management Service, Count and ALIP, EOFY2019"],
            ["FAMU Status", "Count", "ALIP"],
            ["FAMU", 70, 292.25],
            ["ECMS-FAMU", 4, 276.5],
            ["Single Adult", 20, 362.5],
            ["ECMS-Single Adult", 5, 273.5],
            ["Total", 99, 352.25],
            ["Data from BI Inc. Participants Report, 9.30.2019"],
        ],
        "Detention EOFY2019": [
            ["ICE DETENTION DATA, FY19"],
            ["ICE Currently Detained by Criminality and Arresting Agency"],
            ["Criminality", "ICE", "Percent ICE", "CBP", "Percent CBP", "Total"],
            ["Total", 30, 0.6, 20, 0.4, 50],
            ["Convicted Criminal", 20, 0.5, 20, 0.5, 40],
            ["Other Immigration Violator", 10, 1, 0, 0, 10],
            [],
            ["ICE Initial Book-Ins by Arresting Agency and Month: EOFY2019 "],
            ["Agency", *MONTHS, "Total"],
            ["Total", *(x + 10 for x in yearly), 2620],
            ["ICE ", *(10,) * 12, 120],
            ["CBP", *yearly, 2500],
            [],
            ["ICE Final Releases by Facility Type: FY2019 ", *BLANK, *BLANK, "ICE Removals: FY2019 "],
            ["Facility Type", "", "Total", *BLANK, "", "", "", "Removals"],
            ["Total", "", 1000, *BLANK, "", "Total", "", 1200],
            ["FRC", "", 100, *BLANK, "", "Removals with an FRC Detention", "", 30],
            ["Adult", "", 900],
            [],
            ["ICE Final Releases by Release Reason and Criminality: FY2019 "],
            ["Release Reason", "Convicted Criminal", "Total"],
            ["Total", 400, 1000],
            [],
            ["ICE Average Daily Population by Arresting Agency, Month and Criminality: FY2019 "],
            ["Agency", *MONTHS, "FY Overall"],
            ["CBP Average", *(25.5,) * 13],
            ["Convicted Criminal", *(5.5,) * 13],
            ["Non-Criminal", *(20,) * 13],
            ["ICE Average", *(30,) * 13],
            ["Convicted Criminal", *(28,) * 13],
            ["Non-Criminal", *(2,) * 13],
            ["Average", *(55.5,) * 13],
            ["Convicted Criminal", *(33.5,) * 13],
            ["Non-Criminal", *(22,) * 13],
        ],
        "Footnotes": [
            ["ICE FOOTNOTES"],
            [
                "FY2019 ICE Average Daily Population and ICE Average Length of Stay",
                "EOFY2019 ICE Detention data is filtered through 09/30/2019 (IIDS v.1.34 run date 10/06/2019).",
            ],
            ["FY2019 ICE Final Releases", "EOFY2019 ICE Final Releases data is filtered through 09/30/2019 (IIDS)."],
            ["FY2018 ICE Final Releases", "FY2018 ICE Final Releases data is historic and remains static."],
            ["FY2019 ICE Removals", "EOFY2019 data are historic. Data are filtered through 9/30/2019 (IIDS)."],
            ["", "ICE Removal Data Include Returns.  Returns include Voluntary Returns and Voluntary Departures."],
            ["ICE Currently Detained Population", "ICE National Docket data are a snapshot as of 10/04/2019 (IIDS)."],
            ["FY2019 ICE Initial Book-Ins", "EOFY2019 ICE Detention data is filtered through 09/30/2019 (IIDS)."],
        ],
    }


def parse(content, name="payload.xlsx"):
    """Read bytes as the connector does."""
    snapshot = Snapshot.of(content, source_id="ice_detention", name=name, retrieved=RETRIEVED)
    return tables.check(ice_detention.parse(snapshot), "ice_detention")


def payload(name="payload.xlsx"):
    """Return a recorded workbook."""
    return (PAYLOADS / name).read_bytes()


def changed(old, new):
    """Return the running year's workbook with the first cell that is `old` made `new`."""
    sheets = running_year()
    row, n = next((row, n) for rows in sheets.values() for row in rows for n, cell in enumerate(row) if cell == old)
    row[n] = new
    return workbook(sheets)


def read(parsed):
    """Return what is compared with the oracle."""
    return {
        (row.measure, row.population, row.start_date.date(), row.end_date.date()): row.value
        for row in parsed.series.itertuples()
    }


def test_the_recorded_workbooks_are_those_above():
    for name, sheets in (("payload.xlsx", running_year()), ("payload_finished.xlsx", finished_year())):
        assert read(parse(payload(name))) == read(parse(workbook(sheets)))


# --- Broken workbooks against an independent reading ------------------------------------------------------------------

NAMESPACE = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
AGENCIES = {"CBP": "arrested by CBP", "ICE": "arrested by ICE"}
STATUSES = {
    "FAMU": "family units",
    "ECMS-FAMU": "family units in extended case management",
    "Single Adult": "single adults",
    "ECMS-Single Adult": "single adults in extended case management",
}


def grids(content):
    """Return the cells of each sheet as text, in the order of the archive's sheets."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for name in sorted(n for n in archive.namelist() if n.startswith("xl/worksheets/sheet")):
            rows = ElementTree.fromstring(archive.read(name)).iter(f"{NAMESPACE}row")
            # A truth value is neither text nor a number.
            yield [
                ["TRUE" if cell.get("t") == "b" else " ".join("".join(cell.itertext()).split()) for cell in row]
                for row in rows
            ]


def number(text, is_count=True):
    """Return a cell's number, or None if it is none."""
    if not re.fullmatch(r"-?[0-9]+(\.[0-9]*)?([eE][-+]?[0-9]+)?", text):
        return None
    value = float(text)
    is_good = isfinite(value) and value >= 0 and (not is_count or (value == int(value) and value <= 2**53))
    return value if is_good else None


class Workbook:
    """A workbook as the oracle sees it."""

    def __init__(self, content):
        self.sheets = list(grids(content))
        (title,) = [c for s in self.sheets for row in s for c in row if c.startswith("ICE DETENTION DATA,")]
        self.year = 2000 + int(re.search(r"FY(?:20)?([0-9]{2})\b", title)[1])

    def block(self, title):
        """Return the row after the heading of the block with this title, its column and its sheet."""
        ((sheet, r, c),) = self.blocks(title)
        return sheet, r, c

    def blocks(self, title):
        return [
            (sheet, r + 2, c)
            for sheet in self.sheets
            for r, row in enumerate(sheet)
            for c, cell in enumerate(row)
            if re.match(title, cell)
        ]

    @staticmethod
    def labelled(sheet, r, c):
        """Return the rows of a block by label, the first of each."""
        found = {}
        while r < len(sheet) and len(sheet[r]) > c and sheet[r][c]:
            found.setdefault(sheet[r][c], sheet[r][c + 1 :])
            r += 1
        return found

    def day(self, term, before):
        """Return the day that a footnote gives after some words."""
        for sheet in self.sheets:
            for r, row in enumerate(sheet):
                if row and re.match(term, row[0]):
                    texts = [row[1]]
                    for below in sheet[r + 1 :]:
                        if below and below[0]:
                            break
                        texts += below[1:2]
                    found = re.search(before + r" (\d+/\d+/\d{4})", " ".join(texts), re.ASCII)
                    return datetime.strptime(found[1], "%m/%d/%Y").date(), " ".join(texts)
        raise AssertionError(term)

    def months(self, through):
        """Yield the place and days of each month of the year that has begun by a day."""
        for place in range(12):
            ordinal = self.year * 12 - 3 + place
            start, end = (date(n // 12, n % 12 + 1, 1) for n in (ordinal, ordinal + 1))
            if start <= through:
                yield place, start, min(end, through + timedelta(days=1))


def oracle(content):
    """Read a workbook with the standard library, finding the blocks by the beginnings of their titles."""
    book, found = Workbook(content), {}
    next_day = timedelta(days=1)

    def put(measure, population, start, end, text, is_count=True):
        value = number(text, is_count)
        if value is not None:
            found[measure, population, start, end] = value

    for measure, title, term, suffix in (
        ("average_detained_population", "ICE Average Daily Population by Arresting", "Average Daily", " Average"),
        ("detention_book_ins", "ICE Initial Book-Ins by Arresting", "Initial Book", ""),
    ):
        rows = book.labelled(*book.block(title))
        through, _ = book.day(f"FY{book.year} ICE {term}", "through")
        for place, start, end in book.months(through):
            for agency, population in AGENCIES.items():
                put(measure, population, start, end, rows[agency + suffix][place], measure == "detention_book_ins")
    rows = book.labelled(*book.block("ICE Currently Detained by Criminality"))
    on, _ = book.day("ICE Currently Detained Population", "snapshot as(?: of)?")
    put("detained_population", AGENCIES["ICE"], on, on + next_day, rows["Total"][0])
    put("detained_population", AGENCIES["CBP"], on, on + next_day, rows["Total"][2])
    begin = date(book.year - 1, 10, 1)
    through, text = book.day(f"FY{book.year} ICE Removals", "through")
    kind = (
        ("removals_and_expulsions", "returns and expulsions included")
        if "Include Returns and Expulsions." in text
        else ("removals", "returns included")
    )
    put(*kind, begin, through + next_day, book.labelled(*book.block("ICE Removals ?:"))["Total"][1])
    rows = book.labelled(*book.block("ICE Final (Book Outs|Releases) ?(by Facility Type ?)?:"))
    measure = "detention_final_book_outs" if book.blocks("ICE Final Book Outs b") else "detention_final_releases"
    through, _ = book.day(f"FY{book.year}.* ICE Final", "through")
    put(measure, "all", begin, through + next_day, rows["Total"][1])
    for sheet, r, c in book.blocks("ATD Active Population by Status"):
        rows = book.labelled(sheet, r, c)
        day = next(re.search(r"Report, (\S+)", label)[1] for label in rows if label.startswith("Data from BI"))
        on = datetime.strptime(day, "%m.%d.%Y").date()
        for label, population in STATUSES.items():
            if label in rows:
                put("alternatives_to_detention_participants", population, on, on + next_day, rows[label][0])
    return found


CELL = re.compile(rb"<c[ >](?:(?!</c>).)*</c>|<c/>", re.S)
TEXT_OR_NUMBER = re.compile(rb"(?<=<v>)[^<]*(?=</v>)|(?<=<t>)[^<]*(?=</t>)")
ROW = re.compile(rb"<row>.*?</row>", re.S)


def repacked(content, change):
    """Return an archive with its parts changed by name and content; a part that becomes None is left out."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(file, "w") as new:
        for name in old.namelist():
            if (part := change(name, old.read(name))) is not None:
                new.writestr(name, part)
    return file.getvalue()


def one_of(pattern, replace, random):
    """Return a change of one match in one sheet."""

    def change(part):
        matches = list(pattern.finditer(part))
        if not matches:
            return part
        match = random.choice(matches)
        return part[: match.start()] + replace(match[0]) + part[match.end() :]

    return change


def of_workbook(content, random):
    """Break a workbook: a cell's text or number, a row, a sheet's name, a part, or the archive's bytes."""
    match random.randrange(10):
        case 0:
            place = random.randrange(len(content))
            return content[:place] + bytes([random.randrange(256)]) + content[place + 1 :]
        case 1:
            return random.choice((content[: random.randrange(len(content))], mutations.PAGE, b"", content + content))
        case 2:
            gone = random.choice(["xl/workbook.xml", "[Content_Types].xml", "xl/worksheets/sheet1.xml", "_rels/.rels"])
            return repacked(content, lambda name, part: None if name == gone else part)
        case 3:
            new = random.choice((b"Statistics", b" FY27 ", b"x" * 300))
            change = one_of(re.compile(rb'(?<=sheet name=")[^"]*'), lambda _: new, random)
            return repacked(content, lambda name, part: change(part) if name == "xl/workbook.xml" else part)
        case 4:
            change = one_of(
                ROW, random.choice((lambda _: b"", lambda row: row + row, lambda row: b"<row/>" + row)), random
            )
        case 5:
            change = one_of(CELL, random.choice((lambda _: b"", lambda _: b"<c/>", lambda cell: cell + cell)), random)
        case 6:
            new = random.choice(
                (b'<c t="e"><v>#REF!</v></c>', b'<c t="b"><v>1</v></c>', b'<c r="XFD1048576"><v>1</v></c>')
            )
            change = one_of(CELL, lambda _: new, random)
        case _:
            junk = random.choice((*mutations.JUNK, "7", "Total", "CBP", "1e3")).replace("<", "&lt;").encode()
            change = one_of(TEXT_OR_NUMBER, lambda _: junk, random)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        broken = random.choice([name for name in archive.namelist() if name.startswith("xl/worksheets/")])
    return repacked(content, lambda name, part: change(part) if name == broken else part)


@pytest.mark.parametrize(("name", "times"), [("payload.xlsx", 500), ("payload_finished.xlsx", 150)])
def test_broken_workbooks_are_refused_or_read_right(name, times):
    mutations.check(load("ice_detention"), payload(name), of_workbook, oracle, read, times=times)


# --- The traps --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("ICE DETENTION DATA, FY2026", "ICE CUSTODY DATA, FY2026", "ICE DETENTION DATA"),
        ("ICE FOOTNOTES", "NOTES", "ICE FOOTNOTES"),
        ("ICE Removals: FY2026", "ICE Departures: FY2026", "'Detention FY26'.*'ICE Removals': found none"),
        ("ICE Removals: FY2026", "ICE Removals: FY2025", "ICE Removals: FY2025.*expected FY2026"),
        ("ICE Initial Book-Ins by Arresting Agency and Month: FY2026", "Book-Ins", "ICE Initial Book-Ins.*none"),
        ("CBP", "Coast Guard", "ICE Currently Detained.*columns.*Coast Guard"),
        ("ICE  ", "HSI", "ICE Initial Book-Ins.*unknown rows.*HSI"),
        ("CBP Average", "BP Average", "ICE Average Daily Population.*BP Average"),
        ("Other Immigration Violator", "Immigration Violator", "unknown rows.*Immigration Violator"),
        ("Removals with a FAMU Identifier", "Returns", "block 'ICE Removals: FY2026': unknown rows.*Returns"),
        ("Single Adult", "Seniors", "'ATD FY26 YTD'.*unknown rows.*Seniors"),
        ("FAMU Status", "Status", "'ATD FY26 YTD'.*columns.*Status"),
        ("Oct", "October", "columns.*October"),
        (
            "ICE Average Length of Stay by Arresting Agency, Month and Criminality: FY2026",
            "ICE Average Daily Population by Arresting Agency, Month and Criminality: FY2026",
            "found .'row .*', 'row .*'",
        ),
    ],
)
def test_a_missing_block_or_an_unknown_label_stops_the_source_by_name(old, new, said):
    with pytest.raises(SourceChanged, match=said):
        parse(changed(old, new))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (50, 51, "ICE Initial Book-Ins.*CBP, Total: the total is 51, its parts come to 50"),
        (42, 43, "ICE Currently Detained.*Total, Total: the total is 119, its parts come to 120"),
        (397, 396, "ICE Final Book Outs.*the total is 400, its parts come to 399"),
        (350, 19, "Removals with a FAMU Identifier is 20, more than the total 19"),
        (120.5, 121, "ICE Average Daily Population.*Average, Oct: the total is 121, its parts come to 120.5"),
        (60.5, 61.5, "ICE Average Daily Population.*ICE Average, Oct: the total is 100.5, its parts come to 101.5"),
    ],
)
def test_a_total_its_parts_do_not_come_to_stops_the_source(old, new, said):
    with pytest.raises(SourceChanged, match=said):
        parse(changed(old, new))


def test_figures_of_other_blocks_are_not_read():
    assert read(parse(changed(928.5, 1))) == read(parse(payload()))


def test_an_average_of_the_year_must_be_that_of_its_months_and_days():
    sheets = running_year()
    rows = sheets["Footnotes"]
    place = next(n for n, row in enumerate(rows) if row[0].startswith("FY2026 ICE Average"))
    rows[place] = [rows[place][0], "ICE Detention data are updated through 11/20/2025"]
    with pytest.raises(SourceChanged, match=r"FY Overall.*parts come to"):
        parse(workbook(sheets))


@pytest.mark.parametrize(
    ("definition", "said"),
    [
        ("Data fluctuate.", "found the days .*expected one as of when it is"),
        ("Data are updated through 13/09/2025.", "is no day"),
        ("Data are updated through 11/09/2024.", "expected a day of FY2026"),
        ("Data are updated through 10/01/2026.", "expected a day of FY2026"),
        ("Data are updated through 11/09/2025 and through 11/10/2025.", "expected one as of when it is"),
    ],
)
def test_figures_that_do_not_say_as_of_when_stop_the_source(definition, said):
    old = "FY2026 YTD ICE Removals data are updated through 11/09/2025 (IIDS 11/11/2025)."
    with pytest.raises(SourceChanged, match=said):
        parse(changed(old, definition))


def test_an_unknown_definition_of_removals_stops_the_source():
    old = "ICE Removal Data Include Returns and Expulsions.  Returns include Voluntary Returns."
    with pytest.raises(SourceChanged, match="Returns and Repatriations"):
        parse(changed(old, "ICE Removal Data Include Returns and Repatriations."))


def test_removals_of_another_definition_are_another_measure():
    found = {name: read(parse(payload(name))) for name in ("payload.xlsx", "payload_finished.xlsx")}
    of_measure = {name: {key[0] for key in rows if "removals" in key[0]} for name, rows in found.items()}
    assert of_measure == {"payload.xlsx": {"removals_and_expulsions"}, "payload_finished.xlsx": {"removals"}}


def test_the_last_month_and_the_year_end_on_the_day_the_data_run_to():
    ends = {key[0]: max(k[3] for k in read(parse(payload())) if k[0] == key[0]) for key in read(parse(payload()))}
    assert ends["detention_book_ins"] == date(2025, 11, 11)
    assert ends["average_detained_population"] == date(2025, 11, 11)
    assert ends["removals_and_expulsions"] == date(2025, 11, 10)


def test_figures_after_the_day_the_data_run_to_stop_the_source():
    sheets = running_year()
    row = next(row for row in sheets["Detention FY26"] if row[8:9] == ["CBP"])
    row[11] = 5
    with pytest.raises(SourceChanged, match=r"CBP: figures for \['Dec'\], although the data run to Nov"):
        parse(workbook(sheets))


def test_cells_too_far_apart_are_refused_before_they_are_read():
    def change(name, part):
        return part.replace(b"<row>", b'<row><c r="XFD1048576"><v>1</v></c>', 1) if "worksheets/" in name else part

    with pytest.raises(SourceChanged, match="spans 1048576 rows of 16384 cells"):
        parse(repacked(payload(), change))


def test_a_workbook_of_another_kind_is_refused():
    with pytest.raises(SourceChanged, match="expected an XML workbook"):
        parse(repacked(payload(), lambda name, part: None if name == "xl/workbook.xml" else part))


# --- The real workbooks -----------------------------------------------------------------------------------------------

# Book-ins by CBP and ICE, removals, releases or book-outs, people detained, people in alternatives to detention.
GOLDEN = {
    "FY19-detentionstats.xlsx": (373_770, 137_084, 267_258, 263_263, 50_922, 83_186),
    "FY20-detentionstats.xlsx": (83_095, 99_774, 185_884, 61_886, 19_068, 85_415),
    "FY22-detentionStats.xlsx": (250_112, 56_867, 69_019, 246_080, 25_134, 322_701),
    "FY24_detentionStats.xlsx": (187_298, 90_615, 271_484, 268_480, 37_684, 179_071 + 194_427),
    "FY25_detentionStats09242025.xlsx": (87_349, 222_832, 319_980, 284_019, 59_762, 181_210),
    "FY26_detentionStats_04092026.xlsx": (23_319, 207_035, 234_236, 227_695, 60_311, 180_701),
}
# The year's average daily population that the workbook states.
AVERAGES = {
    "FY19-detentionstats.xlsx": 50_165.43836,
    "FY20-detentionstats.xlsx": 33_723.97814,
    "FY22-detentionStats.xlsx": 22_577.81894,
    "FY24_detentionStats.xlsx": 37_721.80328,
    "FY25_detentionStats09242025.xlsx": 48_404.48169,
    "FY26_detentionStats_04092026.xlsx": 66_978.04839,
}
LAST_DAYS = {"FY22": date(2022, 9, 24), "FY25": date(2025, 9, 20), "FY26": date(2026, 4, 4)}


@pytest.mark.parametrize("name", GOLDEN)
def test_the_real_workbooks_give_the_figures_they_print(name, data):
    parsed = parse((data / "ice" / name).read_bytes(), name)
    sums = {}
    for (measure, population, _, _), value in read(parsed).items():
        key = (measure, population) if measure == "detention_book_ins" else measure
        sums[key] = sums.get(key, 0) + value
    removals = "removals" if name < "FY25" else "removals_and_expulsions"
    releases = "detention_final_releases" if name < "FY23" else "detention_final_book_outs"
    measures = [*(("detention_book_ins", p) for p in AGENCIES.values()), removals, releases, "detained_population"]
    assert tuple(sums[key] for key in (*measures, "alternatives_to_detention_participants")) == GOLDEN[name]
    assert parsed.withheld == ()


@pytest.mark.parametrize("name", GOLDEN)
def test_the_real_months_come_to_the_average_of_the_year(name, data):
    series = parse((data / "ice" / name).read_bytes(), name).series
    average = series[series["measure"] == "average_detained_population"]
    days = (average["end_date"] - average["start_date"]).dt.days
    covered = (average["end_date"].max() - average["start_date"].min()).days
    assert (average["value"] * days).sum() / covered == pytest.approx(AVERAGES[name], abs=1e-4)
    end = LAST_DAYS.get(name[:4], date(2000 + int(name[2:4]), 9, 30))
    assert average["end_date"].max().date() == end + timedelta(days=1)


# --- Finding the workbooks --------------------------------------------------------------------------------------------


def requests(*links):
    """Return what the plan asks for when the landing page has these links."""
    anchors = "".join(f'<a href="{link}">x</a>' for link in links)
    content = f"<!DOCTYPE html><html><body>{anchors}</body></html>".encode()
    url = "https://www.ice.gov/detain/detention-management"
    page = Snapshot.of(content, source_id="ice_detention", name="page", retrieved=RETRIEVED, url=url)
    plan = ice_detention.plan(Ask(base_url="https://www.ice.gov", today=RETRIEVED.date()))
    first = next(plan)
    assert (first.url, first.is_listing) == (url, True)
    asked = []
    try:
        request = plan.send(page)
        while True:
            asked.append((request.key, request.url.rsplit("/", 1)[-1]))
            request = plan.send(page)
    except StopIteration:
        return asked


def test_of_each_fiscal_year_the_newest_workbook_is_asked_for():
    asked = requests(
        "/doclib/detention/FY26_detentionStats_02122026.xlsx",
        "/doclib/detention/FY26_detentionStats_04092026.xlsx?v=2",
        "/doclib/detention/FY26_detentionStats12182025.xlsx",
        "/doclib/detention/FY25_detentionStats09242025.xlsx",
        "/doclib/detention/FY25_detentionStats.xlsx",
        "/doclib/detention/FY19-detentionstats.xlsx",
        "/doclib/detention/other.xlsx",
    )
    assert asked == [
        ("FY26", "FY26_detentionStats_04092026.xlsx?v=2"),
        ("FY25", "FY25_detentionStats.xlsx"),
        ("FY19", "FY19-detentionstats.xlsx"),
    ]


@pytest.mark.parametrize(
    ("link", "said"),
    [
        ("/doclib/detention/YTD_FY26_detentionStats.xlsx", "YTD_FY26_detentionStats.xlsx"),
        ("/doclib/detention/FY26_detentionStats_Final.xlsx", "FY26_detentionStats_Final.xlsx"),
        ("/doclib/detention/statistics.xlsx", "links no workbook"),
    ],
)
def test_a_page_without_a_known_workbook_fails_loudly(link, said):
    with pytest.raises(SourceChanged, match=said):
        requests(link)


def test_the_plan_gathers_each_year_once(tmp_path):
    with running() as replay:
        desk = Desk(tmp_path, replay, "ice_detention")
        first, second = desk.gather(), desk.gather()
    assert (first.outcome, first.documents, first.new_documents, first.faults) == (Outcome.NEW, 3, 3, ())
    assert (first.rows, len(first.withheld)) == (69, 1)
    assert (second.outcome, second.documents, second.new_documents, second.rows) == (Outcome.SAME, 3, 0, 69)
    keys = sorted({observation.key for observation in desk.observations})
    assert keys == ["FY19", "FY26", "detention management page"]
