"""The command as a user types it: exit codes, streams, JSON, and errors that say what to do."""

import csv
import io
import json
import subprocess
import sys

import pytest

from flows import cli


@pytest.fixture
def run(capsys, monkeypatch, tmp_path):
    """Return a function that runs `policydiff` in an empty folder and gives exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PREFECT_API_URL", raising=False)

    def run(*words):
        monkeypatch.setattr("sys.argv", ["policydiff", *words])
        try:
            cli.main()
            code = 0
        except SystemExit as stop:
            code = stop.code
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run


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
        (("build", "--report", "countri"), "expected 'full', 'country', 'instrument' or 'brief'"),
        (("build", "--report", "country"), "needs at least one country"),
        (("build", "--report", "instrument"), "needs at least one instrument"),
        (("build", "--lang", "xx"), "language"),
        (("build", "--paper", "a5"), "'letter' or 'a4'"),
        (("build", "--format", "docx"), "formats"),
        (("diff", "--as-of", "yesterday"), "expected YYYY-MM-DD"),
        (("diff", "--vintage", "2025-02-01"), "is after 2025-01-19"),
        (("diff", "--colour"), "No such option"),
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


def test_doctor_says_what_is_right(run):
    code, text, _ = run("doctor")
    assert code == 0
    assert "codebook" in text
    assert "WRONG" not in text


def test_the_command_does_not_import_prefect():
    script = "import sys; from flows import cli, build; sys.exit('prefect' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
