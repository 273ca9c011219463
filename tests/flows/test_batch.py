"""Many reports: built once, found again by what they are made of, and made again when that changes."""

import hashlib
import os
import pickle
from dataclasses import replace
from pathlib import Path

import pytest

from flows import batch, settings
from flows.batch import Order, build_each, on_processes
from flows.build import Evidence
from flows.parameters import ReportParameters
from sources import stores


@pytest.fixture
def evidence(book, tmp_path, monkeypatch):
    """Return the shipped evidence, with a home of its own."""
    monkeypatch.setenv("POLICYDIFF_HOME", str(tmp_path / "home"))
    return Evidence(configured=settings.load(), book=book)


def order(folder, country, formats=("csv", "json")):
    parameters = ReportParameters(report="country", countries=[country], as_of="2026-11-24", formats=list(formats))
    return Order(name=country, parameters=parameters, folder=f"{folder}/{country}", editions_in=folder)


def built(orders, evidence, workers=1):
    said = []
    return dict(build_each(orders, evidence, said.append, on_processes(workers))), said


def with_other_text(book, country):
    """Return the codebook with another text of a statement about one country alone, and another hash of its file."""
    for instrument in book.instruments:
        for number, statement in enumerate(instrument.statements):
            if statement.country_codes == (country,) and statement.basis == "observed":
                texts = {**statement.text, "en": "Said in other words."}
                others = list(instrument.statements)
                others[number] = replace(statement, text=texts)
                changed = replace(instrument, statements=tuple(others))
                return replace(
                    book,
                    instruments=tuple(changed if one is instrument else one for one in book.instruments),
                    file_sha256={**book.file_sha256, f"{instrument.id}.yaml": "0" * 64},
                )
    raise AssertionError(f"no statement is about {country} alone")


def test_what_is_built_is_found_again_by_its_edition(evidence):
    store = Path(evidence.configured.store_location)
    orders = [order("a", "GTM"), order("a", "MEX")]
    first, said = built(orders, evidence)
    assert said == ["2 of 2 reports are to be built", "1 of 2: GTM", "2 of 2: MEX"]
    again, said = built([order("b", "GTM"), order("b", "MEX")], evidence)
    assert said == ["0 of 2 reports are to be built"]
    for country in ("GTM", "MEX"):
        assert first[country].is_new
        assert again[country] == replace(first[country], is_new=False)
        for name in first[country].files:
            assert (store / "b" / country / name).read_bytes() == (store / "a" / country / name).read_bytes()
        assert len(list((store / "b" / country).glob("*.manifest.json"))) == 1


def test_evidence_that_changed_for_one_country_makes_only_its_report_new(evidence):
    countries = ("GTM", "MEX", "COL")
    first, _ = built([order("a", country) for country in countries], evidence)
    changed = replace(evidence, book=with_other_text(evidence.book, "GTM"), _rows={}, _gathered={})
    then, _ = built([order("b", country) for country in countries], changed)
    assert {country for country in countries if then[country].is_new} == {"GTM"}
    assert then["MEX"].edition_id == first["MEX"].edition_id
    assert then["GTM"].edition_id != first["GTM"].edition_id


@pytest.mark.parametrize("what", ["tools", "fonts", "code"])
def test_other_tools_typefaces_or_code_make_every_report_new(evidence, monkeypatch, what):
    built([order("a", "GTM")], evidence)
    monkeypatch.setattr(f"reports.toolchain.{what}", lambda: {"something": "else"})
    batch.making.cache_clear()
    try:
        again, _ = built([order("a", "GTM")], evidence)
    finally:
        batch.making.cache_clear()
    assert again["GTM"].is_new


def test_another_format_is_another_set_of_files(evidence):
    built([order("a", "GTM")], evidence)
    again, _ = built([order("a", "GTM", ("csv", "json", "parquet"))], evidence)
    assert again["GTM"].is_new
    assert {name.rsplit(".", 1)[1] for name in again["GTM"].files} == {"csv", "json", "parquet"}


@pytest.mark.parametrize(
    "harm", [os.unlink, lambda path: path.write_bytes(b"altered"), lambda path: os.truncate(path, 9)]
)
@pytest.mark.parametrize(("what", "where"), [("a/GTM/*.csv", "b"), ("a/GTM/*.csv", "a"), ("built/*", "b")])
def test_a_kept_file_that_is_gone_or_altered_is_made_again(evidence, harm, what, where):
    store = Path(evidence.configured.store_location)
    first, _ = built([order("a", "GTM")], evidence)
    for path in store.glob(what):
        harm(path)
    again, _ = built([order(where, "GTM")], evidence)
    assert again["GTM"].is_new
    assert again["GTM"].files == first["GTM"].files
    for name, sha256 in first["GTM"].files.items():
        assert hashlib.sha256((store / where / "GTM" / name).read_bytes()).hexdigest() == sha256


def test_what_stands_where_it_is_wanted_is_not_written_again(evidence):
    store = Path(evidence.configured.store_location)
    built([order("a", "GTM")], evidence)
    before = {path: path.stat().st_mtime_ns for path in (store / "a" / "GTM").iterdir()}
    again, _ = built([order("a", "GTM")], evidence)
    assert not again["GTM"].is_new
    assert {path: path.stat().st_mtime_ns for path in (store / "a" / "GTM").iterdir()} == before


@pytest.mark.parametrize("scheme", ["file", "memory"])
def test_a_store_at_a_url_holds_the_same_files_as_a_folder(evidence, tmp_path, scheme):
    location = f"{scheme}://{tmp_path}/shared"
    given = evidence.configured.model_copy(update={"store": location})
    here, _ = built([order("a", "GTM")], evidence)
    there, _ = built([order("a", "GTM")], replace(evidence, configured=given))
    assert there == here
    folder, url = stores.place(evidence.configured.store_location), stores.place(location)
    assert (names := url.names("")) == folder.names("")
    assert url.read(names) == folder.read(names)
    # A machine with another home finds them.
    other = given.model_copy(update={"home": tmp_path / "other"})
    again, said = built([order("b", "GTM")], replace(evidence, configured=other))
    assert said == ["0 of 1 reports are to be built"]
    assert again["GTM"].files == here["GTM"].files


def test_one_that_cannot_be_made_stops_no_other(evidence):
    bad = order("a", "GTM")
    bad = replace(bad, parameters=bad.parameters.model_copy(update={"since": "f" * 12}))
    results, _ = built([bad, order("a", "MEX")], evidence)
    assert "unknown edition" in results["GTM"].stopped
    assert not results["MEX"].stopped


def test_processes_build_the_same_bytes(evidence, tmp_path):
    countries = ("GTM", "MEX", "COL")
    here, _ = built([order("a", country) for country in countries], evidence)
    other_home = evidence.configured.model_copy(update={"home": tmp_path / "other"})
    shared, _ = built(
        [order("b", country) for country in countries], replace(evidence, configured=other_home), workers=2
    )
    assert shared == here


def test_processes_build_from_the_evidence_of_the_orders(evidence, tmp_path):
    changed = replace(evidence, book=with_other_text(evidence.book, "GTM"), _rows={}, _gathered={})
    countries = ("GTM", "MEX")
    here, _ = built([order("a", country) for country in countries], changed)
    elsewhere = replace(changed, configured=changed.configured.model_copy(update={"store": str(tmp_path / "other")}))
    shared, _ = built([order("b", country) for country in countries], elsewhere, workers=2)
    assert shared == here


def test_what_processes_are_given_holds_the_place_of_the_store_and_no_other_setting(evidence, monkeypatch):
    monkeypatch.setenv("POLICYDIFF_MAIL__PASSWORD", "open sesame")
    monkeypatch.setenv("POLICYDIFF_STORE", "kept/here")
    given = settings.load()
    packed = batch.packed(replace(evidence, configured=given))
    assert b"open sesame" not in packed
    assert str(given.home).encode() not in packed
    carried = pickle.loads(packed)
    assert carried.configured.store_location == str(Path.cwd() / "kept/here")
    assert carried.book.file_sha256 == evidence.book.file_sha256
