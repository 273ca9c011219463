"""What was gathered as tables: vintages side by side, the newest of them, and acts linked to instruments."""

import pandas as pd
import pytest

from sources import gathered
from sources.model import Modality
from tests import make


def table(*rows):
    """Return observations of June 2022, each (snapshot, country, population, value)."""
    frame = pd.DataFrame(rows, columns=["snapshot_sha256", "country_code", "population", "value"])
    dates = {"start_date": pd.Timestamp("2022-06-01"), "end_date": pd.Timestamp("2022-07-01")}
    return frame.assign(source_id="cbp", measure="encounters", unit="count", unit_of_count="encounters", **dates)


def kept(frame):
    """Return what the newest vintage leaves."""
    return list(
        gathered.latest_vintage(frame)[["snapshot_sha256", "population", "value"]].itertuples(index=False, name=None)
    )


def test_a_newer_vintage_replaces_the_whole_period_even_if_it_renames_its_groups():
    frame = table(
        ("old", "GTM", "Title 8", 5),
        ("old", "GTM", "Title 42 apprehensions", 7),
        ("new", "GTM", "Title 8", 6),
        ("new", "GTM", "Title 42 expulsions", 7),
    )
    assert kept(frame) == [("new", "Title 8", 6), ("new", "Title 42 expulsions", 7)]


def test_an_older_number_of_an_overlapping_period_goes():
    frame = table(("old", "GTM", "all", 5), ("new", "GTM", "all", 9), ("old", "HND", "all", 4))
    frame.loc[0, "end_date"] = pd.Timestamp("2022-06-04")
    assert kept(frame) == [("new", "all", 9), ("old", "all", 4)]


def test_snapshots_that_have_nothing_in_common_complete_each_other():
    frame = table(("one", "GTM", "in USA", 5), ("two", "GTM", "in MEX", 7))
    assert len(kept(frame)) == 2


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("EO 13768 sec. 12", ["EO 13768"]),
        ("Executive Order 13767, 82 FR 8793, FR Doc 2017-02095", ["EO 13767", "FR Doc 2017-02095", "82 FR 8793"]),
        ("Proclamation 9645", ["Proclamation 9645"]),
        ("https://www.federalregister.gov/documents/2025/01/29/2025-02006/x", ["FR Doc 2025-02006"]),
        ("https://www.federalregister.gov/d/2025-02006", ["FR Doc 2025-02006"]),
        ("INA 243(d), 8 USC 1253(d)", []),
    ],
)
def test_legal_acts_are_known_by_the_names_texts_give_them(text, names):
    assert gathered.names_of_acts(text) == names


def test_an_act_is_linked_to_the_instruments_whose_evidence_names_it():
    named = make.statement(1, "2017-01-25", modality=Modality.FACT_OFFICIAL, authority="EO 13767; 82 FR 8793")
    book = make.book(make.instrument(named))
    assert gathered.instruments_by_act(book) == {"EO 13767": ("an_instrument",), "82 FR 8793": ("an_instrument",)}
