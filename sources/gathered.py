"""What was gathered, as tables: numbers, legal acts and documents of all sources, each row with where it comes from."""

import re
from collections.abc import Iterable, Iterator, Mapping

import numpy as np
import pandas as pd

from sources import tables
from sources.codebook import Codebook
from sources.readings import Reading

SERIES_COLUMNS = ("source_id", *tables.SERIES_COLUMNS, "snapshot_sha256")
ACT_COLUMNS = (
    "act_id",
    "kind",
    "title",
    "signing_date",
    "publication_date",
    "president",
    "citation_url",
    "instrument_ids",
    "country_codes",
    "source_id",
    "snapshot_sha256",
)
DOCUMENT_COLUMNS = ("source_id", *tables.DOCUMENT_COLUMNS, "snapshot_sha256")

_NAMES_OF_ACTS = (
    (re.compile(r"\b(?:E\.?O\.?|Executive Order)\s*(\d{5})\b"), "EO {}"),
    (re.compile(r"\bProc(?:lamation|\.)\s*(\d{4,5})\b"), "Proclamation {}"),
    (
        re.compile(r"\b(?:FR Doc\.?\s*|federalregister\.gov/d(?:ocuments/\d{4}/\d\d/\d\d)?/)(\w{1,4}-\d{4,6})\b"),
        "FR Doc {}",
    ),
    (re.compile(r"\b(\d{2,3} FR \d{1,6})\b"), "{}"),
)


def series(readings: Iterable[Reading]) -> pd.DataFrame:
    """Return the observations of several readings.

    Columns: source_id, measure, country_code, population, start_date, end_date (half-open), value, unit,
    unit_of_count, snapshot_sha256. Unique on all but value and unit_of_count: vintages stand side by side.
    """
    return _together(readings, "series", SERIES_COLUMNS)


def latest_vintage(observations: pd.DataFrame) -> pd.DataFrame:
    """Return, of the numbers that several snapshots of a source give for a period, those of the newest snapshot.

    Snapshots that have a country and population of a measure and period in common are vintages of each other: all
    that the older one says of that measure and period goes, as a publisher may also have renamed its groups. Others
    complete each other. Takes the table of `series`, in which the rows of a source are in the order of retrieval.
    """
    period = ["source_id", "measure", "start_date", "end_date"]
    snapshots = observations.groupby(period)["snapshot_sha256"].transform("nunique")
    alone, shared = observations[snapshots == 1], observations[snapshots > 1]
    kept = [_newest(of_period) for _, of_period in shared.groupby(period, sort=False)]
    table: pd.DataFrame = pd.concat([alone, *kept]).sort_index()
    return _without_overtaken(table)


def _without_overtaken(observations: pd.DataFrame) -> pd.DataFrame:
    """Drop the numbers whose period overlaps, without being the same, one of a newer snapshot for the same thing.

    A file of a year so far ends within a month; the next one has the whole month.
    """
    thing = ["source_id", "measure", "country_code", "population", "unit"]
    snapshots = observations.groupby(thing)["snapshot_sha256"].transform("nunique")
    gone = [index for _, rows in observations[snapshots > 1].groupby(thing, sort=False) for index in _overtaken(rows)]
    return observations.drop(index=gone)


def _overtaken(rows: pd.DataFrame) -> Iterator[int]:
    """Yield the index of each row of an older snapshot that overlaps one of a newer; periods of one do not overlap."""
    starts = np.array([], dtype="datetime64[us]")
    ends = starts
    for snapshot in reversed(rows["snapshot_sha256"].unique()):
        mine = rows[rows["snapshot_sha256"] == snapshot].sort_values("start_date")
        start, end = mine["start_date"].to_numpy(), mine["end_date"].to_numpy()
        place = np.searchsorted(ends, start, side="right")
        is_over = (place < len(starts)) & (starts[np.minimum(place, len(starts) - 1)] < end if len(starts) else False)
        yield from mine.index[is_over]
        starts, ends = np.sort(np.append(starts, start[~is_over])), np.sort(np.append(ends, end[~is_over]))


def _newest(of_period: pd.DataFrame) -> pd.DataFrame:
    groups = pd.Series(list(zip(of_period["country_code"], of_period["population"], of_period["unit"], strict=True)))
    groups.index = of_period.index
    taken: set[tuple[str, str, str]] = set()
    parts = []
    for snapshot in reversed(of_period["snapshot_sha256"].unique()):
        rows = of_period[of_period["snapshot_sha256"] == snapshot]
        mine = set(groups[rows.index])
        if taken.isdisjoint(mine):
            parts.append(rows)
            taken |= mine
    newest: pd.DataFrame = pd.concat(parts)
    return newest


def acts(readings: Iterable[Reading], book: Codebook) -> pd.DataFrame:
    """Return the legal acts of several readings, linked to the instruments whose statements name them.

    Columns: act_id, kind, title, signing_date, publication_date, president, citation_url, instrument_ids and
    country_codes (joined by ";"), source_id, snapshot_sha256. One row for each act and source, of the newest snapshot
    that dates it.
    """
    table = _together(readings, "acts", ("source_id", *tables.ACT_COLUMNS, "snapshot_sha256"))
    index = instruments_by_act(book)
    table["instrument_ids"] = [_linked(identifiers, index) for identifiers in table["identifiers"]]
    has_day = table["signing_date"].notna() | table["publication_date"].notna()
    # A newer file that leaves an act undated does not take its day away.
    dated_last = pd.concat([table[~has_day], table[has_day]])
    newest = dated_last.drop_duplicates(["source_id", "act_id"], keep="last")
    return newest[list(ACT_COLUMNS)].sort_values(["signing_date", "act_id"], kind="stable", ignore_index=True)


def documents(readings: Iterable[Reading]) -> pd.DataFrame:
    """Return the documents of several readings, each as its newest snapshot has it.

    Columns: source_id, document_id, kind, title, published_date, language, url, text, snapshot_sha256. Unique on
    source_id and document_id.
    """
    table = _together(readings, "documents", DOCUMENT_COLUMNS)
    return table.drop_duplicates(["source_id", "document_id"], keep="last", ignore_index=True)


def _together(readings: Iterable[Reading], name: str, columns: tuple[str, ...]) -> pd.DataFrame:
    parts = [
        reading.parsed.tables[name].assign(
            source_id=reading.observation.source_id, snapshot_sha256=reading.observation.sha256
        )
        for reading in sorted(readings, key=lambda r: (r.observation.source_id, r.observation.retrieved))
    ]
    parts = [part for part in parts if not part.empty]
    if not parts:
        return pd.DataFrame({column: pd.Series(dtype="str") for column in columns})
    return pd.concat(parts, ignore_index=True)[list(columns)]


def _linked(identifiers: str, index: Mapping[str, tuple[str, ...]]) -> str:
    found = {instrument for identifier in identifiers.split(";") for instrument in index.get(identifier, ())}
    return tables.join(sorted(found))


def instruments_by_act(book: Codebook) -> dict[str, tuple[str, ...]]:
    """Return the instruments that name each act: in the authority of a statement, or as its source."""
    found: dict[str, set[str]] = {}
    for statement in book.statements.values():
        for name in names_of_acts(f"{statement.authority or ''} {statement.source.url}"):
            found.setdefault(name, set()).add(statement.instrument_id)
    return {name: tuple(sorted(instruments)) for name, instruments in found.items()}


def names_of_acts(text: str) -> list[str]:
    """Return the legal acts a text names, each in one spelling: "EO 13767", "FR Doc 2017-02095", "82 FR 8793"."""
    return [form.format(match) for pattern, form in _NAMES_OF_ACTS for match in pattern.findall(text)]
