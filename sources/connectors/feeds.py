"""Feeds in RSS or Atom of any publisher: their items as documents.

Publisher and licence: each feed's own; the default is the Federal Register's feed of the Department of Homeland
Security (public domain), which names the documents of the last 30 days. `urls` in the settings adds others. That an
item is no longer in a feed means nothing.
"""

from urllib.parse import urlsplit

import pandas as pd

from sources import feeds, tables
from sources.connector import MEBIBYTE, Ask, Plan, Request, Source
from sources.errors import SourceChanged
from sources.feeds import Item
from sources.formats import Format
from sources.snapshots import Snapshot
from sources.tables import Parsed, Quarantine

SOURCE = Source(
    id="feeds",
    title="Feeds in RSS and Atom",
    publisher="each feed's own publisher",
    base_url="https://www.federalregister.gov/api/v1",
    licence="each feed's own",
    tier=2,
    cadence_days=1,
    max_age_days=7,
    # A feed may have nothing new.
    min_rows=0,
    max_rows=10_000,
    max_bytes=16 * MEBIBYTE,
)

DEFAULT = "/documents.rss?conditions%5Bagencies%5D%5B%5D=homeland-security-department"
ARCHIVED = frozenset({"date_published", "description", "language", "link", "source_url", "title"})


def plan(ask: Ask) -> Plan:
    """Ask the default feed and every address of the settings."""
    for url in (ask.base_url + DEFAULT, *ask.urls):
        yield Request(key=urlsplit(url).netloc + urlsplit(url).path, url=url, formats=frozenset({Format.XML}))


def parse(snapshot: Snapshot) -> Parsed:
    """Return one document for each item: document_id is the item's own id, or its link.

    An item without title or link is withheld. Raises SourceChanged for what is no feed.
    """
    quarantine = Quarantine(snapshot)
    found = _archived(snapshot) if snapshot.format is Format.JSON else feeds.items(snapshot)
    rows = [
        {
            "document_id": item.id or item.link,
            "kind": "feed_item",
            "title": item.title,
            "published_date": pd.Timestamp(item.published.date()) if item.published else pd.NaT,
            "language": item.language,
            "url": item.link,
            "text": item.text,
        }
        for item in found
    ]
    frame = pd.DataFrame(rows, index=range(1, len(rows) + 1), columns=list(tables.DOCUMENT_COLUMNS))
    for column in ("title", "url"):
        frame = quarantine.keep(frame, frame[column] != "", column, "text")
    frame = tables.once(frame, ["document_id"], quarantine)
    return Parsed(documents=frame, withheld=quarantine.withheld)


def _archived(snapshot: Snapshot) -> list[Item]:
    """Read an archive of items as JSON."""
    entries = tables.read_json(snapshot)
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise SourceChanged(SOURCE.id, f"{snapshot.name}: expected a list of items")
    for number, entry in enumerate(entries, start=1):
        if entry.keys() != ARCHIVED or not all(isinstance(value, str | None) for value in entry.values()):
            raise SourceChanged(
                SOURCE.id, f"{snapshot.name}: item {number} has {sorted(entry)}; expected {sorted(ARCHIVED)} as text"
            )
    return [
        Item(
            id=entry["link"] or "",
            link=entry["link"] or "",
            title=" ".join((entry["title"] or "").split()),
            published=feeds.instant(entry["date_published"] or ""),
            text=" ".join((entry["description"] or "").split()),
            language=(entry["language"] or "")[:2].lower(),
        )
        for entry in entries
    ]
