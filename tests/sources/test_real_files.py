"""Every real file of a publisher is read by its source, or is known to be none of theirs, with the reason."""

from fnmatch import fnmatch

import pytest

from sources import tables
from sources.connector import load
from sources.errors import SourceChanged
from sources.snapshots import Snapshot
from tests.make import RETRIEVED

# The first pattern that fits a file's path decides.
READ_BY = {
    "cbp/openimmigration_border-encounters.json": "openimmigration",
    "cbp/*-encounters-*.csv": "cbp_encounters",
    "exposure/API_*.csv": "world_bank",
    "exposure/census_trade_by_country_latam.csv": "census_trade",
    "exposure/us_foreign_aid_country_whemisphere.csv": "foreign_assistance",
    "federal_register/*": "federal_register",
    "ice/FY2017andFY2018ICERemovals*.csv": "ice_removals",
    "ice/*.xlsx": "ice_detention",
    "ice/vera_national_daily_detention.csv": "vera_detention",
    "ofac/20*.csv": "ofac_sdn",
    "ohss/*.xlsx": "ohss_monthly",
    "regulations_gov/*": "regulations_gov",
    "rss_2024_transition/*": "feeds",
    "tariffs/annex_i_tariff_rates.csv": "tariffs",
    "tariffs/statutory_tariffs_*.json": "tariffs",
    "tariffs/trump_2.0_trade_deals.csv": "tariffs",
    "tariffs/us-imports.json": "tariffs",
    "tps/*": "tps_designations",
    "trackers/lawfare_tracker_trimmed.csv": "litigation",
    "trackers/migrantusa_change_log.*": "litigation",
    "trackers/migrantusa_litigation_tracker.json": "litigation",
    "unhcr/*": "unhcr_population",
    "whitehouse*/*": "white_house",
}
READ_BY_NONE = {
    "PROVENANCE.md": "says where the files are from",
    "articles_*/*": "articles: texts for the reader of documents",
    "cbp/ddp_*.csv": "another project's check of its own counts against CBP's",
    "eoir/*.json": "outcomes of immigration courts without a period",
    "exposure/mexico_trade_us.json": "a re-publication of the Census Bureau's figures, which are read themselves",
    "exposure/remittances_deportations_panel_latam.csv": "a student's panel; what it calls deportations is no count",
    "federal_register_posts/*": "posts about documents: texts for the reader of documents",
    "ice/ICEAirKYKM*.csv": "observations of flights at one airport",
    "ofac/2025-04_dat_spec.txt": "the publisher's description of its layout",
    "ofac/state_cuba_restricted_list.csv": "a list of the Department of State, not of OFAC",
    "platforms/*": "party platforms: texts for the reader of documents",
    "seed_article.txt": "an article: a text for the reader of documents",
    "speeches/*": "speeches: texts for the reader of documents",
    "tariffs/*": "codes, shares and texts around the tariffs",
    "timeline_events/*": "another project's timeline",
    "trackers/*": "trackers of other subjects",
}


def first_fit(path, patterns):
    """Return what the first pattern that fits a path stands for."""
    return next((value for pattern, value in patterns.items() if fnmatch(path, pattern)), None)


def test_every_file_is_of_a_source_or_known_to_be_of_none(data):
    paths = [str(path.relative_to(data)) for path in sorted(data.rglob("*")) if path.is_file()]
    assert len(paths) > 800
    assert [path for path in paths if not (first_fit(path, READ_BY) or first_fit(path, READ_BY_NONE))] == []


@pytest.mark.parametrize("source_id", sorted(set(READ_BY.values())))
def test_every_real_file_of_a_source_is_read(source_id, data):
    unread = []
    for path in sorted(path for path in data.rglob("*") if path.is_file()):
        if first_fit(str(path.relative_to(data)), READ_BY) != source_id:
            continue
        snapshot = Snapshot.of(path.read_bytes(), source_id=source_id, name=path.name, retrieved=RETRIEVED)
        try:
            parsed = tables.check(load(source_id).parse(snapshot), source_id)
        except SourceChanged as error:
            unread.append(str(error))
            continue
        if not parsed.rows:
            unread.append(f"{path.name}: no rows")
    assert unread == []
