"""The command as a user types it: exit codes, streams, JSON, and errors that say what to do."""

import csv
import hashlib
import io
import json
import subprocess
import sys

import pytest

from sources import connectors
from tests.replay.server import FIXTURES, Fault, running

PAYLOADS = FIXTURES / "cbp_encounters"


def test_diff_prints_the_same_rows_in_every_format(run):
    code, text, _ = run("diff", "--country", "MEX", "--json")
    assert code == 0
    made = json.loads(text)
    assert made["vintage"] == "2025-01-19"
    assert {row["country_code"] for row in made["rows"]} == {"MEX"}
    _, table, _ = run("diff", "--country", "MEX")
    _, sheet, _ = run("diff", "--country", "MEX", "--format", "csv")
    lines = list(csv.DictReader(io.StringIO(sheet)))
    for row, line, printed in zip(made["rows"], lines, table.splitlines()[1:], strict=True):
        assert (line["code"], line["headline"]) == (row["code"], row["headline"])
        assert printed.startswith(row["code"])
        assert row["headline"] in printed
        assert line["first_presence"] == row["first"]["presence"]


def test_json_rows_have_the_promised_keys(run):
    _, text, _ = run("diff", "--instrument", "migrant_protection_protocols", "--json")
    made = json.loads(text)
    row = made["rows"][0]
    assert {"as_of", "on", "vintage", "rows"} <= made.keys()
    assert {
        *("code", "instrument_id", "country_code", "comparison", "existence", "degree", "direction", "magnitude"),
        *("certainty", "outcome", "headline", "first", "bridge", "projected", "actual", "citations"),
    } <= row.keys()
    for side in ("first", "bridge", "projected", "actual"):
        assert {"presence", "stage", "legal", "implementation", "level", "evidence", "statement_ids"} <= row[
            side
        ].keys()
    assert {"url", "publisher", "published", "locator", "quote_sha256"} <= row["citations"][0].keys()


def test_explain_prints_the_whole_chain(run):
    code, text, _ = run("explain", "R-0102")
    assert code == 0
    for part in ("reinstated", "rule:", "S-0005", "sha256", "https://", "alternative:", "what would change"):
        assert part in text
    assert run("explain", "r-0102a")[1].count("R-0102a  first_vs_actual") == 1
    assert "R-0102" in run("explain", "S-0005")[1]


def test_as_of_knows_only_what_was_published(run):
    _, text, _ = run("diff", "--instrument", "migrant_protection_protocols", "--as-of", "2019-03-01", "--json")
    row = json.loads(text)["rows"][0]
    assert row["actual"]["presence"] == "U"
    assert row["projected"]["presence"] == "U"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("diff", "--country", "MEXX"), "did you mean MEX"),
        (("diff", "--country", "Mexico"), "unknown country 'MEXICO'"),
        (("diff", "--instrument", "travel_bans"), "did you mean travel_ban"),
        (("explain", "R-9999"), "unknown row"),
        (("build", "--report", "countri"), "expected 'full', 'country', 'instrument', 'brief' or 'changes'"),
        (("build", "--report", "country"), "needs at least one country"),
        (("build", "--report", "instrument"), "needs at least one instrument"),
        (("build", "--report", "brief", "--annex"), "no room for an annex"),
        (("build", "--lang", "xx"), "language"),
        (("build", "--paper", "a5"), "'letter' or 'a4'"),
        (("build", "--format", "docx"), "formats"),
        (("diff", "--as-of", "yesterday"), "expected YYYY-MM-DD"),
        (("diff", "--vintage", "2025-02-01"), "is after 2025-01-19"),
        (("diff", "--colour"), "No such option"),
        (("gather", "cbp_encounter"), "did you mean cbp_encounters"),
        (("gather", "--from", "."), "--from takes one source"),
        (("gather", "cbp_encounters", "--retrieved", "2026-01-01"), "go with --from"),
        (("gather", "cbp_encounters", "--from", "nothing.csv"), "does not exist"),
        (("gather", "cbp_encounters", "--from", ".", "--retrieved", "2999-01-01"), "no file"),
        (("series", "--source", "cbp"), "unknown source"),
    ],
)
def test_a_users_mistake_is_one_message_and_exit_code_2(run, words, said):
    code, text, error = run(*words)
    assert code == 2
    assert text == ""
    assert said in error
    assert "Traceback" not in error


def test_a_bad_settings_file_is_named(run, tmp_path):
    (tmp_path / "policydiff.toml").write_text("outt = 'x'\nhome = 3\n", encoding="utf-8")
    code, _, error = run("build", "--report", "brief")
    assert code == 2
    assert "policydiff.toml: outt: found an unknown key" in error
    assert "home: found 3" in error


def test_build_writes_what_it_says(run, tmp_path):
    code, text, error = run("build", "--report", "brief", "--paper", "a4", "--json")
    assert code == 0, error
    made = json.loads(text)
    assert made["pages"] <= 2
    for file in made["files"]:
        assert (tmp_path / file["path"]).stat().st_size == file["bytes"]
    assert "making pdf" in error
    code, text, _ = run("list", "editions", "--json")
    assert json.loads(text)["editions"][0]["kind"] == "brief"


def test_lists(run):
    assert len(json.loads(run("list", "instruments", "--json")[1])["instruments"]) == 30
    assert "Guatemala" in run("list", "countries")[1]
    assert "no editions yet" in run("list", "editions")[2]


def test_a_file_by_hand_is_stored_read_and_printed_in_every_format(run):
    file = str(PAYLOADS / "payload_southwest.csv")
    code, text, error = run("gather", "cbp_encounters", "--from", file, "--retrieved", "2026-01-02", "--json")
    assert code == 0, error
    (source,) = json.loads(text)["sources"]
    assert (source["result"], source["rows"], source["withheld"]) == ("new", 3, 0)
    _, text, _ = run("series", "--source", "cbp_encounters", "--json")
    rows = json.loads(text)["series"]
    _, sheet, _ = run("series", "--format", "csv")
    lines = list(csv.DictReader(io.StringIO(sheet)))
    assert [row["value"] for row in rows] == [int(line["value"]) for line in lines] == [10000, 3, 624]
    assert list(lines[0]) == [
        *("source_id", "measure", "country_code", "population", "start_date", "end_date", "value", "unit"),
        *("unit_of_count", "snapshot_sha256"),
    ]
    assert (
        rows[0]["snapshot_sha256"]
        == hashlib.sha256(PAYLOADS.joinpath("payload_southwest.csv").read_bytes()).hexdigest()
    )
    assert "HND" in run("series", "--country", "HND")[1]
    assert run("series", "--as-of", "2026-01-01", "--json")[1] == json.dumps({"series": []}, indent=1) + "\n"
    assert run("acts", "--json")[1] == json.dumps({"acts": []}, indent=1) + "\n"
    (listed,) = [s for s in json.loads(run("list", "sources", "--json")[1])["sources"] if s["rows"]]
    assert (listed["source_id"], listed["freshness"], listed["snapshots"]) == ("cbp_encounters", "stale", 1)


def test_a_folder_by_hand_keeps_what_it_cannot_read_and_says_so(run, tmp_path):
    folder = tmp_path / "downloads"
    folder.mkdir()
    (folder / "right.csv").write_bytes(PAYLOADS.joinpath("payload_southwest.csv").read_bytes())
    (folder / "wrong.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    code, text, error = run("gather", "cbp_encounters", "--from", str(folder))
    assert code == 3
    assert "wrong.csv" in error
    assert "failed" in text
    code, _, error = run("gather", "cbp_encounters", "--from", str(folder / "wrong.csv"))
    assert "missing" in error


def test_a_row_withheld_is_told_with_its_place_and_exit_code_3(run):
    code, _, error = run("gather", "cbp_encounters", "--from", str(PAYLOADS / "payload_nationwide.csv"))
    assert code == 3
    assert "payload_nationwide.csv, row 7, value: found 'n/a' (a count is a whole number, not negative)" in error


def test_gather_asks_where_the_settings_say_and_one_failure_never_stops_the_others(run, monkeypatch):
    monkeypatch.setenv("POLICYDIFF_GATHER__ATTEMPTS", "1")
    with running() as replay:
        for source_id in connectors.ids():
            monkeypatch.setenv(f"POLICYDIFF_SOURCES__{source_id.upper()}__BASE_URL", "http://127.0.0.1:9")
        monkeypatch.setenv("POLICYDIFF_SOURCES__CBP_ENCOUNTERS__BASE_URL", replay.base_url("cbp_encounters"))
        code, text, error = run("gather", "--json")
        results = {source["source"]: source for source in json.loads(text)["sources"]}
        assert code == 3
        assert set(results) == set(connectors.ids())
        assert results["cbp_encounters"]["result"] == "new"
        assert {s["result"] for name, s in results.items() if name != "cbp_encounters"} <= {"failed"}
        replay.fail("cbp_encounters", Fault.ERROR)
        code, text, error = run("gather", "cbp_encounters")
        assert code == 3
        assert "cbp_encounters: FAILED" in error
        assert "answered 500" in error
    assert "answered 500" in run("list", "sources")[1]


def test_doctor_names_a_damaged_snapshot(run, tmp_path):
    run("gather", "cbp_encounters", "--from", str(PAYLOADS / "payload_southwest.csv"))
    (path,) = (tmp_path / ".policydiff" / "store" / "objects").glob("*/*")
    path.chmod(0o644)
    path.write_bytes(b"other")
    (tmp_path / "policydiff.toml").write_text('[watch]\nowner = "ana@example.org"\n', encoding="utf-8")
    code, text, _ = run("doctor")
    assert code == 1
    # An owner who could not be told.
    assert "mail.host: found nothing" in text
    assert f"snapshot {path.name} is damaged" in text
    code, text, error = run("series")
    assert code == 1
    assert path.name in error
    assert text == ""


def test_the_report_prints_the_numbers_and_a_banner_for_the_stale_source(run, tmp_path):
    run("gather", "cbp_encounters", "--from", str(PAYLOADS / "payload_southwest.csv"), "--retrieved", "2026-01-02")
    words = ("build", "--report", "country", "--country", "HND", "--as-of", "2026-11-24", "--format", "html", "--json")
    code, text, _ = run(*words)
    made = json.loads(text)
    assert code == 3, "a stale source is told by the exit code"
    assert made["stale_sources"] == ["cbp_encounters"]
    page = (tmp_path / made["files"][0]["path"]).read_text(encoding="utf-8")
    assert "10,000 over 31 of 1,461 days" in page
    assert "Stale sources" in page
    assert "not sent to anyone" in page
    fresh = run(*words[:6], "2026-01-20", *words[7:])
    assert fresh[0] == 0
    assert json.loads(fresh[1])["stale_sources"] == []


def test_doctor_says_what_is_right(run):
    code, text, _ = run("doctor")
    assert code == 0
    assert "codebook" in text
    assert "nobody is told of runs that fail: watch.owner or watch.webhook in policydiff.toml names who is" in text
    assert "WRONG" not in text


@pytest.mark.parametrize("module", ["prefect", "pandas"])
def test_building_without_gathered_data_does_not_import(module, tmp_path):
    script = (
        "import sys; from datetime import date; from flows import build, cli, gathered, settings; "
        "from sources import codebook; "
        "gathered.by(settings.load(), date(2026, 11, 24), codebook.load()); "
        f"sys.exit({module!r} in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False, cwd=tmp_path).returncode == 0


def test_the_command_does_not_import_prefect():
    script = "import sys; from flows import cli, collect; sys.exit('prefect' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
