"""Documents as a user hands them over: files, folders, addresses and standard input, and what is kept of them."""

import hashlib
import json
import os
import re
import time
from datetime import date
from pathlib import Path

import pytest

from flows import reading, unreviewed
from flows.build import build
from flows.parameters import ReportParameters
from flows.settings import Settings
from sources.errors import BadInput, Fault
from sources.model import SourceKind
from sources.snapshots import Store
from tests import make
from tests.replay import server

REMAIN = "migrant_protection_protocols"
A_FAULT = Fault(file="news.txt", path=".", found="noise", expected="a document")
NEWS = "The candidate said on Tuesday that he would bring back Remain in Mexico on his first day in office.\n"
KEYS = [
    *("instrument_id", "country_codes", "period", "basis", "property", "value", "unit", "modality", "speaker"),
    *("trigger", "demand", "negated", "date", "quote", "char_start", "char_end", "rule", "confidence", "optional"),
    "why",
]


def one_rule(document, _):
    """Propose Remain in Mexico wherever its name stands."""
    return tuple(
        make.proposal(
            instrument_id=REMAIN,
            value="pledged",
            quote=document.text[match.start() : match.end()],
            char_start=match.start(),
            char_end=match.end(),
        )
        for match in re.finditer(r"Remain in Mexico", document.text)
    )


@pytest.fixture(autouse=True)
def _reader(monkeypatch):
    """Let the reader have one rule."""
    monkeypatch.setattr("sources.proposals.propose", one_rule)


# --- What is named -------------------------------------------------------------------------------------------------


def test_a_folder_is_walked_in_order_and_hidden_files_are_left_out(tmp_path):
    for name in ("b.txt", "a/z.txt", "a/.draft.txt", ".git/c.txt", "a/y.md"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(NEWS, encoding="utf-8")
    found = reading.find([str(tmp_path), "-", str(tmp_path / "b.txt"), "https://example.org/a"])
    names = [os.path.relpath(source, tmp_path) if "tmp" in source else source for source in found]
    assert names == ["a/y.md", "a/z.txt", "b.txt", "-", "https://example.org/a"]


def test_everything_that_is_not_there_is_named(tmp_path):
    with pytest.raises(BadInput) as error:
        reading.find([str(tmp_path), str(tmp_path / "one"), "ftp://example.org/two"])
    assert [fault.file for fault in error.value.faults] == [str(tmp_path / "one"), "ftp://example.org/two"]


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("https://www.whitehouse.gov/remarks/", SourceKind.OFFICIAL),
        ("https://www.southcom.mil/a", SourceKind.OFFICIAL),
        ("https://www.cand.uscourts.gov/a", SourceKind.COURT),
        ("https://www.supremecourt.gov/a", SourceKind.COURT),
        ("https://www.gob.mx/sre", SourceKind.PARTNER_OFFICIAL),
        ("https://www.gov.br/mre", SourceKind.PARTNER_OFFICIAL),
        ("https://presidencia.gob.sv/a", SourceKind.PARTNER_OFFICIAL),
        ("https://whitehouse.gov.example.org/a", SourceKind.NEWS),
        ("https://example.org/www.whitehouse.gov/", SourceKind.NEWS),
        ("https://fakewhitehousegov/", SourceKind.NEWS),
        ("www.whitehouse.gov/page.html", SourceKind.NEWS),
        ("-", SourceKind.NEWS),
    ],
)
def test_a_governments_own_domain_says_the_kind(source, kind):
    assert reading.kind_of(source) is kind


# --- Several at a time ---------------------------------------------------------------------------------------------


def slowly(number):
    """Take longest for the first; fail for every fifth."""
    time.sleep(0.02 / (number + 1))
    if number % 5 == 4:
        raise BadInput([A_FAULT])
    return number


@pytest.mark.parametrize("count", [4, 30])
def test_results_come_in_order_and_an_error_stops_no_other(count):
    taken = []

    def tasks():
        for number in range(count):
            taken.append(number)
            yield reading.Task(source=str(number), function=slowly, arguments=(number,))

    results = reading.in_order(tasks(), count)
    first = next(results)
    assert first == ("0", 0)
    assert len(taken) <= reading._AHEAD + 1, "memory grows with the number of documents"
    rest = list(results)
    assert [source for source, _ in rest] == [str(number) for number in range(1, count)]
    for number, (_, result) in enumerate(rest, start=1):
        assert isinstance(result, reading.Unread) if number % 5 == 4 else result == number


# --- The command ---------------------------------------------------------------------------------------------------


def test_json_is_one_object_with_every_key(run, tmp_path):
    (tmp_path / "news.txt").write_text(NEWS, encoding="utf-8")
    code, text, error = run("read", "news.txt", "--published", "2024-11-19", "--json")
    assert code == 0, error
    (made,) = json.loads(text)["documents"]
    assert list(made) == ["source", "sha256", "title", "published", "language", "independence_group", "claims"]
    assert (made["source"], made["published"], made["language"]) == ("news.txt", "2024-11-19", "en")
    assert made["sha256"] == hashlib.sha256(NEWS.encode()).hexdigest()
    (claim,) = made["claims"]
    assert list(claim) == KEYS
    assert NEWS[claim["char_start"] : claim["char_end"]] == claim["quote"] == "Remain in Mexico"


def test_people_get_a_block_for_each_claim_and_the_way_to_review(run, tmp_path):
    (tmp_path / "news.txt").write_text(NEWS, encoding="utf-8")
    (tmp_path / "other.txt").write_text("The museum opens again on Sunday, after a year of works.\n", encoding="utf-8")
    code, text, error = run("read", "news.txt", "other.txt")
    assert code == 0
    assert "Migrant Protection Protocols" in text
    assert '"Remain in Mexico"' in text
    assert "no claim" in text
    assert text.endswith("1 claim in 2 documents; `policydiff review` lists it\n")
    assert "1/2 news.txt: 1 claim\n2/2 other.txt: 0 claims\n" in error


def test_bytes_text_and_claims_are_kept_once(run, tmp_path):
    (tmp_path / "news.txt").write_text(NEWS, encoding="utf-8")
    settings = Settings(home=tmp_path / ".policydiff")
    for _ in range(2):
        assert run("read", "news.txt")[0] == 0
        (seen,) = Store(settings.store_location).observations("documents")
        assert (seen.key, seen.file_name, seen.size_bytes) == ("news.txt", "news.txt", len(NEWS))
        (kept,) = unreviewed.kept(settings).proposals()
        assert kept.proposal.quote == "Remain in Mexico"
    assert run("doctor")[0] == 0


def test_standard_input_is_a_document(run):
    code, text, _ = run("read", "-", "--json", "--source-kind", "speaker", stdin=NEWS.encode())
    assert code == 0
    (made,) = json.loads(text)["documents"]
    assert (made["source"], len(made["claims"])) == ("-", 1)


def test_what_is_no_document_is_named_in_the_end_and_stops_nothing(run, tmp_path):
    folder = tmp_path / "inbox"
    folder.mkdir()
    (folder / "a_broken.pdf").write_bytes(b"%PDF-1.7 and then nothing")
    (folder / "b_news.txt").write_text(NEWS, encoding="utf-8")
    (folder / "c_picture.txt").write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00")
    code, text, error = run("read", "inbox", "--json")
    assert code == 3
    assert [made["source"] for made in json.loads(text)["documents"]] == ["inbox/b_news.txt"]
    assert [line for line in error.splitlines() if line.startswith("not read: ")] == error.splitlines()[-2:]
    assert "inbox/a_broken.pdf" in error.splitlines()[-2]
    assert "inbox/c_picture.txt" in error.splitlines()[-1]


def test_many_documents_are_read_by_several_processes(run, tmp_path):
    folder = tmp_path / "inbox"
    folder.mkdir()
    for number in range(15):
        (folder / f"{number:02}.txt").write_text(f"Nothing of interest happened, part {number} of many.\n")
    (folder / "07.txt").write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00")
    code, text, error = run("read", "inbox", "--json")
    assert code == 3
    sources = [made["source"] for made in json.loads(text)["documents"]]
    assert sources == [f"inbox/{number:02}.txt" for number in range(15) if number != 7]
    assert "15/15 inbox/14.txt: 0 claims" in error


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("read",), "nothing to read"),
        (("read", "nothing.txt"), "nothing.txt: .: found nothing there"),
        (("read", "ftp://example.org/a"), "expected a file, a folder, https://... or -"),
        (("read", "empty.txt"), "empty.txt"),
        (("read", "empty.txt", "--published", "2999-01-01"), "expected a day that has come"),
        (("read", "empty.txt", "--published", "yesterday"), "is not a date"),
        (("read", "empty.txt", "--source-kind", "gossip"), "gossip"),
        (("read", "empty.txt", "--data", "."), "--data goes with --score"),
        (("read", "empty.txt", "--score", "."), "--score reads the labelled files"),
        (("build", "--report", "brief", "--machine-read"), "no room for machine-read claims"),
    ],
)
def test_a_users_mistake_is_one_message_and_exit_code_2(run, tmp_path, words, said):
    (tmp_path / "empty.txt").write_bytes(b"")
    code, text, error = run(*words)
    assert (code, text) == (2, "")
    assert said in error
    assert "Traceback" not in error


def test_a_file_that_cannot_be_opened_is_told(run, tmp_path, monkeypatch):
    (tmp_path / "news.txt").write_text(NEWS, encoding="utf-8")
    open_ = Path.open

    def refuse(path, *given, **named):
        if path.name == "news.txt":
            raise PermissionError(13, "Permission denied")
        return open_(path, *given, **named)

    monkeypatch.setattr("pathlib.Path.open", refuse)
    code, text, error = run("read", "news.txt")
    assert (code, text) == (2, "")
    assert "news.txt: .: found Permission denied; expected a file that can be read" in error


def test_an_address_is_fetched_and_followed(run):
    with server.running() as replay:
        address = replay.base_url("white_house") + "/remarks/2026/01/1458"
        code, text, error = run("read", address, "--json")
        assert code == 0, error
        (made,) = json.loads(text)["documents"]
        assert made["source"] == address
        assert len(replay.asked) == 2, "the page and nothing in it"


def test_an_address_that_gives_nothing_fails_and_does_not_stop_the_others(run, tmp_path, monkeypatch):
    monkeypatch.setenv("POLICYDIFF_GATHER__ATTEMPTS", "1")
    (tmp_path / "news.txt").write_text(NEWS, encoding="utf-8")
    with server.running() as replay:
        lost = replay.base_url("white_house") + "/lost/"
        code, text, error = run("read", lost, "news.txt", "--json")
        assert code == 3
        assert [made["source"] for made in json.loads(text)["documents"]] == ["news.txt"]
        assert "answered 404" in error
        code, text, error = run("read", lost)
        assert (code, text) == (1, "")
        replay.fail("white_house", server.Fault.BOMB)
        code, text, error = run("read", lost)
        assert (code, text) == (1, "")
        assert "its bound" in error


HOSTILE = ("a\nb\x1b[2J.txt", "--json.txt", "{{ 7*7 }}.txt", "=cmd|' '!A0.txt", "\u202etxt.exe", "&lt;b>.txt")


def test_hostile_file_names_are_only_names(run, tmp_path):
    folder = tmp_path / "inbox"
    folder.mkdir()
    for number, name in enumerate(HOSTILE):
        (folder / name).write_text(f"{NEWS} {number}", encoding="utf-8")
    (folder / os.fsdecode(b"caf\xe9.txt")).write_text(NEWS, encoding="utf-8")
    code, text, _ = run("read", "inbox", "--json")
    assert code == 0
    names = {made["source"] for made in json.loads(text)["documents"]}
    assert names == {f"inbox/{name}" for name in HOSTILE} | {"inbox/caf\\xe9.txt"}
    code, text, error = run("read", "inbox")
    assert code == 0
    for printed in (text, error):
        assert "\x1b" not in printed
        assert "\u202e" not in printed
    assert sorted(path.name for path in folder.iterdir()) == sorted([*HOSTILE, os.fsdecode(b"caf\xe9.txt")])


def test_reprints_share_a_group_and_other_texts_do_not(run, tmp_path):
    body = " ".join(f"Sentence {n} of a long report says a thing of its own about number {n * n}." for n in range(60))
    other = " ".join(f"Another story, part {n}, tells what happened at the harbour in year {n}." for n in range(60))
    for name, text in (("one.txt", body), ("two.txt", f"A new headline\n\n{body}"), ("three.txt", other)):
        (tmp_path / name).write_text(text, encoding="utf-8")
    run("read", "one.txt")
    _, text, _ = run("read", "one.txt", "two.txt", "three.txt", "--json")
    one, two, three = (made["independence_group"] for made in json.loads(text)["documents"])
    assert one == two != three
    kept = {r.document.source: r.group for r in unreviewed.kept(Settings(home=tmp_path / ".policydiff")).readings()}
    assert kept == {"one.txt": one, "two.txt": two, "three.txt": three}


def test_a_text_that_shows_two_groups_to_be_one_joins_what_was_kept(run, tmp_path, monkeypatch):
    known = {}
    monkeypatch.setattr("sources.reprints.groups", lambda texts: {key: known.get(text, key) for key, text in texts})
    for name in ("one", "two"):
        (tmp_path / f"{name}.txt").write_text(f"{NEWS}{name}", encoding="utf-8")
        run("read", f"{name}.txt")
    review = unreviewed.kept(Settings(home=tmp_path / ".policydiff"))
    assert len({reading.group for reading in review.readings()}) == 2
    known |= {f"{NEWS}one": "a", f"{NEWS}two": "a"}
    run("read", "one.txt")
    assert {reading.group for reading in review.readings()} == {"a"}
    assert len(review.proposals()) == 2


# --- Scoring -------------------------------------------------------------------------------------------------------


@pytest.fixture
def labels(tmp_path):
    """Return a folder of labels about one file beside it."""
    start = NEWS.index("Remain in Mexico")
    folder, data = tmp_path / "labels", tmp_path / "data"
    folder.mkdir()
    data.mkdir()
    (data / "news.txt").write_text(NEWS, encoding="utf-8")
    claim = {
        "file": "news.txt",
        "date": "2024-11-19",
        "instrument_id": REMAIN,
        "countries": ["MEX"],
        "period": "second",
        "basis": "projected",
        "property": "stage",
        "value": "pledged",
        "modality": "threat_conditional",
        "speaker": "the candidate",
        "negated": False,
        "char_start": start,
        "char_end": start + 16,
        "mark": "core",
        "accept": {},
    }
    (folder / "claims.jsonl").write_text(json.dumps(claim) + "\n", encoding="utf-8")
    (folder / "traps.jsonl").write_text("", encoding="utf-8")
    (folder / "documents.csv").write_text(f"file,excerpt_start,excerpt_end\nnews.txt,0,{len(NEWS)}\n", encoding="utf-8")
    return folder


def test_scoring_prints_the_scores_and_keeps_nothing(run, tmp_path, labels):
    code, text, error = run("read", "--score", str(labels))
    assert code == 0, error
    assert REMAIN in text
    code, text, _ = run("read", "--score", str(labels), "--data", str(tmp_path / "data"), "--json")
    assert code == 0
    assert isinstance(json.loads(text), dict)
    assert not (tmp_path / ".policydiff").exists()


def test_scoring_tells_what_the_reader_cannot_read(run, labels, monkeypatch):
    def refuse(*_):
        raise BadInput([A_FAULT])

    monkeypatch.setattr("sources.documents.read", refuse)
    code, _, error = run("read", "--score", str(labels))
    assert code == 3
    assert "not read: news.txt" in error


# --- The report ----------------------------------------------------------------------------------------------------


def test_only_a_report_that_asks_shows_what_nobody_reviewed(run, tmp_path):
    given = {"report": "instrument", "instruments": [REMAIN], "formats": ["html"], "as_of": date(2026, 1, 20)}
    _, before = build(ReportParameters(**given, out=tmp_path / "a"), lambda _: None)
    (tmp_path / "news.txt").write_text(NEWS, encoding="utf-8")
    run("read", "news.txt", "--published", "2024-11-19")
    _, after = build(ReportParameters(**given, out=tmp_path / "b"), lambda _: None)
    assert after.edition_id == before.edition_id
    assert after.files[0].sha256 == before.files[0].sha256
    code, text, error = run(
        *("build", "--report", "instrument", "--instrument", REMAIN, "--format", "html", "--as-of", "2026-01-20"),
        *("--machine-read", "--json"),
    )
    assert code == 0, error
    asked = json.loads(text)
    assert asked["edition"] != before.edition_id
    page = (tmp_path / asked["files"][0]["path"]).read_text(encoding="utf-8")
    assert "Machine-read claims, not reviewed" in page
    assert "news.txt" in page
    manifest = json.loads((tmp_path / asked["manifest"]).read_text(encoding="utf-8"))
    (kept,) = unreviewed.kept(Settings(home=tmp_path / ".policydiff")).proposals()
    assert list(manifest["inputs"]["machine_read_sha256"]) == [kept.id]
