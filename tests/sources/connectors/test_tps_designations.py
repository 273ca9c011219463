"""Actions on Temporary Protected Status: both forms of the dataset, its labels' gaps, and broken files."""

import csv
import io
import json
import re
from collections import Counter
from datetime import UTC, date, datetime

import pytest

from sources.connector import load
from sources.connectors import tps_designations
from sources.errors import SourceChanged
from sources.gathering import Outcome
from sources.snapshots import Snapshot
from tests import mutations
from tests.desk import Desk
from tests.make import RETRIEVED
from tests.replay.server import FIXTURES, running

PAYLOADS = FIXTURES / "tps_designations"
NUMBER = re.compile(r"([A-Z][0-9]?-)?[A-Z0-9]{1,4}-[0-9]{1,6}")
CODES = {
    "El Salvador": "SLV",
    "Guinea": "GIN",
    "Guinea-Bissau": "GNB",
    "Haiti": "HTI",
    "Honduras": "HND",
    "Nepal": "NPL",
    "Nicaragua": "NIC",
    "South Sudan": "SSD",
    "Sudan": "SDN",
    "Venezuela": "VEN",
}


def parse(content, name="payload.json"):
    """Read bytes as the connector does."""
    return tps_designations.parse(Snapshot.of(content, source_id="tps_designations", name=name, retrieved=RETRIEVED))


def payload(change=None):
    """Return the recorded JSON, with something changed in its documents."""
    document = json.loads((PAYLOADS / "payload.json").read_bytes())
    if change:
        change(document["actions"])
        document["_meta"]["tps_actions_kept"] = len(document["actions"])
    return json.dumps(document).encode()


def read(parsed):
    """Return what is compared with the oracle: of each act the kind, day and countries."""
    return {a.act_id: (a.kind, a.publication_date.date(), a.country_codes) for a in parsed.acts.itertuples()}


def kind_of(labels, type_, number, title):
    """Say in other words what a document does."""
    title, labels = title.casefold(), set(labels)
    is_of_designation = bool(labels & {"designation", "redesignation"})
    again = "redesignation" in labels or ("designation" in labels and "re-designat" in title)
    period = "re_registration" in labels or (
        "extension" in labels and "designation" not in labels and "registration period" in title
    )
    permit = "ead_auto_extension" in labels or (
        labels == {"extension"} and re.search(r"\b(work|employment) authorization\b", title)
    )
    if "correction" in labels or type_ == "Correction" or re.match("C[0-9]?-", number):
        return "tps_correction"
    for label in ("vacatur", "rescission", "termination"):
        if label in labels:
            return f"tps_{label}"
    if again:
        return "tps_redesignation"
    if period:
        return "tps_registration"
    if "continuation" in labels:
        return "tps_continuation"
    if permit and not ("designation" in labels and is_of_designation):
        return "tps_work_permit_extension"
    return next((f"tps_{label}" for label in ("extension", "designation") if label in labels), "tps_other")


def is_text(value):
    """Say whether a JSON value is a text or nothing."""
    return value is None or isinstance(value, str)


def sound(rows):
    """Return the documents that are good by themselves and there once, from texts by field."""
    rows = [row | {"document_number": row["document_number"].strip()} for row in rows]
    groups = {}
    for row in rows:
        if row not in groups.setdefault(row["document_number"], []):
            groups[row["document_number"]].append(row)
    for number, (row, *others) in groups.items():
        try:
            day = datetime.strptime(row["date"], "%Y-%m-%d").replace(tzinfo=UTC).date()
        except ValueError:
            continue
        is_dated = re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", row["date"])
        is_cited = re.fullmatch(r"([0-9]{1,3} FR [0-9]{1,6})?", row["citation"])
        is_titled = row["title"].strip() and row["title"] == row["title"].strip() and "\n" not in row["title"]
        is_there = re.fullmatch(r"https://\S+", row["url"])
        if not others and NUMBER.fullmatch(number) and is_dated and is_cited and is_titled and is_there:
            yield row, day


def oracle_of_json(content):
    """Read the JSON with the standard library."""
    rows = []
    for action in json.loads(content)["actions"]:
        texts = {
            name: action[name] for name in ("date", "type", "title", "document_number", "citation", "url", "scope")
        }
        lists = (action["countries"], action["actions"])
        if all(map(is_text, texts.values())) and all(
            isinstance(part, list) and all(isinstance(name, str) for name in part) for part in lists
        ):
            rows.append({name: text or "" for name, text in texts.items()} | {"c": lists[0], "a": lists[1]})
    found = {}
    for row, day in sound(rows):
        is_bissau = "guinea- bissau" in row["title"].casefold()
        codes = {CODES["Guinea-Bissau" if is_bissau and name == "Guinea" else name] for name in row["c"]}
        kind = kind_of(row["a"], row["type"], row["document_number"], row["title"])
        found[row["document_number"]] = kind, day, ";".join(sorted(codes))
    return found


def oracle_of_csv(content):
    """Read the CSV with the csv module: the day and the number only, as the rest stands in the titles."""
    head, *lines = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""))
    head = [name.strip().removeprefix("\ufeff") for name in head]
    lines = [line for line in lines if len(line) == len(head)]
    rows = [dict(zip(head, line, strict=True)) for line in lines]
    unread = {"effective_on", "pdf_url", "agency"}
    return {
        row["document_number"]: day
        for row, day in sound([{k: v for k, v in row.items() if k not in unread} for row in rows])
    }


def test_broken_json_is_refused_or_read_right():
    content = (PAYLOADS / "payload.json").read_bytes()
    mutations.check(load("tps_designations"), content, mutations.of_json, oracle_of_json, read, times=350)


def test_broken_csv_is_refused_or_read_right():
    content = (PAYLOADS / "payload.csv").read_bytes()
    mutations.check(
        load("tps_designations"),
        content,
        mutations.of_text,
        oracle_of_csv,
        lambda parsed: {number: day for number, (_, day, _) in read(parsed).items()},
        times=150,
    )


def test_both_forms_of_the_dataset_give_the_same_acts():
    forms = [parse((PAYLOADS / name).read_bytes(), name).acts for name in ("payload.json", "payload.csv")]
    assert forms[0].to_dict("records") == forms[1].to_dict("records")


def change(field, value):
    """Return a change of the second document."""
    return lambda actions: actions[1].update({field: value})


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (payload(change("actions", ["suspension"])), "suspension"),
        (payload(change("countries", ["Atlantis"])), "Atlantis"),
        (payload(change("type", "Proposed Rule")), "Proposed Rule"),
        (payload(change("effect", "none")), "effect"),
        (payload(lambda actions: actions[1].pop("citation")), "citation"),
        (payload().replace(b'"tps_actions_kept": 15', b'"tps_actions_kept": 16'), "16"),
        (payload().replace(b'"_meta"', b'"meta"'), "meta"),
    ],
)
def test_an_unknown_label_field_or_length_stops_the_source_by_name(broken, said):
    with pytest.raises(SourceChanged, match=said):
        parse(broken)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (b"for Sudan,", b"for Atlantis,", "Atlantis"),
        (b",program_wide", b",worldwide", "worldwide"),
        (b",citation,", b",cite,", "cite"),
    ],
)
def test_a_changed_csv_stops_the_source_by_name(old, new, said):
    content = (PAYLOADS / "payload.csv").read_bytes()
    assert old in content
    with pytest.raises(SourceChanged, match=said):
        parse(content.replace(old, new), "payload.csv")


def test_a_blank_before_the_document_number_is_none_of_it():
    parsed = parse(payload(change("document_number", " 99-10002")))
    assert "99-10002" in set(parsed.acts["act_id"])


def test_documents_that_differ_under_one_number_are_both_withheld():
    parsed = parse(payload(lambda actions: actions.append(actions[1] | {"title": "Designation of Haiti"})))
    assert "99-10002" not in set(parsed.acts["act_id"])
    assert [w.row for w in parsed.withheld] == [2, 13, 16]


FORMS = ("tps_designation_history.json", "tps_designation_history.csv")
GOLDEN = {
    "tps_extension": 125,
    "tps_redesignation": 40,
    "tps_termination": 36,
    "tps_designation": 29,
    "tps_correction": 27,
    "tps_registration": 11,
    "tps_continuation": 8,
    "tps_work_permit_extension": 5,
    "tps_other": 5,
    "tps_rescission": 4,
    "tps_vacatur": 2,
}


@pytest.mark.parametrize("name", FORMS)
def test_the_real_files_give_every_document_by_kind(name, data):
    parsed = parse((data / "tps" / name).read_bytes(), name)
    assert Counter(parsed.acts["kind"]) == GOLDEN
    assert parsed.withheld == ()


def test_the_real_forms_give_the_same_acts(data):
    forms = [parse((data / "tps" / name).read_bytes(), name).acts for name in FORMS]
    assert forms[0].to_dict("records") == forms[1].to_dict("records")


def test_the_vacatur_of_2025_stands_beside_the_termination_after_it(data):
    acts = parse((data / "tps" / FORMS[0]).read_bytes()).acts
    venezuela = acts[(acts["country_codes"] == "VEN") & (acts["publication_date"] >= "2025-01-20")]
    found = {a.identifiers.split(";")[1]: (a.kind, a.publication_date.date()) for a in venezuela.itertuples()}
    assert found["90 FR 8805"] == ("tps_vacatur", date(2025, 2, 3))
    assert found["90 FR 9040"] == ("tps_termination", date(2025, 2, 5))


def test_the_plan_gathers_the_dataset_once(tmp_path):
    with running() as replay:
        desk = Desk(tmp_path, replay, "tps_designations")
        first, second = desk.gather(), desk.gather()
    assert (first.outcome, first.documents, first.new_documents, first.rows) == (Outcome.NEW, 1, 1, 14)
    assert (second.outcome, second.new_documents, second.rows) == (Outcome.SAME, 0, 14)
    (observation, _) = desk.observations
    with desk.store.open(observation.sha256) as kept:
        assert kept.read() == (PAYLOADS / "payload.json").read_bytes()
