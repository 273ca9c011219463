"""Court cases on the instruments, and dated changes of immigration policy, from two trackers.

Publishers: MigrantUSA (CC BY 4.0) and Lawfare (no licence stated). Both are secondary: a status is a tracker's own
reading of the docket on the day it gives. MigrantUSA serves its datasets; Lawfare's table is handed over as a file.

A case is known by its first docket number and the court of that number ("1:25-cv-00766 D.D.C."), in both trackers;
its further numbers and the orders, proclamations and Federal Register documents its text names are its identifiers.

Personal names: the caption is carried as the tracker prints it, because it is how a case is cited and public record
(Fed. R. Civ. P. 10); the trackers print initials and "Doe" where the court does. Nothing else of a person is:
summaries, the courts' judges and what the tracker calls the matter are not told, except for the matters listed here.
Criminal, miscellaneous and search dockets are no cases on an instrument and name a private person in the caption, so
they are left out.
"""

import csv
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import lxml.etree
import lxml.html
import pandas as pd

from sources import tables
from sources.connector import MEBIBYTE, Ask, Plan, Request, Source
from sources.errors import SourceChanged
from sources.formats import Format
from sources.snapshots import Snapshot
from sources.tables import Parsed, Quarantine

SOURCE = Source(
    id="litigation",
    title="Court cases on immigration, tariff and aid policy",
    publisher="MigrantUSA; Lawfare",
    base_url="https://migrantusa.com/data/datasets",
    licence="CC BY 4.0 (MigrantUSA); none stated (Lawfare)",
    tier=2,
    cadence_days=7,
    max_age_days=31,
    max_rows=50_000,
    max_bytes=16 * MEBIBYTE,
)

FILES = {"cases": "/litigation_tracker.json", "changes": "/change_log.json"}
SITE = "https://migrantusa.com"

# --- MigrantUSA's cases
CASE_TEXTS = (
    "id",
    "case_name",
    "docket",
    "court_en",
    "status",
    "last_checked",
    "url_en",
    "title_en",
    "what_it_affects_en",
)
CASE_UNREAD = (
    *("title_es", "court_es", "status_label_en", "status_label_es", "what_it_affects_es", "url_es", "topics"),
    # The first and the latest event of a timeline are neither the filing nor the last change: some lie ahead.
    *("timeline_events", "first_event", "latest_event"),
    # Given for few cases, and for overlapping groups of people.
    "people_affected",
)
STATUSES = {
    "active_litigation": "active litigation",
    "awaiting_decision": "awaiting decision",
    "decided": "decided",
    "in_effect": "policy in effect",
    "injunction_in_effect": "blocked by injunction",
    "partially_blocked": "partially blocked",
}

# --- MigrantUSA's changes
CHANGE_TEXTS = ("date", "precision", "category", "title_en", "summary_en", "source_url")
CHANGE_NEEDED = ("date", "precision", "title_en")
CHANGE_UNREAD = (
    *("title_es", "summary_es", "link_en", "link_es", "links", "links_en", "links_es", "affected_pages", "source_urls"),
)
PRECISIONS = {"day": True, "month": False}
# Whether a category is policy; the others are the tracker's own corrections and figures, and other countries' rules.
CATEGORIES = {
    **dict.fromkeys(("", "tps", "visas", "fees", "education", "enforcement", "benefits", "procedures"), True),
    **dict.fromkeys(("rule-change", "work-permits", "asylum", "citizenship", "work", "business"), True),
    **dict.fromkeys(("correction", "data", "expat"), False),
}

# --- Lawfare's table
TABLE = {
    "Lawsuit": "lawsuit",
    "Executive Action": "matter",
    "Status": "status",
    "Last Updated": "last_updated",
    "Docket Number": "docket",
    "Jurisdiction": "court",
    "Date Filed": "filed",
    "Terminated": "terminated",
    "Summary": "summary",
}
MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "January Jan",
            "February Feb",
            "March Mar",
            "April Apr",
            "May",
            "June Jun",
            "July Jul",
            "August Aug",
            "September Sept Sep",
            "October Oct",
            "November Nov",
            "December Dec",
        ),
        start=1,
    )
    for name in names.split()
}
DATE_IN_WORDS = rf"(?P<month>{'|'.join(MONTHS)})\.? (?P<day>[0-9]{{1,2}}),? (?P<year>20[0-9]{{2}}|19[0-9]{{2}})"
TERMINATED = r"Terminated (?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})"
NOT_TERMINATED = {"Active": "Pending", "No CL link": "", "": ""}
LEFT_OUT = {"cr", "mc", "sw"}
APPEAL_OF = re.compile(r"\s*Appeal of.*", re.S)
# The matters that are told: the tracker's wording and ours. Others often name a person, and are not.
MATTERS = {
    "Alien Enemies Act Deporations": "removals under the Alien Enemies Act",
    "Alien Enemies Act Deportation": "removals under the Alien Enemies Act",
    "Alien Enemies Act Deportations": "removals under the Alien Enemies Act",
    "Alien Enemies Act Detention": "detention under the Alien Enemies Act",
    "Alien Enemies Act Invocation": "invocation of the Alien Enemies Act",
    "Asylum Access at U.S.-Mexico Border": "asylum at the border with Mexico",
    "Birthright Citizenship": "birthright citizenship",
    "CECOT Detention": "detention in El Salvador",
    "Construction of Border Wall": "border wall",
    "Expedited Removal Policy": "expedited removal",
    "Foreign Aid Freeze": "foreign aid",
    "Guantánamo Bay Detention": "detention at Guantánamo Bay",
    "Guatemalan Children Deportation": "removal of unaccompanied children",
    "IAF Dismantling": "Inter-American Foundation",
    "ICE Enforcement in Houses of Worship": "enforcement in places of worship",
    "IEEPA Tariffs": "tariffs under the International Emergency Economic Powers Act",
    "Immigration Detention Conditions": "conditions of detention",
    "Immigration Enforcement in Sanctuary Cities": "enforcement and local jurisdictions",
    "National Guard Deployment": "deployment of the National Guard",
    "Nationality Based Visa Ban": "visas by nationality",
    "New Annual Asylum Fee": "asylum fees",
    "Noncitizen Registration Rule": "registration of noncitizens",
    "Refugee Resettlement Pause": "refugee admissions",
    "Removal of Unaccompanied Children": "removal of unaccompanied children",
    "Removal to Third Country": "removal to third countries",
    "Securing Our Borders EO": "asylum at the border with Mexico",
    "Suspension of Refugee Admissions": "refugee admissions",
    "TPS Cancellation": "temporary protected status",
    "Third Country Removals": "removal to third countries",
    "U.S./El Salvador Agreement": "detention in El Salvador",
    "USAID Dismantling": "foreign aid",
    "Warrantless Immigration Arrests": "arrests without a warrant",
}


def _pairs(text: str) -> dict[str, str]:
    """Return a table written as "name=abbreviation; name=abbreviation"."""
    return dict(pair.strip().split("=") for pair in text.split(";"))


# --- Courts, by the abbreviations lawyers cite them with
STATES = _pairs("""
    Alabama=Ala.; Alaska=Alaska; Arizona=Ariz.; Arkansas=Ark.; California=Cal.; Colorado=Colo.; Columbia=D.C.;
    Connecticut=Conn.; Delaware=Del.; Florida=Fla.; Georgia=Ga.; Guam=Guam; Hawaii=Haw.; Idaho=Idaho;
    Illinois=Ill.; Indiana=Ind.; Iowa=Iowa; Kansas=Kan.; Kentucky=Ky.; Louisiana=La.; Maine=Me.; Maryland=Md.;
    Massachusetts=Mass.; Michigan=Mich.; Minnesota=Minn.; Mississippi=Miss.; Missouri=Mo.; Montana=Mont.;
    Nebraska=Neb.; Nevada=Nev.; New Hampshire=N.H.; New Jersey=N.J.; New Mexico=N.M.; New York=N.Y.;
    North Carolina=N.C.; North Dakota=N.D.; Ohio=Ohio; Oklahoma=Okla.; Oregon=Or.; Pennsylvania=Pa.;
    Puerto Rico=P.R.; Rhode Island=R.I.; South Carolina=S.C.; South Dakota=S.D.; Tennessee=Tenn.; Texas=Tex.;
    Utah=Utah; Vermont=Vt.; Virginia=Va.; Washington=Wash.; West Virginia=W. Va.; Wisconsin=Wis.; Wyoming=Wyo.
""")
PARTS = ("Northern", "Southern", "Eastern", "Western", "Middle", "Central")
CIRCUITS = _pairs("""
    First=1st; Second=2d; 2nd=2d; Third=3d; 3rd=3d; Fourth=4th; Fifth=5th; Sixth=6th; Seventh=7th; Eighth=8th;
    Ninth=9th; Tenth=10th; Eleventh=11th; D.C.=D.C.; Federal=Fed.
""")
SPECIAL = {"Court of International Trade": "Ct. Int'l Trade", "Court of Federal Claims": "Fed. Cl."}


def _any(names: Iterable[str]) -> str:
    """Return a pattern for any of several names, the longest first."""
    return "|".join(re.escape(name) for name in sorted(set(names), key=lambda name: (-len(name), name)))


COURT = re.compile(
    rf"(?P<circuit>{_any([*CIRCUITS, *CIRCUITS.values()])}) (?:Circuit\b|Cir\.)"
    rf"|(?P<part>[NSEWMC]\.D\.|D\.|(?:(?:{'|'.join(PARTS)}) )?District of) ?"
    rf"(?P<state>{_any([*STATES, *STATES.values()])})"
    rf"|(?P<special>{_any(SPECIAL)})"
    r"|(?P<top>U\.S\. Supreme Court|Supreme Court of the United States|SCOTUS|\(U\.S\.(?=[;)]))"
)
LABEL = re.compile(rf"(?:United States )?(?:District Court, |Court of Appeals for the )?(?:{COURT.pattern})")
# Numbers of district courts, of the Supreme Court alone, and of courts of appeals or the Supreme Court.
DOCKET = re.compile(
    r"(?<![\w-])(?:(?P<trial>[0-9]:[0-9]{2}-[a-z]{2})-(?P<number>[0-9]{1,5})"
    r"|(?P<top>[0-9]{2}A[0-9]{1,4}|[0-9]{1,3}(?=, Original))|(?P<appeal>[0-9]{2}-[0-9]{1,5}))"
    # Judges' initials may follow.
    r"(?=[,;)]*(?:\s|\Z)|\)|-[A-Z])"
)
SEGMENT = re.compile(r"; | / ")
FITTING = {"trial": ("trial",), "top": ("top",), "appeal": ("appeal", "top")}

# What texts call a legal act.
NAMES = (
    (re.compile(r"\b(?:E\.?O\.?|Exec(?:utive|\.) Order)\s+(?:No\.\s*)?([0-9]{5})\b"), "EO {}"),
    (re.compile(r"\bProc(?:lamation|\.)\s+(?:No\.\s*)?([0-9]{4,5})\b"), "Proclamation {}"),
    (re.compile(r"(?<![\w-])(20[0-9]{2}-[0-9]{5})(?![\w-])"), "FR Doc {}"),
    (re.compile(r"\b([0-9]{2,3} FR [0-9]{1,6})\b"), "{}"),
)


def plan(ask: Ask) -> Plan:
    """Ask MigrantUSA for both datasets."""
    for key, file in FILES.items():
        yield Request(key=key, url=ask.base_url + file, formats=frozenset({Format.JSON}))


def parse(snapshot: Snapshot) -> Parsed:
    """Return court cases as acts with a document each on their status, or changes of policy as acts.

    An act of kind court_case is published on the day it was filed, where the tracker says (Lawfare's "Date Filed");
    MigrantUSA gives no such day, and none is put in its place. What that tracker follows without a court is of kind
    policy_change, and so are the changes of its log that name a legal act, on their day. A document says in our
    words where the case stood on the day of Lawfare's "Last Updated" or MigrantUSA's last check.

    Raises SourceChanged for unknown files, fields, courts, categories, statuses of MigrantUSA and marks of
    termination; Lawfare words each status anew, so there is no list of them.
    """
    quarantine = Quarantine(snapshot)
    if snapshot.format is Format.JSON:
        document = tables.read_json(snapshot)
        parts = sorted(document) if isinstance(document, dict) else [type(document).__name__]
        if parts == ["_meta", "cases", "movement"]:
            return _cases(document, snapshot, quarantine)
        if parts == ["_meta", "changes", "upcoming"]:
            # What is to come stands among the changes once it has come.
            needed, known = CHANGE_NEEDED, {*CHANGE_TEXTS, *CHANGE_UNREAD}
            changes = _objects(document["changes"], CHANGE_TEXTS, needed, known, snapshot, quarantine)
            return _changes(changes, snapshot, quarantine)
        raise SourceChanged(SOURCE.id, f"{snapshot.name}: parts {parts[:10]} are those of neither tracker")
    try:
        heading = set(tables.heading(snapshot))
    except csv.Error as error:
        raise SourceChanged(SOURCE.id, f"{snapshot.name}: its first line is none of a table: {error}") from error
    if heading & {"Lawsuit", "Docket Number"}:
        return _lawsuits(tables.read_csv(snapshot, TABLE, quarantine, has_newlines=True), snapshot, quarantine)
    if heading & {"precision", "title_en"}:
        columns = {name: name for name in CHANGE_TEXTS}
        changes = tables.read_csv(snapshot, columns, quarantine, ignored=CHANGE_UNREAD, has_newlines=True)
        return _changes(changes, snapshot, quarantine)
    raise SourceChanged(SOURCE.id, f"{snapshot.name}: columns {sorted(heading)[:10]} are those of neither tracker")


def _objects(
    found: Any,
    texts: Sequence[str],
    needed: Collection[str],
    known: Collection[str],
    snapshot: Snapshot,
    quarantine: Quarantine,
) -> pd.DataFrame:
    """Return a list of objects as a table of texts. One with another value for a text is withheld."""
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        raise SourceChanged(SOURCE.id, f"{snapshot.name}: expected a list of objects with {sorted(known)}")
    rows = {}
    for number, row in enumerate(found, start=1):
        if not set(needed) <= set(row) <= set(known):
            raise SourceChanged(
                SOURCE.id, f"{snapshot.name}: object {number} has fields {sorted(row)}; known are {sorted(known)}"
            )
        values = {name: "" if row.get(name) is None else row[name] for name in texts}
        if bad := [name for name, value in values.items() if not isinstance(value, str)]:
            quarantine.withhold(number, bad[0], f"found {values[bad[0]]!r:.60}", "a text")
        else:
            rows[number] = values
    return pd.DataFrame.from_dict(rows, orient="index", columns=list(texts), dtype="str")


# --- MigrantUSA -----------------------------------------------------------------------------------------------------


def _cases(document: Mapping[str, Any], snapshot: Snapshot, quarantine: Quarantine) -> Parsed:
    meta, cases = document["_meta"], document["cases"]
    promised = meta.get("case_count") if isinstance(meta, dict) else None
    if isinstance(cases, list) and promised != len(cases):
        raise SourceChanged(SOURCE.id, f"{snapshot.name}: has {len(cases)} cases and says it has {promised!r:.20}")
    known = {*CASE_TEXTS, *CASE_UNREAD}
    frame = _objects(cases, CASE_TEXTS, known, known, snapshot, quarantine)
    frame["standing"] = tables.labels(frame, "status", STATUSES, snapshot).astype("str")
    frame = tables.once(frame, ["id"], quarantine)
    for column, pattern, rule in (
        ("id", r"[a-z0-9-]+", "an identifier of the dataset"),
        ("case_name", r"\S.*", "a title"),
        ("url_en", r"/\S*", "an address on the site"),
    ):
        frame = quarantine.keep(frame, frame[column].str.fullmatch(pattern), column, rule)
    frame["day"] = frame["last_checked"]
    frame = tables.days(frame, "last_checked", "%Y-%m-%d", quarantine)
    pairs = zip(frame["docket"], frame["court_en"], strict=True)
    frame["numbers"] = pd.Series([_numbers(*pair) for pair in pairs], index=frame.index, dtype=object)
    has_courts = frame["numbers"].map(lambda numbers: all(court for _, court in numbers)).astype(bool)
    frame = quarantine.keep(frame, has_courts, "docket", "each docket number is of a court")
    numbers = [[" ".join(number) for number in found] for found in frame["numbers"]]
    is_case = [bool(found) or " v. " in name for found, name in zip(numbers, frame["case_name"], strict=True)]
    frame = frame.assign(
        act_id=[found[0] if found else f"migrantusa {id_}" for found, id_ in zip(numbers, frame["id"], strict=True)],
        kind=["court_case" if case else "policy_change" for case in is_case],
        title=frame["case_name"],
        filed=pd.Timestamp("NaT"),
        url=SITE + frame["url_en"],
        identifiers=[
            tables.join([*found, *_names(f"{docket} {title} {affects}")])
            for found, docket, title, affects in zip(
                numbers, frame["docket"], frame["title_en"], frame["what_it_affects_en"], strict=True
            )
        ],
        updated=frame["last_checked"],
        document_id="migrantusa " + frame["id"],
        text=[
            _sentences(", ".join(found), f"Status on {day}: {standing}")
            for found, day, standing in zip(numbers, frame["day"], frame["standing"], strict=True)
        ],
    )
    frame = tables.once(frame, ["act_id"], quarantine)
    return Parsed(acts=_acts(frame), documents=_documents(frame), withheld=quarantine.withheld)


def _changes(frame: pd.DataFrame, snapshot: Snapshot, quarantine: Quarantine) -> Parsed:
    """Read the changes that name an order, a proclamation or a document of the Federal Register.

    The others are notices to the site's readers that no instrument can be told from: they are left out.
    """
    is_day = tables.labels(frame, "precision", PRECISIONS, snapshot).astype(bool)
    is_policy = tables.labels(frame, "category", CATEGORIES, snapshot).astype(bool)
    frame = frame.assign(is_day=is_day, written=frame["date"])[is_policy]
    frame = quarantine.keep(frame, frame["title_en"].str.fullmatch(r"\S.*"), "title_en", "a title")
    address = r"https://\S+|"
    frame = quarantine.keep(frame, frame["source_url"].str.fullmatch(address), "source_url", "an https address or none")
    frame = tables.days(frame, "date", "%Y-%m-%d", quarantine)
    texts = zip(frame["title_en"], frame["summary_en"], frame["source_url"], strict=True)
    frame["identifiers"] = pd.Series([tables.join(_names(" ".join(text))) for text in texts], frame.index, dtype="str")
    frame = frame[frame["identifiers"] != ""]
    frame = frame.assign(
        act_id=[
            "change " + " ".join(pair) for pair in zip(frame["written"], map(_slug, frame["title_en"]), strict=True)
        ],
        kind="policy_change",
        title=frame["title_en"],
        # The first of a month stands for the month: no day is known.
        filed=frame["date"].where(frame["is_day"]),
        url=frame["source_url"],
    )
    frame = tables.once(frame, ["act_id"], quarantine)
    return Parsed(acts=_acts(frame), withheld=quarantine.withheld)


def _slug(title: str) -> str:
    return "-".join(re.findall(r"[a-z0-9]+", title.casefold()))[:60].rstrip("-")


# --- Lawfare --------------------------------------------------------------------------------------------------------


def _lawsuits(frame: pd.DataFrame, snapshot: Snapshot, quarantine: Quarantine) -> Parsed:
    for column in ("docket", "court", "status", "last_updated", "filed", "terminated"):
        frame[column] = frame[column].str.strip().str.replace(r"\s+", " ", regex=True)
    frame["court"] = tables.labels(frame, "court", _courts_of(frame["court"]), snapshot).astype("str")
    is_terminated = frame["terminated"].str.fullmatch(TERMINATED)
    tables.labels(frame[~is_terminated], "terminated", NOT_TERMINATED, snapshot)
    frame["numbers"] = pd.Series([_split(docket) for docket in frame["docket"]], index=frame.index, dtype=object)
    frame = quarantine.keep(frame, frame["numbers"].astype(bool), "docket", "docket numbers such as 1:25-cv-00766")
    is_left_out = frame["docket"].str.contains(rf"-(?:{'|'.join(sorted(LEFT_OUT))})-", regex=True)
    frame = frame[~is_left_out]
    cells = pd.Series([_cell(lawsuit) for lawsuit in frame["lawsuit"]], index=frame.index, dtype=object)
    frame = frame.assign(title=cells.map(lambda cell: cell[0]), url=cells.map(lambda cell: cell[1]))
    frame = quarantine.keep(frame, frame["title"].str.fullmatch(r"\S.*").astype(bool), "lawsuit", "a caption")
    frame = quarantine.keep(frame, frame["url"].str.fullmatch(r"https?://\S+").astype(bool), "lawsuit", "a link")
    for column in ("filed", "last_updated"):
        parts = frame[column].str.extract(DATE_IN_WORDS + r"\Z")
        written = parts["year"] + "-" + parts["month"].map(MONTHS).astype("Int64").astype("str") + "-" + parts["day"]
        is_whole = frame[column].str.fullmatch(DATE_IN_WORDS)
        frame = quarantine.keep(frame, is_whole, column, "a day written as May 7, 2025")
        frame[column] = written[frame.index].astype("str")
        frame = tables.days(frame, column, "%Y-%m-%d", quarantine)
    pairs = zip(frame["numbers"], frame["court"], strict=True)
    numbers = [[f"{number} {court}" for number in found] for found, court in pairs]
    matters = [MATTERS.get(APPEAL_OF.sub("", _text(matter)).strip(), "") for matter in frame["matter"]]
    texts = zip(frame["lawsuit"], frame["matter"], frame["summary"], strict=True)
    frame = frame.assign(
        act_id=[found[0] for found in numbers],
        kind="court_case",
        identifiers=[
            tables.join([*found, *_names(" ".join(text))]) for found, text in zip(numbers, texts, strict=True)
        ],
        updated=frame["last_updated"],
        document_id=["lawfare " + found[0] for found in numbers],
        text=[
            _sentences(
                ", ".join(found),
                f"Filed {filed:%Y-%m-%d}",
                f"Status on {updated:%Y-%m-%d}, in the tracker's words: {status}" if status else "",
                NOT_TERMINATED.get(end, end),
                f"About {matter}" if matter else "",
            )
            for found, filed, updated, status, end, matter in zip(
                numbers,
                frame["filed"],
                frame["last_updated"],
                frame["status"],
                frame["terminated"],
                matters,
                strict=True,
            )
        ],
    )
    frame = tables.once(frame, ["act_id"], quarantine)
    return Parsed(acts=_acts(frame), documents=_documents(frame), withheld=quarantine.withheld)


def _cell(html: str) -> tuple[str, str]:
    """Return the text and the first link of a cell of HTML."""
    root = _root(html)
    links = [] if root is None else [str(link).strip() for link in root.xpath(".//a/@href")]
    return _text(html), links[0] if links else ""


def _text(html: str) -> str:
    root = _root(html)
    text = "" if root is None else " ".join(root.text_content().split())
    return re.sub(r" +(?=[;,])", "", text).strip(" ;")


def _root(html: str) -> Any:
    try:
        return lxml.html.fromstring(f"<div>{html}</div>")
    except (lxml.etree.ParserError, ValueError):
        # Nothing but what HTML has no place for.
        return None


# --- Dockets and courts ---------------------------------------------------------------------------------------------


def _court(match: "re.Match[str]") -> tuple[str, str]:
    """Return how a court is cited, and its level."""
    if circuit := match["circuit"]:
        return f"{CIRCUITS.get(circuit, circuit)} Cir.", "appeal"
    if match["top"]:
        return "U.S.", "top"
    if match["special"]:
        return SPECIAL[match["special"]], "trial"
    part, state = match["part"], STATES.get(match["state"], match["state"])
    if part.endswith("District of"):
        part = f"{part[0]}.D." if part.split()[0] in PARTS else "D."
    # Initials follow without a space: D.D.C., S.D.N.Y., but D. Mass.
    return part + ("" if re.fullmatch(r"(?:[A-Z]\.)+", state) else " ") + state, "trial"


def _courts_of(labels: "pd.Series[str]") -> dict[str, str]:
    """Return the court of each label that is the name of one and nothing else."""
    return {label: _court(match)[0] for label in labels.unique() if (match := LABEL.fullmatch(label))}


def _split(docket: str) -> tuple[str, ...]:
    """Return the numbers of a cell, or none if anything in it is not one."""
    matches = [DOCKET.fullmatch(part.strip()) for part in re.split(r"[;,]", docket)]
    return tuple(_written(match) for match in matches if match) if all(matches) else ()


def _written(match: "re.Match[str]") -> str:
    if match["trial"]:
        return f"{match['trial']}-{match['number']:0>5}"
    # "162 U.S." would be a volume of reports.
    return f"{match[0]} Orig." if match[0].isdigit() else match[0]


def _numbers(docket: str, courts: str) -> tuple[tuple[str, str], ...]:
    """Return the docket numbers of a text, each with its court: the nearest before it that can have such a number,
    else the next after it, else the first named for the whole case, else "".
    """
    named = [_court(match) for match in COURT.finditer(courts)]
    found = []
    for segment in SEGMENT.split(docket):
        places = [(match.start(), *_court(match)) for match in COURT.finditer(segment)]
        for match in DOCKET.finditer(segment):
            levels = next(FITTING[name] for name in FITTING if match[name])
            fitting = [(place, court) for place, court, level in places if level in levels]
            before = [court for place, court in fitting if place < match.start()]
            after = [court for place, court in fitting if place > match.start()]
            whole = [court for court, level in named if level in levels]
            found.append((_written(match), [*before[-1:], *after[:1], *whole[:1], ""][0]))
    return tuple(dict.fromkeys(found))


def _names(text: str) -> list[str]:
    """Return the legal acts a text names, in one spelling each."""
    return [form.format(name) for pattern, form in NAMES for name in pattern.findall(text)]


# --- Rows -----------------------------------------------------------------------------------------------------------


def _sentences(*parts: str) -> str:
    return " ".join(part if part.endswith(".") else f"{part}." for part in parts if part)


def _acts(frame: pd.DataFrame) -> pd.DataFrame:
    acts = frame[["act_id", "kind", "title", "identifiers"]]
    return acts.assign(
        signing_date=pd.Timestamp("NaT"),
        publication_date=frame["filed"],
        president="",
        citation_url=frame["url"],
        country_codes="",
    )


def _documents(frame: pd.DataFrame) -> pd.DataFrame:
    documents = frame[["document_id", "title", "url", "text"]]
    return documents.assign(kind=frame["kind"] + "_status", published_date=frame["updated"], language="en")
