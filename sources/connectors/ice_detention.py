"""ICE detention statistics: people detained, book-ins, removals and releases, and people in alternatives to detention.

Publisher: U.S. Immigration and Customs Enforcement. Licence: public domain, 17 U.S.C. 105. One workbook for each
fiscal year, renewed every two weeks while the year runs; figures "fluctuate until locked at the conclusion of the
fiscal year" (its Header sheet). Definitions are those of its Footnotes sheet:

- Average daily population: midnight counts of the people in ICE's detention facilities, divided by the days.
- Arresting agency: CBP is the Border Patrol and the inspectors at ports of entry; ICE is everybody else.
- Removals: a figure for the fiscal year so far. To FY2024 "ICE Removal Data Include Returns", since FY2025 "Include
  Returns and Expulsions": the two are measures of their own.
- Final releases (to FY2023) leave those out who were removed or transferred; final book-outs (since FY2024) count them
  too. The workbook does not compare them, and neither do we.
- Alternatives to detention: active participants, by family status and extended case management (ECMS).

The names of the sheets change every year and the blocks move within them: both are found by their titles. The day that
the figures run to stands in the footnotes.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import isfinite
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

import lxml.html
import pandas as pd

from sources import periods, tables, workbooks
from sources.connector import MEBIBYTE, Ask, Plan, Request, Source
from sources.countries import GLOBAL
from sources.errors import SourceChanged
from sources.formats import Format
from sources.periods import Interval
from sources.snapshots import Snapshot
from sources.tables import Parsed, Quarantine

SOURCE = Source(
    id="ice_detention",
    title="Detention statistics",
    publisher="U.S. Immigration and Customs Enforcement",
    base_url="https://www.ice.gov",
    licence="public domain",
    tier=1,
    cadence_days=14,
    max_age_days=45,
    min_rows=8,
    max_rows=1_000,
    max_bytes=16 * MEBIBYTE,
)

LANDING_PAGE = "/detain/detention-management"
# FY19-detentionstats.xlsx, FY25_detentionStats09242025.xlsx, FY26_detentionStats_04092026.xlsx; the name without a day
# is that of the finished year.
FILE_NAME = re.compile(
    r"FY(?P<year>[0-9]{2})[-_ ]?detentionstats[-_ ]?"
    r"(?:(?P<month>[0-9]{2})(?P<day>[0-9]{2})(?P<of>20[0-9]{2}))?(?:_[0-9])?\.xlsx\Z",
    re.IGNORECASE,
)
FINISHED = ("9999", "", "")

DETENTION_SHEET = re.compile(r"ICE DETENTION DATA, (?:EO)?FY(?:20)?(?P<year>[0-9]{2})\b")
ALTERNATIVES_SHEET = re.compile(r"ICE ALTERNATIVES TO DETENTION DATA, (?:EO)?FY(?:20)?(?P<year>[0-9]{2})\b")
FOOTNOTES_SHEET = re.compile(r"ICE FOOTNOTES\Z")
# A sheet's title stands near its top.
TITLE_ROWS = 10

BOOK_INS = re.compile(r"ICE Initial Book-Ins by Arresting Agency and Month:")
POPULATION = re.compile(r"ICE Average Daily Population by Arresting Agency, Month and Criminality:")
DETAINED = re.compile(r"ICE Currently Detained by Criminality and Arresting Agency\b")
REMOVALS = re.compile(r"ICE Removals ?:")
# Not the blocks by release reason, which have titles of their own.
RELEASES = re.compile(r"ICE Final (?P<kind>Releases|Book Outs) ?(?:by Facility Type ?)?:")
ALTERNATIVES = re.compile(r"ATD Active Population by Status, Extended Case Management Service, Count and ALIP\b")
YEAR_OF_TITLE = re.compile(r"\b(?:EO)?FY(?:20)?([0-9]{2})\b")

MONTH_NAMES = ("Oct", "Nov", "Dec", "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep")
TOTAL, OVERALL = "Total", "FY Overall"
CRIMINALITIES = frozenset(
    {"Convicted Criminal", "Pending Criminal Charges", "Other Immigration Violator", "Non-Criminal"}
)
AGENCIES = {"CBP": "arrested by CBP", "ICE": "arrested by ICE"}
FACILITY_TYPES = frozenset({"FRC", "FSC", "Adult"})
# A part of the removals, whose definition changes; it is in the total.
PART_OF_REMOVALS = re.compile(r"Removals with an? (?:FRC Detention|FSC Detention|FAMU Identifier)\Z")
FAMILY_STATUSES = {
    "FAMU": "family units",
    "ECMS-FAMU": "family units in extended case management",
    "Single Adult": "single adults",
    "ECMS-Single Adult": "single adults in extended case management",
}
RELEASE_MEASURES = {
    "Releases": ("detention_final_releases", "releases"),
    "Book Outs": ("detention_final_book_outs", "book-outs"),
}
REMOVAL_MEASURES = {
    "Returns": ("removals", "returns included"),
    "Returns and Expulsions": ("removals_and_expulsions", "returns and expulsions included"),
}

DAY = r"(?P<day>[0-9]{1,2}/[0-9]{1,2}/20[0-9]{2})"
THROUGH = re.compile(rf"\bthrough {DAY}")
SNAPSHOT_DAY = re.compile(rf"\bdata are a snapshot as (?:of )?{DAY}")
REMOVALS_INCLUDE = re.compile(r"ICE Removal Data Include (?P<what>[^.]+)\.")
ALTERNATIVES_DAY = re.compile(r"Data from BI Inc\. Participants Report, (?P<day>[0-9]{1,2}\.[0-9]{1,2}\.20[0-9]{2})\Z")
# The last figures of a year are taken some days after it.
AFTER_THE_YEAR = timedelta(days=31)
# Averages are printed with five digits or more after the point.
TOLERANCE = 0.005


# --- Where the workbooks are ------------------------------------------------------------------------------------------


def plan(ask: Ask) -> Plan:
    """Ask the landing page for its workbooks, then for the newest of each fiscal year.

    Raises SourceChanged if none is linked, or one whose name has an unknown form: it may be the newest.
    """
    page = yield Request(
        key="detention management page", url=ask.base_url + LANDING_PAGE, formats=frozenset({Format.HTML}),
        is_listing=True,
    )  # fmt: skip
    newest: dict[str, tuple[tuple[str, str, str], str]] = {}
    for link in (urljoin(page.url, str(href)) for href in lxml.html.fromstring(page.content).xpath("//a/@href")):
        name = unquote(urlsplit(link).path).rsplit("/", 1)[-1]
        if "detentionstats" not in name.lower():
            continue
        match = FILE_NAME.match(name)
        if match is None:
            raise SourceChanged(SOURCE.id, f"{page.url} links {name!r}; expected FY26_detentionStats_04092026.xlsx")
        age = (match["of"], match["month"], match["day"]) if match["of"] else FINISHED
        key = f"FY{match['year']}"
        newest[key] = max(newest.get(key, (age, link)), (age, link))
    if not newest:
        raise SourceChanged(SOURCE.id, f"{page.url} links no workbook like FY26_detentionStats_04092026.xlsx")
    for key, (_, link) in sorted(newest.items(), reverse=True):
        yield Request(key=key, url=link, formats=frozenset({Format.XLSX}))


# --- What they say ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A sheet of the workbook with the fiscal year of its title (0 where it has none); text is on one line."""

    name: str
    year: int
    lines: Sequence[Sequence[Any]]

    def cell(self, row: int, column: int) -> Any:
        """Return a cell, "" outside the filled area."""
        return self.lines[row][column] if row < len(self.lines) and column < len(self.lines[row]) else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A row of a block: the number of the sheet's row, its label, and its cells by the block's columns."""

    row: int
    label: str
    cells: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A table within a sheet, under its title."""

    sheet: Sheet
    title: str
    lines: tuple[Line, ...]

    def __str__(self) -> str:
        return f"sheet {self.sheet.name!r}, block {self.title!r}"


# A measure's value: measure, population, days, value, unit of count.
Value = tuple[str, str, Interval, float, str]


def parse(snapshot: Snapshot) -> Parsed:
    """Return the year's figures, all for GLOBAL.

    By arresting agency: average_detained_population (people) and detention_book_ins (book-ins) for each month, the last
    one up to the day the data run to, and detained_population (people) on one day. For the fiscal year to that day:
    removals or removals_and_expulsions (removals), detention_final_releases (releases) or detention_final_book_outs
    (book-outs). By family status on one day: alternatives_to_detention_participants (people).

    Totals are checked against their parts, the year's averages against the months', and not returned. Raises
    SourceChanged for a missing sheet, block or day, an unknown label, or a total its parts do not come to.
    """
    quarantine = Quarantine(snapshot)
    reader = _Reader(snapshot, quarantine)
    values = [
        *reader.average_population(),
        *reader.book_ins(),
        *reader.detained(),
        *reader.removals(),
        *reader.releases(),
        *reader.alternatives(),
    ]
    columns = ["measure", "population", "interval", "value", "unit_of_count"]
    frame = pd.DataFrame(values, columns=columns)
    series = frame.assign(
        country_code=GLOBAL,
        start_date=pd.to_datetime([interval.start for interval in frame["interval"]]),
        end_date=pd.to_datetime([interval.end for interval in frame["interval"]]),
        unit=tables.COUNT,
    )
    return Parsed(series=series[list(tables.SERIES_COLUMNS)], withheld=quarantine.withheld)


class _Reader:
    """Reads the blocks of one workbook."""

    def __init__(self, snapshot: Snapshot, quarantine: Quarantine) -> None:
        self._snapshot = snapshot
        self._quarantine = quarantine
        sheets = _sheets(snapshot)
        (self._detention,) = self._sheets_titled(sheets, DETENTION_SHEET, "ICE DETENTION DATA, FY2026", most=1)
        (self._footnotes,) = self._sheets_titled(sheets, FOOTNOTES_SHEET, "ICE FOOTNOTES", most=1)
        self._alternatives = self._sheets_titled(
            sheets, ALTERNATIVES_SHEET, "ICE ALTERNATIVES TO DETENTION DATA, FY26", most=2
        )
        self._fiscal_year = periods.fiscal_year(self._detention.year)

    def average_population(self) -> Iterator[Value]:
        """Yield the average daily population by arresting agency and month."""
        block = self._by_month(POPULATION, "ICE Average Daily Population by Arresting Agency", OVERALL)
        through = self._through(rf"FY{self._detention.year} ICE Average Daily Population\b")
        months = self._months(through)
        groups = self._groups(block)
        numbers = {
            label: [self._numbers(block, line, months, OVERALL, is_count=False) for line in lines]
            for label, lines in groups.items()
        }
        for label, (whole, *parts) in numbers.items():
            for month in months:
                if parts:
                    self._check(block, f"{label}, {month}", whole[month], [part[month] for part in parts])
            for found in (whole, *parts):
                weighted = [_times(found[month], interval.days) for month, interval in months.items()]
                days = sum(interval.days for interval in months.values())
                self._check(block, f"{label}, {OVERALL}", _times(found[OVERALL], days), weighted, TOLERANCE * days)
        for month, interval in months.items():
            by_agency = {agency: numbers[f"{agency} Average"][0][month] for agency in AGENCIES}
            self._check(block, f"Average, {month}", numbers["Average"][0][month], list(by_agency.values()))
            for agency, value in by_agency.items():
                if value is not None:
                    yield "average_detained_population", AGENCIES[agency], interval, value, "people"

    def book_ins(self) -> Iterator[Value]:
        """Yield the initial book-ins by arresting agency and month."""
        block = self._by_month(BOOK_INS, "ICE Initial Book-Ins by Arresting Agency and Month", TOTAL)
        months = self._months(self._through(rf"FY{self._detention.year} ICE Initial Book-Ins\b"))
        lines = self._labelled(block, {*AGENCIES, TOTAL})
        numbers = {label: self._numbers(block, line, months, TOTAL) for label, line in lines.items()}
        for label, found in numbers.items():
            self._check(block, f"{label}, {TOTAL}", found[TOTAL], [found[month] for month in months])
        for month, interval in months.items():
            self._check(block, f"{TOTAL}, {month}", numbers[TOTAL][month], [numbers[a][month] for a in AGENCIES])
            for agency, population in AGENCIES.items():
                value = numbers[agency][month]
                if value is not None:
                    yield "detention_book_ins", population, interval, value, "book-ins"

    def detained(self) -> Iterator[Value]:
        """Yield the people detained on the day of the snapshot by arresting agency."""
        row, column, title = self._title(self._detention, DETAINED, "ICE Currently Detained by Criminality")
        heading = ["Criminality", "ICE", "Percent ICE", "CBP", "Percent CBP", TOTAL]
        block = self._block(self._detention, row, column, title, heading)
        on = self._day(r"ICE Currently Detained Population\b", SNAPSHOT_DAY)
        lines = self._labelled(block, {TOTAL}, CRIMINALITIES)
        numbers = {
            label: {name: self._number(block, line, name) for name in (*AGENCIES, TOTAL)}
            for label, line in lines.items()
        }
        for name in (*AGENCIES, TOTAL):
            parts = [found[name] for label, found in numbers.items() if label != TOTAL]
            self._check(block, f"{TOTAL}, {name}", numbers[TOTAL][name], parts)
        self._check(block, f"{TOTAL}, {TOTAL}", numbers[TOTAL][TOTAL], [numbers[TOTAL][name] for name in AGENCIES])
        for agency, population in AGENCIES.items():
            value = numbers[TOTAL][agency]
            if value is not None:
                yield "detained_population", population, _one_day(on), value, "people"

    def removals(self) -> Iterator[Value]:
        """Yield the removals of the fiscal year so far."""
        row, column, title = self._title(self._detention, REMOVALS, "ICE Removals")
        block = self._pairs(row, column, title, ({"", "Removals"}, {"Removals", TOTAL}))
        section = rf"FY{self._detention.year} ICE Removals\b"
        included = {match["what"] for text in self._section(section) for match in REMOVALS_INCLUDE.finditer(text)}
        if len(included) != 1 or not included <= REMOVAL_MEASURES.keys():
            raise self._changed(
                f"{self._where(section)}: found that removals include {sorted(included)}; known are "
                f"{list(REMOVAL_MEASURES)}"
            )
        measure, population = REMOVAL_MEASURES[included.pop()]
        days = self._year_to(self._through(section))
        labels = {line.label for line in block.lines if PART_OF_REMOVALS.match(line.label)}
        lines = self._labelled(block, {TOTAL}, labels)
        numbers = {label: self._number(block, line, TOTAL) for label, line in lines.items()}
        value = numbers.pop(TOTAL)
        if value is not None:
            for label, part in numbers.items():
                if part is not None and part > value:
                    raise self._changed(f"{block}: {label} is {part:.0f}, more than the total {value:.0f}")
            yield measure, population, days, value, "removals"

    def releases(self) -> Iterator[Value]:
        """Yield the final releases or book-outs of the fiscal year so far."""
        row, column, title = self._title(self._detention, RELEASES, "ICE Final Releases or ICE Final Book Outs")
        match = RELEASES.match(title)
        assert match, "the title was found by it"
        block = self._pairs(row, column, title, ({"Facility Type"}, {TOTAL}))
        measure, unit_of_count = RELEASE_MEASURES[match["kind"]]
        section = rf"FY{self._detention.year}(?: and FY20[0-9]{{2}})? ICE Final {match['kind']}\b"
        days = self._year_to(self._through(section))
        lines = self._labelled(block, {TOTAL}, FACILITY_TYPES)
        numbers = {label: self._number(block, line, TOTAL) for label, line in lines.items()}
        value = numbers.pop(TOTAL)
        self._check(block, TOTAL, value, list(numbers.values()))
        if value is not None:
            yield measure, "all", days, value, unit_of_count

    def alternatives(self) -> Iterator[Value]:
        """Yield the active participants by family status, on the day each sheet says."""
        for sheet in self._alternatives:
            row, column, title = self._title(sheet, ALTERNATIVES, "ATD Active Population by Status")
            block = self._block(sheet, row, column, title, ["FAMU Status", "Count", "ALIP"], until="Data from ")
            day = ALTERNATIVES_DAY.match(str(sheet.cell(row + 2 + len(block.lines), column)))
            if day is None:
                raise self._changed(f"{block}: no line below it says the day, like Data from BI Inc. ..., 04.04.2026")
            on = self._date(day["day"].replace(".", "/"), str(block), periods.fiscal_year(sheet.year))
            lines = self._labelled(block, {TOTAL}, FAMILY_STATUSES)
            numbers = {label: self._number(block, line, "Count") for label, line in lines.items()}
            self._check(block, TOTAL, numbers.pop(TOTAL), list(numbers.values()))
            for label, value in numbers.items():
                if value is not None:
                    population = FAMILY_STATUSES[label]
                    yield "alternatives_to_detention_participants", population, _one_day(on), value, "people"

    # Sheets, blocks and rows.

    def _sheets_titled(
        self, sheets: Mapping[str, list[list[Any]]], title: re.Pattern[str], example: str, most: int
    ) -> list[Sheet]:
        found = []
        for name, lines in sheets.items():
            for match in (title.match(cell) for line in lines[:TITLE_ROWS] for cell in line if isinstance(cell, str)):
                if match:
                    year = 2000 + int(match["year"]) if "year" in match.groupdict() else 0
                    found.append(Sheet(name=name, year=year, lines=lines))
        if not 1 <= len(found) <= most:
            names = [sheet.name for sheet in found]
            raise self._changed(f"sheets titled like {example!r}: found {names} among {list(sheets)}")
        return found

    def _title(self, sheet: Sheet, title: re.Pattern[str], example: str) -> tuple[int, int, str]:
        """Return where the one block with a title starts, and the whole title."""
        found = [
            (row, column, cell)
            for row, line in enumerate(sheet.lines)
            for column, cell in enumerate(line)
            if isinstance(cell, str) and title.match(cell)
        ]
        if len(found) != 1:
            places = [f"row {row + 1}" for row, _, _ in found]
            raise self._changed(f"sheet {sheet.name!r}: blocks titled like {example!r}: found {places or 'none'}")
        row, column, text = found[0]
        if others := set(YEAR_OF_TITLE.findall(text)) - {f"{sheet.year % 100:02d}"}:
            raise self._changed(f"sheet {sheet.name!r}, block {text!r}: found FY{others}; expected FY{sheet.year}")
        return row, column, text

    def _block(self, sheet: Sheet, row: int, column: int, title: str, heading: Sequence[str], until: str = "") -> Block:
        """Return the block under a title; it ends with the first row without a label or with one like `until`."""
        found = [sheet.cell(row + 1, column + place) for place in range(len(heading))]
        if found != list(heading):
            raise self._changed(f"sheet {sheet.name!r}, block {title!r}: columns {found}; expected {list(heading)}")
        lines = []
        for number in range(row + 2, len(sheet.lines)):
            label = sheet.cell(number, column)
            if label == "" or (until and str(label).startswith(until)):
                break
            cells = {name: sheet.cell(number, column + place) for place, name in enumerate(heading)}
            lines.append(Line(row=number + 1, label=str(label), cells=cells))
        return Block(sheet=sheet, title=title, lines=tuple(lines))

    def _by_month(self, title: re.Pattern[str], example: str, last: str) -> Block:
        row, column, text = self._title(self._detention, title, example)
        return self._block(self._detention, row, column, text, ["Agency", *MONTH_NAMES, last])

    def _pairs(self, row: int, column: int, title: str, headings: tuple[set[str], set[str]]) -> Block:
        """Return a block of labels and one number each, with an empty column between; the number is under "Total"."""
        sheet = self._detention
        found = [sheet.cell(row + 1, column + place) for place in range(3)]
        if found[0] not in headings[0] or found[1] != "" or found[2] not in headings[1]:
            expected = [sorted(names) for names in headings]
            raise self._changed(f"sheet {sheet.name!r}, block {title!r}: columns {found}; expected {expected}")
        block = self._block(sheet, row, column, title, found)
        lines = (Line(row=line.row, label=line.label, cells={TOTAL: line.cells[found[2]]}) for line in block.lines)
        return Block(sheet=sheet, title=title, lines=tuple(lines))

    def _labelled(self, block: Block, needed: Collection[str], known: Collection[str] = ()) -> dict[str, Line]:
        """Return the rows by label; each of `needed` must be there. Raises SourceChanged for an unknown label."""
        labels = [line.label for line in block.lines]
        if unknown := [label for label in labels if label not in needed and label not in known]:
            raise self._changed(f"{block}: unknown rows {unknown}; known are {sorted({*needed, *known})}")
        if sorted(set(labels)) != sorted(labels) or not set(needed) <= set(labels):
            raise self._changed(f"{block}: rows {labels}; expected one each of {sorted({*needed, *known})}")
        return {line.label: line for line in block.lines}

    def _groups(self, block: Block) -> dict[str, list[Line]]:
        """Return the rows of each agency: the agency's own, and those of the criminalities below it."""
        heads = {*(f"{agency} Average" for agency in AGENCIES), "Average"}
        groups: dict[str, list[Line]] = {}
        for line in block.lines:
            if line.label in heads and line.label not in groups:
                groups[line.label] = [line]
            elif line.label in CRIMINALITIES and groups and line.label not in _labels(list(groups.values())[-1]):
                list(groups.values())[-1].append(line)
            else:
                known = sorted(heads | CRIMINALITIES)
                raise self._changed(f"{block}, row {line.row}: found {line.label!r}; expected one each of {known}")
        if missing := heads - groups.keys():
            raise self._changed(f"{block}: rows missing {sorted(missing)}")
        return groups

    # Numbers.

    def _numbers(
        self, block: Block, line: Line, months: Mapping[str, Interval], total: str, *, is_count: bool = True
    ) -> dict[str, float | None]:
        """Return a row's numbers for the months that the data cover and the year. Months after them must be empty."""
        if late := [name for name in MONTH_NAMES if name not in months and line.cells[name] not in ("", 0)]:
            last = list(months)[-1]
            raise self._changed(f"{block}, {line.label}: figures for {late}, although the data run to {last}")
        return {name: self._number(block, line, name, is_count=is_count) for name in (*months, total)}

    def _number(self, block: Block, line: Line, column: str, *, is_count: bool = True) -> float | None:
        """Return a number, or None for a cell that is none; it is withheld."""
        cell = line.cells[column]
        is_number = isinstance(cell, int | float) and not isinstance(cell, bool) and isfinite(cell) and cell >= 0
        if is_number and (not is_count or (float(cell).is_integer() and cell <= 2**53)):
            return float(cell)
        rule = "a count is a whole number, not negative" if is_count else "an average is a number, not negative"
        place = f"{block.sheet.name.strip()}: {line.label}, {column}"
        self._quarantine.withhold(line.row, place, f"found {str(cell)[:60]!r}", rule)
        return None

    def _check(
        self,
        block: Block,
        place: str,
        total: float | None,
        parts: Sequence[float | None],
        tolerance: float = TOLERANCE,
    ) -> None:
        """Raise SourceChanged for a total that its parts do not come to; what was withheld cannot be checked."""
        if total is None or None in parts:
            return
        added = sum(part for part in parts if part is not None)
        if abs(added - total) > tolerance:
            raise self._changed(f"{block}, {place}: the total is {total:g}, its parts come to {added:g}")

    # Days.

    def _section(self, label: str) -> list[str]:
        """Return the definitions of the one term in the footnotes that a pattern fits."""
        sections: list[list[str]] = []
        for line in self._footnotes.lines:
            term, definition = (str(cell) for cell in (*line, "", "")[:2])
            if term:
                sections.append([])
                if re.match(label, term):
                    sections[-1].append(term)
            if sections and sections[-1]:
                sections[-1].append(definition)
        found = [definitions[1:] for definitions in sections if definitions]
        if len(found) != 1:
            raise self._changed(f"{self._where(label)}: found {len(found)} times; expected one")
        return found[0]

    def _where(self, label: str) -> str:
        return f"sheet {self._footnotes.name!r}, footnote {label!r}"

    def _day(self, label: str, pattern: re.Pattern[str]) -> date:
        """Return the one day a footnote gives."""
        found = {match["day"] for text in self._section(label) for match in pattern.finditer(text)}
        days = {self._date(day, self._where(label), self._fiscal_year) for day in found}
        if len(days) != 1:
            raise self._changed(f"{self._where(label)}: found the days {sorted(found)}; expected one as of when it is")
        return days.pop()

    def _through(self, label: str) -> date:
        """Return the last day that figures cover; it is a day of the fiscal year."""
        day = self._day(label, THROUGH)
        if day >= self._fiscal_year.end:
            raise self._changed(
                f"{self._where(label)}: found through {day}; expected a day of FY{self._detention.year}"
            )
        return day

    def _date(self, text: str, where: str, year: Interval) -> date:
        month, day, of = (int(part) for part in text.split("/"))
        try:
            found = date(of, month, day)
        except ValueError as error:
            raise self._changed(f"{where}: {text!r} is no day") from error
        if not year.start <= found < year.end + AFTER_THE_YEAR:
            raise self._changed(f"{where}: found {found}; expected a day of FY{year.end.year} or soon after")
        return found

    def _months(self, through: date) -> dict[str, Interval]:
        """Return the days of each month of the fiscal year, up to the last day covered."""
        covered = self._year_to(through)
        months = {}
        for place, name in enumerate(MONTH_NAMES):
            whole = periods.fiscal_month(self._detention.year, (place + 9) % 12 + 1)
            if whole.start < covered.end:
                months[name] = Interval(whole.start, min(whole.end, covered.end))
        return months

    def _year_to(self, through: date) -> Interval:
        return Interval(self._fiscal_year.start, through + timedelta(days=1))

    def _changed(self, what: str) -> SourceChanged:
        return SourceChanged(SOURCE.id, f"{self._snapshot.name}: {what}")


def _labels(lines: Sequence[Line]) -> set[str]:
    return {line.label for line in lines}


def _one_day(day: date) -> Interval:
    return Interval(day, day + timedelta(days=1))


def _times(value: float | None, days: int) -> float | None:
    return None if value is None else value * days


# --- Reading a workbook -----------------------------------------------------------------------------------------------


def _sheets(snapshot: Snapshot) -> dict[str, list[list[Any]]]:
    """Return the cells of every sheet by its name, text on one line. Raises SourceChanged for a broken workbook."""
    return {
        name: [[" ".join(cell.split()) if isinstance(cell, str) else cell for cell in line] for line in lines]
        for name, lines in workbooks.sheets(snapshot).items()
    }
