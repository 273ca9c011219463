"""RSS and Atom: the items of a feed, whoever publishes it. No entity is resolved and nothing is fetched."""

from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime

import lxml.etree

from sources import texts
from sources.errors import SourceChanged
from sources.snapshots import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One item of a feed; what it does not say is "" or None."""

    id: str
    link: str
    title: str
    published: datetime | None
    text: str
    language: str


def items(snapshot: Snapshot) -> list[Item]:
    """Return the items of an RSS 0.9 to 2.0 or Atom feed, in its order.

    Raises SourceChanged for XML that is cut off or refers to entities, and for another vocabulary.
    """
    parser = lxml.etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = lxml.etree.fromstring(snapshot.content, parser)
    except lxml.etree.XMLSyntaxError as error:
        raise SourceChanged(snapshot.source_id, f"{snapshot.name}: not whole XML: {error}") from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise SourceChanged(snapshot.source_id, f"{snapshot.name}: a feed does not define entities")
    name = lxml.etree.QName(root).localname
    if name not in ("rss", "RDF", "feed"):
        raise SourceChanged(snapshot.source_id, f"{snapshot.name}: found <{name}>; expected a feed in RSS or Atom")
    language = _first(root, "language") or root.get("{http://www.w3.org/XML/1998/namespace}lang", "")
    entries = root.iterfind(".//{*}entry" if name == "feed" else ".//{*}item")
    return [_item(snapshot, entry, language[:2].lower()) for entry in entries]


def _item(snapshot: Snapshot, entry: lxml.etree._Element, language: str) -> Item:
    links = [link for link in entry.iterfind("{*}link") if link.get("rel", "alternate") == "alternate"]
    link = next((link.get("href") or (link.text or "") for link in links), "").strip()
    content = _first(entry, "encoded", "content", "description", "summary")
    return Item(
        id=(_first(entry, "guid", "id") or link).strip(),
        link=link,
        title=_plain(snapshot, _first(entry, "title")),
        published=instant(_first(entry, "pubDate", "published", "date", "updated")),
        text=_plain(snapshot, content),
        language=language,
    )


def _first(element: lxml.etree._Element, *names: str) -> str:
    """Return the text of the first child that is there and not empty, by local name in this order."""
    for name in names:
        for child in element.iter(f"{{*}}{name}"):
            if text := "".join(child.itertext()).strip():
                return text
    return ""


def _plain(snapshot: Snapshot, text: str) -> str:
    """Return text that may hold HTML as plain text."""
    if "<" not in text and "&" not in text:
        return " ".join(text.split())
    if not text.strip():
        return ""
    return texts.text_of(texts.parse_html(f"<div>{text}</div>", snapshot.source_id, snapshot.name))


def instant(text: str) -> datetime | None:
    """Return a time written as RFC 822 or ISO 8601; None if it is neither."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        pass
    try:
        return parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
