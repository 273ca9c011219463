"""Feeds: every form of one, hostile ones, and that what has left a feed stays."""

import json
import random
import re
import xml.etree.ElementTree as ElementTree
from datetime import date, datetime
from urllib.parse import unquote

import pandas as pd
import pytest

from sources import tables
from sources.connector import load
from sources.connectors import feeds
from sources.errors import SourceChanged
from sources.gathering import Outcome
from sources.snapshots import Snapshot
from tests import mutations
from tests.desk import Desk
from tests.make import RETRIEVED
from tests.replay.server import FIXTURES, Fault, running

FOLDER = FIXTURES / "feeds"
DOCUMENTS = (FOLDER / "payload_documents.xml").read_bytes()
PRESS = (FOLDER / "payload_press.xml").read_bytes()
ATOM = (FOLDER / "payload_atom.xml").read_bytes()
RDF = (FOLDER / "payload_rdf.xml").read_bytes()
ARCHIVE = (FOLDER / "payload_archive.json").read_bytes()


def snapshot(content, name="payload"):
    """Return bytes as a snapshot of the source."""
    return Snapshot.of(content, source_id="feeds", name=name, retrieved=RETRIEVED)


def parse(content, name="payload"):
    """Read bytes as the connector does, and check what it gives."""
    return tables.check(feeds.parse(snapshot(content, name)), "feeds")


def rss(items, head=b"", version=b"2.0"):
    """Return a feed of RSS 2.0 with these items."""
    start = b'<?xml version="1.0" encoding="UTF-8"?>' + head + b'<rss version="' + version + b'"><channel>'
    return start + items + b"</channel></rss>"


def item(title=b"A title", link=b"https://press.example/a", more=b""):
    """Return one item of RSS 2.0."""
    return b"<item><title>" + title + b"</title><link>" + link + b"</link>" + more + b"</item>"


def only(content):
    """Return the one document of some bytes."""
    (document,) = parse(content).documents.itertuples()
    return document


# --- Forms --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "kept", "withheld"), [(DOCUMENTS, 2, 2), (PRESS, 2, 1), (ATOM, 2, 0), (RDF, 1, 0), (ARCHIVE, 1, 1)]
)
def test_each_form_is_read_by_its_content(content, kept, withheld):
    parsed = parse(content, "any name at all")
    assert (len(parsed.documents), len(parsed.withheld)) == (kept, withheld)
    assert set(parsed.documents["kind"]) == {"feed_item"}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"<?xml version='1.0'?><html><body>Sorry</body></html>", "HTML content"),
        (b"<?xml version='1.0'?><opml version='2.0'/>", "opml"),
        (b"<?xml version='1.0'?><urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'/>", "urlset"),
        (b"<?xml version='1.0'?><feed><entry/></feed>", "found the element feed"),
        (rss(b"", version=b"3.0"), "RSS '3.0'"),
        (b"<rss><channel/></rss>", "RSS None"),
        (DOCUMENTS[:-10], "not whole XML"),
        (DOCUMENTS[:600], "not whole XML"),
        (b"title,link\na,b\n", "TEXT content"),
        (b'{"version": "https://jsonfeed.org/version/1.1", "items": []}', "a list of items"),
        (ARCHIVE.replace(b'"language"', b'"lang"'), "lang"),
        (ARCHIVE[:-10], "not JSON"),
    ],
)
def test_another_form_or_field_stops_the_source_by_name(content, said):
    with pytest.raises(SourceChanged, match=re.escape(said)):
        parse(content)


def test_a_feed_without_items_is_an_answer():
    assert parse(rss(b"<title>Quiet</title>")).rows == 0
    assert load("feeds").source.min_rows == 0


def test_more_items_than_a_feed_can_have_are_refused():
    with pytest.raises(SourceChanged, match="more than 10000 items"):
        parse(rss(b"<item/>" * 10_001))


# --- Fields ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("published", "day"),
    [
        (b"Thu, 15 Jan 2026 23:30:00 -0600", date(2026, 1, 15)),
        (b"Thu, 15 Jan 2026 05:00:00 GMT", date(2026, 1, 15)),
        (b"15 Jan 2026 05:00 EST", date(2026, 1, 15)),
        (b"Sat, 1 Feb 2025 00:00:00 Z", date(2025, 2, 1)),
        (b"2026-01-15T23:30:00-06:00", date(2026, 1, 15)),
        (b"2026-01-15T23:30:00.123Z", date(2026, 1, 15)),
        (b"2026-01-15 23:30:00+0000", date(2026, 1, 15)),
        (b"2026-01-15", date(2026, 1, 15)),
        (b"\n  Thu,  15 Jan 2026  05:00:00 GMT ", date(2026, 1, 15)),
    ],
)
def test_the_day_is_the_one_the_publisher_wrote(published, day):
    found = only(rss(item(more=b"<pubDate>" + published + b"</pubDate>")))
    assert found.published_date.date() == day


@pytest.mark.parametrize(
    "published",
    [
        *("yesterday", "Thu, 32 Jan 2026 05:00:00 GMT", "15 ene 2026", "2026-13-01", "2026-01", "01/15/2026"),
        *("Thu, 15 Jan 26 05:00:00 GMT", "Thu, 15 Jan 2026 25:00:00 GMT", "1768453200", "٢٠٢٦-01-15"),
    ],
)
def test_an_item_with_an_unreadable_day_is_withheld(published):
    parsed = parse(rss(item(more=f"<pubDate>{published}</pubDate>".encode())))
    assert parsed.documents.empty
    assert [w.column for w in parsed.withheld] == ["published"]


def test_an_item_without_a_day_has_none_and_the_time_of_a_change_is_none():
    assert pd.isna(only(rss(item())).published_date)
    days = parse(ATOM).documents.set_index("document_id")["published_date"]
    assert days["tag:office.example,2026:/news/1"].date() == date(2026, 1, 14)
    assert pd.isna(days["tag:office.example,2026:/news/2"]), "it says only when it was updated"


@pytest.mark.parametrize(
    ("link", "column"),
    [
        (b"", "link"),
        (b"javascript:alert(1)", "link"),
        (b"file:///etc/passwd", "link"),
        (b"/relative", "link"),
        (b"https://user:secret@press.example/", "link"),
        (b"https://press.example/a b", "link"),
        (b"https://[press.example/a", "link"),
    ],
)
def test_an_item_without_a_web_address_is_withheld(link, column):
    parsed = parse(rss(item(link=link)))
    assert parsed.documents.empty
    assert [w.column for w in parsed.withheld] == [column]


def test_a_link_of_atom_that_is_no_address_is_withheld():
    for href in (b"http://[x", b"javascript:x", b""):
        parsed = parse(
            ATOM.replace(b'href="1"', b'href="' + href + b'"').replace(b' xml:base="https://office.example/news/"', b"")
        )
        assert [w.column for w in parsed.withheld] == ["link"]


@pytest.mark.parametrize("title", [b"", b"  ", b"&#8203;", b"<!-- nothing -->"])
def test_an_item_without_a_title_is_withheld(title):
    assert [w.column for w in parse(rss(item(title=title))).withheld] == ["title"]


@pytest.mark.parametrize(
    ("more", "name"),
    [
        (b"", "https://press.example/a"),
        (b"<guid>https://press.example/?p=7</guid>", "https://press.example/?p=7"),
        (b"<guid isPermaLink='false'>urn:uuid:7</guid>", "urn:uuid:7"),
        (b"<guid isPermaLink='false'>7</guid>", "press.example 7"),
    ],
)
def test_an_item_is_known_by_what_the_feed_calls_it_or_by_its_link(more, name):
    assert only(rss(item(more=more))).document_id == name


def test_a_permanent_name_is_a_link_too():
    linkless = b"<item><title>A</title><guid>https://press.example/b</guid></item>"
    assert only(rss(linkless)).url == "https://press.example/b"


def test_the_same_item_twice_is_one_and_two_items_of_one_name_are_none():
    twice = parse(rss(item() + item()))
    assert (twice.rows, [w.row for w in twice.withheld]) == (1, [2])
    disputed = parse(rss(item() + item(title=b"Another title")))
    assert (disputed.rows, [w.row for w in disputed.withheld]) == (0, [1, 2])


@pytest.mark.parametrize(
    ("tag", "code"),
    [("es-MX", "es"), ("en", "en"), ("EN_us", "en"), ("pt-br", "pt"), ("xx", ""), ("english", ""), ("", ""), ("e", "")],
)
def test_the_language_is_iso_639_1_or_none(tag, code):
    assert only(rss(f"<language>{tag}</language>".encode() + item())).language == code


def test_a_language_given_after_the_items_or_by_an_item_counts():
    assert only(rss(item() + b"<language>es</language>")).language == "es"
    languages = parse(PRESS).documents.set_index("title")["language"]
    assert languages["One Article in English"] == "en"
    assert set(languages) == {"en", "es"}
    assert set(parse(ATOM).documents["language"]) == {"en", "pt"}


def test_the_text_is_plain_and_the_whole_one_where_there_is_one():
    (whole, *_) = parse(PRESS).documents.itertuples()
    assert whole.text == "Llega el primer vuelo.\n\nViajan 104 personas retornadas.\nNo son deportadas."
    assert whole.title == "Primer vuelo de retornados: el “Ejemplo”"


# --- Hostile content ------------------------------------------------------------------------------------------------


def test_entities_are_refused_and_nothing_is_fetched():
    laughs = b'<!DOCTYPE rss [<!ENTITY a "ha"><!ENTITY b "' + b"&a;" * 100 + b'"><!ENTITY c "' + b"&b;" * 100 + b'">]>'
    outside = b'<!DOCTYPE rss [<!ENTITY c SYSTEM "file:///etc/hostname">]>'
    parameter = b'<!DOCTYPE rss [<!ENTITY % c SYSTEM "http://127.0.0.1:9/x.dtd">%c;]>'
    for declared in (laughs, outside, parameter):
        with pytest.raises(SourceChanged, match=r"declares entities|not whole XML"):
            parse(rss(item(title=b"&c;"), head=declared))
    with pytest.raises(SourceChanged, match="not whole XML"):
        parse(rss(item(title=b"&c;")))


def test_an_item_with_an_entity_nobody_resolved_is_withheld_not_shortened():
    elsewhere = b'<!DOCTYPE rss PUBLIC "-//Example//DTD RSS 0.91//EN" "http://127.0.0.1:9/rss.dtd">'
    parsed = parse(rss(item(title=b"A &eacute; title") + item(link=b"https://press.example/b"), head=elsewhere))
    assert [w.row for w in parsed.withheld] == [1]
    assert list(parsed.documents["url"]) == ["https://press.example/b"]


def test_nested_tags_are_refused_or_withheld_at_once():
    with pytest.raises(SourceChanged, match="not whole XML"):
        parse(rss(b"<item>" * 50_000 + b"</item>" * 50_000))
    for tags in (b"&lt;div&gt;" * 90_000, b"&lt;p&gt;x" * 200_000):
        parsed = parse(rss(item(more=b"<description>" + tags + b"</description>")))
        assert [w.column for w in parsed.withheld] == ["text"]


def test_scripts_are_not_text():
    evil = b"a<![CDATA[<script>evil()</script><svg><script>evil</script></svg><iframe src='file:///x'>evil</iframe>]]>b"
    assert only(rss(item(more=b"<description>" + evil + b"</description>"))).text == "ab"
    page = ATOM.replace(b"<p>Fim.</p>", b"<script>evil()</script><p>Fim.</p>")
    assert "evil" not in "".join(parse(page).documents["text"])


def test_what_stands_elsewhere_is_not_fetched():
    away = ATOM.replace(b'<summary type="text">', b'<content src="http://127.0.0.1:9/x"/><summary type="text">')
    texts = parse(away).documents.set_index("document_id")["text"]
    assert texts["tag:office.example,2026:/news/1"] == "Arrivals < returns."


# --- Broken inputs ------------------------------------------------------------------------------------------------


def words(text):
    """Return a text as its letters and digits."""
    return re.sub(r"[^a-z0-9]", "", text.casefold())


def facts(parsed):
    """Return what the oracles tell: of each document its title, day, language and address."""
    days = parsed.documents["published_date"].dt.strftime("%Y-%m-%d").fillna("")
    columns = [parsed.documents[name] for name in ("document_id", "title", "language", "url")]
    return {
        name: (words(title), day, language, url) for name, title, language, url, day in zip(*columns, days, strict=True)
    }


def day_of(text):
    """Read a day with the standard library; None for one that is there and cannot be read."""
    text = " ".join(text.split())
    if not text:
        return ""
    for form in ("%a, %d %b %Y %H:%M:%S %z", "%a, %d %b %Y %H:%M:%S %Z", "%Y-%m-%dT%H:%M:%S%z"):
        try:
            return datetime.strptime(text, form).date().isoformat()
        except ValueError:
            continue
    return None


def once_each(rows):
    """Keep the names all of whose rows say the same."""
    return {name: given[0] for name, given in rows.items() if all(row == given[0] for row in given)}


def feed_oracle(content):
    """Read a feed with the standard library's parser."""
    channel = ElementTree.fromstring(content.removeprefix(b"\xef\xbb\xbf").lstrip()).find("channel")
    if channel is None:
        return {}
    languages = [node.text or "" for node in channel.iter("language")]
    rows = {}
    for node in channel.iter("item"):

        def said(tag, node=node):
            found = node.find(tag)
            return "" if found is None else "".join(found.itertext()).strip()

        link, guid, title = said("link"), " ".join(said("guid").split()), " ".join(said("title").split())
        if not link and guid and node.find("guid").get("isPermaLink") != "false":
            link = guid
        day = day_of(said("pubDate") or said("{http://purl.org/dc/elements/1.1/}date"))
        if not re.fullmatch(r"https?://[^\s/?#@]+([/?#]\S*)?", link) or not title or day is None:
            continue
        own = said("{http://purl.org/dc/elements/1.1/}language") or (languages[-1] if languages else "")
        language = own[:2].lower() if re.fullmatch(r"\s*(es|en)([-_].*)?", own, re.I | re.S) else ""
        name = guid or link
        name = name if re.match(r"[A-Za-z][A-Za-z0-9+.-]*:.", name) else f"{link.split('/')[2]} {name}"
        text = "".join(node.itertext())
        title = re.sub(r"&#(\d+);", lambda match: chr(int(match[1])), title)
        rows.setdefault(name, []).append((words(title), day, language, link, " ".join(text.split())))
    return {name: row[:4] for name, row in once_each(rows).items()}


def of_markup(content, seeded):
    """Break markup: what happens to any text, and elements that are lost, doubled or renamed."""
    if seeded.random() < 0.5:
        return mutations.of_text(content, seeded)
    tags = list(re.finditer(rb"<[^<>]*>", content))
    tag = seeded.choice(tags)
    new = seeded.choice((b"", tag[0] * 2, b"<b>", b"</item>", b"<x:y>", b"<!-- x -->", b"&b;", b"<z/>", tag[0].upper()))
    if seeded.random() < 0.5:
        # A whole element, so that most of what comes of it is still well formed.
        whole = seeded.choice(list(re.finditer(rb"<(\w+)[^<>]*>[^<>]*</\1>", content)))
        new = seeded.choice((b"", whole[0] * 2, b"<title>x</title>", b"<link>ftp://x</link>", b"<pubDate>x</pubDate>"))
        tag = whole
    return content[: tag.start()] + new + content[tag.end() :]


@pytest.mark.parametrize("content", [DOCUMENTS, PRESS], ids=["documents", "press"])
def test_broken_feeds_are_refused_or_read_right(content):
    mutations.check(load("feeds"), content, of_markup, feed_oracle, facts, times=250)


def archive_oracle(content):
    """Read the archived list with the json module."""
    rows = {}
    for entry in json.loads(content):
        values = {name: value or "" for name, value in entry.items()}
        if not all(isinstance(value, str) for value in values.values()):
            continue
        link, title = values.get("link", "").strip(), values.get("title", "")
        day = day_of(values.get("date_published", ""))
        if not re.fullmatch(r"https?://[^\s/?#@]+([/?#]\S*)?", link) or not title.strip() or day is None:
            continue
        language = values.get("language", "")
        row = (words(title), day, "en" if re.fullmatch(r"en([-_].*)?", language, re.I) else "", link)
        rows.setdefault(link, []).append((*row, values.get("description", "")))
    return {name: row[:4] for name, row in once_each(rows).items()}


def test_broken_archived_lists_are_refused_or_read_right():
    mutations.check(load("feeds"), ARCHIVE, mutations.of_json, archive_oracle, facts, times=500)


def test_the_oracles_agree_with_the_unbroken_files():
    assert facts(parse(DOCUMENTS)) == feed_oracle(DOCUMENTS)
    assert facts(parse(PRESS)) == feed_oracle(PRESS)
    assert facts(parse(ARCHIVE)) == archive_oracle(ARCHIVE)
    assert of_markup(PRESS, random.Random(1)) != PRESS


# --- The archive ----------------------------------------------------------------------------------------------------


def test_the_archived_items_of_the_transition_are_read_whole(data):
    for path in sorted((data / "rss_2024_transition").iterdir()):
        parsed = parse(path.read_bytes(), path.name)
        entries = json.loads(path.read_text(encoding="utf-8"))
        assert parsed.withheld == ()
        assert len(parsed.documents) == len(entries) == 7
        assert set(parsed.documents["language"]) == {"en"}
        found = parsed.documents.set_index("url")
        for entry in entries:
            row = found.loc[entry["link"]]
            assert row["title"] == entry["title"].strip()
            assert row["text"] == entry["description"].strip()
            assert str(row["published_date"].date()) == entry["date_published"][:10]


# --- Gathering ------------------------------------------------------------------------------------------------------


def desk_for(folder, replay, *addresses):
    """Return a desk whose settings name further feeds: whole addresses, or paths of the publisher on loopback."""
    base_url = replay.base_url("feeds")
    urls = tuple(address if ":" in address else base_url + address for address in addresses)
    return Desk(folder, replay, "feeds", urls=urls)


def documents(desk):
    """Return the ids of the documents that stand."""
    return {name for parsed in desk.tables for name in parsed.documents["document_id"]}


@pytest.fixture
def folder(tmp_path):
    """Return a folder for a publisher whose feeds a test changes."""
    copy = tmp_path / "publishers" / "feeds"
    copy.mkdir(parents=True)
    for path in FOLDER.glob("payload*"):
        (copy / path.name).write_bytes(path.read_bytes())
    return copy


def test_the_federal_register_and_every_further_feed_are_gathered_once(tmp_path):
    with running() as replay:
        desk = desk_for(tmp_path, replay, "/atom", "/rdf", "/moved.xml", "/atom")
        result = desk.gather()
        assert (result.outcome, result.faults, result.rows) == (Outcome.NEW, (), 2 + 2 + 1 + 2)
        assert len(result.withheld) == 3
        assert unquote(replay.asked[0]) == "/feeds" + feeds.FEDERAL_REGISTER
        objects = sorted((tmp_path / "store" / "objects").rglob("*"))
        again = desk.gather()
        assert (again.outcome, again.new_documents, again.rows) == (Outcome.SAME, 0, 7)
        assert sorted((tmp_path / "store" / "objects").rglob("*")) == objects


def test_what_has_left_a_feed_has_not_been_withdrawn(tmp_path, folder):
    with running(folder.parent) as replay:
        desk = desk_for(tmp_path, replay)
        desk.gather()
        before = documents(desk)
        start, end = DOCUMENTS.index(b"<item>"), DOCUMENTS.index(b"</item>") + len(b"</item>")
        (folder / "payload_documents.xml").write_bytes(DOCUMENTS[:start] + DOCUMENTS[end:])
        assert desk.gather().outcome is Outcome.NEW
        assert documents(desk) == before
        (folder / "payload_documents.xml").write_bytes(rss(b"<title>Nothing these 30 days</title>"))
        result = desk.gather()
        assert (result.outcome, result.faults) == (Outcome.NEW, ())
        assert documents(desk) == before


def test_a_stamp_on_a_feed_makes_no_further_version_of_it(tmp_path):
    with running() as replay:
        desk = desk_for(
            tmp_path,
            replay,
            "/stamped.xml",
        )
        first = desk.gather()
        assert desk.gather().rows == first.rows == 4
        versions = {o.key for o in desk.store.observations("feeds") if "stamped" in o.key and not o.is_listing}
        assert len(versions) == 1


def test_a_feed_that_fails_is_told_and_what_was_good_stays(tmp_path, folder):
    with running(folder.parent) as replay:
        desk = desk_for(
            tmp_path,
            replay,
            "/atom",
        )
        rows = desk.gather().rows
        for fault, said in ((Fault.HTML, "Request Access"), (Fault.ERROR, "500"), (Fault.EMPTY, "EMPTY")):
            replay.fail("feeds", fault)
            result = desk.gather()
            assert result.outcome is Outcome.FAILED
            assert said in result.faults[0]
            assert result.rows == rows
        replay.heal()
        (folder / "payload_documents.xml").write_bytes(b"<?xml version='1.0'?><opml version='2.0'/>")
        result = desk.gather()
        assert result.outcome is Outcome.FAILED
        assert "opml" in result.faults[0]
        assert result.rows == rows, "and the feed after it was asked for all the same"
        assert replay.asked[-1].endswith("/atom")


def test_an_address_that_is_none_is_told_once_the_others_are_there(tmp_path):
    with running() as replay:
        desk = desk_for(tmp_path, replay, "file:///etc/passwd", "/rdf")
        result = desk.gather()
        assert result.outcome is Outcome.FAILED
        assert "file:///etc/passwd" in result.faults[0]
        assert "https://agency.example/a" in documents(desk)
