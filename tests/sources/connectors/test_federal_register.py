"""Federal Register: limits its server keeps quiet about, exports with three forms of a day, full texts, real files."""

import csv
import difflib
import io
import json
import re
import xml.etree.ElementTree as ElementTree
from collections import Counter
from datetime import date, datetime
from urllib.parse import parse_qs, urlsplit

import pytest

from sources import gathered
from sources.connector import Ask, load
from sources.connectors import federal_register
from sources.errors import SourceChanged
from sources.gathering import Outcome, hand_over
from sources.snapshots import Snapshot
from tests import mutations
from tests.desk import Desk
from tests.make import RETRIEVED
from tests.replay.publishers import federal_register as publisher
from tests.replay.server import FIXTURES, running

PAYLOADS = FIXTURES / "federal_register"
NUMBER = re.compile(r"([A-Z][0-9]?-)?[A-Z0-9]{1,4}-[0-9]{1,6}")
ORDER = re.compile(r"[0-9]{1,5}(-?[A-Z])?")
TEXTS = ("document_number", "title", "type", "subtype", "signing_date", "publication_date", "citation", "html_url")
ORDERS = ("executive_order_number", "proclamation_number")
KINDS = {
    ("Rule", ""): "rule",
    ("Proposed Rule", ""): "proposed_rule",
    ("Notice", ""): "notice",
    ("Sunshine Act Document", ""): "notice",
    ("Correction", ""): "correction",
    ("Uncategorized Document", ""): "other",
    ("Presidential Document", ""): "other",
    ("Presidential Document", "Other"): "other",
    ("Presidential Document", "Executive Order"): "executive_order",
    ("Presidential Document", "Proclamation"): "proclamation",
    ("Presidential Document", "Memorandum"): "memorandum",
    ("Presidential Document", "Determination"): "determination",
    ("Presidential Document", "Notice"): "notice",
    ("Presidential Document", "Presidential Order"): "presidential_order",
}


def parse(content, name="payload.json", url=""):
    """Read bytes as the connector does."""
    snapshot = Snapshot.of(content, source_id="federal_register", name=name, retrieved=RETRIEVED, url=url)
    return federal_register.parse(snapshot)


def search(*documents, **parts):
    """Return an answer to a search."""
    whole = {"count": len(documents), "description": "All Documents", "total_pages": 1, "results": list(documents)}
    return json.dumps(whole | parts).encode()


def document(**fields):
    """Return the first document of the recorded search, with some fields changed."""
    return json.loads((PAYLOADS / "payload_search.json").read_bytes())["results"][0] | fields


def act(content, name="payload.json"):
    """Return the only act of a file."""
    (found,) = parse(content, name).acts.itertuples()
    return found


# --- Broken files -----------------------------------------------------------------------------------------------------


def day_of(text):
    """Read a day in other words: None if it is none."""
    if re.fullmatch(r"[0-9]{1,2}/[0-9]{1,2}/[0-9]{4}", text):
        month, day, year = text.split("/")
        text = f"{year}-{month:>02}-{day:>02}"
    try:
        return date.fromisoformat(text) if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text) else None
    except ValueError:
        return None


def president_on(day):
    """Say who was president since the last change; on the day of one, nobody."""
    names = {1993: "william-j-clinton", 2001: "george-w-bush", 2009: "barack-obama", 2017: "donald-trump"}
    names |= {2021: "joe-biden", 2025: "donald-trump", 2029: ""}
    if day is None or day in [date(year, 1, 20) for year in names]:
        return ""
    since = [year for year in names if day > date(year, 1, 20)]
    return names[max(since)] if since else ""


def whole(row):
    """Return what is compared of a document given as texts, or None if it is to be set aside."""
    number, title = row["document_number"].strip(), row["title"].strip()
    citation = "" if row["citation"] == number else row["citation"]
    signed, published = day_of(row["signing_date"]), day_of(row["publication_date"])
    is_whole = (
        NUMBER.fullmatch(number)
        and title
        and (signed or not row["signing_date"])
        and (published or (not row["publication_date"] and signed))
        and row["html_url"].startswith("https://")
        and re.fullmatch(r"|[0-9]{1,3} FR [0-9]{1,6}", citation)
        and all(not row[name] or ORDER.fullmatch(row[name]) for name in ORDERS)
        and re.fullmatch(r"|[a-z]+(-[a-z]+)*", row["president"])
    )
    if not is_whole:
        return None
    names = [f"EO {row['executive_order_number']}" if row["executive_order_number"] else ""]
    names += [f"Proclamation {row['proclamation_number']}" if row["proclamation_number"] else ""]
    names += [f"FR Doc {number}", citation]
    is_presidential = row["type"] == "Presidential Document"
    president = row["president"] or (president_on(signed) if is_presidential else "")
    kind = KINDS.get((row["type"], row["subtype"]))
    key = (number, title, *(row[name] for name in (*TEXTS[2:6], "html_url", *ORDERS, "president")), citation)
    return key, (number, kind, title, signed, published, president, ";".join(name for name in names if name))


def once(rows):
    """Return each document once: of equal ones one, of ones that differ none."""
    known = dict(read for row in rows if (read := whole(row)))
    times = Counter(key[0] for key in known)
    return {values for key, values in known.items() if times[key[0]] == 1}


def texts_of(item):
    """Return the fields of a JSON document as texts, or None if one is something else."""
    row = {}
    for name in (*TEXTS, *ORDERS):
        value = item.get(name)
        if isinstance(value, int) and name in ORDERS:
            value = str(value)
        if value is not None and not isinstance(value, str):
            return None
        row[name] = value or ""
    person = item.get("president") or ""
    if isinstance(person, dict) or item.get("president") in ({}, [], 0, False):
        person = person.get("identifier") if isinstance(person, dict) else None
    row["president"] = person
    return row if isinstance(person, str) else None


def oracle_of_json(content):
    """Read JSON with the json module."""
    found = json.loads(content.decode("utf-8-sig"))
    if isinstance(found, dict):
        found = [found] if "document_number" in found else found.get("results", [])
    return once(row for item in found if (row := texts_of(item)))


def oracle_of_csv(content):
    """Read CSV with the csv module."""
    lines = [line for line in csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")) if line]
    head = [name.strip().removeprefix("\ufeff") for name in lines[0]]
    rows = [dict(zip(head, line, strict=True)) for line in lines[1:] if len(line) == len(head)]
    return once({name: row.get(name, "") for name in (*TEXTS, *ORDERS, "president")} for row in rows)


def read(parsed):
    """Return what the oracles give, of what the connector read."""

    def day(value):
        return None if value != value else value.date()

    return {
        (a.act_id, a.kind, a.title, day(a.signing_date), day(a.publication_date), a.president, a.identifiers)
        for a in parsed.acts.itertuples()
    }


@pytest.mark.parametrize(
    ("name", "times"), [("payload_search.json", 500), ("payload_export.json", 150), ("payload_document.json", 150)]
)
def test_broken_json_is_refused_or_read_right(name, times):
    content = (PAYLOADS / name).read_bytes()
    mutations.check(load("federal_register"), content, mutations.of_json, oracle_of_json, read, times=times)


def test_broken_csv_is_refused_or_read_right():
    content = (PAYLOADS / "payload_export.csv").read_bytes()
    mutations.check(load("federal_register"), content, mutations.of_text, oracle_of_csv, read)


def test_broken_xml_is_refused_or_read_right():
    """The standard library reads the same words, but for the picture's name."""

    def text_in(node):
        edge = "" if node.tag in ("AC", "E", "FR", "PRTPAGE", "SU") else " "
        inner = "" if node.tag == "GID" else (node.text or "") + "".join(map(text_in, node))
        return edge + inner + edge + (node.tail or "")

    content = (PAYLOADS / "payload_text.xml").read_bytes()
    mutations.check(
        load("federal_register"),
        content,
        mutations.of_text,
        lambda broken: text_in(ElementTree.fromstring(broken.replace(b"\0", b""))).split(),
        lambda parsed: parsed.documents["text"].iloc[0].split(),
        times=150,
    )


# --- Traps ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"type": "Decree"}, "Decree"),
        ({"subtype": "Ukase"}, "Presidential Document: Ukase"),
        ({"type": "Rule"}, "Rule: Executive Order"),
        ({"type": None}, "unknown types"),
        ({"sealed": True}, "sealed"),
    ],
)
def test_an_unknown_field_or_type_stops_the_source_by_name(change, said):
    with pytest.raises(SourceChanged, match=said):
        parse(search(document(), document(document_number="2017-90099") | change))


def test_an_unknown_column_of_an_export_stops_the_source_by_name():
    content = (PAYLOADS / "payload_export.csv").read_bytes()
    with pytest.raises(SourceChanged, match="pdf_link"):
        parse(content.replace(b"pdf_url", b"pdf_link"), "payload.csv")


@pytest.mark.parametrize("field", ["document_number", "title", "type", "publication_date", "html_url"])
def test_a_field_an_act_needs_is_missed_by_name(field):
    one = document()
    del one[field]
    with pytest.raises(SourceChanged, match=field):
        parse(search(one))


@pytest.mark.parametrize("field", ["subtype", "signing_date"])
def test_presidential_documents_without_kind_or_day_of_signing_are_not_guessed(field):
    """The fields that come without being asked for have neither; for rules alone they suffice."""
    order = document()
    rule = document(type="Rule", subtype=None, signing_date=None, president=None, executive_order_number=None)
    del order[field], rule[field]
    with pytest.raises(SourceChanged, match=field):
        parse(search(order))
    assert act(search(rule)).kind == "rule"


def test_documents_of_one_answer_have_the_same_fields():
    one, other = document(), document(document_number="2017-90099")
    del other["citation"]
    with pytest.raises(SourceChanged, match=r"document 2 lacks \['citation'\]"):
        parse(search(one, other))


def test_a_search_without_hits_has_no_results_and_is_no_error():
    parsed = parse(b'{"count":0,"description":"No documents"}')
    assert (parsed.rows, parsed.withheld) == (0, ())


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'{"errors":{"publication_date":"Publication Date is not a valid ."}}', "Publication Date is not a valid"),
        (b'{"status":400,"message":"field \'x\' not valid"}', "field 'x' not valid"),
        (b'{"count":3,"description":"Documents"}', "3 documents announced, 0 given"),
        (search(document(), count=2), "2 documents announced, 1 given"),
        (search(document(), count=0), "0 documents announced, 1 given"),
        (search(count="3"), "count '3'"),
        (search(document(), errors={"foo": "is not a valid field"}), "is not a valid field"),
        (search(document(), warnings=[]), "warnings"),
        (b'["x"]', "expected a list of documents"),
        (b"<!DOCTYPE html><title>Federal Register :: Request Access</title><p>Limited</p>", "Request Access"),
    ],
)
def test_what_is_no_answer_is_told_in_the_publishers_words(content, said):
    with pytest.raises(SourceChanged, match=re.escape(said)):
        parse(content)


def test_numbers_that_were_not_found_are_withheld_by_name():
    parsed = parse(search(document(), errors={"not_found": ["2017-99999"]}))
    assert list(parsed.acts["act_id"]) == ["2017-90001"]
    assert [(w.row, w.column) for w in parsed.withheld] == [(2, "document_number")]
    assert "2017-99999" in parsed.withheld[0].reason


@pytest.mark.parametrize("number", ["19001", 19001])
def test_the_number_of_an_order_is_text_or_a_number(number):
    assert act(search(document(executive_order_number=number))).identifiers.startswith("EO 19001;FR Doc 2017-90001;")


def test_an_order_without_a_number_is_known_by_its_document_number():
    found = act(search(document(executive_order_number=None)))
    assert (found.act_id, found.kind, found.identifiers) == (
        "2017-90001",
        "executive_order",
        "FR Doc 2017-90001;82 FR 90001",
    )


@pytest.mark.parametrize(
    ("signed", "president"),
    [
        ("2001-01-19", "william-j-clinton"),
        ("2017-01-20", ""),
        ("2017-01-21", "donald-trump"),
        ("2021-01-19", "donald-trump"),
        ("2021-01-20", ""),
        ("2021-01-21", "joe-biden"),
        ("2025-01-19", "joe-biden"),
        ("2025-01-20", ""),
        ("2025-01-21", "donald-trump"),
        ("1992-06-01", ""),
        ("2029-01-21", ""),
    ],
)
def test_whom_nobody_names_was_in_office_on_the_day_of_signing_not_of_publication(signed, president):
    assert act(search(document(president=None, signing_date=signed))).president == president


def test_whom_the_publisher_names_is_the_president_and_a_rule_has_none():
    assert act(search(document(signing_date="2025-01-20"))).president == "donald-trump"
    rule = document(type="Rule", subtype=None, president=None)
    assert act(search(rule)).president == ""


@pytest.mark.parametrize("day", ["2022-03-09", "03/09/2022", "3/9/2022"])
def test_days_come_in_three_forms(day):
    one = {"document_number": " 2022-90001", "publication_date": day, "president": "", "executive_order_number": 14001}
    found = act(json.dumps([document(**one)]).encode())
    assert (found.act_id, found.publication_date.date()) == ("2022-90001", date(2022, 3, 9))


@pytest.mark.parametrize("day", ["2022-13-01", "31/12/2022", "2022-3-9", "\u0662\u0660\u0662\u0662-03-09", "", None])
def test_what_is_no_day_is_withheld(day):
    parsed = parse(search(document(publication_date=day, signing_date=None)))
    assert (len(parsed.acts), [w.column for w in parsed.withheld]) == (0, ["publication_date"])


def test_an_act_that_was_signed_and_not_published_has_one_day():
    found = act(search(document(publication_date=None)))
    assert (found.signing_date.date(), str(found.publication_date)) == (date(2017, 2, 10), "NaT")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("document_number", "2017-02095;82 FR 8793"),
        ("document_number", "\u0662\u0660\u0661\u0667-02095"),
        ("title", " "),
        ("title", 5),
        ("citation", "82 Fed. Reg. 8793"),
        ("html_url", "javascript:alert(1)"),
        ("executive_order_number", "13767;EO 13768"),
        ("executive_order_number", True),
        ("proclamation_number", "-1"),
        ("president", {"name": "Somebody"}),
        ("president", {"identifier": "Some Body"}),
    ],
)
def test_a_bad_field_withholds_its_document_alone(field, value):
    parsed = parse(search(document(**{field: value}), document(document_number="2017-90099")))
    assert list(parsed.acts["act_id"]) == ["2017-90099"]
    assert [(w.row, w.column) for w in parsed.withheld] == [(1, field)]


def test_the_same_document_twice_is_one_and_two_that_differ_are_none():
    same = parse(search(document(), document(), count=2))
    assert (len(same.acts), len(same.withheld)) == (1, 1)
    differing = parse(search(document(), document(title="Another"), count=2))
    assert (len(differing.acts), len(differing.withheld)) == (0, 2)


def test_page_views_and_the_order_within_a_day_are_no_change():
    def canonical(content):
        return federal_register.canonical(
            Snapshot.of(content, source_id="federal_register", name="x", retrieved=RETRIEVED)
        )

    content = (PAYLOADS / "payload_document.json").read_bytes()
    assert canonical(content) == canonical(content.replace(b'"count":1234', b'"count":1235'))
    assert canonical(content) != canonical(content.replace(b"Example Task Force", b"Sample Task Force"))
    one, other = document(page_views={"count": 1}), document(document_number="2017-90099")
    assert canonical(search(one, other)) == canonical(search(other, document(page_views={"count": 2})))
    assert canonical(search(one, other)) != canonical(search(one, other, count=3))
    assert canonical(b'{"results": 5}') == b'{"results":5}'
    assert canonical(b"<html>") == b"<html>"


# --- Full texts -------------------------------------------------------------------------------------------------------


def text_of(content, name="text.xml", url=""):
    """Return the only document of a full text."""
    (found,) = parse(content, name, url).documents.itertuples()
    return found


@pytest.mark.parametrize("form", ["payload_text.xml", "payload_body.html", "payload_raw_text.htm"])
def test_a_form_is_known_by_its_content(form):
    content = (PAYLOADS / form).read_bytes()
    assert text_of(content, "a file").text == text_of(content, form).text


def test_the_day_of_the_issue_is_read_from_the_address_where_the_text_has_none():
    content = (PAYLOADS / "payload_text.xml").read_bytes()
    address = "https://www.federalregister.gov/documents/full_text/xml/2017/02/15/2017-90001.xml"
    assert text_of(content, url=address).published_date.date() == date(2017, 2, 15)
    assert str(text_of(content, url=address.replace("/02/15/", "/02/30/")).published_date) == "NaT"


def test_a_rule_and_an_element_nobody_knew_are_read_whole():
    content = (
        b"<RULE><PREAMB><AGENCY TYPE='F'>EXAMPLE DEPARTMENT</AGENCY><SUBJECT>A <E T='03'>Rule</E></SUBJECT>"
        b"<AGY><HD SOURCE='HED'>AGENCY:</HD><P>An office.</P></AGY></PREAMB><NOVELTY>Kept<SU>1</SU> too.</NOVELTY>"
        b"<P>As FR Doc. 2017-1 said, [FR Doc. 2017-00001 Filed 1-2-17] was wrong.</P>"
        b"<FRDOC>[FR Doc. 2018-90002 Filed 3-2-18; 8:45 am]</FRDOC></RULE>"
    )
    found = text_of(content)
    assert (found.document_id, found.title) == ("2018-90002", "A Rule")
    assert "Kept1 too." in found.text.split("\n\n")


@pytest.mark.parametrize(
    "content",
    [
        b'<!DOCTYPE P [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><PRESDOCU>&b;</PRESDOCU>',
        b'<?xml version="1.0"?><!DOCTYPE PRESDOCU SYSTEM "file:///etc/passwd"><PRESDOCU>x</PRESDOCU>',
        b"<PRESDOCU><FRDOC>[FR Doc. 2018-90002 &secret; ]</FRDOC></PRESDOCU>",
        b"<PRESDOCU><HD SOURCE='HED'>Cut off</HD><FRDOC>[FR Doc. 2018-90002 ",
        b"<PRESDOCU><HD SOURCE='HED'>No number</HD></PRESDOCU>",
        b"<PRESDOCU><FRDOC>[FR Doc. 2018-90002 ]</FRDOC></PRESDOCU>",
        b"<p>" + b"<i>" * 5000 + b"[FR Doc. 2018-90002 ]",
        b"<p>caf\xe9 [FR Doc. 2018-90002 ]</p>",
    ],
)
def test_a_text_that_is_broken_or_dangerous_is_refused(content):
    with pytest.raises(SourceChanged):
        parse(content)


# --- The plan ---------------------------------------------------------------------------------------------------------


def acts(desk):
    """Return the ids of all acts that stand."""
    return [act_id for parsed in desk.tables for act_id in parsed.acts["act_id"]]


@pytest.fixture
def desk(tmp_path):
    """Return an empty store beside the running publisher."""
    with running() as replay:
        yield Desk(tmp_path, replay, "federal_register")


@pytest.fixture
def many(monkeypatch):
    """Let there be nine more documents of one year; pages of two, four of them at most."""
    more = [
        document(document_number=f"2019-8000{number}", publication_date=f"2019-0{number}-15", signing_date="2019-01-01")
        for number in range(1, 10)
    ]
    recorded = publisher.documents(PAYLOADS)
    monkeypatch.setattr(publisher, "documents", lambda _: [*recorded, *more])
    monkeypatch.setattr(publisher, "MOST_DOCUMENTS", 4)
    monkeypatch.setattr(federal_register, "MOST_DOCUMENTS", 4)
    monkeypatch.setattr(federal_register, "PAGE_ROWS", 2)
    return {one["document_number"] for one in more}


def test_the_whole_plan_over_http_and_a_second_run_with_nothing_new(desk):
    first = desk.gather()
    # Ten years each of one president and of rules, six of the other.
    assert (first.outcome, first.faults) == (Outcome.NEW, ())
    assert (first.documents, first.new_documents, first.rows) == (26, 26, 9)
    assert sorted(w.column for w in first.withheld) == ["html_url", "publication_date"]
    keys = {o.key for o in desk.store.observations("federal_register")}
    assert "documents of donald-trump, 2017-01-20 to 2017-12-31, page 1" in keys
    assert "documents of joe-biden, 2021-01-20 to 2021-12-31, page 1" in keys
    second = desk.gather()
    assert (second.outcome, second.new_documents, second.rows) == (Outcome.SAME, 0, 9)


def test_what_was_published_under_the_next_president_stays_the_signers(desk):
    desk.gather()
    standing = desk.readings.standing(load("federal_register"), desk.store.observations("federal_register"))
    found = {row.act_id: row for reading in standing.readings for row in reading.parsed.acts.itertuples()}
    assert found["2021-90006"].president == "donald-trump"
    assert found["2021-90006"].publication_date.date() > date(2021, 1, 20)
    assert found["2025-90008"].president == "joe-biden"
    assert found["2025-90008"].publication_date.date() > date(2025, 1, 20)


def test_a_search_that_is_too_large_is_halved_until_it_is_counted_whole(desk, many):
    result = desk.gather()
    assert result.faults == ()
    assert many <= set(acts(desk))
    pages = [int(parse_qs(urlsplit(asked).query)["page"][0]) for asked in desk.replay.asked]
    assert max(pages) == 2
    assert desk.gather().outcome is Outcome.SAME


@pytest.mark.usefixtures("many")
def test_a_page_that_silently_becomes_the_first_is_seen_in_the_sum(desk, monkeypatch):
    """The server counts all, but gives no more than it wants to."""
    monkeypatch.setattr(publisher, "MOST_DOCUMENTS", 10_000)
    monkeypatch.setattr(publisher, "LAST_PAGE", 1)
    monkeypatch.setattr(federal_register, "MOST_DOCUMENTS", 10_000)
    result = desk.gather()
    assert result.outcome is Outcome.FAILED
    assert "10 documents announced, 2 given" in result.faults[0]


@pytest.mark.usefixtures("many")
def test_a_day_with_too_many_documents_stops_the_source(desk, monkeypatch):
    crowd = [document(document_number=f"2019-8000{n}", publication_date="2019-05-06") for n in range(1, 10)]
    monkeypatch.setattr(publisher, "documents", lambda _: crowd)
    result = desk.gather()
    assert "on 2019-05-06" in result.faults[0]


def test_a_search_that_finds_nothing_in_any_year_stops_the_source(desk, monkeypatch):
    monkeypatch.setattr(publisher, "documents", lambda _: [document()])
    result = desk.gather()
    assert result.faults == ("documents of joe-biden: nothing at all since 2021-01-20",)
    assert acts(desk) == ["2017-90001"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("fields%5B%5D=citation", "fields%5B%5D=cite", '"status": 400, "message": "field'),
        ("conditions%5Bpresident%5D", "conditions%5Bruler%5D", '{"errors": {"ruler": "is not a valid field"}}'),
        ("=2017-12-31", "=2017-12-32", "Publication Date is not a valid"),
        ("documents.json", "records.json", "Record Not Found"),
    ],
)
def test_both_shapes_of_an_error_are_told(desk, monkeypatch, old, new, said):
    request = federal_register.Request
    monkeypatch.setattr(
        federal_register, "Request", lambda **given: request(**given | {"url": given["url"].replace(old, new)})
    )
    result = desk.gather()
    assert result.outcome is Outcome.FAILED
    assert said in result.faults[0]


def test_a_page_that_asks_to_request_access_is_a_refusal_that_names_it(desk):
    desk.agent = "python-httpx/0.28"
    result = desk.gather()
    assert result.outcome is Outcome.FAILED
    assert "Federal Register :: Request Access" in result.faults[0]
    assert "--from" in result.faults[0]


def test_every_request_is_sorted_asks_for_its_fields_and_keeps_its_address_for_a_year():
    def addresses(today):
        plan = federal_register.plan(Ask(base_url="https://example.org", today=today))
        empty = Snapshot.of(search(document()), source_id="federal_register", name="x", retrieved=RETRIEVED)
        requests = [next(plan)]
        try:
            while True:
                requests.append(plan.send(empty))
        except StopIteration:
            return [request.url for request in requests]

    found = addresses(date(2026, 1, 15))
    assert found == addresses(date(2026, 12, 31))
    for url in found:
        query = parse_qs(urlsplit(url).query)
        assert query["order"] == ["oldest"]
        assert query["fields[]"] == list(federal_register.FIELDS)
        assert 2 <= int(query["per_page"][0]) <= 1000
    # What has no signing day, the rules, has been asked for by term.
    assert '"temporary protected status"' in parse_qs(urlsplit(found[-1]).query)["conditions[term]"][0]


# --- Real files -------------------------------------------------------------------------------------------------------


def test_every_real_file_is_read(data):
    files = sorted(path for path in (data / "federal_register").rglob("*") if path.is_file())
    rows = Counter()
    for path in files:
        parsed = parse(path.read_bytes(), path.name)
        assert parsed.withheld == (), path
        rows["acts"] += len(parsed.acts)
        rows["documents"] += len(parsed.documents)
    assert (len(files), rows) == (185, {"acts": 147 + 96 + 112 + 1000, "documents": 29 + 3 + 3})


def test_the_real_exports_are_read_as_the_standard_library_reads_them(data):
    folder = data / "federal_register"
    for name in ("json_export_executive_orders_2025.json", "documents_eo_donald-trump_2017-2019.json"):
        content = (folder / name).read_bytes()
        assert read(parse(content, name)) == oracle_of_json(content)
    name = "csv_export_executive_orders_2001-2025.csv"
    content = (folder / name).read_bytes()
    assert read(parse(content, name)) == oracle_of_csv(content)


def test_the_order_on_the_border_is_known_by_all_its_names(data):
    found = act((data / "federal_register/documents_single/EO_13767_2017-02095.json").read_bytes())
    assert found.identifiers == "EO 13767;FR Doc 2017-02095;82 FR 8793"
    assert (found.signing_date.date(), found.publication_date.date()) == (date(2017, 1, 25), date(2017, 1, 30))
    assert found.president == "donald-trump"
    names = gathered.names_of_acts("Executive Order 13767, 82 FR 8793, " + found.citation_url)
    assert set(names) == set(found.identifiers.split(";"))


def test_orders_of_the_first_day_of_2025_were_published_eight_days_later(data):
    acts = parse((data / "federal_register/json_export_executive_orders_2025.json").read_bytes()).acts
    first_day = acts[acts["signing_date"] == "2025-01-20"]
    assert len(first_day) == 26
    assert first_day["publication_date"].min() == datetime(2025, 1, 28)


@pytest.mark.parametrize(
    ("order", "number"), [("13767", "2017-02095"), ("13841", "2018-13696"), ("13850", "2018-24254")]
)
def test_the_three_forms_of_a_real_text_say_the_same(data, order, number):
    folder = data / "federal_register"
    paths = (f"full_text_xml/EO_{order}_{number}.xml", f"body_html/EO_{order}.html", f"raw_text_html/EO_{order}.htm")
    found = [text_of((folder / path).read_bytes(), path) for path in paths]
    assert {one.document_id for one in found} == {number}
    assert len({one.title for one in found}) == 1
    assert found[2].published_date.year in (2017, 2018)
    words = [re.findall(r"\w+", one.text) for one in found]
    for other in words[1:]:
        assert difflib.SequenceMatcher(None, words[0], other, autojunk=False).ratio() > 0.96
    assert "Start Printed Page" not in found[1].text
    assert "\x00" not in found[2].text


def test_real_files_handed_over_stand_together(data, desk):
    folder = data / "federal_register"
    files = [folder / "json_export_executive_orders_2025.json", folder / "raw_text_html/EO_13767.htm"]
    result = hand_over(load("federal_register"), desk.keeping, files, "", desk.now, lambda _: None)
    assert (result.outcome, result.rows, result.withheld) == (Outcome.NEW, 113, ())
