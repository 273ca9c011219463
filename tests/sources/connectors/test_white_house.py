"""The White House: pages, feeds and archives of one site, hostile ones, and every archived file."""

import csv
import io
import json
import random
import re
from collections import Counter
from contextlib import suppress
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from sources import tables
from sources.connector import Ask, load
from sources.connectors import white_house
from sources.errors import SourceChanged
from sources.gathering import Outcome
from sources.snapshots import Snapshot
from tests import mutations
from tests.desk import Desk
from tests.make import RETRIEVED
from tests.replay.server import FIXTURES, Fault, running

FOLDER = FIXTURES / "white_house"
PAGE = (FOLDER / "payload_page.html").read_bytes()
FEED = (FOLDER / "payload_feed.xml").read_bytes()
ARCHIVE = (FOLDER / "payload_archive.md").read_bytes()
TABLE = (FOLDER / "payload_table.csv").read_bytes()


def snapshot(content, name="payload", url=""):
    """Return bytes as a snapshot of the source."""
    return Snapshot.of(content, source_id="white_house", name=name, retrieved=RETRIEVED, url=url)


def parse(content, name="payload"):
    """Read bytes as the connector does, and check what it gives."""
    return tables.check(white_house.parse(snapshot(content, name)), "white_house")


def only(content):
    """Return the one document of some bytes."""
    (document,) = parse(content).documents.itertuples()
    return document


# --- What counts as what ------------------------------------------------------------------------------------------


def test_the_day_is_that_of_first_publication_in_washington():
    assert only(PAGE).published_date.date() == date(2026, 1, 13), "02:30 UTC is the evening before"
    assert only(ARCHIVE).published_date.date() == date(2026, 1, 9)
    without = PAGE.replace(b'property="article:published_time"', b'property="x"')
    assert only(without).published_date.date() == date(2026, 1, 13), "the time shown on the page"
    changed = PAGE.replace(b"2026-01-16T15:00", b"2026-03-16T15:00")
    assert only(changed).published_date.date() == date(2026, 1, 13), "not that of the last change"


@pytest.mark.parametrize(
    "time", ["2026-01-14T02:30:00", "2026-02-30T02:30:00+00:00", "2026-01-14", "", "٢٠٢٦-01-14T02:30:00Z"]
)
def test_a_page_whose_day_in_washington_is_not_known_is_withheld(time):
    page = PAGE.replace(b"2026-01-14T02:30:00+00:00", time.encode()).replace(b"2026-01-13T21:30:00-05:00", b"")
    parsed = parse(page)
    assert parsed.documents.empty
    assert [w.column for w in parsed.withheld] == ["published"]


def test_navigation_scripts_and_footers_are_not_text():
    text = only(PAGE).text
    for said in (
        "Not text",
        "not text",
        "Next page",
        "Pennsylvania",
        "News",
        "comment",
        "Executive Orders",
        "January 13",
    ):
        assert said not in text
    assert text.startswith(
        "By the authority vested in me as President by the Constitution and the laws of the United States"
    )
    assert text.endswith("THE WHITE HOUSE,")


def test_a_phrase_is_found_across_the_line_ends_of_the_archive():
    text = only(ARCHIVE).text
    assert "visa sanctions under section 243(d) of the Example Act until [the country] accepts" in text
    assert not re.search(r"[*\\]|\]\(|<!--|congress\.gov", text)


def test_a_word_broken_by_invisible_marks_is_whole():
    page = PAGE.replace(b"Crossings of", "Cross\u00adings\u200b\x01&#2; of\u00a0the".encode())
    assert "Crossings of the the Example River" in only(page).text


@pytest.mark.parametrize(
    ("address", "title", "kind"),
    [
        ("www.whitehouse.gov/presidential-actions/2026/01/a/", "An Order", "presidential_action"),
        ("www.whitehouse.gov/presidential-actions/2026/01/a", "Fact Sheet: An Order", "fact_sheet"),
        ("www.whitehouse.gov/fact-sheets/2026/01/a/", "An Order", "fact_sheet"),
        ("www.whitehouse.gov/briefings-statements/2026/01/a/", "On an Order", "statement"),
        ("www.whitehouse.gov/articles/2026/01/a/", "Fact Sheets Matter", "article"),
        ("www.whitehouse.gov/releases/2026/01/a/", "An Order", "article"),
        ("www.whitehouse.gov/remarks/2026/01/a/", "An Order", "remarks"),
        ("bidenwhitehouse.archives.gov/briefing-room/statements-releases/2024/06/04/a/", "On a Law", "statement"),
        ("bidenwhitehouse.archives.gov/briefing-room/statements-releases/2024/06/04/a/", "FACT SHEET: A", "fact_sheet"),
    ],
)
def test_the_kind_is_that_of_the_section_and_of_a_fact_sheets_title(address, title, kind):
    lines = [f"source_url: https://{address}", f'title: "{title}"']
    head = "---\ndate: '2026-01-09'\npublished_time: 2026-01-09 22:45:10-05:00\ntags: x\n" + "\n".join(lines)
    assert only(f"{head}\n---\n \nText.\n".encode()).kind == kind


def test_one_post_in_several_sections_is_one_document():
    (_, sheet) = parse(FEED).documents.sort_values("document_id", ascending=False).itertuples()
    assert sheet.document_id == "2026/01/fact-sheet-the-example-river-is-secured"
    assert sheet.kind == "fact_sheet"
    assert only((FOLDER / "payload_page_fact_sheet.html").read_bytes()).document_id == sheet.document_id


def test_posts_at_one_address_that_differ_are_all_withheld():
    parsed = parse(FEED.replace(b"<p>Today the President signed an order.</p>\n", b"<p>Another text.</p>\n"))
    assert list(parsed.documents["document_id"]) == ["2026/01/securing-the-example-river"]
    assert [w.row for w in parsed.withheld] == [2, 3, 4]


@pytest.mark.parametrize(
    ("content", "old", "new", "said"),
    [
        (PAGE, b"/presidential-actions/2026", b"/proclamations/2026", "proclamations"),
        (FEED, b"/remarks/2026", b"/videos/2026", None),
        (FEED, b"/presidential-actions/2026", b"/videos/2026", "videos"),
        (ARCHIVE, b"tags:", b"categories:", "categories"),
        (ARCHIVE, b"briefings-statements/2026", b"blog/2026", "blog"),
        (TABLE, b"Headline", b"Heading", "Heading"),
        (TABLE, b"\nPresidential Actions,", b"\nExecutive Orders,", "executive orders"),
        (PAGE, b"entry-content", b"content", None),
        (PAGE.replace(b"wp-block-post-content", b""), b"entry-content", b"content", "entry-content"),
        (FEED, b"rss ", b"rdf ", "not whole XML"),
        (FEED, b"<rss ", b"<!DOCTYPE rss><rss ", "document type"),
        (b"<feed xmlns='http://www.w3.org/2005/Atom'></feed>", b"", b"", "no <rss>"),
    ],
)
def test_an_unknown_section_field_or_form_stops_the_source_by_name(content, old, new, said):
    changed = content.replace(old, new)
    if said is None:
        assert len(parse(changed).documents)
        return
    with pytest.raises(SourceChanged, match=re.escape(said)):
        parse(changed)


def test_an_address_elsewhere_is_withheld():
    for address in (b"https://www.whitehouse.example/", b"https://www.whitehouse.gov.example/", b"javascript:/"):
        parsed = parse(ARCHIVE.replace(b"https://www.whitehouse.gov/brief", address + b"brief"))
        assert [w.column for w in parsed.withheld] == ["url"]


# --- Hostile content ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "tags", [(b"<div>", b"</div>"), (b"<b>", b"</b>"), (b"<ul><li>", b"</li></ul>"), (b"<table><tr><td>", b"")]
)
def test_nested_tags_are_refused_at_once(tags):
    nested = tags[0] * 20_000 + b"deep" + tags[1] * 20_000
    for content in (PAGE.replace(b"<ul>", nested + b"<ul>"), ARCHIVE + b"\n\n" + nested):
        with pytest.raises(SourceChanged, match="Excessive depth"):
            parse(content)


@pytest.mark.parametrize("tags", [b"<p>x</p>", b"<div>"])
def test_a_million_tags_are_refused_at_once(tags):
    for content in (PAGE.replace(b"<ul>", tags * 1_000_000 + b"<ul>"), ARCHIVE + b"\n\n" + tags * 1_000_000):
        with pytest.raises(SourceChanged, match="tags; expected up to"):
            parse(content)


def test_a_long_page_is_read_to_its_end():
    assert "x\n\nend" in only(PAGE.replace(b"<ul>", b"<p>x</p>" * 20_000 + b"<p>end</p><ul>")).text


def test_scripts_in_any_disguise_are_not_text():
    evil = (
        b"<SCRIPT>alert('evil')</SCRIPT ><style>evil</style><svg><script>evil</script></svg><noscript>evil</noscript>"
    )
    evil += b"<iframe src='file:///etc/passwd'>evil</iframe><object data='http://127.0.0.1/'>evil</object>"
    for content in (PAGE.replace(b"<ul>", evil + b"<ul>"), ARCHIVE + b"\n\n" + evil):
        assert "evil" not in only(content).text


def test_entities_are_not_resolved():
    bomb = b'<!DOCTYPE rss [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    outside = b'<!DOCTYPE rss [<!ENTITY b SYSTEM "file:///etc/hostname">]>'
    for declared in (bomb, outside):
        feed = FEED.replace(b"<rss ", declared + b"<rss ").replace(b"<title>Securing", b"<title>&b; Securing")
        with pytest.raises(SourceChanged, match="document type"):
            parse(feed)
    with pytest.raises(SourceChanged, match="not whole XML"):
        parse(FEED.replace(b"<title>Securing", b"<title>&b; Securing"))
    page = PAGE.replace(b"<!DOCTYPE html>", b'<!DOCTYPE html [<!ENTITY b SYSTEM "file:///etc/hostname">]>')
    assert "&b;" in only(page.replace(b"<ul>", b"<p>&b;</p><ul>")).text


def test_a_comment_does_not_cut_a_title():
    parsed = parse(FEED.replace(b"<title>Securing the Example", b"<title>Securing<!-- x --> the Example"))
    assert "Securing the Example River" in set(parsed.documents["title"])


@pytest.mark.parametrize("text", [b"x" * 11_000_000, b"<p title='" + b"x" * 11_000_000 + b"'>x</p>"])
def test_a_text_too_long_for_the_parser_is_refused_not_cut(text):
    with pytest.raises(SourceChanged):
        parse(PAGE.replace(b"<ul>", text + b"<ul>"))


def test_front_matter_of_aliases_and_nests_is_refused():
    for value in (b"&a [x]", b"[" * 5000, b"{a: b}", b"!!python/object/apply:os.getcwd []"):
        with pytest.raises(SourceChanged, match="front matter"):
            parse(ARCHIVE.replace(b"tags: briefings-statements", b"tags: " + value))


@pytest.mark.parametrize("cut", [PAGE[:-20], PAGE[: len(PAGE) // 2], FEED[:-20], FEED[: len(FEED) // 2], ARCHIVE[:90]])
def test_a_file_cut_off_is_refused(cut):
    with pytest.raises(SourceChanged):
        parse(cut)


# --- Broken inputs ------------------------------------------------------------------------------------------------


def words(text):
    """Return a text as its letters and digits: what must survive however a file marks it up."""
    return re.sub(r"[^a-z0-9]", "", text.casefold())


def facts(parsed):
    """Return what the oracles tell: of each document its kind, title, day and words."""
    return {
        row.document_id: (row.kind, words(row.title), row.published_date.date().isoformat(), words(row.text))
        for row in parsed.documents.itertuples()
    }


def kind_of(url, title):
    """Say again what a document is, from its address and title."""
    if re.match(r"fact sheet\s*:", title, re.I):
        return "fact_sheet"
    section = url.split("whitehouse.gov/")[1].split("/")[0]
    return {"presidential-actions": "presidential_action", "briefings-statements": "statement"}.get(section, section)


def in_washington(time):
    """Return the day of a time in Washington."""
    return datetime.fromisoformat(time).astimezone(ZoneInfo("America/New_York")).date().isoformat()


def plain(markdown):
    """Take the marks out of Markdown, one after the other."""
    lines = [line for line in markdown.split("\n") if not re.fullmatch(r"\s*-{3,}\s*", line)]
    text = re.sub(r"!\[[^\[\]]*\]\([^\s()]*\)", "", "\n".join(lines))
    text = re.sub(r"\[([^\[\]]*)\]\(([^\s()]|\([^\s()]*\))*\)", r"\1", text.replace("\\[", "{").replace("\\]", "}"))
    text = re.sub(r"<(https?://[^<>\s]*)>", r"\1", text)
    return re.sub(r"<!--.*?-->|<[a-zA-Z/][^>]*>", " ", text, flags=re.S)


def archive_oracle(content):
    """Read an archived file with string functions: fields by line, then the text without its marks."""
    text = content.decode("utf-8-sig").replace("\r\n", "\n")
    _, head, body = re.split(r"^---[ ]*\n", text, maxsplit=2, flags=re.M)
    fields = dict(re.findall(r"^([a-z_]+): *((?:.*)(?:\n {2}.*)*)", head, re.M))
    title = re.sub(r"\\\n\s*\\?|\\_", " ", fields["title"]).strip("\"'")
    url = fields["source_url"].strip("\"'")
    document_id = re.search(r"/(20\d\d/\d\d/[^/?#]+)/?$", url)[1]
    day = in_washington(fields["published_time"].strip("\"'"))
    return {document_id: (kind_of(url, title), words(title), day, words(plain(body)))}


def test_broken_archived_files_are_refused_or_read_right():
    mutations.check(load("white_house"), ARCHIVE, mutations.of_text, archive_oracle, facts)


def table_oracle(content):
    """Read the table with the csv module: rows that are whole, with a day that exists, each address once."""
    head, *lines = [line for line in csv.reader(io.StringIO(content.decode().lstrip("\ufeff"), newline="")) if line]
    seen = {}
    for line in lines:
        if len(line) != len(head):
            continue
        row = dict(zip([name.strip() for name in head], line, strict=True))
        url = re.fullmatch(r"https://(?:www\.)?whitehouse\.gov/[a-z][a-z-]*/(20\d\d/\d\d/[^/?#\s]+)/?", row["Link"])
        headline = " ".join(row["Headline"].split())
        try:
            day = datetime.strptime(row["Date"], "%B %d, %Y").date().isoformat()
        except ValueError:
            continue
        if not url or not headline or re.search("[^ -~]", row["Date"]):
            continue
        text = " ".join(row["Content"].split())
        start = f"{row['Name']} {headline}"
        if text.casefold().startswith(start.casefold()):
            label, found, rest = text[len(start) :].partition(row["Date"])
            text = rest if found and len(label) <= 40 else text[len(start) :]
        seen.setdefault(url[1], []).append((kind_of(row["Link"], headline), words(headline), day, words(text)))
    return {document_id: rows[0] for document_id, rows in seen.items() if len({*rows}) == 1}


def test_broken_tables_are_refused_or_read_right():
    mutations.check(load("white_house"), TABLE, mutations.of_text, table_oracle, facts, times=120)


def of_markup(content, seeded):
    """Break markup: what happens to any text, and elements that are lost, doubled or renamed."""
    if seeded.random() < 0.6:
        return mutations.of_text(content, seeded)
    tags = list(re.finditer(rb"<[^<>]*>", content))
    tag = seeded.choice(tags)
    new = seeded.choice((b"", tag[0] * 2, b"<b>", b"</p>", b"<x:y>", b"<!--", b"&b;", tag[0].upper()))
    return content[: tag.start()] + new + content[tag.end() :]


def feed_oracle(content):
    """Read the feed with patterns: what stands between the tags of each item."""
    content = re.sub(rb"<!--.*?-->", b"", content, flags=re.S)
    found = {}
    for item in re.findall(r"<item\s*>(.*?)</item\s*>", content.decode("utf-8-sig"), re.S):

        def between(tag, item=item):
            match = re.search(rf"<{tag}(?:\s[^>]*)?>(.*?)</{tag}\s*>", item, re.S)
            return re.sub(r"<!\[CDATA\[(.*?)\]\]>", r"\1", match[1], flags=re.S) if match else ""

        title, url = between("title"), between("link").strip()
        try:
            day = datetime.strptime(between("pubDate").strip(), "%a, %d %b %Y %H:%M:%S %z")
        except ValueError:
            continue
        match = re.fullmatch(r"https://(?:www\.)?whitehouse\.gov/[a-z][a-z-]*/(20\d\d/\d\d/[^/?#\s]+)/?", url)
        if not match or not title.strip():
            continue
        row = (kind_of(url, title), words(title), in_washington(day.isoformat()))
        found.setdefault(match[1], []).append(row)
    return {document_id: rows[0] for document_id, rows in found.items() if len({*rows}) == 1}


def heads(parsed):
    """Return kind, title and day of each document."""
    return {document_id: row[:3] for document_id, row in facts(parsed).items()}


def test_broken_feeds_are_refused_or_read_right():
    mutations.check(load("white_house"), FEED, of_markup, feed_oracle, heads, times=120)


def page_oracle(content):
    """Read a page with patterns: its address, headline and time of publication."""
    text = content.decode("utf-8-sig")
    pairs = {name: re.findall(rf'property="{name}" content="([^"]*)"', text) for name in ("og:url", "og:title")}
    url = re.findall(r'rel="canonical" href="([^"]*)"', text) + pairs["og:url"]
    title = re.findall(r"<h1[^>]*>([^<]*)", text) + pairs["og:title"]
    title = [one.removesuffix(" &#8211; The White House") for one in title]
    time = re.findall(r'article:published_time" content="([^"]*)"', text) + re.findall(r'datetime="([^"]*)"', text)
    document_id = re.search(r"/(20\d\d/\d\d/[^/?#]+)/?$", url[0])[1]
    return {document_id: (kind_of(url[0], title[0]), words(title[0]), in_washington(time[0]))}


def test_broken_pages_are_refused_or_read_right():
    mutations.check(load("white_house"), PAGE, of_markup, page_oracle, heads, times=120)


# --- The archives ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def archived(data):
    """Return every document of the archived files by the file's name."""
    files = [*(data / "whitehouse").iterdir(), *(data / "whitehouse_2024_negatives").iterdir()]
    parsed = {path.name: parse(path.read_bytes(), path.name) for path in files}
    assert not [withheld for one in parsed.values() for withheld in one.withheld]
    return {name: list(one.documents.itertuples()) for name, one in parsed.items()}


def test_every_archived_file_is_read_whole(archived):
    pages = [document for name, (document, *_) in archived.items() if name.endswith(".md")]
    assert len(pages) == 288
    assert Counter(page.kind for page in pages) == {
        "article": 119,
        "presidential_action": 65,
        "fact_sheet": 55,
        "statement": 35,
        "remarks": 14,
    }
    assert len(archived["scraped_whitehouse_posts_trimmed.csv"]) == 48
    assert not [page.document_id for page in pages if re.search(r"\*\*|\]\(|\\|[\u00a0\u200b\u2060]", page.text)]
    assert min(len(page.text) for page in pages) > 500


def test_the_day_is_the_one_the_archive_files_it_under(archived):
    for name, (document, *_) in archived.items():
        if name.endswith(".md"):
            assert document.published_date.date().isoformat() == re.search(r"__(20\d\d-\d\d-\d\d)-", name)[1]


def test_the_same_fact_sheet_under_three_tags_is_one_document(archived):
    title = "Fact Sheet: President Donald J. Trump Declares a National Emergency at the Southern Border"
    found = [document for documents in archived.values() for document in documents if document.title == title]
    slug = "fact-sheet-president-donald-j-trump-delivers-emergency-price-relief-for-american-families"
    tagged = [document for document in found if slug in document.document_id]
    assert len(tagged) == 4, "three files and a row of the table"
    assert len({document.document_id for document in tagged}) == 1
    assert {document.kind for document in tagged} == {"fact_sheet"}


def test_two_archives_of_one_page_say_the_same(archived):
    """The table's scraper and the archive's converter are two readings of a page, neither of them ours."""
    rows = {document.document_id: document for document in archived["scraped_whitehouse_posts_trimmed.csv"]}
    pairs = [
        (page, rows[page.document_id])
        for name, (page, *_) in archived.items()
        if name.endswith(".md") and page.document_id in rows
    ]
    assert len(pairs) == 49
    assert all(page.published_date == row.published_date for page, row in pairs)
    # One page was edited between the two, and the table has one page's text under another's title.
    assert sum(words(page.text) == words(row.text) for page, row in pairs) == 47


def test_phrases_that_the_archive_breaks_over_lines_are_found(archived, data):
    texts = {name: document.text for name, (document, *_) in archived.items() if name.endswith(".md")}
    for phrase in ("visa sanctions", "reciprocal tariff", "Tren de Aragua", "Biden-Harris Administration"):
        found = [name for name, text in texts.items() if phrase in text]
        raw = [path for name in found for path in data.glob(f"whitehouse*/{name}")]
        assert [path for path in raw if phrase not in path.read_text(encoding="utf-8")], phrase


# --- Gathering ------------------------------------------------------------------------------------------------------


def documents(desk):
    """Return the documents that stand, by id."""
    return {row.document_id: row for parsed in desk.tables for row in parsed.documents.itertuples()}


def test_the_feeds_are_asked_then_each_post_once_newest_first_and_again_only_what_changed(tmp_path):
    with running() as replay:
        desk = Desk(tmp_path, replay, "white_house")
        result = desk.gather()
        assert (result.outcome, result.faults, result.documents, result.rows) == (Outcome.NEW, (), 8, 3)
        assert [path.removeprefix("/white_house") for path in replay.asked] == [
            "/presidential-actions/feed/",
            "/fact-sheets/feed/",
            "/briefings-statements/feed/",
            "/articles/feed/",
            "/remarks/feed/",
            "/presidential-actions/2026/01/fact-sheet-the-example-river-is-secured/",
            "/presidential-actions/2026/01/securing-the-example-river/",
            "/remarks/2026/01/1458/",
        ]
        assert sorted(documents(desk)) == [
            "2026/01/1458",
            "2026/01/fact-sheet-the-example-river-is-secured",
            "2026/01/securing-the-example-river",
        ]
        objects = sorted((tmp_path / "store" / "objects").rglob("*"))
        again = desk.gather()
        assert (again.outcome, again.new_documents, again.rows) == (Outcome.SAME, 0, 3)
        assert sorted((tmp_path / "store" / "objects").rglob("*")) == objects


def test_a_page_that_left_the_feed_stays(tmp_path):
    folder = tmp_path / "white_house"
    folder.mkdir()
    for path in FOLDER.glob("payload*"):
        (folder / path.name).write_bytes(path.read_bytes())
    with running(tmp_path) as replay:
        desk = Desk(tmp_path, replay, "white_house")
        desk.gather()
        start, end = FEED.index(b"<item>"), FEED.index(b"</item>") + len(b"</item>")
        (folder / "payload_feed.xml").write_bytes(FEED[:start] + FEED[end:])
        assert desk.gather().outcome is Outcome.NEW
        assert "2026/01/securing-the-example-river" in documents(desk)


@pytest.mark.parametrize("link", ["https://elsewhere.example/secret/", "https://[secret", "file:///secret"])
def test_links_that_lead_elsewhere_are_told_and_not_followed(tmp_path, link):
    folder = tmp_path / "white_house"
    folder.mkdir()
    for path in FOLDER.glob("payload*"):
        (folder / path.name).write_bytes(path.read_bytes())
    strange = FEED.replace(b"https://www.whitehouse.gov/remarks/2026/01/1458/", link.encode())
    (folder / "payload_feed.xml").write_bytes(strange)
    with running(tmp_path) as replay:
        desk = Desk(tmp_path, replay, "white_house")
        result = desk.gather()
        assert result.outcome is Outcome.FAILED
        assert link in result.faults[0]
        assert not [path for path in replay.asked if "secret" in path]
        assert len(documents(desk)) == 2, "the other pages are there"


def test_a_blocked_or_broken_site_is_told_and_what_was_good_stays(tmp_path):
    with running() as replay:
        desk = Desk(tmp_path, replay, "white_house")
        desk.gather()
        for fault, said in ((Fault.HTML, "Request Access"), (Fault.BUSY, "429"), (Fault.BOMB, "16777216 bytes")):
            replay.fail("white_house", fault)
            result = desk.gather()
            assert result.outcome is Outcome.FAILED
            assert said in result.faults[0]
            assert result.rows == 3


def test_at_most_so_many_pages_are_asked_for_in_a_run():
    items = "".join(
        f"<item><title>Post {n}</title><link>https://www.whitehouse.gov/articles/2026/01/post-{n}/</link>"
        f"<pubDate>Thu, 15 Jan 2026 00:{n // 60:02}:{n % 60:02} +0000</pubDate></item>"
        for n in range(200)
    )
    feed = snapshot(f"<?xml version='1.0'?><rss version='2.0'><channel>{items}</channel></rss>".encode())
    plan = white_house.plan(Ask(base_url="https://www.whitehouse.gov", today=date(2026, 1, 15)))
    keys = [next(plan).key]
    with suppress(StopIteration):
        while True:
            keys.append(plan.send(feed).key)
    assert keys[5:] == [f"2026/01/post-{n}" for n in range(199, 139, -1)]


def test_a_page_is_the_same_whatever_wordpress_stamps_on_it():
    stamped = PAGE.replace(b"</head>", b"<script>var nonce = 7;</script></head>")
    assert white_house.canonical(snapshot(stamped)) == white_house.canonical(snapshot(PAGE))
    edited = PAGE.replace(b"each day", b"each week")
    assert white_house.canonical(snapshot(edited)) != white_house.canonical(snapshot(PAGE))
    assert json.loads(white_house.canonical(snapshot(PAGE)))["title"] == "Securing the Example River"
    assert white_house.canonical(snapshot(PAGE[:-20])) == PAGE[:-20]


def test_the_oracles_agree_with_the_unbroken_files():
    assert facts(parse(ARCHIVE)) == archive_oracle(ARCHIVE)
    assert facts(parse(TABLE)) == table_oracle(TABLE)
    assert heads(parse(FEED)) == feed_oracle(FEED)
    assert heads(parse(PAGE)) == page_oracle(of_markup(PAGE + b"", random.Random(0)) and PAGE)
