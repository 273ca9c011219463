"""Editions in the output folder: since a day, since an edition by its id, and what is refused."""

import json
from dataclasses import replace

import pytest

from flows import editions
from reports.changes import Cause
from reports.edition import Kind, Request
from sources.errors import PolicydiffError
from tests.reports.test_changes import ENDED, FIRST, NOW, back, book_of, changed, edition_of


@pytest.fixture
def out(tmp_path):
    """Return a folder with one edition of a codebook that did not know of the return."""
    rows, manifest = edition_of(book_of(FIRST, ENDED))
    (tmp_path / "a.json").write_text(json.dumps(rows), encoding="utf-8")
    (tmp_path / "a.manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return tmp_path


NOW_BOOK = book_of(FIRST, ENDED, back("2025-03-01", "2025-03-02"))
REQUEST = Request(kind=Kind.FULL, clock=NOW)


def test_an_edition_is_found_by_the_beginning_of_its_id(out):
    since = editions.since("eeee", out, NOW_BOOK, REQUEST)
    assert since.edition_id == since.identity == "e" * 64
    assert changed(since, NOW_BOOK)["a"].cause is Cause.CODING


def test_a_day_needs_no_edition(tmp_path):
    since = editions.since("2025-01-01", tmp_path, NOW_BOOK, REQUEST)
    assert (since.edition_id, since.identity) == (None, "2025-01-01")


def refused(given, out, request=REQUEST):
    with pytest.raises(PolicydiffError) as caught:
        editions.since(given, out, NOW_BOOK, request)
    return str(caught.value)


def test_what_cannot_be_compared_is_refused_with_the_reason(out):
    assert "unknown edition 'abc'" in refused("abc", out)
    assert "found 2027-01-01; expected a day up to 2026-11-24" in refused("2027-01-01", out)
    (out / "a.json").unlink()
    assert "a.json: .: found no such file" in refused("eeee", out)
    (out / "a.manifest.json").write_text("{", encoding="utf-8")
    assert "a.manifest.json: .: found" in refused("eeee", out)
    (out / "a.manifest.json").write_text("[]", encoding="utf-8")
    assert "found list; expected a JSON object" in refused("eeee", out)


def rewrite(path, change):
    content = json.loads(path.read_text(encoding="utf-8"))
    change(content)
    path.write_text(json.dumps(content), encoding="utf-8")


def test_rows_that_an_edition_left_out_are_not_taken_for_new(out):
    rewrite(out / "a.manifest.json", lambda manifest: manifest["inputs"].update(countries=["GTM", "MEX"]))
    assert "a.json: .: found only the countries GTM, MEX; expected all that is asked for" in refused("eeee", out)
    assert "only the countries" in refused("eeee", out, replace(REQUEST, country_codes=("HND", "MEX")))
    assert editions.since("eeee", out, NOW_BOOK, replace(REQUEST, country_codes=("MEX",))).edition_id
    rewrite(out / "a.json", lambda rows: rows.update(only_changed=True))
    assert "found only the rows that had changed" in refused("eeee", out, replace(REQUEST, country_codes=("MEX",)))
