"""What was gathered by a day, as the reports take it. On a machine that has gathered nothing, nothing is imported."""

from datetime import date
from typing import TYPE_CHECKING, Any

from flows.settings import Settings
from reports.series import Gathered, LegalAct, Number, SourceState
from sources import connectors
from sources.codebook import Codebook
from sources.countries import OTHER, PLACES
from sources.periods import Interval
from sources.snapshots import Store

if TYPE_CHECKING:
    import pandas as pd

    from flows.collect import Source

# Numbers of earlier years say nothing about either term or what came before it.
EARLIEST = date(2015, 1, 1)


def by(settings: Settings, as_of: date, book: Codebook) -> Gathered:
    """Return the numbers, legal acts and states of all publishable sources as known at the end of a day.

    Of a number that several vintages give, the newest. Countries outside the region are kept only of sources that
    count the rest of the world together: with it they add up to the whole.
    """
    if not set(Store(settings.store_location).source_ids()) & set(connectors.ids()):
        return Gathered()
    from flows import collect
    from sources import gathered
    from sources.connector import load

    known = [source for source in collect.standing(settings, as_of) if load(source.source_id).source.is_publishable]
    readings = [reading for source in known for reading in source.standing.readings]
    series = gathered.latest_vintage(gathered.series(readings))
    return Gathered(
        numbers=_numbers(series),
        acts=tuple(_act(row) for row in gathered.acts(readings, book).itertuples(index=False)),
        sources=tuple(_state(source) for source in known if source.standing.readings),
    )


def _numbers(series: "pd.DataFrame") -> tuple[Number, ...]:
    if series.empty:
        return ()
    name_the_rest = set(series.loc[series["country_code"] == OTHER, "source_id"])
    is_kept = series["country_code"].isin(PLACES) | series["source_id"].isin(name_the_rest)
    is_late = series["end_date"].dt.date > EARLIEST
    return tuple(
        Number(
            source_id=row.source_id,
            measure=row.measure,
            country_code=row.country_code,
            population=row.population,
            interval=Interval(row.start_date.date(), row.end_date.date()),
            value=row.value,
            unit=row.unit,
            unit_of_count=row.unit_of_count,
            snapshot_sha256=row.snapshot_sha256,
        )
        for row in series[is_kept & is_late].itertuples(index=False)
    )


def _act(row: Any) -> LegalAct:
    return LegalAct(
        source_id=row.source_id,
        act_id=row.act_id,
        kind=row.kind,
        title=row.title,
        signing_date=_day(row.signing_date),
        publication_date=_day(row.publication_date),
        president=row.president,
        citation_url=row.citation_url,
        instrument_ids=tuple(filter(None, row.instrument_ids.split(";"))),
        country_codes=tuple(filter(None, row.country_codes.split(";"))),
        snapshot_sha256=row.snapshot_sha256,
    )


def _day(value: Any) -> date | None:
    """Return a day of a table; the table's sign for no day is not equal to itself."""
    return value.date() if value == value else None


def _state(source: "Source") -> SourceState:
    from sources.connector import load
    from sources.gathering import withheld

    described, standing = load(source.source_id).source, source.standing
    assert standing.last_look is not None, "what has readings was looked at"
    return SourceState(
        source_id=source.source_id,
        title=described.title,
        publisher=described.publisher,
        url=described.base_url,
        licence=described.licence,
        tier=described.tier,
        last_look=standing.last_look.date(),
        max_age_days=described.max_age_days,
        rows=sum(reading.rows for reading in standing.readings),
        withheld=len(withheld(standing)),
        refused=len(standing.refused),
        snapshot_sha256=tuple(reading.observation.sha256 or "" for reading in standing.readings),
    )
