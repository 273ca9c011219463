"""Regulations.gov: a key, an hour's ration, windows in another time zone, days in Washington, and the real files."""

import copy
import json
import re
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from sources import gathered
from sources.connector import load
from sources.connectors import federal_register, regulations_gov
from sources.errors import SourceChanged
from sources.gathering import Outcome
from sources.snapshots import Result, Snapshot
from tests import mutations
from tests.desk import Desk
from tests.make import RETRIEVED
from tests.replay.publishers import regulations_gov as publisher
from tests.replay.server import FIXTURES, Fault, running

PAYLOADS = FIXTURES / "regulations_gov"
KINDS = {
    "Rule": "rule",
    "Proposed Rule": "proposed_rule",
    "Notice": "notice",
    "Supporting & Related Material": "supporting_material",
    "Other": "other",
}
TIME = re.compile(r"((19|20)[0-9]{2})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(Z|[-+][0-9]{2}:[0-9]{2})")


def parse(content, name="payload.json"):
    """Read bytes as the connector does."""
    snapshot = Snapshot.of(content, source_id="regulations_gov", name=name, retrieved=RETRIEVED)
    return regulations_gov.parse(snapshot)


def document(**attributes):
    """Return the first recorded document with some attributes changed; `id` is the document's own."""
    one = json.loads((PAYLOADS / "payload.json").read_bytes())["data"][0]
    one["id"] = attributes.pop("id", one["id"])
    one["attributes"] |= attributes
    return one


def answer(*documents, **parts):
    """Return an answer with these documents."""
    return json.dumps({"data": list(documents)} | parts).encode()


def day_in_washington(text):
    """Cut a time to its day, by the rule of 15 U.S.C. 260a that summer time has had since 2007."""
    match = TIME.fullmatch(text)
    if not match:
        return None
    try:
        time = datetime.fromisoformat(text).astimezone(UTC).replace(tzinfo=None)
    except ValueError:
        return None

    def sunday(month, number):
        first = datetime(time.year, month, 1)
        return first + timedelta(days=(6 - first.weekday()) % 7 + 7 * (number - 1))

    is_summer = sunday(3, 2) + timedelta(hours=7) <= time < sunday(11, 1) + timedelta(hours=6)
    return (time - timedelta(hours=4 if is_summer else 5)).date()


def oracle(content):
    """Read the documents with the json module: whole ones, each once."""
    found = json.loads(content.decode("utf-8-sig"))
    rows = []
    for page in found if isinstance(found, list) else [found]:
        for resource in page["data"]:
            fields = resource["attributes"]
            row = [resource.get("id"), *(fields[name] for name in ("documentType", "title", "postedDate", "frDocNum"))]
            if all(value is None or isinstance(value, str) for value in row):
                rows.append(tuple((value or "").strip() for value in row))
    kept = [
        row
        for row in dict.fromkeys(rows)
        if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", row[0])
        and row[2]
        and day_in_washington(row[3])
        and re.fullmatch(r"|([A-Z][0-9]?-)?[A-Z0-9]{1,4}-[0-9]{1,6}", row[4])
    ]
    times = Counter(row[0] for row in kept)
    return {
        (id_, KINDS.get(type_), title, day_in_washington(posted), f"FR Doc {number}" if number else "")
        for id_, type_, title, posted, number in kept
        if times[id_] == 1
    }


def read(parsed):
    """Return what the oracle gives, of what the connector read."""
    return {(a.act_id, a.kind, a.title, a.publication_date.date(), a.identifiers) for a in parsed.acts.itertuples()}


@pytest.mark.parametrize(("name", "times"), [("payload.json", 500), ("payload_archive.json", 150)])
def test_broken_files_are_refused_or_read_right(name, times):
    content = (PAYLOADS / name).read_bytes()
    mutations.check(load("regulations_gov"), content, mutations.of_json, oracle, read, times=times)


# --- Traps ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda one: one["attributes"].update(documentType="Decree"), "Decree"),
        (lambda one: one["attributes"].update(documentType=None), "unknown documentType"),
        (lambda one: one["attributes"].update(rank=1), "rank"),
        (lambda one: one["attributes"].pop("frDocNum"), r"document 1 lacks \['frDocNum'\]"),
        (lambda one: one.update(type="comments"), "1 is no document"),
        (lambda one: one.update(attributes=[]), "1 is no document"),
        (lambda one: one.update(included=[]), "included"),
    ],
)
def test_an_unknown_type_or_field_stops_the_source_by_name(change, said):
    one = document()
    change(one)
    with pytest.raises(SourceChanged, match=said):
        parse(answer(one))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'{"errors":[{"status":"400","detail":"Page size must be between 5 and 250."}]}', "between 5 and 250"),
        (b'{"error":{"code":"OVER_RATE_LIMIT","message":"You have exceeded your rate limit."}}', "OVER_RATE_LIMIT"),
        (b'{"data":{"id":"DHS-2017-0003-0002"}}', "expected documents under `data`"),
        (b"[[]]", "expected documents under `data`"),
        (answer(document(), warnings=[]), "warnings"),
    ],
)
def test_what_is_no_answer_is_told_in_the_publishers_words(content, said):
    with pytest.raises(SourceChanged, match=re.escape(said)):
        parse(content)


@pytest.mark.parametrize(
    ("posted", "day"),
    [
        ("2017-01-25T05:00:00Z", date(2017, 1, 25)),
        ("2017-07-01T04:00:00Z", date(2017, 7, 1)),
        ("2017-07-02T03:59:59Z", date(2017, 7, 1)),
        ("2017-01-25T04:00:00Z", date(2017, 1, 24)),
        ("2019-01-20T13:15:45+01:00", date(2019, 1, 20)),
    ],
)
def test_a_day_is_one_in_washington(posted, day):
    (act,) = parse(answer(document(postedDate=posted))).acts.itertuples()
    assert act.publication_date.date() == day


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("id", "../../etc"),
        ("id", None),
        ("title", "  "),
        ("title", ["a"]),
        ("postedDate", "2017-02-30T05:00:00Z"),
        ("postedDate", "2017-01-25"),
        ("postedDate", "\u0662\u0660\u0661\u0667-01-25T05:00:00Z"),
        ("postedDate", None),
        ("frDocNum", "2017-01665;EO 13767"),
        ("frDocNum", 201701665),
    ],
)
def test_a_bad_field_withholds_its_document_alone(name, value):
    parsed = parse(answer(document(**{name: value}), document(id="DHS-2017-9001-0099")))
    assert list(parsed.acts["act_id"]) == ["DHS-2017-9001-0099"]
    assert [(w.row, w.column) for w in parsed.withheld] == [(1, name)]


def test_documents_of_one_id_that_differ_are_both_withheld():
    parsed = parse(answer(document(), document(title="Another")))
    assert (len(parsed.acts), len(parsed.withheld)) == (0, 2)


def test_an_answer_without_documents_is_no_error():
    assert parse(answer()).rows == 0


def test_the_counts_of_the_last_days_are_no_change():
    def canonical(content):
        return regulations_gov.canonical(
            Snapshot.of(content, source_id="regulations_gov", name="x", retrieved=RETRIEVED)
        )

    one = canonical(answer(document(), meta={"totalElements": 1, "aggregations": {"postedDate": [1]}}))
    assert one == canonical(answer(document(), meta={"totalElements": 1, "aggregations": {"postedDate": [2]}}))
    assert one != canonical(answer(document(), meta={"totalElements": 2, "aggregations": {"postedDate": [1]}}))
    assert canonical(b"{") == b"{"
    assert canonical(b"[]") == b"[]"


# --- The plan ---------------------------------------------------------------------------------------------------------


def acts(desk):
    """Return the ids of all acts that stand."""
    return {act_id for parsed in desk.tables for act_id in parsed.acts["act_id"]}


@pytest.fixture
def desk(tmp_path):
    """Return an empty store beside the running publisher."""
    with running() as replay:
        yield Desk(tmp_path, replay, "regulations_gov", api_key=publisher.KEY, no_key="set a key")


@pytest.fixture
def many(monkeypatch):
    """Let there be 23 more rules of one agency; pages of five, two pages at most."""
    start = datetime(2020, 11, 1, 4, 30)
    changes = [start + timedelta(minutes=17 * number) for number in range(23)]
    more = [
        document(id=f"DHS-2020-8000-00{number:02}", lastModifiedDate=f"{time:%Y-%m-%dT%H:%M:%SZ}")
        for number, time in enumerate(changes)
    ]
    recorded = publisher.documents(PAYLOADS)
    monkeypatch.setattr(publisher, "documents", lambda _: copy.deepcopy([*recorded, *more]))
    for module in (publisher, regulations_gov):
        monkeypatch.setattr(module, "LAST_PAGE", 2)
    monkeypatch.setattr(regulations_gov, "PAGE_ROWS", 5)
    return more


def test_the_whole_plan_over_http_and_a_second_run_with_nothing_new(desk):
    first = desk.gather()
    # Six agencies, three types each, one page of each.
    assert (first.outcome, first.faults) == (Outcome.NEW, ())
    assert (first.documents, first.new_documents, first.rows) == (18, 18, 6)
    assert sorted(w.column for w in first.withheld) == ["frDocNum", "postedDate"]
    assert {o.key for o in desk.observations} >= {
        "DHS, Rule, window 1, page 1",
        "ICEB, Proposed Rule, window 1, page 1",
    }
    second = desk.gather()
    assert (second.outcome, second.new_documents, second.rows) == (Outcome.SAME, 0, 6)
    assert {o.result for o in desk.observations[18:]} == {Result.SAME}


def test_a_window_moves_on_by_the_last_change_in_eastern_time(desk, many):
    """The changes lie around the hour that comes twice in the night of 2020-11-01."""
    result = desk.gather()
    assert result.faults == ()
    assert {one["id"] for one in many} <= acts(desk)
    queries = [parse_qs(urlsplit(asked).query) for asked in desk.replay.asked]
    since = [query.get("filter[lastModifiedDate][ge]", [""])[0] for query in queries]
    assert "2020-11-01 00:46:00" in since
    assert max(int(query["page[number]"][0]) for query in queries) == 2
    assert {query["page[size]"][0] for query in queries} == {"5"}
    assert desk.gather().outcome is Outcome.SAME


def test_a_filter_in_another_time_zone_is_seen_in_the_sum(desk, many, monkeypatch):
    monkeypatch.setattr(regulations_gov, "WASHINGTON", UTC)
    result = desk.gather()
    assert result.outcome is Outcome.FAILED
    assert "24 documents announced at first" in result.faults[0]
    assert many


def test_more_documents_changed_at_once_than_a_window_has_stops_the_source(desk, many):
    for one in many:
        one["attributes"]["lastModifiedDate"] = "2020-06-01T04:30:00Z"
    result = desk.gather()
    assert result.outcome is Outcome.FAILED
    assert "10 documents or more changed at 2020-06-01 00:30:00" in result.faults[0]


def test_pages_that_do_not_add_up_stop_the_source(desk, many, monkeypatch):
    """Of two documents one may slip to a page already read while the pages are read."""
    monkeypatch.setattr(publisher, "documents", lambda _: [*many[:6], many[0]])
    result = desk.gather()
    assert "DHS, Rule, window 1: 7 documents announced, 6 given" in result.faults[0]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("page%5Bsize%5D=250", "page%5Bsize%5D=50", r"are \[1, 50, 1\]; expected \[1, 250, a number\]"),
        ("page%5Bsize%5D=250", "page%5Bsize%5D=251", "Page size must be between 5 and 250"),
        ("page%5Bnumber%5D=1", "page%5Bnumber%5D=21", "Page number must be between 1 and 20"),
        ("page%5Bnumber%5D=1", "page%5Bnumber%5D=2", r"are \[2, 250, 1\]"),
        ("filter%5BagencyId%5D", "filter%5Bagency%5D", "Unsupported filter agency"),
    ],
)
def test_what_was_not_asked_for_is_told(desk, monkeypatch, old, new, said):
    request = regulations_gov.Request
    monkeypatch.setattr(
        regulations_gov, "Request", lambda **given: request(**given | {"url": given["url"].replace(old, new)})
    )
    result = desk.gather()
    assert result.outcome is Outcome.FAILED
    assert re.search(said, result.faults[0])


def test_an_agency_without_any_document_stops_the_source(desk, monkeypatch):
    monkeypatch.setattr(regulations_gov, "AGENCIES", ("DHS", "ICE"))
    result = desk.gather()
    assert result.faults == ("ICE: no document of any type since 2017-01-20",)
    assert acts(desk) == {"DHS-2017-9001-0001"}


@pytest.mark.parametrize(("key", "said"), [("another", "API_KEY_INVALID"), (None, "set a key")])
def test_without_a_good_key_nobody_is_let_in(desk, key, said):
    desk.given["api_key"] = key
    result = desk.gather()
    assert result.outcome is Outcome.FAILED
    assert said in result.faults[0]


def test_a_key_is_kept_nowhere(desk, tmp_path):
    desk.given["api_key"] = publisher.KEY = "s3cr3t-key"
    try:
        assert desk.gather().outcome is Outcome.NEW
    finally:
        publisher.KEY = "a-key"
    kept = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert kept
    assert not [path for path in kept if b"s3cr3t" in path.read_bytes()]
    assert not [asked for asked in desk.replay.asked if "s3cr3t" in asked]


def test_a_busy_publisher_is_asked_again(desk):
    desk.replay.fail("regulations_gov", Fault.BUSY, times=1)
    assert desk.gather().outcome is Outcome.NEW


def test_a_spent_ration_is_unavailable_not_changed_and_keeps_what_came(desk, monkeypatch):
    monkeypatch.setitem(publisher.RATION, "left", 4)
    result = desk.gather()
    assert result.outcome is Outcome.FAILED
    assert "answered 429 (2 attempts)" in result.faults[0]
    assert acts(desk) == {"DHS-2017-9001-0001"}
    monkeypatch.setitem(publisher.RATION, "left", 1000)
    assert desk.gather().outcome is Outcome.NEW


# --- Real files -------------------------------------------------------------------------------------------------------


def test_every_real_file_is_read(data):
    kinds = Counter()
    files = sorted((data / "regulations_gov").iterdir())
    for path in files:
        content = path.read_bytes()
        parsed = parse(content, path.name)
        assert parsed.withheld == (), path
        assert read(parsed) == oracle(content), path
        kinds.update(parsed.acts["kind"])
        months = set(parsed.acts["publication_date"].dt.strftime("%Y-%m"))
        assert months == {path.stem.removeprefix("documents_").replace("raw_day_2020_01_14", "2020-01")}
    assert (len(files), kinds) == (37, {"rule": 189, "proposed_rule": 66})


def test_a_real_rule_is_the_federal_registers_act(data):
    (act,) = [
        act
        for act in parse((data / "regulations_gov/documents_2017-01.json").read_bytes()).acts.itertuples()
        if act.act_id == "DHS-2017-0003-0002"
    ]
    assert act.publication_date.date() == date(2017, 1, 25)
    assert act.identifiers == "FR Doc 2017-01665"
    assert gathered.names_of_acts("https://www.federalregister.gov/d/2017-01665") == [act.identifiers]
    assert re.fullmatch(federal_register.NUMBER, act.identifiers.removeprefix("FR Doc "))
