"""Messages by the RFCs, in every language, and with every text of others trying to be more than text.

Read back by Python's parser and by one that shares no code with it, Email::MIME of Perl, where it is installed.
"""

import base64
import email
import email.policy
import html
import json
import os
import re
import shutil
import subprocess
from dataclasses import replace
from datetime import date, datetime
from email.utils import getaddresses
from zoneinfo import ZoneInfo

import pytest

from reports import changes, edition, message
from reports.comparison import compare_codebook
from reports.edition import Kind, Request
from reports.language import Language, languages
from reports.message import Attachment, Correction, Envelope, Line, News
from reports.series import Gathered
from reports.state import Clock
from sources.model import Existence, Outcome, Stage
from tests import make
from tests.reports.conftest import gathered

SINCE = date(2026, 10, 1)
KEY = "0123456789abcdef" * 4
PDF = Attachment(name="policy-comparison_country_GTM_2026-11-24_en_letter.pdf", content=b"%PDF-1.7\r\n.\r\n" * 999)
CSV = Attachment(name="policy-comparison_country_GTM_2026-11-24_en_letter.csv", content="code,año\r\n".encode())
ENVELOPE = Envelope(
    message_id=f"{KEY}@policy.example",
    written=datetime(2026, 11, 24, 9, 30, tzinfo=ZoneInfo("America/Guatemala")),
    sender="reports@policy.example",
    sender_name="Policy reports",
    recipient="ana@example.org",
    recipient_name="Ana Gómez",
    reply_to="office@policy.example",
    list_id="reports.policy.example",
    unsubscribe_mail="leave+now@policy.example",
    unsubscribe_url=f"https://policy.example/leave?address=ana%40example.org&token={KEY}",
)
NEWS = News(
    language="en",
    title="Guatemala",
    scope="Guatemala; all instruments",
    as_of=date(2026, 11, 24),
    edition_id=KEY,
    since=date(2026, 11, 17),
    count=1,
    lines=(
        Line(
            code="R-0102a",
            comparison="first term and second",
            subject="Remain in Mexico, Mexico",
            before="Not known",
            after="Reinstated",
            details=("certainty: not known, now likely",),
            cause="The world changed",
        ),
    ),
    rows=31,
    unknown_rows=4,
    stale=(),
    withheld_rows=0,
)


def composed(said=NEWS, envelope=ENVELOPE, files=(PDF,)):
    return b"".join(message.compose(said, envelope, files))


def parsed(content):
    """Return a message as Python reads it; whatever its parser finds wrong fails the test."""
    policy = email.policy.SMTP.clone(raise_on_defect=True)
    return email.message_from_bytes(content, policy=policy)


def text_of(content):
    return parsed(content).get_body(["plain"]).get_content()


def html_of(content):
    return parsed(content).get_body(["html"]).get_content()


def seen(page):
    """Return the words that a reader sees of a page of HTML."""
    shown = re.sub(r"<(head|style)\b.*?</\1>|<[^>]+>", " ", page, flags=re.DOTALL)
    return " ".join(html.unescape(shown).split())


def made(book, clock, language="en", kind=Kind.COUNTRY, day=SINCE, given=None, **request):
    """Return an edition of a country by the shipped codebook, with what changed since a day."""
    since = changes.on_day(book, clock, day) if day else None
    asked = {"country_codes": ("GTM",), **request}
    return edition.make(book, Request(kind=kind, clock=clock, language=language, **asked), given, since=since)


# --- By the RFCs ------------------------------------------------------------------------------------------------


def test_headers_say_who_what_and_how_to_leave():
    found = parsed(composed())
    assert {name: found[name] for name in found.keys() if name != "Content-Type"} == {  # noqa: SIM118
        "From": "Policy reports <reports@policy.example>",
        "To": "Ana Gómez <ana@example.org>",
        "Reply-To": "office@policy.example",
        "Subject": "1 change since 17 November 2026: Guatemala",
        "Date": "Tue, 24 Nov 2026 09:30:00 -0600",
        "Message-ID": f"<{KEY}@policy.example>",
        "Auto-Submitted": "auto-generated",
        "Content-Language": "en",
        "List-Id": "<reports.policy.example>",
        "List-Unsubscribe": f"<https://policy.example/leave?address=ana%40example.org&token={KEY}>, "
        "<mailto:leave%2Bnow@policy.example?subject=unsubscribe>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "MIME-Version": "1.0",
    }
    assert all(len(found.get_all(name)) == 1 for name in found.keys())  # noqa: SIM118


def test_one_click_is_offered_only_with_an_address_of_the_web():
    found = parsed(composed(envelope=replace(ENVELOPE, unsubscribe_url="")))
    assert found["List-Unsubscribe"] == "<mailto:leave%2Bnow@policy.example?subject=unsubscribe>"
    assert found["List-Unsubscribe-Post"] is None
    bare = parsed(composed(envelope=replace(ENVELOPE, unsubscribe_url="", unsubscribe_mail="", list_id="")))
    assert bare["List-Unsubscribe"] is bare["List-Id"] is None


def test_a_long_link_to_leave_is_neither_encoded_nor_broken():
    url = f"https://policy.example/{'leave/' * 40}?token={KEY}"
    content = composed(envelope=replace(ENVELOPE, unsubscribe_url=url, unsubscribe_mail=""))
    assert f"\r\nList-Unsubscribe: <{url}>\r\n".encode() in content


def test_parts_are_text_html_and_files_with_their_types_and_names():
    content = composed(replace(NEWS, language="es", title="México: año"), files=(PDF, CSV))
    found = parsed(content)
    assert [part.get_content_type() for part in found.walk()] == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "application/pdf",
        "text/csv",
    ]
    files = list(found.iter_attachments())
    assert [part.get_payload(decode=True) for part in files] == [PDF.content, CSV.content]
    assert [part.get_content_disposition() for part in files] == ["attachment", "attachment"]
    told = "M%C3%A9xico-%20a%C3%B1o%202026-11-24%20es.pdf"
    assert f"filename=\"{PDF.name}\";\r\n filename*=utf-8''{told}\r\n".encode() in content


def test_same_inputs_give_the_same_bytes_and_a_file_is_the_same_segment_for_all():
    ana = message.compose(NEWS, ENVELOPE, (PDF, CSV))
    assert ana == message.compose(NEWS, ENVELOPE, (PDF, CSV))
    ben = message.compose(NEWS, replace(ENVELOPE, message_id=f"{KEY[::-1]}@policy.example"), (PDF, CSV))
    assert (ana[1], ana[3]) == (ben[1], ben[3])
    assert base64.b64decode(ana[1]) == PDF.content


def test_an_address_that_only_utf8_can_write_is_written_so_and_nothing_else_is():
    content = composed(envelope=replace(ENVELOPE, recipient="josé@xn--mller-kva.example"))
    assert not composed().decode("ascii").count("?utf-8?q?jos")
    lines = [line for line in content.split(b"\r\n") if not line.isascii()]
    assert lines == [" <josé@xn--mller-kva.example>".encode()]
    policy = email.policy.SMTPUTF8.clone(raise_on_defect=True)
    (address,) = email.message_from_string(content.decode(), policy=policy)["To"].addresses
    assert (address.display_name, address.addr_spec) == ("Ana Gómez", "josé@xn--mller-kva.example")


@pytest.mark.parametrize("language", languages())
def test_a_message_is_ascii_in_lines_that_end_and_are_short(book, clock, language):
    said = message.news(made(book, clock, language))
    content = composed(said, files=(PDF, CSV))
    lines = content.split(b"\r\n")
    assert content.isascii()
    assert b"\n" not in b"".join(lines)
    assert b"\r" not in b"".join(lines)
    head = content.partition(b"\r\n\r\n")[0].split(b"\r\n")
    assert max(map(len, head)) <= 200
    assert max(map(len, lines)) <= 998
    assert b"\0" not in content


# --- The words --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", languages())
def test_text_and_html_say_the_same(book, clock, language):
    given = Gathered(sources=(replace(gathered().sources[0], last_look=date(2026, 10, 10)),))
    content = composed(
        replace(
            message.news(made(book, clock, language, given=given), correction=Correction(of=SINCE, reason="A date.")),
            left_out=(("a.pdf", 30_000_000),),
            withheld_rows=2,
        ),
        replace(ENVELOPE, test_of="ben@example.org"),
        files=(PDF, CSV),
    )
    text, page = " ".join(text_of(content).split()), seen(html_of(content))
    # The text has the address of the link instead.
    page = page.removesuffix(Language(language).gettext("Stop these reports"))
    for word in re.findall(r"[^\W_]+(?:[-.][^\W_]+)*", page):
        assert word in text, word
    assert re.findall(r"R-\d+[a-z]", text) == re.findall(r"R-\d+[a-z]", page)
    assert len(re.findall(r"R-\d+[a-z]", text)) > 3
    numbers = [re.findall(r"\d[\d.,]*", shown.split("https:")[0]) for shown in (text, page)]
    assert numbers[0] == numbers[1]


@pytest.mark.parametrize("language", languages())
def test_every_changed_row_stands_in_the_message_with_its_words(book, clock, language):
    one = made(book, clock, language)
    text = text_of(composed(message.news(one)))
    assert 0 < len(one.changes) <= message.LINES
    for change in one.changes:
        (line,) = [line for line in text.splitlines() if f"({change.row.code}," in line]
        assert Language(language).place(change.row.country_code) in line
        assert f", {Language(language).word('cause', change.cause)}): " in line


def test_more_rows_than_a_mail_is_read_for_are_counted(book, clock):
    one = made(book, clock, day=date(2026, 6, 1), country_codes=())
    said = message.news(one)
    assert len(said.lines) == message.LINES < said.count == len(one.changes)
    assert f"and {said.count - message.LINES} more, in the report" in text_of(composed(said))


def test_a_row_whose_headline_stays_says_what_changed_instead():
    first = make.statement(1, "2019-01-29", stage=Stage.IN_FORCE, level=2, source=make.source(published="2019-02-01"))
    now = make.statement(2, "2025-02-01", stage=Stage.IN_FORCE, level=2, source=make.source(published="2025-02-02"))
    book = make.book(make.instrument(first, now))
    clock = Clock(as_of=date(2026, 11, 24), on=date(2026, 11, 24), vintage=date(2025, 1, 19))
    rows = {row.code: row for row in compare_codebook(book, clock)}
    (code,) = [code for code, row in rows.items() if code.endswith("a") and row.country_code == "MEX"]
    since = changes.on_day(book, clock, clock.as_of)
    then = replace(since.rows[code], outcome=Outcome.TOO_EARLY)
    assert then.outcome is not rows[code].outcome
    one = edition.make(
        book, Request(kind=Kind.FULL, clock=clock), since=replace(since, rows={**since.rows, code: then})
    )
    (line,) = message.news(one).lines
    assert line.before == ""
    assert line.details == (
        f"projection: “Too early to say”, now “{Language('en').word('outcome', rows[code].outcome)}”",
    )
    text = text_of(composed(message.news(one)))
    assert " -> " not in text
    assert f"): {line.after}; {line.details[0]}\r\n" in text


@pytest.mark.parametrize(
    ("changed_since", "words"),
    [
        (None, "Guatemala, as of 24 November 2026"),
        (SINCE, "1,234 changes since 1 October 2026: Guatemala"),
        (date(2026, 11, 24), "No change since 24 November 2026: Guatemala"),
    ],
)
def test_the_subject_says_what_changed_since_when(changed_since, words):
    said = replace(NEWS, since=changed_since, count=1234 if changed_since == SINCE else 0)
    assert message.subject(said, False) == words
    assert message.subject(replace(said, stale=("An office, a table",)), False) == f"{words} (with stale sources)"
    corrected = replace(said, correction=Correction(of=SINCE, reason="A date was wrong."))
    assert message.subject(corrected, True) == f"TEST: Correction: {words}"


@pytest.mark.parametrize("language", languages())
def test_a_report_on_changes_says_once_since_when(book, clock, language):
    said = message.news(made(book, clock, language, kind=Kind.CHANGES))
    assert message.subject(said, False).count("2026") == 1
    none = message.news(made(book, clock, language, kind=Kind.CHANGES, day=clock.as_of, instrument_ids=("travel_ban",)))
    assert (none.count, none.rows) == (0, 0)
    name = Language(language).text(next(i for i in book.instruments if i.id == "travel_ban").short_names)
    assert none.scope == f"Guatemala; {name}"


def test_banners_of_the_report_stand_in_the_message(book, clock):
    source = gathered().sources[0]
    stale = Gathered(sources=(replace(source, last_look=date(2026, 10, 10), withheld=3),))
    content = composed(message.news(made(book, clock, given=stale)))
    assert parsed(content)["Subject"].endswith("(with stale sources)")
    for said in (text_of(content), seen(html_of(content))):
        assert "Stale sources" in said
        assert "An office, A table" in said
        assert "3 rows of the sources were set aside" in said
    fresh = text_of(composed(message.news(made(book, clock, given=Gathered(sources=(source,))))))
    assert "Stale" not in fresh
    assert "set aside" not in fresh


def test_what_was_left_out_is_named_and_said_where_it_is():
    said = replace(NEWS, left_out=((PDF.name, 31_400_000),), link="https://policy.example/2026-W48/")
    for words in (text_of(composed(said, files=())), seen(html_of(composed(said, files=())))):
        assert "too large for a mail" in words
        assert f"{PDF.name} (31,400 kB)" in words
        assert "https://policy.example/2026-W48/" in words
        assert "Attached" not in words
    assert "Ask the sender for it." in text_of(composed(replace(said, link=""), files=()))


def test_a_test_says_so_and_for_whom_it_stands():
    content = composed(envelope=replace(ENVELOPE, recipient="me@example.org", test_of="ana@example.org"))
    assert parsed(content)["Subject"].startswith("TEST: ")
    for said in (text_of(content), seen(html_of(content))):
        assert "In earnest it would go to ana@example.org." in said


def test_only_the_classes_and_sizes_asked_for_count(book, clock):
    everything = made(book, clock, day=date(2026, 6, 1), country_codes=()).changes
    for existence in Existence:
        for change in message.chosen(everything, (existence,), None):
            assert existence in (change.row.change.existence, change.then and change.then.existence)
    counted = [len(message.chosen(everything, (existence,), None)) for existence in Existence]
    assert sum(counted) >= len(everything)
    sizes = [len(message.chosen(everything, (), size)) for size in (None, 1, 2, 3, 4)]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] == len(everything) > sizes[1]
    assert all((c.row.change.magnitude or 0) >= 3 for c in message.chosen(everything, (), 3))


# --- Two hundred hostile texts ----------------------------------------------------------------------------------

_BREAKS = ("\r\n", "\n", "\r", "\0", "\x0b", "\x0c", "\x85", "\u2028", "\u2029", "\r\n\r\n", "\n ", "\r\n\t")
_HEADERS = ("Bcc: eve@evil.example", "To: eve@evil.example", "Content-Type: text/html", "X: =?utf-8?q?a?=", "--=_0_")
_SHAPES = (
    "eve@evil.example, ",
    '", <eve@evil.example>, "',
    "a; , eve@evil.example",
    "<eve@evil.example>",
    "=?utf-8?q?a=2C_eve=40evil=2Eexample=2C?=",
    "=?utf-8?b?DQpCY2M6IGV2ZUBldmlsLmV4YW1wbGU=?=",
    "%0d%0aBcc:%20eve@evil.example",
    "\u202egnp.exe",
    "\u2066a\u2069\u200f\ufeff",
    "\\",
    '\\"',
    "(eve@evil.example)",
    ": eve@evil.example;",
    "group: eve@evil.example;",
    "../../etc/passwd",
    "..\\..\\con.pdf",
    '"; filename="evil.exe',
    "<script>alert(1)</script>",
    "{{ 7 * 7 }}{% raw %}",
    "%(day)s %s %%",
    "\ud800",
    "\U000e0041\U0001f600",
    "ñ" * 300,
    "a" * 1200,
    "a, " * 400,
    "é, <eve@evil.example> " * 60,
    "\t\t",
    ".",
    "From eve",
    "=\r\n",
)
HOSTILE = [
    *(f"Ana{end}{header}" for end in _BREAKS for header in _HEADERS),
    *(shape + tail for shape in _SHAPES for tail in ("", "é", " x" * 60, f"\r\n{_HEADERS[0]}", ', "')),
]


def test_there_are_two_hundred_hostile_texts():
    assert len(set(HOSTILE)) >= 200


@pytest.mark.parametrize("number", range(0, len(HOSTILE), 10))
def test_no_text_becomes_a_recipient_a_header_or_a_part(number):
    headers = parsed(composed(files=(PDF, CSV))).keys()
    for text in HOSTILE[number : number + 10]:
        content = _with(text)
        found = parsed(content)
        assert found.keys() == headers, text
        assert _addresses(found) == _addresses(parsed(composed())), text
        assert [part.get_content_type() for part in found.walk()][2:] == [
            "text/plain",
            "text/html",
            "application/pdf",
            "text/csv",
        ], text
        for part in found.iter_attachments():
            assert not re.search(r'[<>:"/\\|?*\x00-\x1f\u200b-\u202e\u2066-\u2069]|^\.', part.get_filename()), text
        assert "<script>" not in html_of(content)
        assert max(map(len, content.split(b"\r\n"))) <= 998, text
        assert content.isascii()
        assert b"\n" not in content.replace(b"\r\n", b"")
        assert "\u202e" not in text_of(content) + html_of(content) + found["Subject"] + str(found["To"])


def _with(text):
    """Return a message in which every text of others is this one."""
    line = Line(code="R-1", comparison=text, subject=text, before=text, after=text, details=(text, text), cause=text)
    said = replace(
        NEWS,
        title=text,
        scope=text,
        lines=(line, line),
        count=2,
        stale=(text, text),
        correction=Correction(of=SINCE, reason=text),
        left_out=((text, 5),),
        link=text,
    )
    envelope = replace(ENVELOPE, sender_name=text, recipient_name=text)
    return composed(said, envelope, files=(PDF, CSV))


def _addresses(found):
    """Return whom a message names, by two of Python's readers."""
    lists = {}
    for name in ("From", "To", "Reply-To", "Cc", "Bcc"):
        header = found[name]
        lists[name] = [address.addr_spec for address in header.addresses] if header else []
    raw = email.message_from_bytes(found.as_bytes(), policy=email.policy.compat32)
    for name in lists:
        assert [address for _, address in getaddresses(raw.get_all(name, []))] == lists[name]
    return lists


# --- By another reader ------------------------------------------------------------------------------------------

READER = r"""
use strict; use warnings;
use Email::MIME; use Email::Address::XS; use JSON::PP;
binmode STDIN; local $/; my $message = Email::MIME->new(<STDIN>);
sub shown { my ($part) = @_;
  my @parts = $part->subparts;
  return { type => ($part->content_type =~ m{^([^;]+)})[0], name => $part->filename,
           parts => [map { shown($_) } @parts],
           text => @parts ? undef : ($part->content_type =~ m{^text/(plain|html)} ? $part->body_str : undef),
           bytes => @parts ? undef : length $part->body };
}
my %headers; $headers{lc $_} = [$message->header_str($_)] for $message->header_names;
my %people;
for my $name (qw(From To Reply-To Cc Bcc)) {
  $people{$name} = [map { [$_->phrase, $_->address] } Email::Address::XS->parse($message->header_raw($name) // "")];
}
print JSON::PP->new->ascii->encode({ headers => \%headers, people => \%people, whole => shown($message) });
"""


@pytest.fixture(scope="module")
def other_reader():
    """Return a function that reads a message with Email::MIME."""
    perl = shutil.which("perl")
    there = perl and subprocess.run([perl, "-MEmail::MIME", "-MEmail::Address::XS", "-e", "1"], check=False).returncode
    if there != 0:
        missing = "Email::MIME does not read our messages: it is not installed (apt-get install libemail-mime-perl)"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(missing)

    def read(content):
        done = subprocess.run([perl, "-e", READER], input=content, capture_output=True, check=True)
        return json.loads(done.stdout)

    return read


@pytest.mark.parametrize("language", languages())
def test_another_reader_finds_the_same(book, clock, language, other_reader):
    said = replace(message.news(made(book, clock, language)), title="México, año; «ñ»: 日本" * 3)
    envelope = replace(ENVELOPE, recipient_name='Ana "ñ", Gómez; <x>', sender_name="Política, S. A.")
    content = composed(said, envelope, files=(PDF, CSV))
    found = other_reader(content)
    assert found["people"]["To"][0][1] == "ana@example.org"
    assert [len(found["people"][name]) for name in ("From", "To", "Reply-To", "Cc", "Bcc")] == [1, 1, 1, 0, 0]
    assert found["headers"]["to"] == [r'"Ana \"ñ\", Gómez; <x>" <ana@example.org>']
    assert found["headers"]["subject"] == [message.subject(said, False)]
    assert found["headers"]["content-language"] == [language]
    alternative, *files = found["whole"]["parts"]
    assert [part["type"] for part in alternative["parts"]] == ["text/plain", "text/html"]
    assert [part["text"] for part in alternative["parts"]] == [text_of(content), html_of(content)]
    assert [(part["type"], part["bytes"]) for part in files] == [
        ("application/pdf", len(PDF.content)),
        ("text/csv", len(CSV.content)),
    ]


def test_another_reader_finds_no_recipient_header_or_part_in_hostile_texts(other_reader):
    plain = other_reader(composed(files=(PDF, CSV)))
    for text in HOSTILE[::4]:
        found = other_reader(_with(text))
        assert found["headers"].keys() == plain["headers"].keys(), text
        for name, people in found["people"].items():
            assert [address for _, address in people] == [address for _, address in plain["people"][name]], text
        assert [part["type"] for part in found["whole"]["parts"]] == [
            "multipart/alternative",
            "application/pdf",
            "text/csv",
        ], text
