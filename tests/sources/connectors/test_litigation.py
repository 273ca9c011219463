"""Court cases: HTML in a cell, dates in words, docket numbers and their courts, names that are not carried."""

import csv
import io
import json
import re
from collections import Counter
from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest

from sources.connector import load
from sources.connectors import litigation
from sources.errors import SourceChanged
from sources.gathering import Outcome
from sources.snapshots import Snapshot
from tests import mutations
from tests.desk import Desk
from tests.make import RETRIEVED
from tests.replay.server import FIXTURES, running

PAYLOADS = FIXTURES / "litigation"
CASES, CHANGES, LAWFARE = "payload_cases.json", "payload_changes.json", "payload_lawfare.csv"
# The docket texts of the recorded cases, and by what number and court each is known.
KNOWN_BY = {
    "9th Cir. Nos. 25-91313 & 25-91939; W.D. Wash. No. 2:25-cv-90255": "25-91313 9th Cir.",
    "No. 25-9365": "25-9365 U.S.",
    "No. 962, Original": "962 Orig. U.S.",
    "D.D.C. 1:25-cv-90943-TNM": "1:25-cv-90943 D.D.C.",
}
COURTS = {
    "District Court, N.D. California": "N.D. Cal.",
    "Court of Appeals for the D.C. Circuit": "D.C. Cir.",
    "Supreme Court of the United States": "U.S.",
    "District Court, M.D. Tennessee": "M.D. Tenn.",
    "United States Court of International Trade": "Ct. Int'l Trade",
}


def parse(content, name="payload"):
    """Read bytes as the connector does."""
    return litigation.parse(Snapshot.of(content, source_id="litigation", name=name, retrieved=RETRIEVED))


def read(parsed):
    """Return what is compared with the oracle: of each act the kind, and the days of acts and documents."""
    acts = {
        a.act_id: (a.kind, None if a.publication_date is None else str(a.publication_date)[:10])
        for a in parsed.acts.itertuples()
    }
    return acts, Counter(str(d.published_date)[:10] for d in parsed.documents.itertuples())


def day(text, form):
    """Return a text as an ISO day, or None if it is none."""
    try:
        found = datetime.strptime(text, form).replace(tzinfo=UTC).date().isoformat()
    except ValueError:
        return None
    return found if form != "%Y-%m-%d" or found == text else None


def alone(rows, key):
    """Return, of rows with the same key, those that say one thing only."""
    groups = {}
    for row in rows:
        groups.setdefault(key(row), set()).add(tuple(sorted(row.items())))
    return [dict(next(iter(found))) for found in groups.values() if len(found) == 1]


def oracle_of_cases(content):
    """Read the cases with the standard library; the docket texts are those of the payload."""
    needed = ("id", "case_name", "docket", "court_en", "status", "last_checked", "url_en", "title_en")
    texts = (*needed, "what_it_affects_en")
    rows = [
        {name: row[name] or "" if row[name] in (None, "") else row[name] for name in texts}
        for row in json.loads(content)["cases"]
    ]
    rows = [row for row in rows if all(isinstance(value, str) for value in row.values())]
    acts = []
    for row in alone(rows, lambda row: row["id"]):
        docket, court = row["docket"], row["court_en"]
        known = KNOWN_BY.get(docket) or ("24A9007 U.S." if "No. 24A9007 (U.S. Supreme Court)" in docket else "")
        if trial := re.match(r"J\.K\.L\. — 1:25-cv-([0-9]{1,5}) \(D\.D\.C\.\)", docket):
            known = f"1:25-cv-{int(trial[1]):05} D.D.C."
        is_homeless = docket in ("No. 25-9365", "No. 962, Original") and "U.S. Supreme Court" not in court
        is_sound = re.fullmatch(r"[a-z0-9-]+", row["id"]) and row["case_name"].strip() and row["url_en"][:1] == "/"
        if not is_sound or is_homeless or not (checked := day(row["last_checked"], "%Y-%m-%d")):
            continue
        kind = "court_case" if known or " v. " in row["case_name"] else "policy_change"
        acts.append({"act": known or f"migrantusa {row['id']}", "kind": kind, "day": checked, "all": repr(row)})
    acts = alone(acts, lambda act: act["act"])
    return {act["act"]: (act["kind"], "NaT") for act in acts}, Counter(act["day"] for act in acts)


def oracle_of_changes(content):
    """Read the changes with the standard library."""
    found = []
    for row in json.loads(content)["changes"]:
        texts = {
            name: row.get(name) or "" if row.get(name) in (None, "") else row[name]
            for name in ("date", "precision", "category", "title_en", "summary_en", "source_url")
        }
        if not all(isinstance(value, str) for value in texts.values()) or texts["category"] == "correction":
            continue
        is_linked = texts["source_url"] == "" or re.fullmatch(r"https://\S+", texts["source_url"])
        names = re.search(
            r"Executive Order 14960|Proclamation 11999|90 FR 98449|2026-9102[67]", " ".join(texts.values())
        )
        written = day(texts["date"], "%Y-%m-%d")
        if texts["title_en"].strip() and is_linked and names and written:
            slug = "-".join(re.split("[^a-z0-9]+", texts["title_en"].lower()))[:60].strip("-")
            shown = written if texts["precision"] == "day" else "NaT"
            found.append({"act": f"change {written} {slug}", "day": shown, "all": repr(texts)})
    return {act["act"]: ("policy_change", act["day"]) for act in alone(found, lambda act: act["act"])}, Counter()


class Cell(HTMLParser):
    """The text and the links of a cell of HTML."""

    def __init__(self, html):
        super().__init__()
        self.text, self.links = "", []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.links += [value or "" for name, value in attrs if tag == "a" and name == "href"]

    def handle_data(self, data):
        self.text += data


def day_in_words(text):
    """Return a day such as "Feb. 19, 2025" as an ISO day, or None."""
    plain = re.sub(r"^([A-Za-z]+)\.? ([0-9]+),? ([0-9]{4})$", r"\1 \2 \3", " ".join(text.split()))
    return day(plain, "%B %d %Y") or day(plain, "%b %d %Y")


def oracle_of_lawfare(content):
    """Read the table with the csv module and the standard library's HTML parser."""
    head, *lines = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""))
    head = [name.strip().removeprefix("\ufeff") for name in head]
    forms = re.compile(r"[0-9]:[0-9]{2}-cv-[0-9]{5}|[0-9]{2}A[0-9]{1,4}|[0-9]{2}-[0-9]{1,5}")
    acts = []
    for row in (dict(zip(head, line, strict=True)) for line in lines if len(line) == len(head)):
        dockets = [part.strip() for part in re.split("[;,]", row["Docket Number"])]
        cell = Cell(row["Lawsuit"])
        has_link = bool(cell.links) and re.fullmatch(r"https?://\S+", cell.links[0].strip())
        filed, updated = day_in_words(row["Date Filed"]), day_in_words(row["Last Updated"])
        if all(map(forms.fullmatch, dockets)) and cell.text.strip(" ;\r\n\t") and has_link and filed and updated:
            act = f"{dockets[0]} {COURTS[' '.join(row['Jurisdiction'].split())]}"
            acts.append({"act": act, "filed": filed, "updated": updated, "all": repr(row)})
    acts = alone(acts, lambda act: act["act"])
    return {act["act"]: ("court_case", act["filed"]) for act in acts}, Counter(act["updated"] for act in acts)


@pytest.mark.parametrize(
    ("name", "mutate", "oracle", "times"),
    [
        (LAWFARE, mutations.of_text, oracle_of_lawfare, 250),
        (CASES, mutations.of_json, oracle_of_cases, 150),
        (CHANGES, mutations.of_json, oracle_of_changes, 100),
    ],
)
def test_broken_files_are_refused_or_read_right(name, mutate, oracle, times):
    content = (PAYLOADS / name).read_bytes()
    mutations.check(load("litigation"), content, mutate, oracle, read, times=times)


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        (LAWFARE, "District Court, N.D. California", "District Court, N.D. Atlantis", "Atlantis"),
        (LAWFARE, "Terminated 2025-09-02", "Ended 2025-09-02", "Ended"),
        (LAWFARE, ",Jurisdiction,", ",Court,", "Court"),
        (CASES, '"in_effect"', '"in_doubt"', "in_doubt"),
        (CASES, '"court_en"', '"court"', "court"),
        (CASES, '"case_count": 7', '"case_count": 8', "8"),
        (CHANGES, '"precision": "month"', '"precision": "year"', "year"),
        (CHANGES, '"category": "tps"', '"category": "aliens"', "aliens"),
        (CHANGES, '"affected_pages"', '"pages"', "pages"),
        (CHANGES, '"upcoming"', '"planned"', "planned"),
    ],
)
def test_an_unknown_label_field_or_length_stops_the_source_by_name(name, old, new, said):
    content = (PAYLOADS / name).read_text(encoding="utf-8")
    assert old in content
    with pytest.raises(SourceChanged, match=said):
        parse(content.replace(old, new).encode())


@pytest.mark.parametrize(
    ("docket", "courts", "expected"),
    [
        ("No. 25-365", "U.S. Supreme Court", ["25-365 U.S."]),
        (
            "No. 25-886",
            "U.S. Supreme Court (on certiorari to the U.S. Court of Appeals for the Second Circuit)",
            ["25-886 U.S."],
        ),
        (
            "1:25-cv-11109-PBS",
            "U.S. District Court for the District of Massachusetts (Judge A. B. Doe)",
            ["1:25-cv-11109 D. Mass."],
        ),
        (
            "D.C. Cir. No. 25-5181 (aff'g D.D.C. No. 1:25-cv-00677, Doe, J.)",
            "",
            ["25-5181 D.C. Cir.", "1:25-cv-00677 D.D.C."],
        ),
        (
            "Nos. 25-1083 & 25-1084 (U.S.); 3:25-cv-01766 (N.D. Cal.)",
            "",
            ["25-1083 U.S.", "25-1084 U.S.", "3:25-cv-01766 N.D. Cal."],
        ),
        (
            "No. 3:25-cv-09757 (N.D. Cal.), transferred to E.D. Cal.; 9th Cir. No. 26-1294",
            "",
            ["3:25-cv-09757 N.D. Cal.", "26-1294 9th Cir."],
        ),
        ("N.D.N.Y. No. 1:25-cv-205 (on appeal: 2nd Cir. No. 26-387)", "", ["1:25-cv-00205 N.D.N.Y.", "26-387 2d Cir."]),
        ("5th Cir. No. 25-10898 (TX)", "Multiple U.S. District Courts", ["25-10898 5th Cir."]),
        ("No. 162, Original", "U.S. Supreme Court", ["162 Orig. U.S."]),
        ("1:25-cv-00001", "Western District of Washington", ["1:25-cv-00001 W.D. Wash."]),
        ("1:25-cv-00001", "Southern District of West Virginia", ["1:25-cv-00001 S.D. W. Va."]),
        ("FR Doc. 2025-13738; 90 FR 34511; RIN 1615-AD05; PM-602-0199; Public Law 119-98", "U.S. Supreme Court", []),
        ("No. 25-365", "an unnamed court", ["25-365 "]),
        ("No. 1:25-cv-9,0766 (D.D.C.)", "", []),
    ],
)
def test_each_docket_number_goes_with_its_court(docket, courts, expected):
    assert [" ".join(pair) for pair in litigation._numbers(docket, courts)] == expected


def test_a_case_whose_number_is_of_no_known_court_is_withheld():
    content = (PAYLOADS / CASES).read_text(encoding="utf-8")
    parsed = parse(content.replace('"court_en": "U.S. Supreme Court"', '"court_en": "a court"').encode())
    assert "25-9365 U.S." not in set(parsed.acts["act_id"])
    assert [(w.row, w.column) for w in parsed.withheld] == [(2, "docket"), (7, "last_checked")]


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<a href=https://a.example/1/> <i> A v. B </i> </a>", ("A v. B", "https://a.example/1/")),
        ('<a href="https://a.example/1/"><I>A v. B</a></a>', ("A v. B", "https://a.example/1/")),
        (
            "<a href=https://a.example/1/><i>A v. B<i></a> ; <a href=https://a.example/2/>C &amp; D v. E</a>",
            ("A v. B; C & D v. E", "https://a.example/1/"),
        ),
        ("A v. B", ("A v. B", "")),
        ("", ("", "")),
    ],
)
def test_a_cell_of_broken_html_gives_its_text_and_first_link(html, expected):
    assert litigation._cell(html) == expected


@pytest.mark.parametrize("words", ["Feb. 19, 2025", "February 19, 2025", "Feb 19 2025", " Feb.  19, 2025 "])
def test_dates_in_words_are_read_in_each_of_their_spellings(words):
    content = (PAYLOADS / LAWFARE).read_text(encoding="utf-8")
    acts = parse(content.replace("Feb. 19, 2025", words).encode()).acts.set_index("act_id")
    assert str(acts.loc["3:25-cv-91766 N.D. Cal.", "publication_date"])[:10] == "2025-02-19"


@pytest.mark.parametrize(
    "words", ["2/19/2025", "Feb. 30, 2025", "Febr. 19, 2025", "Feb. 19, 25", "\u0661\u0669 Feb 2025"]
)
def test_other_dates_are_withheld_and_not_guessed(words):
    content = (PAYLOADS / LAWFARE).read_text(encoding="utf-8")
    parsed = parse(content.replace("Feb. 19, 2025", words).encode())
    assert [(w.row, w.column) for w in parsed.withheld] == [(1, "filed"), (5, "filed")]


def test_prosecutions_and_the_names_in_matters_and_summaries_are_not_carried():
    parsed = parse((PAYLOADS / LAWFARE).read_bytes())
    carried = parsed.acts.to_csv() + parsed.documents.to_csv()
    assert "Roe" not in carried
    assert "invented country" not in carried


def test_a_change_by_month_has_no_day():
    acts = parse((PAYLOADS / CHANGES).read_bytes()).acts.set_index("act_id")
    assert acts["publication_date"].isna().to_dict() == {
        "change 2026-06-30 court-rules-on-executive-order-14960": False,
        "change 2026-07-01 invented-fee-rule": True,
    }


def as_csv(content):
    """Return the flat form of the change log, as its makers make it: without the lists, with a byte order mark."""
    changes = json.loads(content)["changes"]
    texts = [{name: value for name, value in row.items() if not isinstance(value, list)} for row in changes]
    fields = ["date", "precision", "category", "title_en", "title_es", "summary_en", "summary_es", "source_url"]
    file = io.StringIO(newline="")
    writer = csv.DictWriter(file, [*fields, "link_en", "link_es"], restval="")
    writer.writeheader()
    writer.writerows(texts)
    return file.getvalue().encode("utf-8-sig")


def test_both_forms_of_the_change_log_give_the_same_acts():
    content = (PAYLOADS / CHANGES).read_bytes()
    assert parse(as_csv(content)).acts.to_dict("records") == parse(content).acts.to_dict("records")


GOLDEN = {
    "lawfare_tracker_trimmed.csv": ({"court_case": 451}, 451, [(426, "filed")]),
    "migrantusa_litigation_tracker.json": ({"court_case": 41, "policy_change": 21}, 62, []),
    "migrantusa_change_log.json": ({"policy_change": 12}, 0, []),
    "migrantusa_change_log.csv": ({"policy_change": 12}, 0, []),
}


@pytest.mark.parametrize("name", GOLDEN)
def test_the_real_files_give_every_case(name, data):
    parsed = parse((data / "trackers" / name).read_bytes(), name)
    found = Counter(parsed.acts["kind"]), len(parsed.documents), [(w.row, w.column) for w in parsed.withheld]
    assert found == GOLDEN[name]


def test_the_real_change_log_is_the_same_in_both_forms(data):
    forms = [parse((data / "trackers" / f"migrantusa_change_log.{form}").read_bytes()).acts for form in ("json", "csv")]
    assert forms[0].sort_values("act_id").to_dict("records") == forms[1].sort_values("act_id").to_dict("records")


def test_the_trackers_know_the_same_case_by_the_same_name(data):
    names = ("lawfare_tracker_trimmed.csv", "migrantusa_litigation_tracker.json")
    lawfare, migrantusa = (parse((data / "trackers" / name).read_bytes()).acts for name in names)
    both = set(lawfare["act_id"]) & {name for names in migrantusa["identifiers"] for name in names.split(";")}
    assert {"1:25-cv-00766 D.D.C.", "25-5152 D.C. Cir.", "24A931 U.S."} <= both


def test_other_trackers_are_refused(data):
    names = [path.name for path in (data / "trackers").iterdir() if path.name not in GOLDEN]
    assert len(names) == 6
    for name in names:
        with pytest.raises(SourceChanged, match="neither tracker"):
            parse((data / "trackers" / name).read_bytes(), name)


def test_the_plan_gathers_both_datasets_once(tmp_path):
    with running() as replay:
        desk = Desk(tmp_path, replay, "litigation")
        first, second = desk.gather(), desk.gather()
    assert (first.outcome, first.documents, first.new_documents, first.rows) == (Outcome.NEW, 2, 2, 14)
    assert (second.outcome, second.new_documents, second.rows) == (Outcome.SAME, 0, 14)
    assert Counter(o.key for o in desk.observations) == {"cases": 2, "changes": 2}
