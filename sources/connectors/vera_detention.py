"""People in ICE detention each night, and book-ins a day, nationwide.

Publisher: Vera Institute of Justice, from ICE records obtained by the Deportation Data Project. Licence: Vera's terms,
to be read at the address below. The address is that of the file in Vera's public repository; set another if it moves.
"""

import pandas as pd

from sources import tables
from sources.connector import MEBIBYTE, Source
from sources.countries import GLOBAL
from sources.snapshots import Snapshot
from sources.tables import Parsed, Quarantine

SOURCE = Source(
    id="vera_detention",
    title="ICE detention trends, national daily population",
    publisher="Vera Institute of Justice",
    base_url="https://raw.githubusercontent.com/vera-institute/ice-detention-trends/main/national.csv",
    licence="Vera Institute terms",
    tier=2,
    cadence_days=92,
    max_age_days=200,
    max_rows=100_000,
    max_bytes=16 * MEBIBYTE,
)

# `daily_pop` counts everybody held at any time of the day and so contains the other population: it is not read.
COLUMNS = {"date": "start_date", "midnight_pop": "detained_population", "book_in": "detention_book_ins"}
IGNORED = ("daily_pop", "book_out")
UNITS = {"detained_population": "people", "detention_book_ins": "book-ins"}


def parse(snapshot: Snapshot) -> Parsed:
    """Return a row for each day: detained_population (people at midnight) and detention_book_ins (book-ins).

    An empty cell is no data. Raises SourceChanged for an unknown column.
    """
    quarantine = Quarantine(snapshot)
    wide = tables.read_csv(snapshot, COLUMNS, quarantine, ignored=IGNORED)
    wide = tables.once(wide, ["start_date"], quarantine)
    wide = tables.days(wide, "start_date", "%Y-%m-%d", quarantine)
    parts = [
        tables.numbers(
            wide[["start_date", measure]].rename(columns={measure: "value"}), "value", quarantine, missing=("",)
        ).assign(measure=measure, unit_of_count=unit_of_count)
        for measure, unit_of_count in UNITS.items()
    ]
    series = pd.concat(parts).assign(country_code=GLOBAL, population="all", unit=tables.COUNT)
    series["end_date"] = series["start_date"] + pd.Timedelta(days=1)
    return Parsed(series=series[list(tables.SERIES_COLUMNS)], withheld=quarantine.withheld)
