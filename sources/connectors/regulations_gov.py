"""Regulations.gov: rules, proposed rules and notices as the agencies' dockets have them.

Publisher: U.S. General Services Administration, Regulations.gov, API v4. Licence: public domain, 17 U.S.C. 105. It
needs a key of api.data.gov. A document with a Federal Register number is the same act as the Federal Register's own. It
was posted on a day in Washington, which comes as that day's midnight in UTC. `withdrawn` says that an agency took a
document out of a docket, not that the act ended: its row stays. Nothing is counted here.

A search gives 20 pages of 250 and no more. Past them the window moves on to the last change seen, as the publisher's
guide (open.gsa.gov/api/regulationsgov) says: its answers give that time in UTC, its filter takes it in Eastern time.
"""

import re
from collections.abc import Generator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

import orjson
import pandas as pd

from sources import tables
from sources.connector import MEBIBYTE, Ask, Plan, Request, Source
from sources.errors import SourceChanged
from sources.formats import Format
from sources.model import FIRST_TERM_START
from sources.snapshots import Snapshot
from sources.tables import Parsed, Quarantine

SOURCE = Source(
    id="regulations_gov",
    title="Rules, proposed rules and notices in dockets",
    publisher="U.S. General Services Administration, Regulations.gov",
    base_url="https://api.regulations.gov/v4",
    licence="public domain",
    tier=1,
    cadence_days=1,
    max_age_days=7,
    # An agency without documents of a type is an answer.
    min_rows=0,
    max_rows=100_000,
    max_bytes=32 * MEBIBYTE,
    # A key has a thousand requests an hour.
    requests_per_second=0.25,
    needs_key=True,
)

# Homeland Security, three of its parts, the immigration courts of Justice, and State.
AGENCIES = ("DHS", "USCIS", "USCBP", "ICEB", "EOIR", "DOS")
KINDS = {
    "Rule": "rule",
    "Proposed Rule": "proposed_rule",
    "Notice": "notice",
    "Supporting & Related Material": "supporting_material",
    "Other": "other",
}
# The types that are acts; the others are read where a file has them.
TYPES = ("Rule", "Proposed Rule", "Notice")
PAGE_ROWS, LAST_PAGE = 250, 20
NEEDED = ("documentType", "title", "postedDate", "frDocNum")
UNREAD = frozenset(
    (
        *("agencyId", "allowLateComments", "commentEndDate", "commentStartDate", "docketId", "documentId"),
        *("highlightedContent", "lastModifiedDate", "objectId", "openForComment", "subtype", "withdrawn"),
        "withinCommentPeriod",
    )
)
PARTS = frozenset(("data", "meta", "links"))
RESOURCE_PARTS = frozenset(("id", "type", "attributes", "links", "relationships"))

DOCUMENT_ID = r"[A-Za-z0-9][A-Za-z0-9_.-]*"
# As the Federal Register numbers its documents; "" for one that did not appear there.
NUMBER = r"|(?:[A-Z][0-9]?-)?[A-Z0-9]{1,4}-[0-9]{1,6}"
INSTANT = r"(?:19|20)[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:Z|[-+][0-9]{2}:[0-9]{2})"
WASHINGTON = ZoneInfo("America/New_York")


# --- What to ask ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The documents of an agency and type that were last changed at `since` or later; "" is from the beginning."""

    agency: str
    type: str
    number: int = 1
    since: str = ""

    def __str__(self) -> str:
        return f"{self.agency}, {self.type}, window {self.number}"


def plan(ask: Ask) -> Plan:
    """Ask for the documents of each agency and type since the first term began, window by window.

    Raises SourceChanged if pages do not add up to what was announced, or an agency has no document at all.
    """
    for agency in AGENCIES:
        found = 0
        for type_ in TYPES:
            found += yield from _windows(ask, Window(agency=agency, type=type_))
        if not found:
            raise SourceChanged(SOURCE.id, f"{agency}: no document of any type since {FIRST_TERM_START}")


def _windows(ask: Ask, window: Window) -> Generator[Request, Snapshot, int]:
    """Ask for one window after the other until one is not full; return how many documents there are."""
    announced, changes = yield from _pages(ask, window)
    ids, rest = set(changes), announced
    while rest > PAGE_ROWS * LAST_PAGE:
        since = _filter_time(max(changes.values()), window)
        if since == window.since:
            raise SourceChanged(SOURCE.id, f"{window}: {PAGE_ROWS * LAST_PAGE} documents or more changed at {since}")
        window = replace(window, number=window.number + 1, since=since)
        rest, changes = yield from _pages(ask, window)
        ids.update(changes)
    if len(ids) != announced:
        raise SourceChanged(SOURCE.id, f"{window}: {announced} documents announced at first, {len(ids)} given")
    return announced


def _pages(ask: Ask, window: Window) -> Generator[Request, Snapshot, tuple[int, dict[str, str]]]:
    """Ask for the pages of a window; return the announced total, and when each document given was last changed."""
    changes: dict[str, str] = {}
    page, total = 1, 0
    while page == 1 or (page <= LAST_PAGE and (page - 1) * PAGE_ROWS < total):
        answer = yield _request(ask, window, page)
        document = tables.read_json(answer)
        resources = _resources(document, answer)
        total = _total(document, page, answer)
        for resource in resources:
            changes[str(resource.get("id"))] = str(resource["attributes"].get("lastModifiedDate"))
        page += 1
    if len(changes) != min(total, PAGE_ROWS * LAST_PAGE):
        raise SourceChanged(SOURCE.id, f"{window}: {total} documents announced, {len(changes)} given")
    return total, changes


def _request(ask: Ask, window: Window, page: int) -> Request:
    query = {
        "filter[agencyId]": window.agency,
        "filter[documentType]": window.type,
        "filter[postedDate][ge]": FIRST_TERM_START.isoformat(),
        **({"filter[lastModifiedDate][ge]": window.since} if window.since else {}),
        "sort": "lastModifiedDate,documentId",
        "page[size]": str(PAGE_ROWS),
        "page[number]": str(page),
    }
    return Request(
        key=f"{window}, page {page}",
        url=f"{ask.base_url}/documents?{urlencode(query, quote_via=quote)}",
        formats=frozenset({Format.JSON}),
        headers={"X-Api-Key": ask.api_key or ""},
    )


def _total(document: Any, page: int, snapshot: Snapshot) -> int:
    """Return how many documents a search found. Raises SourceChanged if the answer is to another page or size."""
    meta = document.get("meta") if isinstance(document, dict) else None
    found = [meta.get(name) if isinstance(meta, dict) else None for name in ("pageNumber", "pageSize", "totalElements")]
    if found[:2] != [page, PAGE_ROWS] or type(found[2]) is not int:
        raise SourceChanged(
            SOURCE.id, f"{snapshot.name}: page, size and total are {found}; expected [{page}, {PAGE_ROWS}, a number]"
        )
    return found[2]


def _filter_time(changed: str, window: Window) -> str:
    """Return a time in UTC as the filter takes it: Eastern, without a zone."""
    if not re.fullmatch(INSTANT, changed):
        raise SourceChanged(SOURCE.id, f"{window}: changed {changed!r}; expected a time such as 2020-08-10T15:58:52Z")
    time = datetime.fromisoformat(changed).astimezone(WASHINGTON).replace(fold=0)
    # In autumn an hour comes twice. A window may begin too early, never too late.
    if time.utcoffset() != time.replace(fold=1).utcoffset():
        time -= timedelta(hours=1)
    return f"{time:%Y-%m-%d %H:%M:%S}"


# --- How to read it ---------------------------------------------------------------------------------------------------


def canonical(snapshot: Snapshot) -> bytes:
    """Return an answer without its aggregations, which count the documents of the last days."""
    try:
        document = orjson.loads(snapshot.content)
    except orjson.JSONDecodeError:
        return snapshot.content
    meta = document.get("meta") if isinstance(document, dict) else None
    if isinstance(meta, dict):
        meta.pop("aggregations", None)
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS)


def parse(snapshot: Snapshot) -> Parsed:
    """Return an act for each document of an answer, or of an archived list of answers, whose parts may lack `meta`.

    act_id is the document's id, publication_date the day it was posted, in Washington; nobody is said to have signed.
    Raises SourceChanged for an unknown part, field or type.
    """
    quarantine = Quarantine(snapshot)
    document = tables.read_json(snapshot)
    answers = document if isinstance(document, list) else [document]
    resources = [resource for answer in answers for resource in _resources(answer, snapshot)]
    given = [{**resource["attributes"], "id": resource.get("id")} for resource in resources]
    columns = {name: [_text(one[name]) for one in given] for name in ("id", *NEEDED)}
    frame = pd.DataFrame(columns, index=range(1, len(given) + 1), dtype="str")
    for name in frame:
        frame = quarantine.keep(frame, frame[name].notna(), str(name), "text")
    frame = _kept(frame, "id", DOCUMENT_ID, "an id such as DHS-2017-0003-0002", quarantine)
    frame = _kept(frame, "title", r"(?s:.+)", "a title", quarantine)
    frame = _kept(frame, "frDocNum", NUMBER, "a document number such as 2017-01665, or none", quarantine)
    frame = _kept(frame, "postedDate", INSTANT, "a time such as 2017-01-25T05:00:00Z", quarantine)
    posted = pd.to_datetime(frame["postedDate"], format="ISO8601", errors="coerce", utc=True)
    frame = quarantine.keep(frame, posted.notna(), "postedDate", "a time such as 2017-01-25T05:00:00Z")
    frame = tables.once(frame, ["id"], quarantine)
    days = posted[frame.index].dt.tz_convert(WASHINGTON).dt.tz_localize(None).dt.normalize()
    acts = pd.DataFrame(
        {
            "act_id": frame["id"],
            "kind": tables.labels(frame, "documentType", KINDS, snapshot),
            "title": frame["title"],
            "signing_date": pd.NaT,
            "publication_date": days,
            "president": "",
            "citation_url": "https://www.regulations.gov/document/" + frame["id"],
            "country_codes": "",
            "identifiers": ("FR Doc " + frame["frDocNum"]).where(frame["frDocNum"] != "", ""),
        }
    )
    return Parsed(acts=acts, withheld=quarantine.withheld)


def _kept(frame: pd.DataFrame, column: str, pattern: str, rule: str, quarantine: Quarantine) -> pd.DataFrame:
    return quarantine.keep(frame, frame[column].str.fullmatch(pattern), column, rule)


def _text(value: Any) -> str | None:
    """Return text without white space around it, "" for none, and None for anything else."""
    return "" if value is None else value.strip() if isinstance(value, str) else None


def _resources(answer: Any, snapshot: Snapshot) -> list[dict[str, Any]]:
    """Return the documents of one answer. Raises SourceChanged for another shape, such as the two that errors have."""
    resources = answer.get("data") if isinstance(answer, dict) else None
    if not isinstance(resources, list):
        words = (answer.get("errors") or answer.get("error")) if isinstance(answer, dict) else None
        said = f"it says {str(words)[:200]}" if words else f"found {str(answer)[:80]!r}"
        raise SourceChanged(SOURCE.id, f"{snapshot.name}: expected documents under `data`; {said}")
    _demand_known(answer, PARTS, snapshot)
    for number, resource in enumerate(resources, start=1):
        attributes = resource.get("attributes") if isinstance(resource, dict) else None
        if not isinstance(attributes, dict) or resource.get("type") != "documents":
            raise SourceChanged(SOURCE.id, f"{snapshot.name}: {number} is no document: {str(resource)[:80]!r}")
        _demand_known(resource, RESOURCE_PARTS, snapshot)
        _demand_known(attributes, UNREAD.union(NEEDED), snapshot)
        if missing := [name for name in NEEDED if name not in attributes]:
            raise SourceChanged(SOURCE.id, f"{snapshot.name}: document {number} lacks {missing}")
    return resources


def _demand_known(found: dict[str, Any], known: frozenset[str], snapshot: Snapshot) -> None:
    if unknown := sorted(found.keys() - known):
        raise SourceChanged(SOURCE.id, f"{snapshot.name}: unknown {unknown}; known are {sorted(known)}")
