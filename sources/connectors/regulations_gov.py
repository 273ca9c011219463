"""Regulations.gov: rules, proposed rules and notices as the dockets have them.

Publisher: U.S. General Services Administration, Regulations.gov v4. Licence: public domain, 17 U.S.C. 105. It needs a
key of api.data.gov. `postedDate` is midnight in Washington written in UTC. At most 20 pages of 250 rows are given, then
the window moves on by the day of the last change.
"""

from typing import Any
from urllib.parse import urlencode

import pandas as pd

from sources import tables
from sources.connector import MEBIBYTE, Ask, Plan, Request, Source
from sources.errors import SourceChanged
from sources.formats import Format
from sources.snapshots import Snapshot
from sources.tables import Parsed, Quarantine

SOURCE = Source(
    id="regulations_gov",
    title="Documents of rulemaking dockets",
    publisher="Regulations.gov",
    base_url="https://api.regulations.gov/v4",
    licence="public domain",
    tier=1,
    cadence_days=1,
    max_age_days=7,
    min_rows=0,
    max_rows=100_000,
    max_bytes=32 * MEBIBYTE,
    # A thousand an hour are allowed to a key.
    requests_per_second=0.25,
    needs_key=True,
)

AGENCIES = ("DHS", "USCIS", "ICE", "CBP", "EOIR", "DOS")
PAGE_ROWS, LAST_PAGE = 250, 20
FIRST_CHANGE = "2017-01-20 00:00:00"
KINDS = {
    "Rule": "rule",
    "Proposed Rule": "proposed_rule",
    "Notice": "notice",
    "Supporting & Related Material": "supporting_material",
    "Other": "other",
}
KNOWN = frozenset(
    {"documentType", "lastModifiedDate", "highlightedContent", "frDocNum", "withdrawn", "agencyId", "commentEndDate"}
    | {"title", "postedDate", "docketId", "subtype", "commentStartDate", "openForComment", "objectId"}
    | {"withinCommentPeriod", "allowLateComments"}
)
WASHINGTON = "America/New_York"


def plan(ask: Ask) -> Plan:
    """Ask for the documents of each agency in the order of their last change, moving the window past its last page."""
    for agency in AGENCIES:
        since, window, is_more = FIRST_CHANGE, 1, True
        while is_more:
            page, pages, last = 1, 1, since
            while page <= min(pages, LAST_PAGE):
                query = {
                    "filter[agencyId]": agency,
                    "filter[lastModifiedDate][ge]": since,
                    "sort": "lastModifiedDate,documentId",
                    "page[size]": str(PAGE_ROWS),
                    "page[number]": str(page),
                }
                answer = yield Request(
                    key=f"{agency} window {window} page {page}",
                    url=f"{ask.base_url}/documents?{urlencode(query)}",
                    formats=frozenset({Format.JSON}),
                    headers={"X-Api-Key": ask.api_key or ""},
                )
                document = tables.read_json(answer)
                items = _items(document, answer)
                meta = document.get("meta")
                stated = meta.get("totalPages") if isinstance(meta, dict) else None
                if not isinstance(stated, int):
                    raise SourceChanged(SOURCE.id, f"{answer.name}: no number of pages")
                pages = stated
                last = max((_change(item) for item in items), default=last)
                page += 1
            is_more = pages > LAST_PAGE
            if is_more and last == since:
                raise SourceChanged(SOURCE.id, f"{agency}: more than {PAGE_ROWS * LAST_PAGE} changes at {since}")
            since, window = last, window + 1


def _change(item: dict[str, Any]) -> str:
    """Return when a document last changed, as the filter wants it."""
    return str(item["attributes"].get("lastModifiedDate", "")).replace("T", " ").removesuffix("Z")


def _items(document: Any, snapshot: Snapshot) -> list[dict[str, Any]]:
    if isinstance(document, list):
        # Archived days are lists of pages.
        return [item for page in document for item in _items(page, snapshot)]
    items = document.get("data") if isinstance(document, dict) else None
    if not isinstance(items, list):
        raise SourceChanged(SOURCE.id, f"{snapshot.name}: no list of documents; it says {str(document)[:150]}")
    for number, item in enumerate(items, start=1):
        if not isinstance(item, dict) or not isinstance(item.get("attributes"), dict):
            raise SourceChanged(SOURCE.id, f"{snapshot.name}: document {number} has no attributes")
        if unknown := sorted(item["attributes"].keys() - KNOWN):
            raise SourceChanged(SOURCE.id, f"{snapshot.name}: document {number} has unknown fields {unknown}")
        if missing := {"documentType", "title", "postedDate", "frDocNum"} - item["attributes"].keys():
            raise SourceChanged(SOURCE.id, f"{snapshot.name}: document {number} lacks {sorted(missing)}")
    return items


def parse(snapshot: Snapshot) -> Parsed:
    """Return one act for each document: act_id is the document's id, publication_date the day it was posted.

    A document that was withdrawn keeps its row. Raises SourceChanged for an unknown field or type.
    """
    quarantine = Quarantine(snapshot)
    items = _items(tables.read_json(snapshot), snapshot)
    frame = pd.DataFrame(
        {
            "act_id": [_text(item.get("id")) for item in items],
            "type": [_text(item["attributes"]["documentType"]) for item in items],
            "title": [_text(item["attributes"]["title"]) for item in items],
            "posted": [_text(item["attributes"]["postedDate"]) for item in items],
            "number": [_text(item["attributes"]["frDocNum"]) for item in items],
        },
        index=range(1, len(items) + 1),
        dtype="str",
    )
    for column in ("act_id", "title"):
        frame = quarantine.keep(frame, frame[column] != "", column, "text")
    frame = tables.once(frame, ["act_id"], quarantine)
    instants = pd.to_datetime(frame["posted"], format="%Y-%m-%dT%H:%M:%SZ", errors="coerce", utc=True)
    frame = quarantine.keep(frame, instants.notna(), "posted", "an instant such as 2017-01-25T05:00:00Z")
    days = instants[instants.notna()].dt.tz_convert(WASHINGTON).dt.tz_localize(None).dt.normalize()
    acts = pd.DataFrame(
        {
            "act_id": frame["act_id"],
            "kind": tables.labels(frame, "type", KINDS, snapshot),
            "title": frame["title"],
            "signing_date": pd.NaT,
            "publication_date": days,
            "president": "",
            "citation_url": "https://www.regulations.gov/document/" + frame["act_id"],
            "country_codes": "",
            "identifiers": [f"FR Doc {number}" if number else "" for number in frame["number"]],
        }
    )
    return Parsed(acts=acts, withheld=quarantine.withheld)


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""
