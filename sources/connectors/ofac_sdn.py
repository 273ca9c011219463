"""OFAC's list of Specially Designated Nationals: how many entries each sanctions programme of interest has.

Publisher: U.S. Department of the Treasury, Office of Foreign Assets Control. Licence: public domain, 17 U.S.C. 105.
Layout of the text files: OFAC's data specification (12, 6, 5 and 2 columns without a heading, "-0-" for nothing, a last
line of one byte 0x1A). No name of a listed person or company is carried: a report needs the numbers.
"""

import re
import zipfile
from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime
from typing import IO, cast

import lxml.etree
import pandas as pd

from sources import tables
from sources.connector import MEBIBYTE, Ask, Plan, Request, Source
from sources.countries import GLOBAL
from sources.errors import SourceChanged
from sources.formats import Format
from sources.snapshots import Snapshot
from sources.tables import Parsed, Quarantine

SOURCE = Source(
    id="ofac_sdn",
    title="Specially Designated Nationals and Blocked Persons",
    publisher="U.S. Department of the Treasury, OFAC",
    base_url="https://sanctionslistservice.ofac.treas.gov/api/PublicationPreview/exports",
    licence="public domain",
    tier=1,
    cadence_days=7,
    max_age_days=31,
    max_rows=10_000,
    max_bytes=256 * MEBIBYTE,
)

# The programmes a report asks about, and the country each names; the others are counted together.
PROGRAMMES = {
    "VENEZUELA": "VEN",
    "VENEZUELA-EO13692": "VEN",
    "VENEZUELA-EO13850": "VEN",
    "VENEZUELA-EO13884": "VEN",
    "NICARAGUA": "NIC",
    "NICARAGUA-NHRAA": "NIC",
    "CUBA": "CUB",
    "GLOMAG": GLOBAL,
    "SDNTK": GLOBAL,
    "ILLICIT-DRUGS-EO14059": GLOBAL,
    "TCO": GLOBAL,
}
OTHERS = "other programmes"
PRIMARY = (
    *("ent_num", "SDN_Name", "SDN_Type", "Program", "Title", "Call_Sign"),
    *("Vess_type", "Tonnage", "GRT", "Vess_flag", "Vess_owner", "Remarks"),
)
ADDRESSES = ("ent_num", "Add_num", "Address", "City", "Country", "Add_remarks")
ALIASES = ("ent_num", "alt_num", "alt_type", "alt_name", "alt_remarks")
COMMENTS = ("ent_num", "remarks")
# What each layout, by its number of columns, counts.
LAYOUTS = {
    len(PRIMARY): (PRIMARY, "listed_entries"),
    len(ADDRESSES): (ADDRESSES, "listed_addresses"),
    len(ALIASES): (ALIASES, "listed_aliases"),
    len(COMMENTS): (COMMENTS, "listed_comments"),
}
END_MARK = "\x1a"
DELTA = "https://www.treasury.gov/ofac/DeltaFile/1.0"


def plan(ask: Ask) -> Plan:
    """Ask for the list; its address redirects to a signed one on another host, which is followed and not kept."""
    yield Request(key="SDN.XML", url=f"{ask.base_url}/SDN.XML", formats=frozenset({Format.XML, Format.ZIP}))


def parse(snapshot: Snapshot) -> Parsed:
    """Return how many entries of the list each programme has, on the one day of the list.

    Measure listed_entries, population the programme's tag, in entries. An entry with several programmes counts under
    each, so populations overlap and are not added; entries of no programme of interest are counted once, as "other
    programmes". The day is the list's own (XML), or that of retrieval (text files, which have none). Also reads the
    files of addresses, aliases and comments (their number only), the consolidated list, the delta file, and a ZIP with
    one of them. Raises SourceChanged for another layout.
    """
    match snapshot.format:
        case Format.XML:
            return _from_xml(snapshot, snapshot.file)
        case Format.ZIP:
            return _from_archive(snapshot)
        case _:
            return _from_text(snapshot)


def _from_archive(snapshot: Snapshot) -> Parsed:
    tables.check_archive(snapshot)
    with zipfile.ZipFile(snapshot.file) as archive:
        names = [name for name in archive.namelist() if name.lower().endswith(".xml")]
        if len(names) != 1:
            raise SourceChanged(SOURCE.id, f"{snapshot.name}: {len(names)} XML files in the archive; expected one")
        try:
            with archive.open(names[0]) as member:
                return _from_xml(snapshot, member)
        except (zipfile.BadZipFile, OSError, NotImplementedError, RuntimeError) as error:
            raise SourceChanged(SOURCE.id, f"{snapshot.name}: a broken archive: {error}") from error


# --- XML ------------------------------------------------------------------------------------------------------------


def _from_xml(snapshot: Snapshot, file: IO[bytes]) -> Parsed:
    """Read entry after entry; what was read is let go, so that memory stays flat however long the list is."""
    counts: Counter[str] = Counter()
    day: date | None = None
    entries = 0
    tags = ("{*}sdnEntry", "{*}Publish_Date", "{*}dateOfPublication", "{*}entity")
    file.seek(0)
    try:
        events = lxml.etree.iterparse(
            file, events=("end",), tag=tags, resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
        )
        for _, element in events:
            name = lxml.etree.QName(element)
            match name.localname:
                case "sdnEntry":
                    entries += 1
                    found = [str(tag) for tag in element.xpath("*[local-name()='programList']/*/text()")]
                    counts.update(_tags(found))
                case "entity" if name.namespace == DELTA:
                    entries += 1
                    counts[str(element.get("action", ""))] += 1
                case "Publish_Date":
                    day = _day(snapshot, element.text, "%m/%d/%Y")
                case "dateOfPublication":
                    day = _day(snapshot, (element.text or "")[:10], "%Y-%m-%d")
            element.clear(keep_tail=False)
            while element.getprevious() is not None:
                del element.getparent()[0]
        root = events.root
    except lxml.etree.XMLSyntaxError as error:
        raise SourceChanged(SOURCE.id, f"{snapshot.name}: not whole XML: {error}") from error
    if day is None or not entries:
        raise SourceChanged(SOURCE.id, f"{snapshot.name}: no publication day, or no entry; the layout has changed")
    if lxml.etree.QName(root).namespace == DELTA:
        if unknown := sorted(counts.keys() - {"add", "remove", "modify"}):
            raise SourceChanged(SOURCE.id, f"{snapshot.name}: unknown actions {unknown}")
        return Parsed(series=_series("list_changes", counts, day))
    return Parsed(series=_series("listed_entries", counts, day))


def _day(snapshot: Snapshot, text: str | None, format_: str) -> date:
    try:
        return datetime.strptime(text or "", format_).date()
    except ValueError as error:
        raise SourceChanged(SOURCE.id, f"{snapshot.name}: the day {text!r}; expected {format_}") from error


def _tags(found: Iterable[str]) -> set[str]:
    return {tag for tag in found if tag in PROGRAMMES} or {OTHERS}


# --- Text files -------------------------------------------------------------------------------------------------------


def _from_text(snapshot: Snapshot) -> Parsed:
    quarantine = Quarantine(snapshot)
    first = tables.heading(snapshot)
    if len(first) not in LAYOUTS:
        raise SourceChanged(
            SOURCE.id, f"{snapshot.name}: {len(first)} columns; expected {', '.join(map(str, sorted(LAYOUTS)))}"
        )
    layout, measure = LAYOUTS[len(first)]
    has_heading = not re.fullmatch(r"[0-9]+", first[0])
    if has_heading and [name.casefold() for name in first] != [name.casefold() for name in layout]:
        raise SourceChanged(SOURCE.id, f"{snapshot.name}: columns {first}; expected {list(layout)}")
    frame = tables.read_csv(
        snapshot,
        {name: name for name in layout},
        quarantine,
        names=layout,
        skip_lines=1 if has_heading else 0,
        has_newlines=True,
        end_mark=END_MARK,
    )
    frame = quarantine.keep(frame, frame["ent_num"].str.fullmatch(r"[0-9]+"), "ent_num", "the number of an entry")
    frame = tables.once(frame, list(layout[:1] if layout is PRIMARY else layout), quarantine)
    day = snapshot.retrieved.date()
    if layout is not PRIMARY:
        return Parsed(series=_series(measure, Counter({"all": len(frame)}), day), withheld=quarantine.withheld)
    frame = quarantine.keep(frame, frame["Program"].str.strip() != "", "Program", "a programme")
    split = frame["Program"].str.strip().str.split("] [", regex=False)
    counts = Counter(tag for tags in split for tag in _tags(tags))
    if not counts.keys() & PROGRAMMES.keys():
        # The list of those who are not SDNs has the same layout and none of these programmes.
        measure, counts = "consolidated_entries", Counter({"all": len(frame)})
    return Parsed(series=_series(measure, counts, day), withheld=quarantine.withheld)


def _series(measure: str, counts: Counter[str], day: date) -> pd.DataFrame:
    rows = [
        {
            "measure": measure,
            "country_code": PROGRAMMES.get(population, GLOBAL),
            "population": population,
            "start_date": pd.Timestamp(day),
            "end_date": pd.Timestamp(day) + pd.Timedelta(days=1),
            "value": float(count),
            "unit": tables.COUNT,
            "unit_of_count": "entries" if measure != "list_changes" else "changes",
        }
        for population, count in cast("dict[str, int]", counts).items()
        if count
    ]
    return pd.DataFrame(rows, columns=list(tables.SERIES_COLUMNS))
