"""People in ICE detention at each midnight, and book-ins a day, nationwide since October 2008.

Publisher: Vera Institute of Justice, ICE Detention Trends, computed from ICE records released under the Freedom of
Information Act. Licence: Vera's Data Access License Terms (License.md beside the file): for one's own academic,
nonprofit and research purposes, not to be distributed. Definitions are those of the repository's README: the midnight
population are the people detained at 11:59 pm, as ICE counts them; the 24-hour population also has those booked out
during the day, so that it is the midnight population and the book-outs together. ICE's own averages differ a little.

The address is that of the file in Vera's public repository, not seen on the live site; a setting replaces it.
"""

import pandas as pd

from sources import tables
from sources.connector import MEBIBYTE, Source
from sources.countries import GLOBAL
from sources.snapshots import Snapshot
from sources.tables import Parsed, Quarantine

SOURCE = Source(
    id="vera_detention",
    title="ICE Detention Trends, national daily population",
    publisher="Vera Institute of Justice",
    base_url="https://raw.githubusercontent.com/vera-institute/ice-detention-trends/main/national.csv",
    licence="Vera Data Access License Terms: own academic, nonprofit and research use, not to be distributed",
    is_publishable=False,
    tier=1,
    cadence_days=92,
    max_age_days=200,
    max_rows=100_000,
    max_bytes=16 * MEBIBYTE,
)

# Who was there at any time of a day was there at midnight or booked out: only the first is a number of ours, the other
# two check it.
COLUMNS = {name: name for name in ("date", "daily_pop", "midnight_pop", "book_in", "book_out")}
MEASURES = {"midnight_pop": ("detained_population", "people"), "book_in": ("detention_book_ins", "book-ins")}


def parse(snapshot: Snapshot) -> Parsed:
    """Return two rows for each day: detained_population (people at midnight) and detention_book_ins (book-ins).

    An empty cell is no data. A day whose 24-hour population is not that at midnight and the book-outs is withheld.
    Raises SourceChanged for an unknown column.
    """
    quarantine = Quarantine(snapshot)
    wide = tables.read_csv(snapshot, COLUMNS, quarantine)
    wide = tables.once(wide, ["date"], quarantine)
    wide = quarantine.keep(wide, wide["date"].str.len() == len("2008-10-01"), "date", "a day written as %Y-%m-%d")
    wide = tables.days(wide, "date", "%Y-%m-%d", quarantine)
    counts = pd.DataFrame(
        {
            name: tables.numbers(wide[[name]], name, quarantine, missing=("",))[name]
            for name in COLUMNS
            if name != "date"
        },
        index=wide.index,
    )
    # What is missing makes a difference that is none, and nothing is known against the day.
    difference = counts["daily_pop"] - counts["midnight_pop"] - counts["book_out"]
    wide = quarantine.keep(
        wide, difference.isna() | (difference == 0), "daily_pop", "daily_pop is midnight_pop and book_out together"
    )
    series = pd.concat(
        pd.DataFrame(
            {
                "measure": measure,
                "country_code": GLOBAL,
                "population": "all",
                "start_date": wide["date"],
                "end_date": wide["date"] + pd.Timedelta(days=1),
                "value": counts[name].reindex(wide.index),
                "unit": tables.COUNT,
                "unit_of_count": unit_of_count,
            }
        )
        for name, (measure, unit_of_count) in MEASURES.items()
    )
    return Parsed(series=series.dropna(subset="value"), withheld=quarantine.withheld)
