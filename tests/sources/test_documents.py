"""Reading documents: every format, the day and the language of a text, and files that are broken or hostile."""

import gzip
import io
import random
import socket
import tracemalloc
from datetime import date

import pikepdf
import pytest
import weasyprint
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sources import dates, documents
from sources.documents import dating, language, plain
from sources.errors import BadInput
from sources.model import SourceKind
from tests import mutations

ARTICLE = (
    "The government of Ruritania said on Monday that it would not receive any further flights this year. "
    "Officials who spoke at the ministry called the agreement a burden that no small country could carry alone."
)
PAGE = f"""<!DOCTYPE html>
<html lang="en-GB"><head><title>Flights | The Paper</title>
<meta property="og:title" content="Ruritania ends flights">
<meta property="article:published_time" content="2024-11-19T22:30:00-05:00">
<style>p {{ color: red }}</style></head>
<body><nav><a href="/">Home</a> <a href="/world">World</a></nav>
<div class="cookie-banner">We value your privacy. Accept all cookies</div>
<main><article><h1>Ruritania ends flights</h1>
<p>{ARTICLE}</p><p>It is <b>not</b> the first refusal &amp; not <a href="/x">the last</a>.</p>
<ul><li>No flights in December</li><li>No talks</li></ul>
<script>document.write("Trump imposed tariffs")</script></article></main>
<footer>Copyright 2023 The Paper. Subscribe to our newsletter</footer></body></html>"""
ITEM = (
    "<item><title>Talks end</title><link>https://example.org/talks</link>"
    "<pubDate>Tue, 19 Nov 2024 10:00:00 GMT</pubDate><description>&lt;p&gt;The talks &lt;b&gt;ended&lt;/b&gt; without"
    " an agreement between the two neighbours.&lt;/p&gt;</description></item>"
)
RSS = f'<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>News</title>{ITEM}</channel></rss>'
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="es"><title>Noticias</title><entry>
<title>Ruritania rechaza los vuelos</title><link href="https://example.org/vuelos"/><id>tag:example.org,2024:1</id>
<published>2024-11-20T08:00:00Z</published><content type="html">&lt;p&gt;No habrá acuerdo.&lt;/p&gt;</content>
</entry></feed>"""
RSS_1 = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
xmlns:dc="http://purl.org/dc/elements/1.1/"><item rdf:about="https://example.org/a"><title>First</title>
<link>https://example.org/a</link><dc:date>2024-11-18</dc:date><description>Text</description></item></rdf:RDF>"""


def read_all(content, source="a.txt", **options):
    """Return the documents of a file written here as text or bytes."""
    body = content.encode() if isinstance(content, str) else content
    return documents.read(body, source, SourceKind.NEWS, **options)


def read_one(content, source="a.txt", **options):
    """Return the one document of a file."""
    (document,) = read_all(content, source, **options)
    return document


def fault(content, source="a.txt", **options):
    """Return the first fault for which a file is refused."""
    with pytest.raises(BadInput) as refused:
        read_all(content, source, **options)
    return refused.value.faults[0]


def day(text):
    """Return a date as it is written in a source."""
    return dates.parse(text)


def pdf(body, style="", **options):
    """Return a PDF of a piece of HTML."""
    page = f"<html lang=en><style>@page {{ size: A5 }} {style}</style><body>{body}</body></html>"
    return weasyprint.HTML(string=page).write_pdf(**options)


# --- Plain text -------------------------------------------------------------------------------------------------------


def test_offsets_in_plain_text_are_those_of_the_file():
    text = "A headline\n\n" + ARTICLE + "\n   \u201cNo\u201d,  said\tthe minister.\n"
    document = read_one(text)
    assert document.text == text
    assert document.title == "A headline"
    assert document.kind is SourceKind.NEWS
    assert document.language == "en"
    assert document.published is None


def test_line_ends_and_the_byte_order_mark_are_made_one():
    assert read_one(b"\xef\xbb\xbfone\r\ntwo\rthree\fend").text == "one\ntwo\nthree\nend"


def test_control_characters_are_no_text():
    content = b"x" * 5000 + b"A\x00B\x07C\x7f\xc2\x85D"
    assert read_one(content).text.endswith("ABCD")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_a_byte_order_mark_names_the_encoding(encoding):
    assert read_one("México no acepta".encode(encoding)).text == "México no acepta"


def test_western_text_without_declaration_is_read():
    assert read_one("México dijo \u201cno\u201d".encode("cp1252")).text == "México dijo \u201cno\u201d"


@pytest.mark.parametrize(
    ("content", "where"),
    [
        ("México dijo que no, señor".encode() + b" caf\xe9", "byte 31"),
        (b"caf\xe9 \x01\x02", "byte 3"),
        (b"caf\xe9 \x81", "byte 5"),
        (b"\xff\xfea", "encoding"),
        (b"\xff\xfe\x00\xd8a\x00", "encoding"),
    ],
)
def test_text_in_a_broken_encoding_is_refused(content, where):
    assert fault(content).path == where


def test_text_that_begins_like_json_or_a_page_is_what_it_is():
    assert read_one("[Music] Thank you very much.").text == "[Music] Thank you very much."
    assert read_one("<p>One</p><p>Two</p>", "a").text == "One\n\nTwo"


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("https://example.org/a\n2019-06-20\n\u00bfHabr\u00e1 acuerdo?\nNo.", "\u00bfHabr\u00e1 acuerdo?"),
        ("# Full speech in Ruritania\n# Channel: News\n\nThank you.", "Full speech in Ruritania"),
        ("The talks ended on Monday, and\nno agreement was made.", ""),
        ("The talks ended.\n", ""),
        ("the talks\n", ""),
        ("W" * 201, ""),
        ("2019-06-20", ""),
    ],
)
def test_the_first_line_is_the_title_if_it_has_the_form_of_a_headline(text, title):
    assert plain.headline(text) == title


# --- Markdown ---------------------------------------------------------------------------------------------------------


def test_markdown_is_read_as_it_is_rendered():
    text = """# Ruritania &amp; the **flights**

A [link](https://example.org/a_(b) "t"), an ![image](x.png) and _stress_, `code`,
wrapped \\*here\\*.

- one
- two
    - three

> quoted<br>line <script>alert(1)</script>

    indented

| a | b |
|---|---|
| 1 | 2 |
"""
    document = read_one(text, "a.md")
    assert document.title == "Ruritania & the flights"
    assert document.text == (
        "Ruritania & the flights\n\nA link, an and stress, code, wrapped *here*.\n\none\n\ntwo\n\nthree\n\n"
        "quoted\nline\n\nindented\n\na b\n\n1 2"
    )


def test_front_matter_gives_title_day_and_what_is_printed_below_the_title():
    text = f"""---
title: 'Ruritania''s flights'
date: 2024-11-19 18:00:00 +0000
tags: [a, b]
sources:
- title: Another title
  date: '2020-01-01'
description: The [ministry](https://example.org)
  says no
lang: en
notes: {ARTICLE[:50]}
---

{ARTICLE}
"""
    document = read_one(text, "flights.md")
    assert document.title == "Ruritania's flights"
    assert document.published == day("2024-11-19")
    assert document.text == f"Ruritania's flights\n\nThe ministry says no\n\n{ARTICLE}"


def test_a_title_with_a_colon_is_read_though_it_is_no_yaml():
    document = read_one('---\ntitle: Video: "no" to flights\ndate: Jan 29, 2017 10:40 am\n---\nText\n', "a")
    assert document.title == 'Video: "no" to flights'
    assert document.published == day("2017-01-29")
    assert fault("---\ntitle: Video: no\n- x\n---\nText\n", "a.md").path == "front matter"


def test_a_title_is_not_said_twice():
    assert read_one("---\ntitle: The flights\n---\n# The  Flights\n\nText", "a.md").text == "The Flights\n\nText"


def test_a_rule_is_no_front_matter():
    assert read_one("---\n\nA note: this is text.\n\n---\nMore", "a.md").text == "A note: this is text.\n\nMore"


def test_front_matter_alone_is_a_document_if_it_says_something():
    assert read_one("---\ntitle: Only a title\n---\n", "a.md").text == "Only a title"
    assert fault("---\ntags: none\n---\n", "a.md").found == "nothing a reader sees"


def test_without_a_known_ending_headings_and_links_make_markdown():
    text = "## Heading\n\nText with *stress*"
    assert read_one(text, "-").text == "Heading\n\nText with stress"
    assert read_one(text, "a.txt").text == text


def test_a_copy_made_later_has_the_day_of_its_name_or_of_the_original():
    copy = "---\ntitle: A notice\ndate: 2026-02-05\n---\nText"
    assert read_one(copy, "posts/2025-01-20_2025-04512.md").published == day("2025-01-20")
    assert read_one(copy, "posts/2025-03-20_2025-04512.md").published == day("2026-02-05")
    original = copy.replace("date:", "original_published: 2022-06-07 00:00:00 +0000\ndate:")
    assert read_one(original, "notice.md").published == day("2022-06-07")


@pytest.mark.parametrize(
    "head",
    [
        "a: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]\ntitle: Bomb",
        "a: " + "[" * 5000 + "]" * 5000 + "\ntitle: Bomb",
        "? [x]\n: y\nb: *a\ntitle: Bomb",
        "b: *a\ntitle: Bomb",
    ],
)
def test_nested_front_matter_is_not_expanded(head):
    assert read_one(f"---\nfirst: 1\n{head}\n---\nText", "a.md").title == "Bomb"


@pytest.mark.parametrize(
    ("text", "path"),
    [("[" * 150_000, "text"), ("*a " * 150_000, "text"), ("a\n" * 60_000, "text"), ("<div>\n\n" * 300, "page")],
)
def test_markdown_made_to_take_long_is_refused(text, path):
    assert fault(text, "a.md").path == path


def test_quotes_in_quotes_end_somewhere():
    assert read_one("> " * 99 + "deep", "a.md").text == "deep"


# --- Web pages --------------------------------------------------------------------------------------------------------


def test_a_page_is_its_article():
    document = read_one(PAGE, "https://example.org/world/flights.html")
    assert document.title == "Ruritania ends flights"
    assert document.published == day("2024-11-19")
    assert document.language == "en"
    assert document.text == (
        f"Ruritania ends flights\n\n{ARTICLE}\n\nIt is not the first refusal & not the last.\n\n"
        "No flights in December\n\nNo talks"
    )


def test_a_headline_outside_the_article_comes_first():
    page = PAGE.replace("<h1>Ruritania ends flights</h1>", "")
    assert read_one(page, "a.html").text.startswith(f"Ruritania ends flights\n\n{ARTICLE}")


def test_a_typed_sheet_keeps_its_lines():
    sheet = "[Page 1]\n\n  An order of\n  today &amp; now"
    page = f"<html><head><title>Volume 1</title></head><body><pre>{sheet}</pre></body></html>"
    assert read_one(page, "a.htm").text == "Volume 1\n\n[Page 1]\n\n  An order of\n  today & now"


@pytest.mark.parametrize("declaration", ['<meta charset="ISO-8859-1">', ""])
def test_a_page_is_read_in_the_encoding_it_declares(declaration):
    page = f"<html><head>{declaration}</head><body><p>{ARTICLE} Dijo que no habr\u00e1 m\u00e1s.</p></body></html>"
    assert read_one(page.encode("latin-1"), "a.html").text.endswith("Dijo que no habr\u00e1 m\u00e1s.")


@pytest.mark.parametrize("label", ["utf-8", "zlib_codec", "koi8-r"])
def test_a_page_that_is_not_what_it_declares_is_refused(label):
    page = f'<html><head><meta charset="{label}"></head><body><p>caf\xe9</p></body></html>'
    assert fault(page.encode("latin-1"), "a.html").path in ("encoding", "byte 53")


def test_a_page_with_nul_bytes_is_read():
    assert read_one(PAGE.replace("first", "fi\x00rst"), "a.html").text == read_one(PAGE, "a.html").text


def test_a_page_without_text_is_refused():
    assert fault("<html><body><img src=a><script>x</script></body></html>", "a.html").found == "no article"


@pytest.mark.parametrize(
    ("page", "found"),
    [
        ("<html><body>" + "<b>" * 1_000_000, "1000002 tags"),
        ("<html><body>" + "<div>" * 400 + "x", "Excessive depth in document: 256"),
        ("<html><body><p " + " ".join(f"a{n}=1" for n in range(100_000)) + ">x", "a tag with 100000 attributes"),
        ("<html>" + f"<p {' '.join(f'a{n}' for n in range(100))}>x</p>" * 3000, "more than 200000 attributes"),
        ("<html>" + "".join(f"<body a{n}=1>" for n in range(40_000)), "40001 beginnings of a page"),
    ],
)
def test_a_page_made_to_take_long_is_refused(page, found):
    assert fault(page, "a.html").found.startswith(found)


def test_nothing_in_a_file_is_fetched_or_run():
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.05)
        there = f"http://127.0.0.1:{server.getsockname()[1]}/x"
        load = (
            f'<link rel="stylesheet" href="{there}"><script src="{there}"></script><img src="{there}">'
            f'<iframe src="{there}"></iframe><object data="{there}"></object>'
            f'<meta http-equiv="refresh" content="0;{there}">'
        )
        page = PAGE.replace("<nav>", load + "<nav>").replace("</article>", load + "</article>")
        assert read_one(page, there + ".html").text == read_one(PAGE, "a.html").text
        read_one(f"# Title\n\n{load}\n\n![x]({there})\n\nText", "a.md")
        fault(f'<?xml version="1.0"?><!DOCTYPE rss SYSTEM "{there}"><rss version="2.0"/>', "a.xml")
        fault(
            f'<!DOCTYPE rss [<!ENTITY x SYSTEM "{there}">]><rss version="2.0"><channel>'
            f"{ITEM.replace('Talks', '&x;')}</channel></rss>",
            "a.xml",
        )
        with pytest.raises(TimeoutError):
            server.accept()


# --- Feeds ------------------------------------------------------------------------------------------------------------


def test_each_item_of_a_feed_is_a_document():
    second = ITEM.replace("talks", "more").replace("Talks end", "Second").replace("19 Nov", "20 Nov")
    first, other = read_all(RSS.replace(ITEM, ITEM + second), "feed.xml")
    assert first.title == "Talks end"
    assert first.text == "Talks end\n\nThe talks ended without an agreement between the two neighbours."
    assert first.published == day("2024-11-19")
    assert first.language == "en"
    assert (other.title, other.published) == ("Second", day("2024-11-20"))
    assert (first.source, first.sha256) == (other.source, other.sha256)


def test_atom_and_rss_1_are_read():
    entry = read_one(ATOM, "feed")
    assert (entry.title, entry.text) == (
        "Ruritania rechaza los vuelos",
        "Ruritania rechaza los vuelos\n\nNo habr\u00e1 acuerdo.",
    )
    assert (entry.published, entry.language) == (day("2024-11-20"), "es")
    assert read_one(RSS_1, "feed").published == day("2024-11-18")


def test_a_list_of_items_is_read():
    items = (
        '[{"title": "One", "link": "https://example.org/1", "description": "First text", "language": "pt",'
        ' "date_published": "2024-11-22T10:12:50+00:00", "source_url": "https://example.org/feed"}]'
    )
    document = read_one(items, "items.json")
    assert (document.text, document.published, document.language) == ("One\n\nFirst text", day("2024-11-22"), "pt")


def test_a_feed_in_another_encoding_is_read():
    declared = RSS.replace('encoding="utf-8"', 'encoding="UTF-16"')
    assert read_one(declared.encode("utf-16"), "feed.xml").title == "Talks end"


def test_an_item_that_cannot_be_read_is_named_or_handed_over():
    bad = ITEM.replace("https://example.org/talks", "nowhere")
    feed = RSS.replace(ITEM, bad + ITEM)
    assert fault(feed, "feed.xml").path == "item 1, link"
    withheld = []
    assert [document.title for document in read_all(feed, "feed.xml", withhold=withheld.append)] == ["Talks end"]
    assert [(found.path, found.found) for found in withheld] == [("item 1, link", "'nowhere'")]
    assert fault(RSS.replace(ITEM, bad), "feed.xml", withhold=withheld.append).found == "no item that can be read"


@pytest.mark.parametrize(
    "content",
    [
        '<!DOCTYPE rss [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><rss version="2.0"><channel>'
        + ITEM.replace("Talks", "&b;")
        + "</channel></rss>",
        RSS[:-20],
        "<rule><p>No feed</p></rule>",
        '{"a": 1}',
        '[{"a": 1}]',
        '["a',
        RSS.replace(ITEM, ""),
        "[" + ",".join(['{"title": "a"}'] * 20_000) + "]",
    ],
)
def test_what_is_no_feed_is_refused(content):
    assert fault(content, "a").path == "feed"


# --- PDF --------------------------------------------------------------------------------------------------------------


def test_a_pdf_is_paragraphs_without_running_heads():
    style = (
        "@page { @top-center { content: 'Policy Brief' } @bottom-center { content: counter(page) } }"
        " p { hyphens: auto; text-align: justify }"
    )
    body = f"<h1>Flights to Ruritania</h1>{f'<p>{ARTICLE} {ARTICLE}</p>' * 12}<ul><li>One item<li>Two items</ul>"
    document = read_one(pdf(body, style), "brief.pdf")
    paragraphs = document.text.split("\n\n")
    assert paragraphs == ["Flights to Ruritania", *[f"{ARTICLE} {ARTICLE}"] * 12, "One item", "Two items"]
    assert document.title == "Flights to Ruritania"
    assert document.language == "en"
    assert document.published is None


def test_columns_of_a_pdf_are_read_one_after_the_other():
    body = f"<div style='columns: 2; hyphens: auto'><p>{ARTICLE}</p></div>"
    assert read_one(pdf(body), "a.pdf").text == ARTICLE


def test_indented_paragraphs_of_a_pdf_are_told_apart():
    style = "p { margin: 0; text-indent: 2em }"
    text = read_one(pdf(f"<p>{ARTICLE}</p>" * 3, style), "a.pdf").text
    assert text.split("\n\n") == [ARTICLE] * 3


def test_a_hyphen_that_the_document_writes_elsewhere_stays():
    line = "The third-country rule is old.<br>Now they end the third-<br>country rule and the depor-<br>tation too."
    text = read_one(pdf(f"<p>{line}</p>"), "a.pdf").text
    assert "end the third-country rule and the deportation too." in text


def test_the_title_of_a_pdf_is_what_is_printed():
    body = "<h1>Flights to Ruritania</h1><p>The talks ended.</p>"
    content = pdf("<title>Microsoft Word - draft7.docx</title>" + body)
    assert read_one(content, "a.pdf").title == "Flights to Ruritania"


def test_the_day_a_pdf_was_made_is_not_its_day_of_publication():
    content = pdf(f"<meta name=dcterms.created content=2024-11-19><p>{ARTICLE}</p>")
    assert read_one(content, "brief.pdf").published is None
    assert read_one(content, "2024-11-25 brief.pdf").published == day("2024-11-25")


def test_a_pdf_that_is_locked_damaged_or_a_picture_is_refused():
    content = pdf(f"<p>{ARTICLE}</p>")
    locked = io.BytesIO()
    pikepdf.open(io.BytesIO(content)).save(locked, encryption=pikepdf.Encryption(owner="a", user="b"))
    assert "password" in fault(locked.getvalue(), "a.pdf").found
    assert fault(content[:200], "a.pdf").found.startswith("what does not open")
    assert fault(pdf("<hr>"), "a.pdf").found == "no text layer: a scan?"


def test_a_pdf_of_too_much_text_is_refused(monkeypatch):
    monkeypatch.setattr("sources.documents.pdf._MOST_CHARACTERS", 100)
    assert fault(pdf(f"<p>{ARTICLE}</p>"), "a.pdf").path == "page 1"


def test_a_pdf_of_too_many_pages_is_refused():
    made = pikepdf.new()
    for _ in range(2001):
        made.add_blank_page()
    content = io.BytesIO()
    made.save(content)
    assert fault(content.getvalue(), "a.pdf").found == "2001 pages"


# --- Packed, and what is no document ----------------------------------------------------------------------------------


def test_a_packed_file_is_read():
    document = read_one(gzip.compress(b"# Title\n\nText"), "a.md.gz")
    assert document.text == "Title\n\nText"


def test_a_bomb_is_refused_without_being_unpacked():
    bomb = gzip.compress(bytes(160 << 20), compresslevel=1)
    tracemalloc.start()
    found = fault(bomb, "a.gz")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found.found == "more than 16777216 bytes"
    assert peak < 64 << 20


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "an empty file"),
        (b" \n", "an empty file"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "a binary file"),
        (b"PK\x05\x06" + bytes(18), "a binary file"),
        (gzip.compress(gzip.compress(b"text", mtime=0), mtime=0), "gzip within gzip"),
        (gzip.compress(b"text" * 1000, mtime=0)[:-9], "a file that is cut off or has more after its end"),
        (gzip.compress(b"text", mtime=0) + b"more", "a file that is cut off or has more after its end"),
        (b"\x1f\x8b\x08rubbish that is not packed", "damaged: "),
        (b"a" * (documents.MOST_BYTES + 1), "more than 16777216 bytes"),
    ],
)
def test_what_is_no_document_is_refused_by_name(content, found):
    assert fault(content, "a").found.startswith(found)


def test_the_hash_is_that_of_the_bytes_as_they_came():
    assert read_one(b"abc").sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


# --- The day ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2025-01-26", "2025-01-26"),
        ("2025-01", "2025-01"),
        ("2025-01-26T23:00:00-05:00", "2025-01-26"),
        ("Jan 29, 2017 10:40 am", "2017-01-29"),
        ("Sept. 3, 2024", "2024-09-03"),
        ("Sunday, January 26, 2025", "2025-01-26"),
        ("Tue, 19 Nov 2024 10:00:00 GMT", "2024-11-19"),
        ("26 de enero de 2025", "2025-01-26"),
        ("lunes 20 de enero de 2025", "2025-01-20"),
        ("1\u00ba de agosto de 2025", "2025-08-01"),
        ("November 2024", "2024-11"),
    ],
)
def test_a_written_day_is_read(text, found):
    assert dating.written(text) == day(found)


@pytest.mark.parametrize(
    "text", ["", "03/04/2025", "2025", "2025-02-30", "0001-01-01", "Maybe 3, 2025", "on 2025-01-26", "x" * 100]
)
def test_what_may_be_another_day_is_none(text):
    assert dating.written(text) is None


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("news/2025-01-26_en.md", "2025-01-26"),
        ("actions__2025-01__2025-01-20-an-order.md", "2025-01-20"),
        ("rally_2024_10_01_huiar-uz.txt", "2024-10-01"),
        ("https://example.org/2024/11/19/a-story?x=2020-01-01", "2024-11-19"),
        ("https://example.org/world/2024-11-22/a-story.html", "2024-11-22"),
        ("https://example.org/2024/11/a-story", "2024-11"),
        ("platform_2024.txt", "2024"),
        ("2025-13-45.md", "2025"),
        ("a-2025-04512.md", "2025"),
    ],
)
def test_a_name_may_give_the_day(source, found):
    assert dating.in_name(source) == day(found)


@pytest.mark.parametrize(
    "source", ["2026-01-01/article.txt", "a-20250.md", "https://example.org/2024/99/x", "http://["]
)
def test_folders_numbers_and_impossible_days_are_none(source):
    assert dating.in_name(source) is None


def test_the_first_witness_of_the_day_counts():
    text = "https://example.org/a\n2019-06-20\nText of the article."
    name = "2018-01-01.txt"
    assert read_one(text, name, published=day("2017-05")).published == day("2017-05")
    assert read_one(text, name).published == day("2019-06-20")
    assert read_one("\n\n\n" + text, name).published == day("2019-06-20")
    assert read_one("One.\nTwo.\nThree.\n2019-06-20", name).published == day("2018-01-01")


@pytest.mark.parametrize("year", ["1899", "2100"])
def test_an_absurd_day_is_refused_from_people_and_passed_over_in_files(year):
    assert fault("text", published=day(year)).path == "published"
    assert read_one(f"{year}-01-01\nText").published is None


# --- The language -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "declared", "code"),
    [
        ("Ruritania acepta vuelos de deportaci\u00f3n", "", "es"),
        ("Ruritania acepta vuelos de deportaci\u00f3n", "en-US", "es"),
        ("Deporta\u00e7\u00f5es em massa: o que esperar", "", "pt"),
        ("Ruritania will not accept flights", "", "en"),
        ("Die Regierung lehnt weitere Fl\u00fcge ab. " * 10, "", "de"),
        ("Honduras", "es_HN", "es"),
        ("Honduras", "english", "und"),
        ("2025 https://example.org/a-long-address-of-many-words", "", "und"),
    ],
)
def test_letters_come_before_the_declared_language(text, declared, code):
    assert language.language_of(text, declared) == code


# --- Broken files -----------------------------------------------------------------------------------------------------

MARKDOWN = f"---\ntitle: A title\ndate: 2024-11-19\n---\n\n# Heading\n\n{ARTICLE}\n\n- [a](https://example.org)\n"


@pytest.mark.parametrize(
    ("content", "source"),
    [(PAGE, "a.html"), (RSS, "a.xml"), (ATOM, "a.xml"), (MARKDOWN, "a.md"), (ARTICLE, "a.txt")],
)
def test_broken_files_are_refused_or_read_without_what_no_reader_sees(content, source):
    are_read = 0
    for seed in range(150):
        broken = mutations.of_text(content.encode(), random.Random(seed))
        try:
            read = read_all(broken, source)
        except BadInput:
            continue
        are_read += 1
        for document in read:
            assert document.text.strip()
            assert not any(ord(character) < 32 and character not in "\t\n" for character in document.text)
    assert are_read >= 15


def test_broken_pdfs_are_refused_or_read():
    content = pdf(f"<h1>Title</h1><p>{ARTICLE}</p>")
    are_read = 0
    for seed in range(60):
        generator = random.Random(seed)
        place = generator.randrange(len(content))
        broken = content[:place] + generator.randbytes(3) + content[place + generator.randrange(40) :]
        try:
            are_read += bool(read_one(broken, "a.pdf").text)
        except BadInput:
            continue
    assert are_read


STARTS = [b"", b"%PDF-1.4\n", b"<html>", b"<p>", b"<?xml version='1.0'?><rss version='2.0'>", b"---\ntitle: "]
STARTS += [b"\x1f\x8b\x08", b"PK\x03\x04", b"\xff\xfe", b"\xef\xbb\xbf", b"[{", b"# ", b"{"]


@settings(max_examples=400, deadline=None)
@given(
    start=st.sampled_from(STARTS),
    rest=st.one_of(st.binary(max_size=300), st.text(max_size=300).map(lambda text: text.encode("utf-8", "replace"))),
    source=st.one_of(
        st.sampled_from(["a.md", "a.txt", "-", "http://[", "https://x.org/2024/11/19/"]), st.text(max_size=20)
    ),
)
@example(start=b"", rest=b"<!-- -->" * 40 + b"x", source="a.md")
def test_any_bytes_are_read_or_refused(start, rest, source):
    try:
        read = documents.read(start + rest, source, SourceKind.NEWS)
    except BadInput:
        return
    for document in read:
        assert document.text.strip()
        assert document.published is None or document.published.last_day >= date(dating.FIRST_YEAR, 1, 1)
