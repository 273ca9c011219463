"""The White House: presidential actions, fact sheets, statements, articles and remarks, as its site publishes them.

Publisher: The White House. Licence: public domain, 17 U.S.C. 105 (the site's own copyright notice). A document says
what the White House published on a day, not what took effect: an order's day of signing and number are in the Federal
Register. The site runs on WordPress: each section has a feed of its newest pages, and a page carries the time it was
first published and the time it was last changed; only the first counts, as a day in Washington. Besides pages and
feeds this reads two archives of the site: Markdown with front matter, one file for each page (the Briefing Room's
archive of 2024 too), and a table scraped by a newsroom, which has its text without paragraphs.

The publisher files one post in several sections, each with an address: the year, month and slug, which WordPress
never gives twice, are the document's id. A page that has left its feed has not been withdrawn, and stays.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from io import BytesIO
from typing import Any
from zoneinfo import ZoneInfo

import lxml.etree
import lxml.html
import orjson
import pandas as pd
import yaml

from sources import tables, texts
from sources.connector import MEBIBYTE, Ask, Plan, Request, Source
from sources.errors import SourceChanged, SourceError
from sources.formats import Format
from sources.snapshots import Snapshot
from sources.tables import Parsed, Quarantine

SOURCE = Source(
    id="white_house",
    title="Presidential actions, fact sheets, statements, articles and remarks",
    publisher="The White House",
    base_url="https://www.whitehouse.gov",
    licence="public domain",
    tier=1,
    cadence_days=1,
    max_age_days=7,
    max_rows=10_000,
    max_bytes=16 * MEBIBYTE,
)

FEEDS = ("presidential-actions", "fact-sheets", "briefings-statements", "articles", "remarks")
# Of the pages the feeds link, so many of the newest are asked for in one run.
MAX_PAGES = 60
# The sections of the site, of its archive of 2024 too. Articles are called releases from March 2026 on.
KINDS = {
    "presidential-actions": "presidential_action",
    "fact-sheets": "fact_sheet",
    "briefings-statements": "statement",
    "statements-releases": "statement",
    "articles": "article",
    "releases": "article",
    "remarks": "remarks",
}
SECTION_NAMES = {
    "presidential actions": "presidential-actions",
    "fact sheets": "fact-sheets",
    "briefings & statements": "briefings-statements",
    "articles": "articles",
    "releases": "releases",
    "remarks": "remarks",
}
# Fact sheets are filed in every section: the publisher's title says what they are.
FACT_SHEET = re.compile(r"fact sheet\s*:", re.I)
ADDRESS = re.compile(
    r"https://(?:(?:www\.)?whitehouse\.gov|bidenwhitehouse\.archives\.gov/briefing-room)"
    r"/(?P<section>[a-z][a-z-]*)/(?P<id>20[0-9]{2}/[0-9]{2}/(?:[0-9]{2}/)?[^/?#\s]+)/?"
)
PAGE = re.compile(
    r"https://(?:www\.)?whitehouse\.gov(?P<path>/[a-z][a-z-]*/(?P<id>20[0-9]{2}/[0-9]{2}/[^/?#\s]+)/?)(?:[?#]\S*)?"
)
# A time says where it holds, or the day in Washington could not be known.
TIME = re.compile(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}:[0-9]{2}(?:Z|[-+][0-9]{2}:[0-9]{2})")
WASHINGTON = ZoneInfo("America/New_York")
LONG_AGO = datetime.min.replace(tzinfo=UTC)
RFC_822 = re.compile(r"[A-Z][a-z]{2}, [0-9]{1,2} [A-Z][a-z]{2} 20[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2} [-+][0-9]{4}")

CONTENT = "{http://purl.org/rss/1.0/modules/content/}encoded"
# The element of a page that holds its text.
CONTENT_CLASSES = ("entry-content", "wp-block-post-content")
# Of the text itself only the head of the page: section, title, kind and date.
TOPPER = "wp-block-whitehouse-topper"
TITLE_TAIL = re.compile(r"\s+[-\u2013|] The White House\Z")
# With these words each item of a feed ends.
FEED_TAIL = ("The post ", " appeared first on ")

FRONT_MATTER = re.compile(r"---\n(?P<head>(?:[^-\n][^\n]*\n){1,64})---[ ]*\n(?P<body>.*)", re.S)
SECOND_FILE = re.compile(r"^---[ ]*\n[a-z_]+: ", re.M)
UNFINISHED_TAG = re.compile(r"<[a-zA-Z/!][^<>]*\Z")
FIELDS = ("date", "published_time", "source_url", "tags", "title")
OPTIONAL_FIELDS = ("modified_time",)
ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
AUTOLINK = re.compile(r"<(https?://[^<>\s]+)>")
# An address in brackets may have brackets of its own; the archive has some that are not closed.
TARGET = r"\((?:[^()\s]*(?:\([^()\s]*\)[^()\s]*)*|[^()\s]*\([^()\s]*)(?:\s+\"[^\"]*\")?\)"
IMAGE = re.compile(r"!\[[^\[\]]*\]" + TARGET)
LINK = re.compile(r"\[([^\[\]]*)\]" + TARGET)
RULE = re.compile(r"\s*-{3,}\s*")
BULLET = re.compile(r"\A *-   ?(?=\S)")
NUMBERED = re.compile(r"\A( *)[0-9]{1,3}\. +(?=\S)")
QUOTE_OR_HEADING = re.compile(r"\A\s*(?:>(?:\s|\Z)|#{1,6}\s+)+")

CSV_COLUMNS = {"Name": "name", "Headline": "title", "Date": "published", "Link": "url", "Content": "text"}
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
DAY = re.compile(r"(?P<month>[A-Z][a-z]+) (?P<day>[0-9]{1,2}), (?P<year>20[0-9]{2})")
# Between title and day stands at most a label such as "Presidential Memoranda".
LONGEST_LABEL = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """What a page, a file, an item or a row says of one post: its texts, and the day they give, None if it is none."""

    url: str
    title: str
    published: str
    day: date | None
    text: str


def plan(ask: Ask) -> Plan:
    """Ask for the feed of each section, then for the newest of the pages they link, each post once.

    Only pages at the publisher's own address are asked for; a feed or page that fails is left out. Raises
    SourceChanged for a feed that is none and, once the pages are there, for links to anything else.
    """
    newest: dict[str, tuple[datetime, str]] = {}
    strays = []
    for section in FEEDS:
        try:
            feed = yield Request(
                key=f"feed {section}",
                url=f"{ask.base_url}/{section}/feed/",
                formats=frozenset({Format.XML}),
                is_listing=True,
            )
        except SourceError:
            # It is recorded; the other sections are there all the same.
            continue
        for post in _items(feed):
            if match := PAGE.fullmatch(post.url):
                newest.setdefault(match["id"], (_instant(post.published) or LONG_AGO, match["path"]))
            else:
                strays.append(post.url)
    chosen = sorted(newest.items(), key=lambda page: (page[1][0], page[0]), reverse=True)
    for document_id, (_, path) in chosen[:MAX_PAGES]:
        try:
            yield Request(key=document_id, url=ask.base_url + path, formats=frozenset({Format.HTML}))
        except SourceError:
            continue
    if strays:
        raise SourceChanged(SOURCE.id, f"feeds link {strays[:3]}; expected pages like /remarks/2025/01/slug/")


def canonical(snapshot: Snapshot) -> bytes:
    """Return what a page says, without the parts of it that WordPress makes anew for each visitor."""
    if snapshot.format is not Format.HTML:
        return snapshot.content
    try:
        return orjson.dumps(_page(snapshot))
    except SourceChanged:
        # It is kept as it is, and `parse` says what is wrong with it.
        return snapshot.content


def parse(snapshot: Snapshot) -> Parsed:
    """Return documents: one for a page or a Markdown file, one for each item of a feed or row of a table.

    document_id is year, month and slug of the address; published_date the day in Washington; text has a blank line
    between paragraphs and none of the file's own line ends. Raises SourceChanged for a section, field or column that
    is not known, and for a page without the parts of a WordPress page.
    """
    quarantine = Quarantine(snapshot)
    match snapshot.format:
        case Format.HTML:
            posts = {1: _page(snapshot)}
        case Format.XML:
            posts = dict(enumerate(_items(snapshot), start=1))
        case _ if snapshot.content.removeprefix(b"\xef\xbb\xbf").startswith(b"---"):
            posts = {1: _markdown(snapshot)}
        case _:
            posts = _table(snapshot, quarantine)
    return _documents(posts, snapshot, quarantine)


def _documents(posts: Mapping[int, Post], snapshot: Snapshot, quarantine: Quarantine) -> Parsed:
    """Check posts by the number of their row and give them their ids and kinds. Raises SourceChanged for a section."""
    rows = {}
    # A post filed in several sections is one document, at the first of its addresses.
    first: dict[str, tuple[str, str]] = {}
    for number, post in posts.items():
        match = ADDRESS.fullmatch(post.url)
        if match is None:
            quarantine.withhold(number, "url", _found(post.url), "an address like /remarks/2025/01/slug/ of the site")
        elif not post.title:
            quarantine.withhold(number, "title", _found(post.title), "text")
        elif post.day is None:
            quarantine.withhold(
                number, "published", _found(post.published), "a day, or a time that says where it holds"
            )
        else:
            kind = _kind(match["section"], post.title, snapshot)
            kind, url = first.setdefault(match["id"], (kind, post.url))
            rows[number] = (match["id"], kind, post.title, pd.Timestamp(post.day), "en", url, post.text)
    frame = pd.DataFrame.from_dict(rows, orient="index", columns=list(tables.DOCUMENT_COLUMNS))
    if len(first) < len(rows):
        frame = tables.once(frame, ["document_id"], quarantine)
    return Parsed(documents=frame, withheld=quarantine.withheld)


def _kind(section: str, title: str, snapshot: Snapshot) -> str:
    if section not in KINDS:
        raise SourceChanged(SOURCE.id, f"{snapshot.name}: unknown section {section!r}; known are {sorted(KINDS)}")
    return "fact_sheet" if FACT_SHEET.match(title) else KINDS[section]


def _found(text: str) -> str:
    return f"found {text[:80]!r}"


def _washington(instant: datetime | None) -> date | None:
    return instant.astimezone(WASHINGTON).date() if instant else None


def _iso_instant(published: str) -> datetime | None:
    """Return the time that a page gives, or None if it is none or does not say where it holds."""
    if not TIME.fullmatch(published):
        return None
    try:
        return datetime.fromisoformat(published)
    except ValueError:
        return None


# --- Feeds ------------------------------------------------------------------------------------------------------------


def _items(snapshot: Snapshot) -> list[Post]:
    """Return what the items of a feed say. Raises SourceChanged unless it is RSS 2.0."""
    tables.expect(snapshot, Format.XML)
    events = lxml.etree.iterparse(
        BytesIO(snapshot.content),
        events=("start", "end"),
        tag=("rss", "item"),
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
    )
    items = []
    is_feed = False
    try:
        for event, element in events:
            if element.tag == "rss":
                is_feed = True
                if element.getroottree().docinfo.doctype:
                    raise SourceChanged(SOURCE.id, f"{snapshot.name}: declares a document type; feeds have none")
            elif event == "end":
                items.append(_item(element, snapshot))
                element.clear(keep_tail=False)
    except lxml.etree.XMLSyntaxError as error:
        raise SourceChanged(SOURCE.id, f"{snapshot.name}: not whole XML: {error}") from error
    if not is_feed:
        raise SourceChanged(SOURCE.id, f"{snapshot.name}: found no <rss>; expected a feed of WordPress")
    return items


def _item(item: Any, snapshot: Snapshot) -> Post:
    paragraphs = _text(_fragment(_child(item, CONTENT) or _child(item, "description"), snapshot)).split("\n\n")
    if paragraphs[-1].startswith(FEED_TAIL[0]) and FEED_TAIL[1] in paragraphs[-1]:
        del paragraphs[-1]
    published = _child(item, "pubDate")
    return Post(
        url=_child(item, "link"),
        title=texts.one_line(_child(item, "title")),
        published=published,
        day=_washington(_instant(published)),
        text="\n\n".join(paragraphs),
    )


def _child(item: Any, tag: str) -> str:
    """Return the whole text of a child, though comments stand in it, or ""."""
    child = item.find(tag)
    return "" if child is None else str(child.xpath("string()")).strip()


def _instant(published: str) -> datetime | None:
    """Return the time a feed gives, such as "Thu, 23 Jan 2025 17:42:00 +0000", or None if it is none."""
    if not RFC_822.fullmatch(published):
        return None
    try:
        return parsedate_to_datetime(published)
    except ValueError:
        return None


# --- Pages ------------------------------------------------------------------------------------------------------------


def _page(snapshot: Snapshot) -> Post:
    """Return what a page says. Raises SourceChanged if it has not the parts of a WordPress page."""
    if b"</html>" not in snapshot.content[-4096:].lower():
        raise SourceChanged(SOURCE.id, f"{snapshot.name}: the page does not end; cut off?")
    page = texts.parse_page(snapshot.content, SOURCE.id, snapshot.name)
    content = next((found for name in CONTENT_CLASSES for found in page.xpath(_of_class(name))), None)
    if content is None:
        raise SourceChanged(SOURCE.id, f"{snapshot.name}: no element of class {' or '.join(CONTENT_CLASSES)}")
    published = _first(
        _metas(page, "article:published_time"),
        page.xpath(_of_class("wp-block-post-date") + "[not(contains(@class, 'modified'))]//time/@datetime"),
    )
    return Post(
        url=_first(page.xpath("//link[@rel='canonical']/@href"), _metas(page, "og:url"), [snapshot.url]),
        title=_title(page),
        published=published,
        day=_washington(_iso_instant(published)),
        text=_text(content),
    )


def _title(page: Any) -> str:
    """Return the headline; where a page has the name of its section there, the title it gives to those who link it."""
    headlines = [texts.one_line(found.text_content()) for found in page.xpath("//h1")]
    titles = [TITLE_TAIL.sub("", texts.one_line(title)) for title in _metas(page, "og:title")]
    return _first([title for title in (*headlines, *titles) if title.casefold() not in SECTION_NAMES])


def _metas(page: Any, name: str) -> list[str]:
    return [str(value) for value in page.xpath("//meta[@property=$name]/@content", name=name)]


def _of_class(name: str) -> str:
    return f"//*[contains(concat(' ', normalize-space(@class), ' '), ' {name} ')]"


def _first(*found: list[str]) -> str:
    """Return the first that says something, or ""."""
    return next((value.strip() for values in found for value in values if value.strip()), "")


def _fragment(html: str, snapshot: Snapshot) -> Any:
    return texts.parse_fragment(html, SOURCE.id, snapshot.name)


def _text(root: Any) -> str:
    return texts.text_of(root, without_class=TOPPER)


# --- Archived Markdown ------------------------------------------------------------------------------------------------


def _markdown(snapshot: Snapshot) -> Post:
    """Return what a file of the archive says. Raises SourceChanged for other front matter."""
    document = FRONT_MATTER.fullmatch(tables.read_text(snapshot).replace("\r\n", "\n"))
    if document is None:
        raise SourceChanged(SOURCE.id, f"{snapshot.name}: no front matter between two lines of ---")
    if UNFINISHED_TAG.search(document["body"]):
        raise SourceChanged(SOURCE.id, f"{snapshot.name}: ends inside a tag; cut off?")
    if SECOND_FILE.search(document["body"]):
        raise SourceChanged(SOURCE.id, f"{snapshot.name}: a second file follows in it; expected one page")
    fields = _front_matter(document["head"], snapshot)
    return Post(
        url=fields["source_url"],
        title=texts.one_line(fields["title"]),
        published=fields["published_time"],
        day=_washington(_iso_instant(fields["published_time"])),
        text=_text(_fragment("".join(_as_html(document["body"])), snapshot)),
    )


def _front_matter(head: str, snapshot: Snapshot) -> dict[str, str]:
    """Return the fields as text. Raises SourceChanged for one that is missing, unknown, there twice or no text."""
    try:
        node = yaml.compose(head, Loader=yaml.CBaseLoader)
    except yaml.YAMLError as error:
        raise SourceChanged(SOURCE.id, f"{snapshot.name}: front matter is not YAML: {error}") from error
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    if not pairs or not all(isinstance(part, yaml.ScalarNode) for pair in pairs for part in pair):
        raise SourceChanged(SOURCE.id, f"{snapshot.name}: front matter is no list of fields with a text each")
    found = [key.value for key, _ in pairs]
    if set(found) - set(OPTIONAL_FIELDS) != set(FIELDS) or len(found) != len(set(found)):
        raise SourceChanged(
            SOURCE.id, f"{snapshot.name}: front matter has {found}; expected {[*FIELDS, *OPTIONAL_FIELDS]}, each once"
        )
    return {key.value: value.value for key, value in pairs}


def _as_html(body: str) -> Iterator[str]:
    """Yield the Markdown that pandoc writes as HTML: what it left in HTML stays, and the text says the same.

    A list's numbers are kept, as the rendered page shows them; its bullets, like rules and headings' signs, are not.
    """
    body = ESCAPED.sub(lambda match: f"&#{ord(match[1])};", body)
    body = AUTOLINK.sub(r"\1", body)
    # What a link reads stands in brackets, what it leads to is not text. A picture may stand in a link.
    body = LINK.sub(r"\1", IMAGE.sub("", body)).replace("*", "")
    for block in re.split(r"\n(?:[^\S\n]*\n)+", body):
        lines = block.split("\n")
        numbered = NUMBERED.match(lines[0])
        yield "<p>"
        for line in lines:
            match = NUMBERED.match(line)
            if BULLET.match(line) or (numbered and match and match[1] == numbered[1]):
                yield "<p>"
            if not RULE.fullmatch(line):
                text = QUOTE_OR_HEADING.sub("", BULLET.sub("", line, count=1), count=1)
                yield text.rstrip("\\ ") + ("<br>\n" if text.endswith(("  ", "\\")) else "\n")
        yield "</p>"


# --- A newsroom's table -----------------------------------------------------------------------------------------------


def _table(snapshot: Snapshot, quarantine: Quarantine) -> dict[int, Post]:
    """Return what the rows of the scraped table say, by row; its text begins with the head of the page.

    The head has the title as the publisher wrote it: the table's own has a capital in every word.
    """
    frame = tables.read_csv(snapshot, CSV_COLUMNS, quarantine, ignored=("Byline",), has_newlines=True)
    frame["name"] = frame["name"].str.casefold()
    tables.labels(frame, "name", SECTION_NAMES, snapshot)
    posts = {}
    columns = (frame["name"], frame["title"], frame["published"], frame["url"], frame["text"])
    for number, name, headline, published, url, content in zip(frame.index, *columns, strict=True):
        title, text = _without_head(name, texts.one_line(headline), published, texts.one_line(content))
        posts[int(number)] = Post(url=url, title=title, published=published, day=_written_day(published), text=text)
    return posts


def _written_day(published: str) -> date | None:
    """Return the day a page shows, such as November 14, 2025, or None if it is none."""
    match = DAY.fullmatch(published)
    if match is None or match["month"] not in MONTHS:
        return None
    try:
        return date(int(match["year"]), MONTHS.index(match["month"]) + 1, int(match["day"]))
    except ValueError:
        return None


def _without_head(name: str, title: str, published: str, text: str) -> tuple[str, str]:
    """Return the title as the page has it, and the text that follows the page's head: section, title, label, day."""
    head = f"{name} {title}".casefold()
    if not text.casefold().startswith(head):
        return title, text
    label, day, rest = text[len(head) :].partition(published)
    is_head = day and len(label) <= LONGEST_LABEL
    return text[len(name) + 1 : len(head)], (rest if is_head else text[len(head) :]).strip()
