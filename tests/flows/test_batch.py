"""Many reports: built once, found again by what they are made of, and made again when that changes."""

import os
from dataclasses import replace

import pytest

from flows import batch, settings
from flows.batch import Order, build_each
from flows.build import Evidence
from flows.parameters import ReportParameters


@pytest.fixture
def evidence(book, tmp_path, monkeypatch):
    """Return the shipped evidence, with a home of its own."""
    monkeypatch.setenv("POLICYDIFF_HOME", str(tmp_path / "home"))
    return Evidence(configured=settings.load(), book=book)


def order(out, country, formats=("csv", "json")):
    parameters = ReportParameters(
        report="country", countries=[country], as_of="2026-11-24", formats=list(formats), out=out / country
    )
    return Order(name=country, parameters=parameters, editions_in=out)


def built(orders, evidence, workers=1):
    said = []
    return dict(build_each(orders, evidence, said.append, workers)), said


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


def test_what_is_built_is_found_again_by_its_edition(evidence, tmp_path):
    orders = [order(tmp_path / "a", "GTM"), order(tmp_path / "a", "MEX")]
    first, said = built(orders, evidence)
    assert said == ["2 of 2 reports are to be built", "1 of 2: GTM", "2 of 2: MEX"]
    again, said = built([order(tmp_path / "b", "GTM"), order(tmp_path / "b", "MEX")], evidence)
    assert said == ["0 of 2 reports are to be built"]
    for country in ("GTM", "MEX"):
        assert first[country].is_new
        assert again[country] == replace(first[country], is_new=False)
        for name in first[country].files:
            assert (tmp_path / "b" / country / name).read_bytes() == (tmp_path / "a" / country / name).read_bytes()
        assert len(list((tmp_path / "b" / country).glob("*.manifest.json"))) == 1


def test_evidence_that_changed_for_one_country_makes_only_its_report_new(evidence, tmp_path):
    countries = ("GTM", "MEX", "COL")
    first, _ = built([order(tmp_path / "a", country) for country in countries], evidence)
    changed = replace(evidence, book=with_other_text(evidence.book, "GTM"), _rows={}, _gathered={})
    then, _ = built([order(tmp_path / "b", country) for country in countries], changed)
    assert {country for country in countries if then[country].is_new} == {"GTM"}
    assert then["MEX"].edition_id == first["MEX"].edition_id
    assert then["GTM"].edition_id != first["GTM"].edition_id


@pytest.mark.parametrize("what", ["tools", "fonts", "code"])
def test_other_tools_typefaces_or_code_make_every_report_new(evidence, tmp_path, monkeypatch, what):
    built([order(tmp_path, "GTM")], evidence)
    monkeypatch.setattr(f"reports.toolchain.{what}", lambda: {"something": "else"})
    batch.making.cache_clear()
    try:
        again, _ = built([order(tmp_path, "GTM")], evidence)
    finally:
        batch.making.cache_clear()
    assert again["GTM"].is_new


def test_another_format_is_another_set_of_files(evidence, tmp_path):
    built([order(tmp_path, "GTM")], evidence)
    again, _ = built([order(tmp_path, "GTM", ("csv", "json", "parquet"))], evidence)
    assert again["GTM"].is_new
    assert {name.rsplit(".", 1)[1] for name in again["GTM"].files} == {"csv", "json", "parquet"}


@pytest.mark.parametrize("harm", [os.unlink, lambda path: path.write_bytes(b"altered")])
def test_a_kept_file_that_is_gone_or_altered_is_made_again(evidence, tmp_path, harm):
    first, _ = built([order(tmp_path / "a", "GTM")], evidence)
    harm(next((tmp_path / "a" / "GTM").glob("*.csv")))
    again, _ = built([order(tmp_path / "b", "GTM")], evidence)
    assert again["GTM"].is_new
    assert again["GTM"].files == first["GTM"].files


def test_one_that_cannot_be_made_stops_no_other(evidence, tmp_path):
    bad = order(tmp_path, "GTM")
    bad = replace(bad, parameters=bad.parameters.model_copy(update={"since": "f" * 12}))
    results, _ = built([bad, order(tmp_path, "MEX")], evidence)
    assert "unknown edition" in results["GTM"].stopped
    assert not results["MEX"].stopped


def test_processes_build_the_same_bytes(evidence, tmp_path):
    countries = ("GTM", "MEX", "COL")
    here, _ = built([order(tmp_path / "a", country) for country in countries], evidence)
    other_home = evidence.configured.model_copy(update={"home": tmp_path / "other"})
    shared, _ = built(
        [order(tmp_path / "b", country) for country in countries], replace(evidence, configured=other_home), workers=2
    )
    assert shared == here


def test_processes_refuse_evidence_that_is_not_that_of_the_orders(evidence, tmp_path):
    changed = replace(evidence, book=with_other_text(evidence.book, "GTM"), _rows={}, _gathered={})
    with pytest.raises(batch.EvidenceChanged, match="build again"):
        built([order(tmp_path, country) for country in ("GTM", "MEX")], changed, workers=2)
