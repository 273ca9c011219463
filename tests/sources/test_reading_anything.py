"""Any bytes at all are read, or refused by name: no crash, no hang, no growth of memory."""

import gzip
import io
import json
import random
import resource
import signal
from contextlib import contextmanager
from pathlib import Path

import pikepdf
import pymupdf
import pytest

from sources import documents, proposals
from sources.errors import BadInput
from sources.model import SourceKind
from sources.proposals import lexicon, mentions
from sources.proposals.passages import sentences
from sources.proposals.patterns import compile_pattern
from tests import make, mutations

# Long for any of these documents, on a slow machine too.
MOST_SECONDS = 20
NEWS = """Talks on the border

The president-elect said on Tuesday that he would bring back Remain in Mexico on his first day in office.
Honduras does not plan to accept deportation flights; its minister said 70,000 people live from remittances.
"""
NOTICIA = """Conversaciones sobre la frontera

El presidente electo dijo que restablecería Quédate en México si los vecinos se niegan a ayudar con los vuelos.
"""
TEXT_ENDINGS = (".csv", ".htm", ".html", ".json", ".md", ".txt", ".xml")


def pdf(text):
    pages = pymupdf.open()
    pages.new_page().insert_textbox(pymupdf.Rect(50, 50, 545, 790), text, fontsize=10)
    return pages.tobytes()


def page(body):
    return f"<!DOCTYPE html><html><head><title>Talks</title></head><body><article>{body}</article></body></html>"


SMALL = {
    "news.txt": NEWS.encode(),
    "noticia.txt": NOTICIA.encode(),
    "news.md": f"---\ntitle: Talks\ndate: 2024-11-19\n---\n{NEWS}\n| a | b |\n|---|---|\n| 1 | 2 |\n".encode(),
    "news.html": page("".join(f"<p>{line}</p>" for line in NEWS.splitlines() * 3)).encode(),
    "feed.xml": (
        '<?xml version="1.0"?><rss version="2.0"><channel><title>t</title><item><title>Talks</title>'
        f"<link>https://example.org/a</link><description>{NEWS}</description></item></channel></rss>"
    ).encode(),
    "feed.json": json.dumps([{"title": "Talks", "link": "https://example.org/a", "description": NEWS}]).encode(),
    "news.pdf": pdf(NEWS),
    "news.txt.gz": gzip.compress(NEWS.encode(), mtime=0),
    "table.csv": b"country,removals\nHND,12\nGTM,34\n",
}


def _cut(content, chance):
    return content[: chance.randrange(len(content) + 1)]


def _noise(content, chance):
    place = chance.randrange(len(content) + 1)
    return content[:place] + chance.randbytes(chance.randrange(1, 200)) + content[place:]


def _spliced(content, chance):
    other = chance.choice(list(SMALL.values()))
    return content[: chance.randrange(len(content) + 1)] + other[chance.randrange(len(other)) :]


def _recoded(content, chance):
    encoding = chance.choice(("utf-16", "utf-16-le", "utf-32", "latin-1", "cp1252", "utf-8-sig", "utf-7"))
    return content.decode("utf-8", "replace").encode(encoding, "replace")


def _begun_otherwise(content, chance):
    return chance.choice((b"<html>", b"---\na: b\n---\n", b'{"a":', b"<?xml version='1.0'?>", b"%PDF-1.4\n")) + content


ACCIDENTS = (_cut, _noise, _spliced, _recoded, _begun_otherwise, mutations.of_text)


@contextmanager
def limited():
    """Fail what takes too long, wherever it hangs."""

    def stop(*_):
        raise AssertionError(f"more than {MOST_SECONDS} seconds")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(MOST_SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def read(content, name, book):
    """Read a file to proposals and return how many documents it has; 0 if it was refused by its name."""
    with limited():
        try:
            found = documents.read(content, name, SourceKind.NEWS, withhold=lambda _: None)
        except BadInput as error:
            refused = {fault.file for fault in error.faults}
            found = ()
        else:
            refused = set()
        assert refused <= {name}
        for document in found:
            for proposal in proposals.propose(document, book):
                assert document.text[proposal.char_start : proposal.char_end] == proposal.quote
        return len(found)


def propose(text, book, language="en"):
    with limited():
        return proposals.propose(make.document(text=text, language=language), book)


# --- Broken files --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SMALL)
def test_a_broken_file_is_read_or_refused_by_name(name, book):
    assert read(SMALL[name], name, book) == 1
    were_read = sum(read(ACCIDENTS[n % 6](SMALL[name], random.Random(n)), name, book) > 0 for n in range(60))
    # Whatever happens to what is packed breaks its sum.
    assert were_read or name.endswith(".gz")


def test_memory_does_not_grow_with_the_number_of_documents(book):
    def pages():
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])

    def read_hundred(start):
        for number in range(start, start + 100):
            name = list(SMALL)[number % len(SMALL)]
            read(ACCIDENTS[number % 6](SMALL[name], random.Random(number)), name, book)

    read_hundred(0)
    before = pages()
    for start in (100, 200, 300):
        read_hundred(start)
    assert (pages() - before) * resource.getpagesize() < 20 << 20


def test_every_real_file_is_read_or_refused_and_so_is_what_is_left_of_it(data, book):
    files = [path for path in sorted(data.rglob("*")) if path.suffix in TEXT_ENDINGS]
    assert len(files) > 500
    were_read = 0
    for number, path in enumerate(files):
        content = path.read_bytes()
        if number % 3 == 0 or len(content) > 400_000:
            were_read += read(content, path.name, book) > 0
        accident = ACCIDENTS[number % 6]
        read(accident(content[:20_000], random.Random(number)), path.name, book)
    assert were_read > 100


# --- Texts that are built to take long -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Remain in Mexico " * 6_000, "en"),
        ("Remain in Mexico " * 3_000 + ". He left.", "en"),
        ("He would not end Remain in Mexico if Mexico refuses to accept deportation flights and tariffs " * 500, "en"),
        ("No terminaría Quédate en México si México se niega a aceptar vuelos de deportación " * 500, "es"),
        ("tariffs-on-countries-importing-oil-to-force-nationals-entry-restricts-limits-" * 1_000, "en"),
        ("tariff countries buy restrict entry deport require people wait " * 1_500, "en"),
        ("Remain in Mexico\n\n" * 2_000, "en"),
        ("\u201c" * 50_000 + "a. B " * 30_000, "en"),
        ("a\n" * 50_000, "en"),
        ("a" * 1_000_000, "en"),
        (" " * 1_000_000 + "Remain" + " " * 1_000_000 + "in Mexico", "en"),
        ("\u202e\u0301\u200d" * 100_000, "es"),
    ],
    ids=lambda value: value[:24].encode("unicode_escape").decode() if len(value) > 2 else value,
)
def test_no_text_takes_long(text, language, book):
    propose(text, book, language)


def test_a_list_of_names_says_nothing_of_each(book):
    said = "He said he would end Remain in Mexico"
    assert propose(f"{said}.", book)
    assert propose(said + ", Remain in Mexico" * 18 + ".", book)
    assert not propose(said + ", Remain in Mexico" * 30 + ".", book)


def test_what_has_no_end_is_cut_into_sentences_of_bounded_length():
    for text in ("word " * 30_000 + ". A word", "word" * 30_000, "\u201c" + "word " * 30_000 + "\u201d"):
        pieces = list(sentences(text, "en"))
        assert max(len(piece.text) for piece in pieces) <= 1500
        assert "".join(piece.text for piece in pieces).replace(" ", "") == text.replace(" ", "")


def test_a_gap_goes_over_joined_words_and_not_over_strings_of_them():
    pattern = compile_pattern("tariff ... oil", None, {})
    for between in (" on third-country", "-free trade in 70,000 barrels of state-of-the-art"):
        assert pattern.expression.search(f"tariff{between} oil"), between
    assert not pattern.expression.search("tariff on a-b-c-d-e-f-g-h oil")
    assert not pattern.expression.search("tariff one two three four five six seven eight nine oil")


def test_a_sentence_that_names_no_instrument_is_not_searched_for_all_cues(book, monkeypatch):
    searched = []
    words = lexicon.load("en")
    find = words.cues.find
    monkeypatch.setattr(words.cues, "find", lambda folded, found: searched.append(folded) or find(folded, found))
    propose("The bridge is closed. " * 50 + "He said he would end Remain in Mexico.", book)
    assert not any("bridge" in folded for folded in searched[1:])
    assert any(folded.startswith("he said he would end") for folded in searched)


def test_countries_are_taken_over_from_near_sentences_only(book):
    named = "He said he would resume deportation flights to Honduras."
    (near,) = propose(f"{named} He left. He will resume deportation flights soon.", book)[1:]
    assert near.country_codes == ("HND",)
    (far,) = propose("He left. " + named + " He left." * 9 + " He will resume deportation flights soon.", book)[1:]
    assert far.country_codes != ("HND",)


# --- Files that are built to take long -----------------------------------------------------------------------------


def bomb(size):
    """Return a PDF of a page whose content unpacks to so many bytes of spaces."""
    written = io.BytesIO()
    with pikepdf.new() as made:
        made.add_blank_page()
        made.pages[0].obj.Contents = made.make_stream(b" " * size)
        made.save(written, compress_streams=True)
    return written.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("bold.html", page("<b>" * 1_000_000), "tags"),
        ("deep.html", page("<div>" * 20_000), "depth"),
        ("comment.html", "<!--" + "-- " * 1_000_000, "not whole"),
        ("lines.txt", "a\n" * 600_000, "600000 lines"),
        ("brackets.md", "[" * 100_000, "100000 marks"),
        ("front.md", "---\n" + "a: {b: " * 900 + "\n---\n", "nothing a reader sees"),
        ("deep.json", '{"a":' * 50_000, "not JSON"),
        ("deep.xml", "<?xml version='1.0'?>" + "<a>" * 100_000, "expected a feed"),
        ("laughs.xml", "<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'c'>]><rss version='2.0'>&b;</rss>", "entities"),
        ("empty.pdf", bomb(10_000_000), "no text layer"),
        ("bomb.txt.gz", gzip.compress(b"a" * 20_000_000), "more than 16777216 bytes"),
    ],
    ids=lambda value: value if isinstance(value, str) and len(value) < 30 else "",
)
def test_a_file_that_is_built_to_take_long_is_refused(name, content, said):
    with limited(), pytest.raises(BadInput, match=said) as error:
        documents.read(content.encode() if isinstance(content, str) else content, name, SourceKind.NEWS)
    assert error.value.faults[0].file == name


def test_many_comments_before_a_piece_of_a_page_are_passed_over():
    text = "<!-- a > b -- c -->" * 1_000 + "<p>The council opened a library by the river.</p>" * 20
    with limited():
        (document,) = documents.read(text.encode(), "piece", SourceKind.NEWS)
    assert document.text.startswith("The council")


def test_the_outline_has_only_who_acts_and_which_time():
    roles = {
        mentions.cue_of(match).role
        for match in lexicon.load("en").outline.find(
            "the president will end it in his second term", {"president", "will", "end", "second", "term"}
        )
    }
    assert roles <= {lexicon.Role.ACTOR, lexicon.Role.PERIOD}
    assert lexicon.Role.PERIOD in roles
