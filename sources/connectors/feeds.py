"""Feeds: what publishers announce in RSS 2.0, RSS 1.0 and Atom, as dated titles with a teaser or the whole text.

Publisher: each feed's own; the Federal Register's list of documents of the Department of Homeland Security is asked
for without being named. Licence: that of each publisher; a teaser is quoted, not published again. An item is what a
publisher announced on a day, in the words of a headline.

A feed is a window on the newest items (the Federal Register's shows 30 days or 200 documents): an item that is no
longer in it has not been withdrawn, so every version of a feed stands. The archived form is a JSON list of items of
several feeds (the "RSS-Link-Database" of one year), in the fields of its program.
"""

import html
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from io import BytesIO
from typing import Any
from urllib.parse import urljoin, urlsplit

import lxml.etree
import lxml.html
import orjson
import pandas as pd
import pycountry

from sources import tables, texts
from sources.connector import MEBIBYTE, Ask, Plan, Request, Source
from sources.errors import SourceChanged, SourceError
from sources.formats import Format
from sources.snapshots import Snapshot
from sources.tables import Parsed, Quarantine

SOURCE = Source(
    id="feeds",
    title="Feeds of the Federal Register and of other publishers",
    publisher="The publisher of each feed",
    base_url="https://www.federalregister.gov/api/v1",
    licence="that of each publisher",
    tier=2,
    cadence_days=1,
    max_age_days=7,
    # A feed without items is an answer.
    min_rows=0,
    max_rows=10_000,
    max_bytes=16 * MEBIBYTE,
)

FEDERAL_REGISTER = "/documents.rss?conditions[agencies][]=homeland-security-department"

ATOM = "{http://www.w3.org/2005/Atom}"
CONTENT = "{http://purl.org/rss/1.0/modules/content/}"
DC = "{http://purl.org/dc/elements/1.1/}"
RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
RSS_1 = "{http://purl.org/rss/1.0/}"
XHTML = "{http://www.w3.org/1999/xhtml}"
XML = "{http://www.w3.org/XML/1998/namespace}"
# By its root, the element that is an item; RSS 2.0 has no namespace.
ITEMS = {"rss": "item", f"{RDF}RDF": f"{RSS_1}item", f"{ATOM}feed": f"{ATOM}entry"}
VERSIONS = ("2.0", "0.92", "0.91")
JSON_FIELDS = ("date_published", "description", "language", "link", "source_url", "title")

LINK = re.compile(r"https?://[^\s/?#@\[\]]+(?:[/?#]\S*)?")
# Names that are the same only within their feed ("12345") are told apart by the host of the link.
GLOBAL_ID = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:.+")
CLOCK = r"(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-6][0-9](?:\.[0-9]+)?)?"
RFC_822 = re.compile(
    r"(?:[A-Z][a-z]{2},\s*)?(?P<day>[0-9]{1,2}) (?P<month>[A-Z][a-z]{2}) (?P<year>[0-9]{4})"
    rf"(?: {CLOCK}(?: (?:[A-Z]{{1,5}}|[-+][0-9]{{4}}))?)?"
)
ISO = re.compile(
    rf"(?P<year>[0-9]{{4}})-(?P<month>[0-9]{{2}})-(?P<day>[0-9]{{2}})(?:[T ]{CLOCK}(?:Z|[-+][0-9]{{2}}:?[0-9]{{2}})?)?"
)
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """What a feed says of one item, as it stands; `name` is what the feed calls it, `text` is plain, None if unread."""

    name: str
    link: str
    title: str
    published: str
    language: str
    text: str | None


def plan(ask: Ask) -> Plan:
    """Ask for the Federal Register's feed and for every further address; every version of a feed stands.

    A feed that fails is left out. Raises SourceChanged, once the others are there, for an address not on the web.
    """
    urls = dict.fromkeys((ask.base_url + FEDERAL_REGISTER, *ask.urls))
    for url in filter(LINK.fullmatch, urls):
        try:
            yield Request(key=url, url=url, formats=frozenset({Format.XML}), keeps_versions=True)
        except SourceError:
            # It is recorded; one feed that fails does not keep the others from being asked.
            continue
    if strange := [url for url in urls if not LINK.fullmatch(url)]:
        raise SourceChanged(SOURCE.id, f"not the address of a feed: {strange}; expected https://...")


def canonical(snapshot: Snapshot) -> bytes:
    """Return what the items of a feed say, without the time that publishers stamp on each answer."""
    if snapshot.format is not Format.XML:
        return snapshot.content
    try:
        return orjson.dumps(_from_xml(snapshot))
    except SourceChanged:
        # It is kept as it is, and `parse` says what is wrong with it.
        return snapshot.content


def parse(snapshot: Snapshot) -> Parsed:
    """Return one document of kind feed_item for each item of a feed or of the archived list.

    document_id is what the feed calls the item, or its link; published_date the day as the publisher wrote it, NaT
    if the feed gives none (the time of the last change is none); language the item's or the feed's. Raises
    SourceChanged for another form, for declared entities, and for unknown fields of the archived list.
    """
    quarantine = Quarantine(snapshot)
    items = _from_json(snapshot, quarantine) if snapshot.format is Format.JSON else _numbered(_from_xml(snapshot))
    rows = {}
    for number, item in items.items():
        day = _day(item.published)
        if not LINK.fullmatch(item.link):
            quarantine.withhold(number, "link", _found(item.link), "a web address")
        elif not item.title:
            quarantine.withhold(number, "title", _found(item.title), "text")
        elif item.published and day is None:
            quarantine.withhold(number, "published", _found(item.published), "a day of RFC 822 or ISO 8601, or none")
        elif item.text is None:
            quarantine.withhold(
                number, "text", "found what cannot be read whole", "text without entities, not nested deep"
            )
        else:
            name = item.name or item.link
            document_id = name if GLOBAL_ID.fullmatch(name) else f"{urlsplit(item.link).netloc} {name}"
            published = pd.Timestamp(day) if day else pd.NaT
            language = _language(item.language)
            rows[number] = (document_id, "feed_item", item.title, published, language, item.link, item.text)
    frame = pd.DataFrame.from_dict(rows, orient="index", columns=list(tables.DOCUMENT_COLUMNS))
    if len({row[0] for row in rows.values()}) < len(rows):
        frame = tables.once(frame, ["document_id"], quarantine)
    return Parsed(documents=frame, withheld=quarantine.withheld)


def _numbered(items: Iterable[Item]) -> dict[int, Item]:
    return dict(enumerate(items, start=1))


def _found(text: str) -> str:
    return f"found {text[:80]!r}"


def _day(published: str) -> date | None:
    """Return the day of a time as the publisher wrote it, or None if it is none."""
    if match := RFC_822.fullmatch(published):
        month = MONTHS.index(match["month"]) + 1 if match["month"] in MONTHS else 0
    elif match := ISO.fullmatch(published):
        month = int(match["month"])
    else:
        return None
    try:
        return date(int(match["year"]), month, int(match["day"]))
    except ValueError:
        return None


@cache
def _language(tag: str) -> str:
    """Return the ISO 639-1 code of a language tag such as en-US, or "" if it has none."""
    code = re.split("[-_]", tag.strip().lower(), maxsplit=1)[0]
    return code if len(code) == 2 and pycountry.languages.get(alpha_2=code) else ""


# --- The archived list ------------------------------------------------------------------------------------------------


def _from_json(snapshot: Snapshot, quarantine: Quarantine) -> dict[int, Item]:
    entries = tables.read_json(snapshot)
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise SourceChanged(SOURCE.id, f"{snapshot.name}: expected a list of items with the fields {list(JSON_FIELDS)}")
    items = {}
    for number, entry in enumerate(entries, start=1):
        if unknown := sorted(set(entry) - set(JSON_FIELDS)):
            raise SourceChanged(
                SOURCE.id, f"{snapshot.name}: item {number}: unknown fields {unknown}; known are {list(JSON_FIELDS)}"
            )
        fields = {name: entry.get(name) or "" for name in JSON_FIELDS}
        if bad := [name for name, value in fields.items() if not isinstance(value, str)]:
            quarantine.withhold(number, bad[0], _found(str(fields[bad[0]])), "text, or none")
            continue
        items[number] = Item(
            name="",
            link=fields["link"].strip(),
            title=texts.one_line(fields["title"]),
            published=fields["date_published"].strip(),
            language=fields["language"],
            text=_text_of_html(fields["description"]),
        )
    return items


# --- Feeds ------------------------------------------------------------------------------------------------------------


def _from_xml(snapshot: Snapshot) -> list[Item]:
    """Return the items of a feed. Raises SourceChanged unless it is whole, of a known form and without entities."""
    tables.expect(snapshot, Format.XML)
    events = lxml.etree.iterparse(
        BytesIO(snapshot.content),
        events=("start", "end"),
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
    )
    items: list[Item] = []
    root = None
    language = ""
    try:
        for event, element in events:
            if root is None:
                root = element
                _check_root(root, snapshot)
            elif event == "end" and element.tag == ITEMS[root.tag]:
                items.append(_item(element))
                if len(items) > SOURCE.max_rows:
                    raise SourceChanged(SOURCE.id, f"{snapshot.name}: more than {SOURCE.max_rows} items")
                element.clear(keep_tail=False)
            elif event == "end" and element.tag in ("language", f"{RSS_1}language", f"{DC}language"):
                # That of an item is read, and cleared, with the item.
                language = language if _is_in_item(element, root) else _string(element)
    except lxml.etree.XMLSyntaxError as error:
        raise SourceChanged(SOURCE.id, f"{snapshot.name}: not whole XML: {error}") from error
    return [replace(item, language=item.language or language) for item in items]


def _check_root(root: Any, snapshot: Snapshot) -> None:
    if root.tag not in ITEMS:
        raise SourceChanged(
            SOURCE.id, f"{snapshot.name}: found the element {root.tag}; expected a feed: {sorted(ITEMS)}"
        )
    if root.tag == "rss" and root.get("version") not in VERSIONS:
        raise SourceChanged(
            SOURCE.id, f"{snapshot.name}: found RSS {root.get('version')!r}; known are {list(VERSIONS)}"
        )
    declared = root.getroottree().docinfo.internalDTD
    if declared is not None and next(iter(declared.entities()), None) is not None:
        raise SourceChanged(SOURCE.id, f"{snapshot.name}: declares entities, which are not resolved")


def _is_in_item(element: Any, root: Any) -> bool:
    return any(parent.tag == ITEMS[root.tag] for parent in element.iterancestors())


def _item(item: Any) -> Item:
    if item.tag == f"{ATOM}entry":
        return _entry(item)
    is_old = item.tag == f"{RSS_1}item"
    here = RSS_1 if is_old else ""
    guid = item.find("guid")
    name = texts.one_line(item.get(f"{RDF}about", "") if is_old else _string(guid))
    link = _string(item.find(f"{here}link"))
    if not link and guid is not None and guid.get("isPermaLink") != "false":
        link = name
    content = _string(item.find(f"{CONTENT}encoded")) or _string(item.find(f"{here}description"))
    return Item(
        name=name,
        link=link,
        # Publishers escape the characters of a title once too often.
        title=texts.one_line(html.unescape(_string(item.find(f"{here}title")))),
        published=texts.one_line(_string(item.find("pubDate")) or _string(item.find(f"{DC}date"))),
        language=_string(item.find(f"{DC}language")) or _inherited_language(item),
        text=None if _has_entities(item) else _text_of_html(content),
    )


def _entry(entry: Any) -> Item:
    links = [link for link in entry.findall(f"{ATOM}link") if link.get("rel", "alternate") == "alternate"]
    contents = [entry.find(f"{ATOM}{name}") for name in ("content", "summary")]
    # What is elsewhere, or no text, is not fetched: the summary stands for it.
    content = next((found for found in contents if found is not None and _is_text(found)), None)
    title = entry.find(f"{ATOM}title")
    return Item(
        name=texts.one_line(_string(entry.find(f"{ATOM}id"))),
        link=_address(links[0]) if links else "",
        title=texts.one_line(_construct(title) or "") if title is not None else "",
        published=_string(entry.find(f"{ATOM}published")),
        language=_inherited_language(entry),
        text=None if _has_entities(entry) else _construct(content) if content is not None else "",
    )


def _address(link: Any) -> str:
    """Return where one of Atom's links leads, which may be written from the feed's base; "" if that is no address."""
    try:
        return urljoin(str(link.base or ""), str(link.get("href", "")).strip())
    except ValueError:
        return ""


def _is_text(content: Any) -> bool:
    return content.get("src") is None and content.get("type", "text") in (
        "text",
        "html",
        "xhtml",
        "text/html",
        "text/plain",
    )


def _construct(content: Any) -> str | None:
    """Return the plain text of one of Atom's texts, by its type, or None if it cannot be read whole."""
    match content.get("type", "text"):
        case "html" | "text/html":
            return _text_of_html(_string(content))
        case "xhtml":
            return texts.text_of(content)
        case _:
            return texts.paragraphs(_string(content))


def _inherited_language(element: Any) -> str:
    found = element.xpath("ancestor-or-self::*/@xml:lang")
    return str(found[-1]) if found else ""


def _has_entities(item: Any) -> bool:
    """Say whether there is a reference to an entity, which is not resolved, so that text would be missing."""
    return next(item.iter(lxml.etree.Entity), None) is not None


def _string(element: Any) -> str:
    """Return the whole text of an element, though comments stand in it; "" for none."""
    return "" if element is None else str(element.xpath("string()")).strip()


# --- Text -------------------------------------------------------------------------------------------------------------


def _text_of_html(content: str) -> str | None:
    """Return the plain text of a piece of HTML; None if it cannot be read whole."""
    if "<" not in content and "&" not in content:
        return texts.paragraphs(content)
    try:
        return texts.text_of(texts.parse_fragment(content, SOURCE.id, "an item"))
    except SourceChanged:
        return None
