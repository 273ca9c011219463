"""An edition made again from its manifest: the same bytes elsewhere, or what is not as it was, by name."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from flows import evidence
from reports import toolchain
from sources import codebook, dates
from sources.review import Reading, Review
from tests import make
from tests.flows.test_review import CITED, FLIGHTS, SIGNED, TEXT
from tests.replay.server import FIXTURES

PAYLOADS = FIXTURES / "cbp_encounters"
INSTRUMENT = ("--report", "instrument", "--instrument", "travel_ban", "--as-of", "2026-11-24")


@pytest.fixture
def built(run, tmp_path):
    """Return a function that builds an edition with some formats and gives the path of its manifest."""

    def build(formats, *words):
        code, text, error = run("build", *INSTRUMENT, "--format", formats, "--json", *words)
        assert code in (0, 3), error
        return tmp_path / json.loads(text)["manifest"]

    return build


def altered(manifest, change):
    """Write a manifest that says something else, and return its path."""
    told = json.loads(manifest.read_text(encoding="utf-8"))
    change(told)
    other = manifest.with_name("altered.manifest.json")
    other.write_text(json.dumps(told), encoding="utf-8")
    return other


def test_every_format_is_the_same_bytes_in_another_process_time_zone_and_hash_seed(built, tmp_path):
    manifest = built("pdf,html,csv,json,xlsx,parquet", "--lang", "es")
    again = tmp_path / "again"
    command = [sys.executable, "-m", "flows.cli", "rebuild", str(manifest), "--out", str(again)]
    environment = {**os.environ, "TZ": "Pacific/Auckland", "PYTHONHASHSEED": "7", "LANG": "C"}
    ran = subprocess.run(command, check=True, env=environment, capture_output=True, text=True)
    files = sorted(file.name for file in manifest.parent.iterdir())
    assert len(files) == 7
    assert sorted(file.name for file in again.iterdir()) == files
    assert [name for name in files if (again / name).read_bytes() != (manifest.parent / name).read_bytes()] == []
    assert ran.stdout.splitlines() == [f"same bytes: {again / name}" for name in files if name != manifest.name]
    assert "not as it was" not in ran.stderr


def test_an_edition_of_the_output_folder_is_found_by_its_id(run, built):
    manifest = built("csv")
    edition = json.loads(manifest.read_text(encoding="utf-8"))["edition"]
    table = manifest.with_name(manifest.name.replace("manifest.json", "csv"))
    table.unlink()
    code, text, _ = run("rebuild", edition[:12], "--json")
    assert code == 0
    assert json.loads(text)["edition"] == edition
    assert json.loads(text)["not_as_it_was"] == []
    assert table.exists()


def test_a_changed_byte_of_the_codebook_is_named_and_nothing_is_made(run, built, tmp_path, monkeypatch):
    manifest = built("csv")
    folder = tmp_path / "instruments"
    folder.mkdir()
    for file in codebook.INSTRUMENTS.iterdir():
        end = b"\n" if file.name == "border_wall.yaml" else b""
        (folder / file.name).write_bytes(file.read_bytes() + end)
    changed = codebook.load(folder)
    monkeypatch.setattr(evidence.codebook, "load", lambda: changed)
    code, text, error = run("rebuild", str(manifest), "--out", "again")
    assert (code, text) == (2, "")
    (line,) = [line for line in error.splitlines() if "manifest.json" in line]
    assert "inputs.codebook_sha256.border_wall.yaml: found " in line
    assert not Path("again").exists()


def other_tool(told):
    """Say that another version of the renderer made it."""
    told["tools"]["weasyprint"] = "69.0"


def test_another_tool_is_named_where_the_bytes_are_the_same(run, built):
    code, text, error = run("rebuild", str(altered(built("csv,xlsx,parquet"), other_tool)), "--json")
    assert code == 0
    (said,) = json.loads(text)["not_as_it_was"]
    assert said == f"tool weasyprint: 69.0 then, {toolchain.tools()['weasyprint']} here"
    assert f"not as it was: {said}" in error


def test_other_bytes_are_refused_with_the_tools_fonts_and_code_that_differ(run, built, monkeypatch):
    def other_page(told):
        other_tool(told)
        told["fonts_sha256"]["SourceSansPro-It.ttf"] = "0" * 64
        told["code_sha256"]["reports/gone.py"] = "1" * 64
        told["code_sha256"].pop("reports/tables.py")

    manifest = altered(built("csv,json"), other_page)
    monkeypatch.setattr("reports.tables.headline", lambda _: "something else")
    code, text, error = run("rebuild", str(manifest), "--out", "again")
    assert (code, text) == (4, "")
    font, code_file = toolchain.fonts()["SourceSansPro-It.ttf"][:12], toolchain.code()["reports/tables.py"][:12]
    stem = "policy-comparison_instrument_travel_ban_2026-11-24_en_letter"
    assert error.splitlines()[-7:] == [
        "error: not the same bytes, and nothing was kept:",
        f"  {stem}.csv",
        f"  {stem}.json",
        f"  not as it was: tool weasyprint: 69.0 then, {toolchain.tools()['weasyprint']} here",
        f"  not as it was: font SourceSansPro-It.ttf: 000000000000 then, {font} here",
        "  not as it was: code reports/gone.py: 111111111111 then, nothing here",
        f"  not as it was: code reports/tables.py: nothing then, {code_file} here",
    ]
    assert not Path("again").exists()


def test_other_bytes_with_the_same_tools_are_refused_too(run, built, monkeypatch):
    manifest = built("csv")
    monkeypatch.setattr("reports.tables.headline", lambda _: "something else")
    code, _, error = run("rebuild", str(manifest))
    assert code == 4
    assert error.endswith("though tools, fonts and code are those of the manifest\n")


def test_snapshots_gathered_since_are_named_by_their_source(run, built):
    def hand_over(name):
        file = str(PAYLOADS / name)
        assert run("gather", "cbp_encounters", "--from", file, "--retrieved", "2026-01-02")[0] in (0, 3)

    hand_over("payload_southwest.csv")
    manifest = built("csv")
    assert run("rebuild", str(manifest))[0] == 0
    hand_over("payload_nationwide.csv")
    code, _, error = run("rebuild", str(manifest))
    assert code == 2
    assert "inputs.sources.cbp_encounters.snapshots_sha256: found " in error
    assert "expected not among those" in error


def test_what_was_accepted_or_rejected_since_is_not_in_it(run, built, tmp_path):
    review = Review(tmp_path / ".policydiff" / "store" / "review")
    document = make.document(TEXT, published=dates.parse("2025-02-04"))
    review.keep(Reading(document=document, proposals=(SIGNED, FLIGHTS), group="g1", read=make.RETRIEVED))
    signed, flights = (item.id for item in review.proposals())
    run("review", "accept", signed, "--as", "Ana", *CITED)
    manifest = built(
        "csv", "--instrument", "third_country_removals", "--instrument", "removal_flights", "--machine-read"
    )
    inputs = json.loads(manifest.read_text(encoding="utf-8"))["inputs"]
    assert ("overlay" in inputs["codebook_sha256"], list(inputs["machine_read_sha256"])) == (True, [flights])
    run("review", "reject", signed, "--as", "Ben", "--reason", "Not so.")
    run("review", "accept", flights, "--as", "Ana", *CITED)
    code, text, error = run("rebuild", str(manifest), "--out", "again")
    assert code == 0, error
    assert text.startswith("same bytes: ")


def test_what_is_no_manifest_of_an_edition_is_refused_with_its_key(run, built):
    manifest = built("csv")
    bad = altered(manifest, lambda told: told.pop("files"))
    assert "altered.manifest.json: files: found " in refused(run, bad)
    bad = altered(manifest, lambda told: told["inputs"].pop("codebook_sha256"))
    assert "altered.manifest.json: inputs.codebook_sha256: found " in refused(run, bad)
    bad = altered(manifest, lambda told: told["inputs"].update(paper="a5"))
    assert "altered.manifest.json: inputs.paper: found 'a5'" in refused(run, bad)
    bad = altered(manifest, lambda told: told["inputs"].update(colour="red"))
    assert "altered.manifest.json: inputs.colour: found nothing here; expected red" in refused(run, bad)
    bad = altered(manifest, lambda told: told.update(edition="0" * 64))
    assert "altered.manifest.json: edition: found " in refused(run, bad)
    assert "unknown edition 'nothing'" in refused(run, "nothing")


def refused(run, path):
    """Return the message with which a manifest is refused."""
    code, text, error = run("rebuild", str(path))
    assert (code, text) == (2, "")
    return error


def test_a_file_that_the_manifest_names_elsewhere_is_written_nowhere(run, built, tmp_path):
    def climb(told):
        told["files"] = {"../../x.csv": next(iter(told["files"].values()))}

    code, _, error = run("rebuild", str(altered(built("csv"), climb)), "--out", "again")
    assert code == 4
    assert "../../x.csv" in error
    assert not list(tmp_path.rglob("x.csv"))
