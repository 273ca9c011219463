"""Processor time of a source in which nothing changed, against reading it.

Run `python -m tests.benchmarks.unchanged_source [rows] [pairs]`. An invented file in CBP's layout is handed over once;
then, in turn, its connector reads the bytes anew, and the kept reading is taken with its snapshot checked.
"""

import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime
from itertools import islice, product
from pathlib import Path

from sources import tables
from sources.connector import load
from sources.gathering import Keeping, hand_over
from sources.readings import Readings
from sources.snapshots import Store

NOW = datetime(2026, 1, 15, tzinfo=UTC)
HEAD = (
    "Fiscal Year,Month Grouping,Month (abbv),Land Border Region,State,Demographic,Citizenship,Title of Authority,"
    "Encounter Count\n"
)
YEARS = ("2021", "2022", "2023", "2024")
MONTHS = ("OCT", "NOV", "DEC", "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP")
REGIONS = ("Southwest Land Border", "Northern Land Border", "Other")
STATES = tuple(f"S{number}" for number in range(60))
DEMOGRAPHICS = ("Single Adults", "FMUA")
COUNTRIES = ("GUATEMALA", "HONDURAS", "EL SALVADOR", "MEXICO", "VENEZUELA", "OTHER")
TITLES = ("Title 8", "Title 42")


def write(path: Path, rows: int) -> None:
    """Write a file of that many rows."""
    keys = islice(product(YEARS, MONTHS, REGIONS, STATES, DEMOGRAPHICS, COUNTRIES, TITLES), rows)
    with path.open("w", encoding="utf-8") as file:
        file.write(HEAD)
        for number, (year, month, region, state, demographic, country, title) in enumerate(keys):
            file.write(f"{year},FYTD,{month},{region},{state},{demographic},{country},{title},{number % 977}\n")


def main(rows: int, pairs: int) -> None:
    """Measure both in turn and print the medians and their ratio."""
    connector = load("cbp_encounters")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "nationwide.csv"
        write(path, rows)
        store = Store(Path(folder) / "store")
        keeping = Keeping(store=store, readings=Readings(store, Path(folder) / "readings"), now=NOW)
        hand_over(connector, keeping, [path], "", NOW, lambda _: None)
        (observation,) = store.observations(connector.source.id)
        parsing, unchanged = [], []
        for _ in range(pairs):
            started = time.process_time()
            with store.snapshot(observation) as snapshot:
                read = tables.check(connector.parse(snapshot), connector.source.id)
            parsing.append(time.process_time() - started)
            started = time.process_time()
            kept = keeping.readings.standing(connector, store.observations(connector.source.id))
            unchanged.append(time.process_time() - started)
            assert kept.readings[0].rows == read.rows
        size = path.stat().st_size / 1e6
    print(f"{rows:,} rows, {size:.0f} MB, {pairs} pairs")
    print(f"read anew {statistics.median(parsing):.3f} s, unchanged {statistics.median(unchanged):.4f} s")
    print(f"unchanged / read anew: {statistics.median(unchanged) / statistics.median(parsing):.1%}; target: 5 %")


if __name__ == "__main__":
    given = [int(argument) for argument in sys.argv[1:]]
    main(*(given + [200_000, 7][len(given) :]))
