"""Releases: a key, a day, what was built, and the rows that the next one is compared with."""

import hashlib
import json
from dataclasses import replace
from datetime import UTC, date, datetime
from io import BytesIO

import fsspec
import pytest

from flows import editions, settings
from flows.build import Evidence
from flows.delivery.releases import Releases, Slice
from flows.options import UsageError
from flows.parameters import ReportParameters
from sources import stores
from sources.errors import BadInput, DamagedObject, UnknownName
from tests.flows.test_batch import with_other_text

OCTOBER, TODAY = date(2026, 10, 1), date(2026, 11, 24)


@pytest.fixture(params=["folder", "memory"])
def given(request, tmp_path, monkeypatch):
    """Return settings with a home of their own, and a store that is a folder of it, or at an fsspec URL."""
    monkeypatch.setenv("POLICYDIFF_HOME", str(tmp_path / "home"))
    if request.param == "memory":
        monkeypatch.setenv("POLICYDIFF_STORE", f"memory://{tmp_path}")
        # No other process sees it.
        monkeypatch.setattr("os.cpu_count", lambda: 1)
    return settings.load()


@pytest.fixture
def kept(given):
    return Releases(given.store_location)


@pytest.fixture
def place(given):
    return stores.place(given.store_location)


@pytest.fixture
def evidence(book, given):
    """Return the shipped evidence."""
    return Evidence(configured=given, book=book)


def wanted(country="GTM", report="country", since="", since_id="", as_of=TODAY):
    """Return a slice about a country."""
    parameters = ReportParameters(
        report=report, countries=[country], as_of=as_of, formats=["json"], since=since_id or None
    )
    return Slice(name=f"{report}_{country}", scope=country, parameters=parameters, since=since, since_id=since_id)


def quiet(_):
    pass


# --- Keys and days ----------------------------------------------------------------------------------------------


def test_a_release_is_begun_once_and_keeps_its_day(kept):
    assert not kept.has("2026-W48")
    begun = kept.begin("2026-W48", TODAY)
    assert kept.has("2026-W48")
    assert kept.begin("2026-W48", OCTOBER) == kept.open("2026-W48") == begun
    assert begun.as_of == TODAY


def test_releases_are_listed_by_their_day(kept):
    for key, day in (("b", TODAY), ("c", OCTOBER), ("a", TODAY)):
        kept.begin(key, day)
    assert kept.keys() == ["c", "a", "b"]


def test_a_correction_has_a_key_of_its_own(kept):
    kept.begin("2026-W48", TODAY)
    corrected = kept.begin("2026-W48b", TODAY, "2026-W48", "A date was wrong.")
    assert (corrected.corrects, corrected.reason) == ("2026-W48", "A date was wrong.")
    assert kept.begin("2026-W48b", TODAY, "2026-W48", "A date was wrong.") == corrected
    # Taken up again by whoever need not know what it is.
    assert kept.begin("2026-W48b", TODAY) == corrected
    for key, corrects, reason in (
        ("2026-W48", "2026-W47", "x"),
        ("2026-W48b", "2026-W48", "Another."),
        ("2026-W48b", "x", "x"),
    ):
        with pytest.raises(UsageError, match=f"{key} is there already and corrects"):
            kept.begin(key, TODAY, corrects, reason)


def test_when_its_sources_were_gathered_is_kept(kept):
    noted = kept.note_gathered(kept.begin("2026-W48", TODAY), datetime(2026, 11, 24, 7, 0, 1, tzinfo=UTC))
    assert kept.open("2026-W48") == noted
    assert noted.gathered == "2026-11-24T07:00:01+00:00"


@pytest.mark.parametrize("key", ["", ".", "..", "../x", "a/b", "/etc", "a\0", ".hidden", "-x", "a b", "é", "a" * 152])
def test_a_key_is_never_a_path(kept, key):
    for use in (kept.has, kept.open, lambda key: kept.begin(key, TODAY), lambda key: kept.folder("2026-W48", key)):
        with pytest.raises(UsageError, match="is no key of a release"):
            use(key)


def test_a_release_that_is_not_there_is_named_with_those_that_are(kept):
    kept.begin("2026-W48", TODAY)
    with pytest.raises(UnknownName, match="unknown release '2026-W47'; did you mean 2026-W48"):
        kept.open("2026-W47")


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "{}", '{"built": {}}', '{"built": 1}', '{"key": "a", "as_of": "soon", "built": {}}']
)
def test_a_damaged_file_is_named(kept, place, content):
    kept.begin("2026-W48", TODAY)
    place.replace("releases/2026-W48/release.json", BytesIO(content.encode()))
    with pytest.raises(BadInput, match=r"2026-W48/release\.json: \.: found .*; expected a release"):
        kept.open("2026-W48")


# --- What was built ---------------------------------------------------------------------------------------------


def test_what_was_built_comes_back_as_it_was(kept, evidence):
    built = kept.build(kept.begin("2026-W48", TODAY), [wanted()], evidence, quiet)
    assert kept.open("2026-W48") == built
    assert built.scopes == {"country_GTM": "GTM"}
    (one,) = built.built.values()
    assert not one.stopped
    contents = {name: kept.file(built, "country_GTM", name) for name in one.files}
    assert {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()} == one.files


def test_what_cannot_be_built_is_kept_with_its_reason_and_tried_again(kept, evidence):
    begun = kept.begin("2026-W48", TODAY)
    missing = wanted(since="releases/nowhere", since_id="e" * 64)
    built = kept.build(begun, [missing, wanted("MEX")], evidence, quiet)
    assert "unknown edition" in built.built["country_GTM"].refused
    assert not built.built["country_MEX"].stopped
    assert not kept.build(built, [wanted()], evidence, quiet).built["country_GTM"].stopped


def test_what_another_run_built_meanwhile_is_not_lost(kept, evidence):
    begun = kept.begin("2026-W48", TODAY)
    kept.build(begun, [wanted("MEX")], evidence, quiet)
    assert kept.build(begun, [wanted()], evidence, quiet).built.keys() == {"country_GTM"}
    found = kept.open("2026-W48")
    assert found.built.keys() == found.scopes.keys() == {"country_MEX", "country_GTM"}


@pytest.mark.parametrize("content", [None, b"", b"altered"])
def test_a_file_that_is_not_as_it_was_built_is_never_handed_out_and_built_anew(kept, evidence, given, place, content):
    built = kept.build(kept.begin("2026-W48", TODAY), [wanted()], evidence, quiet)
    (name,) = built.built["country_GTM"].files
    good = kept.file(built, "country_GTM", name)
    where = f"{kept.folder('2026-W48', 'country_GTM')}/{name}"
    if content is None:
        files, root = fsspec.core.url_to_fs(given.store_location)
        files.rm(f"{root}/{where}")
    else:
        place.replace(where, BytesIO(content))
    with pytest.raises(DamagedObject, match=rf"{name} is (missing from the store|not as it was built).*run it again"):
        kept.file(built, "country_GTM", name)
    kept.build(built, [wanted()], evidence, quiet)
    assert kept.file(built, "country_GTM", name) == good


def test_what_was_built_of_a_slice_and_cannot_be_read_is_named(kept, evidence, place):
    kept.build(kept.begin("2026-W48", TODAY), [wanted()], evidence, quiet)
    place.replace("releases/2026-W48/country_GTM/built.json", BytesIO(b'{"scope": "GTM"}'))
    with pytest.raises(BadInput, match=r"2026-W48/country_GTM/built\.json: \.: found .*; expected what was built"):
        kept.open("2026-W48")


# --- Rows to compare with ---------------------------------------------------------------------------------------


def test_the_rows_of_each_edition_stay_when_another_takes_its_place(kept, evidence):
    first = kept.build(kept.begin("2026-W48", TODAY), [wanted()], evidence, quiet)
    changed = replace(evidence, book=with_other_text(evidence.book, "GTM"), _rows={}, _gathered={})
    second = kept.build(first, [wanted()], changed, quiet)
    ids = [release.built["country_GTM"].edition_id for release in (first, second)]
    assert ids[0] != ids[1]
    for edition_id in ids:
        with kept.at_hand(kept.rows(second, "GTM", edition_id)) as folder:
            _, manifest = editions.find(edition_id, folder)
            assert manifest["edition"] == edition_id
            assert len(list(folder.iterdir())) == 2


def test_rows_are_those_of_their_scope_and_edition_alone(kept, evidence):
    built = kept.build(kept.begin("2026-W48", TODAY), [wanted()], evidence, quiet)
    edition_id = built.built["country_GTM"].edition_id
    assert kept.rows(built, "MEX", edition_id) is None
    assert kept.rows(built, "GTM", "f" * 64) is None
    assert kept.rows(built, "GTM", edition_id) is not None


def test_a_report_on_changes_keeps_all_rows_of_its_scope(kept, evidence):
    earlier = kept.build(kept.begin("2026-W40", OCTOBER), [wanted(as_of=OCTOBER)], evidence, quiet)
    edition_id = earlier.built["country_GTM"].edition_id
    folder = kept.rows(earlier, "GTM", edition_id)
    one = wanted(report="changes", since=folder, since_id=edition_id)
    built = kept.build(kept.begin("2026-W48", TODAY), [one, wanted()], evidence, quiet)
    told = {}
    for name, one in built.built.items():
        (file,) = one.files
        told[name] = _codes(kept.file(built, name, file))
    assert told["changes_GTM"] < told["country_GTM"]
    with kept.at_hand(kept.rows(built, "GTM", built.built["changes_GTM"].edition_id)) as folder:
        (path,) = [path for path in folder.glob("*.json") if not path.name.endswith("manifest.json")]
        assert _codes(path.read_bytes()) == told["country_GTM"]


def _codes(rows):
    return {row["code"] for row in json.loads(rows)["rows"]}
