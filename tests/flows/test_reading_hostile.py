"""Files built to do harm, through the command and the workers: nothing is fetched or run, and none stops others."""

import gzip
import io
import json
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pikepdf
import pytest

from flows import reading
from sources.errors import BadInput
from tests.flows.test_read import NEWS
from tests.harm import harm
from tests.sources.test_reading_anything import bomb, page, pdf

PLAIN = "The council of the town opened a library by the river, and three hundred people came to see it. " * 4


@pytest.fixture
def asked():
    """Return an address on this machine and the list of what was asked of it."""
    paths = []

    class Counting(BaseHTTPRequestHandler):
        def do_GET(self):
            paths.append(self.path)
            self.send_response(404)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Counting)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", paths
    server.shutdown()
    thread.join()
    server.server_close()


# --- Pages ---------------------------------------------------------------------------------------------------------


def test_nothing_a_page_names_is_fetched_or_run(run, tmp_path, asked):
    address, paths = asked
    (tmp_path / "page.html").write_text(
        f"""<!DOCTYPE html SYSTEM "{address}/dtd"><html><head><base href="{address}/">
        <link rel="stylesheet" href="{address}/css"><style>@import url({address}/import);</style>
        <meta http-equiv="refresh" content="0;url={address}/refresh"><script src="{address}/script"></script></head>
        <body><article><p>{NEWS}</p><p>{PLAIN}</p><img src="{address}/image"><iframe src="{address}/frame"></iframe>
        <object data="{address}/object"></object><video src="{address}/video"></video>
        <script>document.write("He said he would end the travel ban.")</script>
        <template><p>He said he would end the travel ban.</p></template>
        <p hidden>He said he would end the travel ban.</p></article></body></html>""",
        encoding="utf-8",
    )
    (tmp_path / "page.md").write_text(f"# A\n\n![a]({address}/image) <img src={address}/tag>\n\n{NEWS}{PLAIN}")
    (tmp_path / "feed.xml").write_text(
        f"""<?xml version="1.0"?><?xml-stylesheet href="{address}/style"?><rss version="2.0"><channel><title>t</title>
        <item><title>A</title><link>{address}/item</link>
        <description>{NEWS}&lt;img src="{address}/image"&gt;</description>
        <enclosure url="{address}/enclosure" length="1" type="audio/mpeg"/></item></channel></rss>"""
    )
    code, text, error = run("read", "page.html", "page.md", "feed.xml", "--json")
    assert code == 0, error
    made = json.loads(text)["documents"]
    assert {claim["instrument_id"] for each in made for claim in each["claims"]} == {"migrant_protection_protocols"}
    assert len(made) == 3
    assert paths == []


def test_what_looks_like_a_template_a_formula_or_a_path_is_only_text(run, tmp_path):
    titles = ("{{ 7 * 7 }}", "=1+1|' /C calc'!A0", "../../etc/passwd", "<b>%s%n</b>", "$(id)")
    for number, title in enumerate(titles):
        (tmp_path / f"{number}.md").write_text(f"# {title.replace('<', '&lt;')}\n\n{NEWS}")
    code, text, error = run("read", *(f"{number}.md" for number in range(len(titles))), "--json")
    assert code == 0, error
    assert tuple(made["title"] for made in json.loads(text)["documents"]) == titles
    assert sorted(path.name for path in tmp_path.iterdir()) == [".policydiff", *(f"{n}.md" for n in range(len(titles)))]


def test_control_characters_and_directions_reach_no_terminal(run, tmp_path):
    marks = "\u202e\x1b[2J\x07"
    (tmp_path / "news.txt").write_text(f"{marks}Talks {marks}\n\n{NEWS.replace('Tuesday', f'{marks}Tuesday')}")
    code, text, error = run("read", "news.txt")
    assert code == 0
    assert "1 claim in 1 document" in text
    assert not {"\u202e", "\x1b", "\x07"} & {*text, *error}


def test_a_pdf_that_carries_more_than_text_is_only_read(run, tmp_path, asked):
    address, paths = asked
    with pikepdf.open(io.BytesIO(pdf(NEWS + PLAIN))) as made:
        made.Root.OpenAction = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS=f"app.launchURL('{address}/script')")
        made.pages[0].AA = pikepdf.Dictionary(O=pikepdf.Dictionary(S=pikepdf.Name.URI, URI=f"{address}/opened"))
        made.attachments["news.txt"] = b"He said he would end the travel ban."
        made.save(tmp_path / "news.pdf")
    code, text, error = run("read", "news.pdf", "--json")
    assert code == 0, error
    (document,) = json.loads(text)["documents"]
    assert {claim["instrument_id"] for claim in document["claims"]} == {"migrant_protection_protocols"}
    assert paths == []


def archive():
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as made:
        made.writestr("../news.txt", NEWS)
    return written.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("nested.html", page("<b>" * 1_000_000).encode(), "1000011 tags"),
        ("bomb.html.gz", gzip.compress(b"<p>" * 10_000_000), "more than 16777216 bytes"),
        ("page.zip", archive(), "a ZIP archive"),
        ("laughs.xml", b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'c'>]><rss version='2.0'>&b;</rss>", "entities"),
        ("bomb.pdf", bomb(3_000_000_000 // 12), "bomb.pdf"),
    ],
    ids=("tags", "gzip", "zip", "entities", "pdf"),
)
def test_what_is_refused_is_named_and_stops_no_other(run, tmp_path, name, content, said):
    (tmp_path / name).write_bytes(content)
    (tmp_path / "news.txt").write_text(NEWS)
    code, text, error = run("read", name)
    assert (code, text) == (2, "")
    assert f"{name}: " in error
    assert said in error
    assert "Traceback" not in error
    code, text, error = run("read", name, "news.txt", "--json")
    assert code == 3
    assert [made["source"] for made in json.loads(text)["documents"]] == ["news.txt"]
    assert error.splitlines()[-1].startswith(f"not read: {name}: ")


# --- Workers -------------------------------------------------------------------------------------------------------


def tasks(count, deadly):
    for number in range(count):
        yield reading.Task(
            source=f"{number}.txt", function=harm, arguments=(number, deadly), is_packed=number in deadly
        )


@pytest.mark.parametrize("harms", ["death", "time", "memory"])
def test_a_packed_document_that_ends_its_process_is_named(harms):
    results = list(reading.in_order(tasks(3, {1: harms}), 3))
    assert [source for source, _ in results] == ["0.txt", "1.txt", "2.txt"]
    assert [results[0][1], results[2][1]] == [0, 2]
    unread = results[1][1]
    assert isinstance(unread.error, BadInput)
    assert str(unread).startswith("1.txt: .: found what takes more than 120 s or 2048 MiB, or ends the process")


def test_a_document_that_ends_its_process_takes_no_other_with_it():
    deadly = {7: "death"}
    results = [result for _, result in reading.in_order(tasks(14, deadly), 14)]
    assert [number for number, result in enumerate(results) if isinstance(result, reading.Unread)] == [7]
    assert [result for result in results if isinstance(result, int)] == [n for n in range(14) if n not in deadly]
