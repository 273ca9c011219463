"""Federal Register: presidential documents, and the rules and notices of the departments that carry migration policy.

Publisher: Office of the Federal Register. Licence: public domain, 17 U.S.C. 105. A document is known by its number;
its term by the day it was signed, never by the day it was published: orders of one president are published under the
next.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

import lxml.etree
import lxml.html
import orjson
import pandas as pd

from sources import tables
from sources.connector import MEBIBYTE, Ask, Plan, Request, Source
from sources.errors import SourceChanged
from sources.formats import Format
from sources.model import BRIDGE_START, FIRST_TERM_START, SECOND_TERM_START
from sources.snapshots import Snapshot
from sources.tables import Parsed, Quarantine

SOURCE = Source(
    id="federal_register",
    title="Federal Register, presidential documents, rules and notices",
    publisher="Office of the Federal Register",
    base_url="https://www.federalregister.gov/api/v1",
    licence="public domain",
    tier=1,
    cadence_days=1,
    max_age_days=7,
    # A slice without documents is an answer.
    min_rows=0,
    max_rows=100_000,
    max_bytes=64 * MEBIBYTE,
    requests_per_second=4,
)

PAGE_ROWS = 1000
# Past this page the interface silently answers with the first one.
LAST_PAGE = 50
FIELDS = (
    *("document_number", "title", "type", "subtype", "signing_date", "publication_date", "president", "citation"),
    *("html_url", "executive_order_number", "proclamation_number", "correction_of"),
)
PRESIDENTS = ("donald-trump", "joe-biden")
AGENCIES = ("homeland-security-department", "justice-department", "state-department")
# What the rules and notices of those departments are narrowed to.
TERMS = (
    *("asylum", '"temporary protected status"', '"expedited removal"', '"public charge"', "parole"),
    *('"removal of aliens"', '"visa" nationals', '"refugee admissions"', '"Migrant Protection Protocols"'),
)
# The publisher's labels, by type or, for presidential documents, by subtype.
KINDS = {
    "Rule": "rule",
    "Proposed Rule": "proposed_rule",
    "Notice": "notice",
    "Correction": "correction",
    "Uncategorized Document": "other",
    "Sunshine Act Document": "notice",
}
PRESIDENTIAL_KINDS = {
    "Executive Order": "executive_order",
    "Proclamation": "proclamation",
    "Memorandum": "memorandum",
    "Determination": "determination",
    "Presidential Order": "presidential_order",
    "Notice": "presidential_notice",
    "Other": "presidential_document",
    "": "presidential_document",
}
PRESIDENTIAL = "Presidential Document"
NEEDED = ("document_number", "title", "type", "publication_date", "html_url")
KNOWN = frozenset(FIELDS) | frozenset(
    {"abstract", "action", "agencies", "agency_names", "body_html_url", "cfr_references", "comment_count"}
    | {"comment_url", "comments_close_on", "corrections", "dates", "disposition_notes", "docket_id", "docket_ids"}
    | {"dockets", "effective_on", "end_page", "excerpts", "executive_order_notes", "explanation", "full_text_xml_url"}
    | {"images", "images_metadata", "json_url", "mods_url", "not_received_for_publication", "page_length"}
    | {"page_views", "pdf_url", "presidential_document_number", "presidential_document_type"}
    | {"public_inspection_pdf_url", "raw_text_url", "regulation_id_number_info", "regulation_id_numbers"}
    | {"regulations_dot_gov_info", "regulations_dot_gov_url", "significant", "start_page", "toc_doc", "toc_subject"}
    | {"topics", "volume"}
)
CSV_COLUMNS = {name: name for name in FIELDS}
DAY = re.compile(
    r"(?:(?P<y>[0-9]{4})-(?P<m>[0-9]{2})-(?P<d>[0-9]{2})|(?P<m2>[0-9]{1,2})/(?P<d2>[0-9]{1,2})/(?P<y2>[0-9]{4}))"
)


# --- What to ask ------------------------------------------------------------------------------------------------------


def plan(ask: Ask) -> Plan:
    """Ask for the documents of each president, then for the rules and notices, year by year.

    A slice of more documents than the pages reach is cut in two. Raises SourceChanged if the pages do not add up to
    the count.
    """
    searches = [(f"documents of {president}", _presidential(president)) for president in PRESIDENTS]
    searches += [(f"rules and notices on {term}", _departmental(term)) for term in TERMS]
    for name, conditions in searches:
        for start, end in _years(ask.today):
            yield from _slice(ask, name, conditions, start, end)


def _presidential(president: str) -> list[tuple[str, str]]:
    return [("conditions[type][]", "PRESDOCU"), ("conditions[president][]", president)]


def _departmental(term: str) -> list[tuple[str, str]]:
    types = [("conditions[type][]", kind) for kind in ("RULE", "PRORULE", "NOTICE")]
    agencies = [("conditions[agencies][]", agency) for agency in AGENCIES]
    return [*types, *agencies, ("conditions[term]", term)]


def _years(today: date) -> Iterator[tuple[date, date]]:
    """Yield the days from the first term on, year by year, both ends included."""
    start = FIRST_TERM_START
    while start <= today:
        end = min(date(start.year, 12, 31), today) if start.year < today.year else date(start.year, 12, 31)
        yield start, end
        start = end + timedelta(days=1)


def _slice(ask: Ask, name: str, conditions: list[tuple[str, str]], start: date, end: date) -> Plan:
    page, seen, pages = 1, 0, 1
    while page <= pages:
        query = [
            *conditions,
            ("conditions[publication_date][gte]", start.isoformat()),
            ("conditions[publication_date][lte]", end.isoformat()),
            ("per_page", str(PAGE_ROWS)),
            ("order", "oldest"),
            ("page", str(page)),
            *(("fields[]", field) for field in FIELDS),
        ]
        answer = yield Request(
            key=f"{name}, {start} to {end}, page {page}",
            url=f"{ask.base_url}/documents.json?{urlencode(query)}",
            formats=frozenset({Format.JSON}),
        )
        count, results = _search(answer)
        if count > PAGE_ROWS * LAST_PAGE:
            middle = start + (end - start) // 2
            yield from _slice(ask, name, conditions, start, middle)
            yield from _slice(ask, name, conditions, middle + timedelta(days=1), end)
            return
        seen += len(results)
        pages = -(-count // PAGE_ROWS)
        page += 1
    if seen != count:
        raise SourceChanged(SOURCE.id, f"{name}, {start} to {end}: {count} documents announced, {seen} received")


def _search(snapshot: Snapshot) -> tuple[int, list[dict[str, Any]]]:
    """Return the count and the results of a search; one without hits has no results. Raises SourceChanged."""
    document = tables.read_json(snapshot)
    if not isinstance(document, dict) or not isinstance(count := document.get("count"), int):
        raise SourceChanged(SOURCE.id, f"{snapshot.name}: no count; {_error(document)}")
    results = document.get("results", [])
    if count and not results:
        raise SourceChanged(SOURCE.id, f"{snapshot.name}: {count} documents and no results")
    if not isinstance(results, list):
        raise SourceChanged(SOURCE.id, f"{snapshot.name}: the results are no list")
    return count, results


def _error(document: object) -> str:
    """Return what an error says: it has two shapes."""
    if isinstance(document, dict) and ("errors" in document or "message" in document):
        return f"it says {document.get('errors') or document.get('message')}"
    return "it is no search"


# --- How to read it ---------------------------------------------------------------------------------------------------


def canonical(snapshot: Snapshot) -> bytes:
    """Return a document without its page views, which change every day."""
    document = tables.read_json(snapshot) if snapshot.format is Format.JSON else None
    if not isinstance(document, dict):
        return snapshot.content
    for part in (document, *document.get("results", [])):
        if isinstance(part, dict):
            part.pop("page_views", None)
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS)


def parse(snapshot: Snapshot) -> Parsed:
    """Return one act for each document: searches, single documents and exports as JSON, exports as CSV.

    act_id is the document number; president is the publisher's, or that of the day it was signed. Full texts (XML,
    HTML) give a document. Raises SourceChanged for an unknown field, type or subtype.
    """
    match snapshot.format:
        case Format.XML | Format.HTML:
            return _full_text(snapshot)
        case Format.TEXT:
            quarantine = Quarantine(snapshot)
            ignored = KNOWN - CSV_COLUMNS.keys()
            optional = tuple(set(FIELDS) - set(NEEDED))
            frame = tables.read_csv(
                snapshot, CSV_COLUMNS, quarantine, optional=optional, ignored=ignored, has_newlines=True
            )
            for name in set(FIELDS) - set(frame.columns):
                frame[name] = ""
            return _acts(frame, snapshot, quarantine)
        case _:
            return _acts(_from_json(snapshot), snapshot, Quarantine(snapshot))


def _from_json(snapshot: Snapshot) -> pd.DataFrame:
    document = tables.read_json(snapshot)
    if isinstance(document, dict) and "document_number" in document:
        documents: Any = [document]
    elif isinstance(document, dict):
        _, documents = _search(snapshot)
    else:
        documents = document
    if not isinstance(documents, list) or not all(isinstance(item, dict) for item in documents):
        raise SourceChanged(SOURCE.id, f"{snapshot.name}: expected a list of documents; {_error(document)}")
    keys = {key for item in documents for key in item}
    if unknown := sorted(keys - KNOWN):
        raise SourceChanged(SOURCE.id, f"{snapshot.name}: unknown fields {unknown}")
    for number, item in enumerate(documents, start=1):
        if missing := [name for name in NEEDED if name not in item]:
            raise SourceChanged(SOURCE.id, f"{snapshot.name}: document {number} lacks {missing}")
    columns = {name: [_text(item.get(name)) for item in documents] for name in FIELDS}
    return pd.DataFrame(columns, index=range(1, len(documents) + 1), dtype="str")


def _text(value: Any) -> str:
    """Return a field as text: numbers come as numbers or text, a president as an object with an identifier."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, dict):
        return str(value.get("identifier", ""))
    return str(value)


def _acts(frame: pd.DataFrame, snapshot: Snapshot, quarantine: Quarantine) -> Parsed:
    frame = frame.assign(document_number=frame["document_number"].str.strip())
    for column in ("document_number", "title", "html_url"):
        frame = quarantine.keep(frame, frame[column] != "", column, "text")
    for column, is_optional in (("publication_date", False), ("signing_date", True)):
        frame = _days(frame, column, quarantine, is_optional=is_optional)
    frame = tables.once(frame, ["document_number"], quarantine)
    is_presidential = frame["type"] == PRESIDENTIAL
    kinds = pd.concat(
        [
            tables.labels(frame[is_presidential], "subtype", PRESIDENTIAL_KINDS, snapshot),
            tables.labels(frame[~is_presidential], "type", KINDS, snapshot),
        ]
    )
    stated = frame["president"].str.strip()
    signed = [_president(day) for day in frame["signing_date"]]
    acts = pd.DataFrame(
        {
            "act_id": frame["document_number"],
            "kind": kinds.reindex(frame.index),
            "title": frame["title"],
            "signing_date": frame["signing_date"],
            "publication_date": frame["publication_date"],
            "president": stated.where(~is_presidential | (stated != ""), pd.Series(signed, index=frame.index)),
            "citation_url": frame["html_url"],
            "country_codes": "",
            "identifiers": [_identifiers(*names) for names in _names(frame)],
        }
    )
    return Parsed(acts=acts, withheld=quarantine.withheld)


def _days(frame: pd.DataFrame, column: str, quarantine: Quarantine, *, is_optional: bool) -> pd.DataFrame:
    """Read days in the forms that the publisher's exports have: 2017-01-30 and 01/30/2017 or 1/30/2017."""
    parts = frame[column].str.extract(DAY.pattern + r"\Z") if len(frame) else pd.DataFrame(columns=list(DAY.groupindex))
    whole = frame[column].str.fullmatch(DAY.pattern) if len(frame) else pd.Series(dtype=bool)
    year, month, day = (parts[name].fillna(parts[f"{name}2"]) for name in ("y", "m", "d"))
    parsed = pd.to_datetime(year + "-" + month + "-" + day, format="%Y-%m-%d", errors="coerce")
    is_good = (whole & parsed.notna()) | ((frame[column] == "") & is_optional)
    good = quarantine.keep(frame, is_good, column, "a day such as 2017-01-30 or 01/30/2017").copy()
    good[column] = parsed[is_good].astype("datetime64[us]")
    return good


def _president(signed: Any) -> str:
    """Return who was president on a day; nobody is said for a day with two, or for no day."""
    if signed != signed:
        return ""
    day = signed.date()
    if day in (BRIDGE_START, SECOND_TERM_START) or day <= FIRST_TERM_START:
        return ""
    return "joe-biden" if BRIDGE_START < day < SECOND_TERM_START else "donald-trump"


def _names(frame: pd.DataFrame) -> Iterable[tuple[str, str, str, str]]:
    columns = ("executive_order_number", "proclamation_number", "document_number", "citation")
    return zip(*(frame[column] for column in columns), strict=True)


def _identifiers(order: str, proclamation: str, number: str, citation: str) -> str:
    return tables.join(
        (
            f"EO {order}" if order else "",
            f"Proclamation {proclamation}" if proclamation else "",
            f"FR Doc {number}",
            citation,
        )
    )


# --- Full texts -------------------------------------------------------------------------------------------------------


def _full_text(snapshot: Snapshot) -> Parsed:
    """Return the text of one document: GPO's XML, the HTML that "raw text" is, or the HTML of its body."""
    if snapshot.format is Format.XML and b"PRESDOCU" in snapshot.content[:4096]:
        parser = lxml.etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
        try:
            root = lxml.etree.fromstring(snapshot.content, parser)
        except lxml.etree.XMLSyntaxError as error:
            raise SourceChanged(SOURCE.id, f"{snapshot.name}: not whole XML: {error}") from error
        parts = root.iter("EXECORDR", "HD", "FP", "P")
        blocks = [" ".join("".join(map(str, part.itertext())).split()) for part in parts]
    else:
        root = lxml.html.fromstring(tables.read_text(snapshot))
        text = "".join(map(str, root.xpath(".//text()[not(ancestor::script or ancestor::style)]")))
        blocks = [" ".join(block.split()) for block in re.split(r"\n\s*\n", text)]
    blocks = [block for block in blocks if block]
    if not any("Order" in block or "Proclamation" in block for block in blocks[:20]):
        raise SourceChanged(SOURCE.id, f"{snapshot.name}: no text of a presidential document")
    documents = pd.DataFrame(
        {
            "document_id": [snapshot.name],
            "kind": "full_text",
            "title": next(block for block in blocks if "Order" in block or "Proclamation" in block)[:300],
            "published_date": pd.NaT,
            "language": "en",
            "url": snapshot.url,
            "text": "\n\n".join(blocks),
        }
    )
    return Parsed(documents=documents)
