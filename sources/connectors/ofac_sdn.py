"""OFAC's sanctions lists: how many entries each sanctions programme of interest has, on the day of the list.

Publisher: U.S. Department of the Treasury, Office of Foreign Assets Control (OFAC). Licence: public domain,
17 U.S.C. 105. An entry is one listed person, company, vessel or aircraft, with one or more programmes; OFAC's data
specification gives the layout of the text files (12, 6, 5 and 2 columns without a heading, "-0-" for nothing, a last
line of one byte 0x1A), its schema that of SDN.XML. Names are not carried: a report needs the numbers.

The list of Specially Designated Nationals (SDN) and the consolidated list of all others come in the same layouts.
Numbers of entries grow with time: the consolidated list begins with 9639, its oldest list, while the SDN list has kept
entries from long before (36, in its files of 2021), and so they are told apart. OFAC's delta files are read when handed
over but not asked for: each says what one publication changed, and one that came and went between two looks would be
missed unseen; the list itself is whole.
"""

import re
import shutil
import zipfile
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from tempfile import TemporaryFile
from typing import Any, BinaryIO, cast

import lxml.etree
import pandas as pd

from sources import country_names, tables
from sources.connector import MEBIBYTE, Ask, Plan, Request, Source
from sources.countries import GLOBAL, OTHER
from sources.errors import SourceChanged
from sources.formats import BROKEN_ARCHIVE, Format
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
    # SDN.XML always has entries of some of these programmes, and of others.
    min_rows=2,
    max_rows=1_000,
    max_bytes=256 * MEBIBYTE,
)

# The programmes a report asks about. Those of a country bear its name, alone or before a hyphen: "CUBA-EO14404".
OF_COUNTRIES = {"VENEZUELA": "VEN", "NICARAGUA": "NIC", "CUBA": "CUB"}
OF_ALL_COUNTRIES = ("GLOMAG", "SDNTK", "ILLICIT-DRUGS-EO14059", "TCO")
OTHER_PROGRAMMES = "other programmes"
TAG = re.compile(r"[A-Za-z0-9]+(?:[ -]+[A-Za-z0-9]+)*")
BETWEEN_TAGS = "] ["
# The programmes that only entries of other lists than the SDN list have, or nearly only.
MARKS_OF_CONSOLIDATED = frozenset({"NS-PLC", "UKRAINE-EO13662", "CMIC-EO13959", "561-Related", "FSE-IR"})
FIRST_CONSOLIDATED = 9639

NOTHING = frozenset({"", "-0-"})
END_MARK = "\x1a"
TYPES = frozenset({"individual", "entity", "vessel", "aircraft"}) | NOTHING
ALIAS_TYPES = frozenset({"aka", "fka", "nka"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """One of OFAC's text files: its columns, what makes a row one row, and what is counted."""

    columns: tuple[str, ...]
    key: tuple[str, ...]
    measure: str


ENTRIES = Layout(
    columns=(
        *("ent_num", "SDN_Name", "SDN_Type", "Program", "Title", "Call_Sign"),
        *("Vess_type", "Tonnage", "GRT", "Vess_flag", "Vess_owner", "Remarks"),
    ),
    key=("ent_num",),
    measure="entries",
)
ADDRESSES = Layout(
    columns=("ent_num", "Add_num", "Address", "City/State/Province/Postal Code", "Country", "Add_remarks"),
    key=("Add_num",),
    measure="addresses",
)
ALIASES = Layout(
    columns=("ent_num", "alt_num", "alt_type", "alt_name", "alt_remarks"), key=("alt_num",), measure="aliases"
)
# Remarks over 1,000 characters are cut off in the file of entries and are whole in this one.
COMMENTS = Layout(columns=("ent_num", "Remarks"), key=("ent_num", "Remarks"), measure="comments")
LAYOUTS = {len(layout.columns): layout for layout in (ENTRIES, ADDRESSES, ALIASES, COMMENTS)}
NUMBERS = ("ent_num", "Add_num", "alt_num")
PLACE = ("Address", "City/State/Province/Postal Code", "Country")

# How OFAC names countries in addresses, where ISO 3166 does otherwise. A place whose country the publisher leaves open,
# is disputed or has been dissolved is of the unnamed rest.
COUNTRIES = {
    "Bahamas, The": "BHS",
    "Brunei": "BRN",
    "Congo, Democratic Republic of the": "COD",
    "Congo, Republic of the": "COG",
    "Cote d Ivoire": "CIV",
    "Korea, North": "PRK",
    "Korea, South": "KOR",
    "Micronesia, Federated States of": "FSM",
    "North Macedonia, The Republic of": "MKD",
    "Palestinian": "PSE",
    "Region: Gaza": "PSE",
    "Region: Northern Mali": "MLI",
    "The Gambia": "GMB",
    "West Bank": "PSE",
    "Netherlands Antilles": OTHER,
    "Region: Crimea": OTHER,
    "Region: Kafia Kingi": OTHER,
    "undetermined": OTHER,
    "": OTHER,
    "-0-": OTHER,
}

LIST_NAMESPACES = (
    "https://sanctionslistservice.ofac.treas.gov/api/PublicationPreview/exports/XML",
    # Until May 2024.
    "http://tempuri.org/sdnList.xsd",
)
DELTA_NAMESPACE = "https://www.treasury.gov/ofac/DeltaFile/1.0"
# The elements of an entry in OFAC's schema; only two of them are read.
OF_ENTRY = (
    *("uid", "firstName", "lastName", "title", "sdnType", "remarks", "programList", "idList", "akaList", "addressList"),
    *("nationalityList", "citizenshipList", "dateOfBirthList", "placeOfBirthList", "vesselInfo"),
)
# An entity of a delta file without an action of its own is one some parts of which have been changed.
ACTIONS = {"add": "added", "remove": "removed", "update": "changed", "change": "changed", "modify": "changed"}
ACTIONS[""] = "changed"

US_DAY = re.compile(r"(?P<month>[0-9]{1,2})/(?P<day>[0-9]{1,2})/(?P<year>[0-9]{4})")
ISO_DAY = re.compile(r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})(?:T.*)?")
NUMBER = r"[0-9]{1,10}"
MOST_ENTRIES = 1_000_000
_BLOCK = 1 << 16
# One element below the root: an entry is some kilobytes, all changes of a delta file some hundred.
_MOST_OF_ELEMENT = 16 * MEBIBYTE


def plan(ask: Ask) -> Plan:
    """Ask for the list; its address redirects to a signed one on another host, which is followed and not kept."""
    yield Request(key="SDN.XML", url=f"{ask.base_url}/SDN.XML", formats=frozenset({Format.XML, Format.ZIP}))


def parse(snapshot: Snapshot) -> Parsed:
    """Return how many entries of a list each programme has, on the one day of the list.

    Measures listed_entries (SDN list) and consolidated_entries (the consolidated list of others), population the
    programme's tag. Populations overlap and are not to be added: an entry counts under each of its programmes of
    interest, and once under "other programmes" if it has none of interest. The day is the list's own (XML), or that of
    retrieval (text files, which have none).

    Other files give listed_addresses by country (OTHER: none named) and listed_aliases, or consolidated_addresses and
    consolidated_aliases; listed_comments, the continued remarks of either list; and list_changes, the entries added,
    removed and changed by the publication that a delta file is of. A ZIP archive holds one of all these.

    Raises SourceChanged for another layout, namespace, element, type or country, for a list that is cut off, and for
    one that has not the number of entries it says.
    """
    tables.expect(snapshot, Format.XML, Format.TEXT, Format.ZIP)
    match snapshot.format:
        case Format.XML:
            return _from_xml(snapshot)
        case Format.ZIP:
            return _from_archive(snapshot)
        case _:
            return _from_text(snapshot)


def _from_archive(snapshot: Snapshot) -> Parsed:
    """Read the one file of an archive. It is unpacked first, so that what is broken is the archive or the list."""
    tables.check_archive(snapshot)
    with TemporaryFile() as file:
        try:
            with zipfile.ZipFile(snapshot.file) as archive:
                member = _only_member(archive, snapshot)
                with archive.open(member) as packed:
                    shutil.copyfileobj(packed, file, _BLOCK)
        except BROKEN_ARCHIVE as error:
            raise SourceChanged(SOURCE.id, f"{snapshot.name}: a broken archive: {error}") from error
        name = f"{snapshot.name}/{member.filename[:100]}"
        inner = replace(snapshot, file=cast(BinaryIO, file), file_name=name)
        tables.expect(inner, Format.XML, Format.TEXT)
        return _from_xml(inner) if inner.format is Format.XML else _from_text(inner)


def _only_member(archive: zipfile.ZipFile, snapshot: Snapshot) -> zipfile.ZipInfo:
    # Not is_dir(), which fails on a name that damage has emptied.
    members = [member for member in archive.infolist() if not member.filename.endswith("/")]
    if len(members) != 1:
        raise SourceChanged(SOURCE.id, f"{snapshot.name}: {len(members)} files in the archive; expected one")
    (member,) = members
    is_plain = member.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) and not member.flag_bits & 1
    if not is_plain or member.header_offset < 0:
        raise SourceChanged(SOURCE.id, f"{snapshot.name}: encrypted, compressed in an unusual way, or broken")
    return member


# --- XML ------------------------------------------------------------------------------------------------------------


def _from_xml(snapshot: Snapshot) -> Parsed:
    try:
        name = lxml.etree.QName(_root_name(snapshot))
        if name.localname == "sdnList" and name.namespace in LIST_NAMESPACES:
            return _from_list(snapshot, name.namespace)
        if name.localname == "sanctionsData" and name.namespace == DELTA_NAMESPACE:
            return _from_delta(snapshot)
    except lxml.etree.XMLSyntaxError as error:
        raise SourceChanged(SOURCE.id, f"{snapshot.name}: not whole XML: {error}") from error
    raise SourceChanged(
        SOURCE.id,
        f"{snapshot.name}: an XML document of <{name.localname}> in {name.namespace}; expected <sdnList> in "
        f"{LIST_NAMESPACES[0]}, as in SDN.XML (SDN_ADVANCED.XML is the same list in another layout), "
        f"or <sanctionsData> in {DELTA_NAMESPACE}",
    )


def _parser(tag: str | None = None) -> lxml.etree.XMLPullParser:
    return lxml.etree.XMLPullParser(
        events=("start",),
        tag=tag,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_blank_text=True,
        remove_comments=True,
        remove_pis=True,
    )


def _root_name(snapshot: Snapshot) -> str:
    snapshot.file.seek(0)
    parser = _parser()
    parser.feed(snapshot.file.read(_BLOCK))
    root = next((element for _, element in parser.read_events()), None)
    if root is None:
        raise SourceChanged(SOURCE.id, f"{snapshot.name}: no element in the first {_BLOCK} bytes")
    if root.getroottree().docinfo.internalDTD is not None:
        raise SourceChanged(SOURCE.id, f"{snapshot.name}: has a document type declaration; expected none")
    return str(root.tag)


def _grow(snapshot: Snapshot, tag: str) -> Iterator[tuple[Any, int]]:
    """Yield the root as the file is read, with how many of its children are whole; those are then let go.

    So memory stays flat however long a list is, and the work is done by a few compiled queries for each block.
    """
    parser = _parser(tag)
    root: Any = None
    waiting = 0
    snapshot.file.seek(0)
    while block := snapshot.file.read(_BLOCK):
        parser.feed(block)
        for _, element in parser.read_events():
            root = element if root is None else root
        whole = len(root) - 1 if root is not None else 0
        waiting = 0 if whole > 0 else waiting + len(block)
        if waiting > _MOST_OF_ELEMENT:
            raise SourceChanged(SOURCE.id, f"{snapshot.name}: an element of over {_MOST_OF_ELEMENT} bytes; too much")
        if whole > 0:
            yield root, whole
            del root[: len(root) - 1]
    root = parser.close()
    yield root, len(root)


def _from_list(snapshot: Snapshot, namespace: str) -> Parsed:
    """Read SDN.XML or CONSOLIDATED.XML, entry after entry."""
    entry, known = f"{{{namespace}}}sdnEntry", [f"{{{namespace}}}{name}" for name in OF_ENTRY]
    strange = lxml.etree.XPath(
        "*/n:uid/* | */n:programList/*[not(self::n:program)] | */n:programList/*/*", namespaces={"n": namespace}
    )
    numbers: list[str] = []
    programmes: list[tuple[str, ...]] = []
    # Entries come in some dozen shapes, and with some hundred combinations of programmes: each is looked at once.
    shapes: dict[tuple[str, ...], int] = {}
    combinations: dict[tuple[str | None, ...], tuple[str, ...]] = {}
    day, announced = None, 0
    for root, whole in _grow(snapshot, f"{{{namespace}}}sdnList"):
        if day is None:
            day, announced = _publication(snapshot, root, namespace)
            del root[0]
            whole -= 1
        _expect_names(snapshot, {element.tag for element in root}, {entry})
        _expect_names(snapshot, {element.tag for element in strange(root)}, set())
        for element in root[:whole]:
            parts = list(element)
            shape = tuple([part.tag for part in parts])
            place = shapes.get(shape)
            if place is None:
                place = shapes[shape] = _place_of_programmes(snapshot, shape, known)
            combination = tuple([part.text for part in parts[place]])
            if combination not in combinations:
                combinations[combination] = tuple((tag or "").strip() for tag in combination)
            programmes.append(combinations[combination])
            numbers.append(parts[0].text or "")
        if len(numbers) > announced:
            break
    if day is None or len(numbers) != announced:
        found = f"{len(numbers)} entries" if len(numbers) <= announced else "more entries"
        raise SourceChanged(SOURCE.id, f"{snapshot.name}: {found}; expected {announced}, its Record_Count; cut off?")
    frame = pd.DataFrame(
        {"ent_num": pd.Series(numbers, dtype="str"), "programmes": pd.Series(programmes, dtype=object)}
    )
    frame.index = pd.RangeIndex(1, len(frame) + 1)
    return _count_entries(frame, day, snapshot, Quarantine(snapshot))


def _place_of_programmes(snapshot: Snapshot, shape: tuple[str, ...], known: Sequence[str]) -> int:
    """Return which part of an entry is its list of programmes: the schema wants its number, first, and one list."""
    _expect_names(snapshot, shape, known)
    uid, programmes = known[0], known[OF_ENTRY.index("programList")]
    if shape[:1] != (uid,) or shape.count(uid) != 1 or shape.count(programmes) != 1:
        raise SourceChanged(
            SOURCE.id, f"{snapshot.name}: an entry of {list(shape)}; expected one uid, first, and one programList"
        )
    return shape.index(programmes)


def _expect_names(snapshot: Snapshot, found: Collection[str], known: Collection[str]) -> None:
    if unknown := sorted(set(found) - set(known)):
        raise SourceChanged(SOURCE.id, f"{snapshot.name}: unknown elements {unknown[:5]}; expected {sorted(known)}")


def _publication(snapshot: Snapshot, root: Any, namespace: str) -> tuple[date, int]:
    """Return the day of a list and the number of its entries, from its first element (which is spelt so)."""
    first = root[0] if len(root) else root
    names = [f"{{{namespace}}}{name}" for name in ("publshInformation", "Publish_Date", "Record_Count")]
    _expect_names(snapshot, {first.tag}, names[:1])
    _expect_names(snapshot, {element.tag for element in first}, names[1:])
    count = (first.findtext(names[2]) or "").strip()
    if not re.fullmatch(NUMBER, count) or int(count) > MOST_ENTRIES:
        raise SourceChanged(
            SOURCE.id, f"{snapshot.name}: a Record_Count of {count[:20]!r}; expected a number up to {MOST_ENTRIES}"
        )
    return _day(snapshot, first.findtext(names[1]), US_DAY, "MM/DD/YYYY"), int(count)


def _day(snapshot: Snapshot, text: str | None, pattern: re.Pattern[str], expected: str) -> date:
    try:
        if found := pattern.fullmatch((text or "").strip()):
            return date(int(found["year"]), int(found["month"]), int(found["day"]))
    except ValueError:
        pass
    raise SourceChanged(SOURCE.id, f"{snapshot.name}: published on {(text or '')[:40]!r}; expected {expected}")


def _from_delta(snapshot: Snapshot) -> Parsed:
    """Read what one publication changed: how many entries it added, removed and changed."""
    entity = f"{{{DELTA_NAMESPACE}}}entity"
    day, entities = None, []
    for root, whole in _grow(snapshot, f"{{{DELTA_NAMESPACE}}}sanctionsData"):
        for part in root[:whole]:
            name = lxml.etree.QName(part).localname
            if name == "publicationInfo":
                published = part.findtext(f"{{{DELTA_NAMESPACE}}}datePublished")
                day = _day(snapshot, published, ISO_DAY, "YYYY-MM-DD")
            elif name == "entities":
                _expect_names(snapshot, {element.tag for element in part}, {entity})
                entities += [(element.get("id", ""), element.get("action", "")) for element in part]
            elif name not in ("referenceValues", "featureTypes"):
                _expect_names(snapshot, {name}, {"publicationInfo", "entities"})
    if day is None:
        raise SourceChanged(SOURCE.id, f"{snapshot.name}: without publicationInfo; the layout has changed")
    quarantine = Quarantine(snapshot)
    frame = pd.DataFrame(entities, columns=["entity", "action"], index=range(1, len(entities) + 1), dtype="str")
    frame = quarantine.keep(frame, frame["entity"].str.fullmatch(NUMBER), "entity", "the number of an entry")
    frame = tables.once(frame, ["entity"], quarantine)
    counts = Counter(tables.labels(frame, "action", ACTIONS, snapshot))
    series = _series("list_changes", {(GLOBAL, action): count for action, count in counts.items()}, day, "changes")
    return Parsed(series=series, withheld=quarantine.withheld)


# --- Text files -------------------------------------------------------------------------------------------------------


def _from_text(snapshot: Snapshot) -> Parsed:
    quarantine = Quarantine(snapshot)
    layout, has_heading = _layout(snapshot)
    frame = tables.read_csv(
        snapshot,
        {name: name for name in layout.columns},
        quarantine,
        names=layout.columns,
        skip_lines=1 if has_heading else 0,
        end_mark=END_MARK,
    )
    for column in (name for name in NUMBERS if name in frame):
        frame = quarantine.keep(frame, frame[column].str.fullmatch(NUMBER), column, "a number of up to ten digits")
    frame = tables.once(frame, list(layout.key), quarantine)
    day = snapshot.retrieved.date()
    match layout.measure:
        case "entries":
            types = frame["SDN_Type"].str.strip().str.lower()
            tables.labels(types.to_frame(), "SDN_Type", dict.fromkeys(TYPES), snapshot)
            tags = {cell: tuple(cell.strip().split(BETWEEN_TAGS)) for cell in frame["Program"].unique()}
            frame = frame[["ent_num"]].assign(programmes=frame["Program"].map(tags).astype(object))
            return _count_entries(frame, day, snapshot, quarantine)
        case "addresses":
            # An entry without an address has one row of nothing.
            is_address = ~frame[list(PLACE)].apply(lambda cells: cells.str.strip().isin(NOTHING)).all(axis="columns")
            frame = frame[is_address]
            codes = country_names.codes(frame["Country"].str.strip(), SOURCE.id, COUNTRIES)
            counts = {(code, "all"): count for code, count in Counter(codes).items()}
        case "aliases":
            tables.labels(frame[["alt_type"]], "alt_type", dict.fromkeys(ALIAS_TYPES), snapshot)
            counts = {(GLOBAL, "all"): len(frame)}
        case _:
            counts = {(GLOBAL, "all"): len(frame)}
    if frame.empty:
        return Parsed(withheld=quarantine.withheld)
    # Few entries have remarks to be continued: those that have do not tell which list they are of.
    of = "listed" if layout is COMMENTS else _list(frame)
    series = _series(f"{of}_{layout.measure}", counts, day, layout.measure)
    return Parsed(series=series, withheld=quarantine.withheld)


def _layout(snapshot: Snapshot) -> tuple[Layout, bool]:
    """Return which text file it is, and whether somebody saved it again with a heading, for which OFAC's has a mark."""
    first = tables.heading(snapshot)
    layout = LAYOUTS.get(len(first))
    if layout is None:
        raise SourceChanged(
            SOURCE.id, f"{snapshot.name}: {len(first)} columns, {first[:12]}; expected {', '.join(map(str, LAYOUTS))}"
        )
    if not re.fullmatch(NUMBER, first[0]):
        if [name.casefold() for name in first] != [name.casefold() for name in layout.columns]:
            raise SourceChanged(SOURCE.id, f"{snapshot.name}: columns {first}; expected {list(layout.columns)}")
        return layout, True
    snapshot.file.seek(0)
    last = b""
    while block := snapshot.file.read(_BLOCK):
        last = (last + block)[-64:]
    if last.rstrip(b" \r\n").rpartition(b"\n")[2] != END_MARK.encode():
        raise SourceChanged(SOURCE.id, f"{snapshot.name}: does not end with OFAC's last line, one byte 0x1A; cut off?")
    return layout, False


# --- Counting ---------------------------------------------------------------------------------------------------------


def _count_entries(frame: pd.DataFrame, day: date, snapshot: Snapshot, quarantine: Quarantine) -> Parsed:
    """Return the series of a list, from the numbers of its entries and the programmes of each."""
    populations = {tags: _populations(tags) for tags in set(frame["programmes"])}
    is_number = frame["ent_num"].str.fullmatch(NUMBER)
    frame = quarantine.keep(frame, is_number, "ent_num", "a number of up to ten digits")
    is_named = frame["programmes"].map(lambda tags: bool(populations[tags])).astype(bool)
    frame = quarantine.keep(frame, is_named, "programmes", "one programme or more, such as SDNTK")
    frame = tables.once(frame, ["ent_num"], quarantine)
    if frame.empty:
        return Parsed(withheld=quarantine.withheld)
    combinations = Counter(frame["programmes"])
    of = _list(frame)
    if of == "consolidated" and not MARKS_OF_CONSOLIDATED & {tag for tags in combinations for tag in tags}:
        raise SourceChanged(
            SOURCE.id,
            f"{snapshot.name}: no entry below {FIRST_CONSOLIDATED}, as on the consolidated list, and none of its "
            f"programmes {sorted(MARKS_OF_CONSOLIDATED)}; which list it is cannot be told",
        )
    counts: Counter[tuple[str, str]] = Counter()
    for tags, count in combinations.items():
        for population in populations[tags]:
            counts[population] += count
    return Parsed(series=_series(f"{of}_entries", counts, day, "entries"), withheld=quarantine.withheld)


def _populations(tags: tuple[str, ...]) -> frozenset[tuple[str, str]]:
    """Return the populations an entry counts under, with the country of each; none if its programmes are no tags."""
    if not tags or not all(TAG.fullmatch(tag) for tag in tags):
        return frozenset()
    of_interest = {population for tag in tags if (population := _of_interest(tag))}
    return frozenset(of_interest or {(GLOBAL, OTHER_PROGRAMMES)})


def _of_interest(tag: str) -> tuple[str, str] | None:
    if country := OF_COUNTRIES.get(tag.partition("-")[0]):
        return country, tag
    if tag in OF_ALL_COUNTRIES:
        return GLOBAL, tag
    first_word = re.split("[^A-Z]", tag.upper(), maxsplit=1)[0]
    if first_word in OF_COUNTRIES or _folded(tag) in map(_folded, OF_ALL_COUNTRIES):
        raise SourceChanged(
            SOURCE.id, f"unknown programme {tag!r}, like one of interest; expected it in their spelling"
        )
    return None


def _folded(tag: str) -> str:
    return re.sub("[^A-Z0-9]", "", tag.upper())


def _list(frame: pd.DataFrame) -> str:
    """Return which list rows are of: see the module's description."""
    lowest = frame["ent_num"].astype("int64").min()
    return "listed" if lowest < FIRST_CONSOLIDATED else "consolidated"


def _series(measure: str, counts: Mapping[tuple[str, str], int], day: date, unit_of_count: str) -> pd.DataFrame:
    rows = [(country, population, float(count)) for (country, population), count in sorted(counts.items())]
    start = pd.Timestamp(day)
    series = pd.DataFrame(rows, columns=["country_code", "population", "value"]).assign(
        measure=measure,
        start_date=start,
        end_date=start + pd.Timedelta(days=1),
        unit=tables.COUNT,
        unit_of_count=unit_of_count,
    )
    return series[list(tables.SERIES_COLUMNS)]
