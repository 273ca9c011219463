"""Tables from outside: the columns they must have, the rows that are set aside, and reading without guessing.

A file whose columns, labels or units are not the known ones raises SourceChanged and gives nothing. A row that is bad
by itself is withheld: file, row, column, reason and rule are kept, and the others are read.
"""

import codecs
import csv
import re
import zipfile
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, cast

import orjson
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from sources.errors import SourceChanged
from sources.formats import BROKEN_ARCHIVE, Format
from sources.snapshots import Snapshot

# One row is one value. `start_date` and `end_date` are the half-open days it speaks of; a count has a unit of count.
SERIES_COLUMNS = (
    "measure",
    "country_code",
    "population",
    "start_date",
    "end_date",
    "value",
    "unit",
    "unit_of_count",
)
SERIES_KEY = ["measure", "country_code", "population", "start_date", "end_date", "unit"]
# `identifiers` are what other texts call the act ("EO 13767", "FR Doc 2017-02095", "82 FR 8793"), joined by ";".
ACT_COLUMNS = (
    "act_id",
    "kind",
    "title",
    "signing_date",
    "publication_date",
    "president",
    "citation_url",
    "country_codes",
    "identifiers",
)
DOCUMENT_COLUMNS = ("document_id", "kind", "title", "published_date", "language", "url", "text")
DATE_COLUMNS = frozenset({"start_date", "end_date", "signing_date", "publication_date", "published_date"})
COUNT = "count"

_MEASURE = re.compile(r"[a-z][a-z0-9_]*\Z")
_COUNTRY = re.compile(r"[A-Z]{3}\Z|GLOBAL\Z|REGION\Z|OTHER\Z")
# A row is shorter than a block.
_BLOCK = 2 << 20
_MAX_JSON_BYTES = 256 << 20
_MAX_UNPACKED_BYTES = 256 << 20
_WHOLE = r"(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.0*)?"
_NUMBER = r"-?(?:(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]{1,2})?"


@dataclass(frozen=True, slots=True, kw_only=True)
class Withheld:
    """A row that was not let in: where it is, and the rule it broke. `row` counts the file's lines of data from 1."""

    file: str
    row: int
    column: str
    reason: str
    rule: str

    def __str__(self) -> str:
        return f"{self.file}, row {self.row}, {self.column}: {self.reason} ({self.rule})"


@cache
def _empty(columns: tuple[str, ...]) -> pd.DataFrame:
    """Return a table without rows; it is shared, as nobody changes a table in place."""
    return pd.DataFrame({name: pd.Series(dtype=_dtype(name)) for name in columns})


def _dtype(name: str) -> str:
    if name in DATE_COLUMNS:
        return "datetime64[us]"
    return "float64" if name == "value" else "str"


@dataclass(frozen=True, kw_only=True)
class Parsed:
    """What a connector read from one snapshot: any of three tables, and the rows it withheld."""

    series: pd.DataFrame = field(default_factory=lambda: _empty(SERIES_COLUMNS))
    acts: pd.DataFrame = field(default_factory=lambda: _empty(ACT_COLUMNS))
    documents: pd.DataFrame = field(default_factory=lambda: _empty(DOCUMENT_COLUMNS))
    withheld: tuple[Withheld, ...] = ()

    @property
    def rows(self) -> int:
        """How many rows were let in."""
        return len(self.series) + len(self.acts) + len(self.documents)

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """The three tables by name."""
        return {"series": self.series, "acts": self.acts, "documents": self.documents}


class Quarantine:
    """Collects the rows of one snapshot that are set aside."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._file = snapshot.name
        self._withheld: list[Withheld] = []

    def withhold(self, row: int, column: str, reason: str, rule: str) -> None:
        """Set one row aside."""
        self._withheld.append(Withheld(file=self._file, row=row, column=column, reason=reason, rule=rule))

    def keep(self, frame: pd.DataFrame, is_good: "pd.Series[bool]", column: str, rule: str) -> pd.DataFrame:
        """Return the good rows; the others are set aside with the value found in `column`. The index is the row."""
        for row, found in frame.loc[~is_good, column].items():
            self.withhold(int(cast(int, row)), column, f"found {_short(found)}", rule)
        return frame[is_good]

    @property
    def withheld(self) -> tuple[Withheld, ...]:
        """What was set aside, by row."""
        return tuple(sorted(self._withheld, key=lambda w: (w.row, w.column, w.reason)))


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


# --- Reading files ------------------------------------------------------------------------------------------------


def expect(snapshot: Snapshot, *formats: Format) -> None:
    """Raise SourceChanged unless the file is of one of these formats, going by its content."""
    if snapshot.format not in formats:
        wanted = " or ".join(formats)
        raise SourceChanged(snapshot.source_id, f"{snapshot.name}: found {snapshot.format} content; expected {wanted}")


def heading(snapshot: Snapshot) -> list[str]:
    """Return the names in the first line of a CSV file. Raises SourceChanged if it is no text or has no first line."""
    expect(snapshot, Format.TEXT)
    snapshot.file.seek(0)
    line = snapshot.file.readline(1 << 16).decode("utf-8-sig", errors="replace")
    try:
        return [name.strip() for name in next(csv.reader([line]), [])]
    except csv.Error as error:
        raise SourceChanged(snapshot.source_id, f"{snapshot.name}: the first line is no heading: {error}") from error


def read_csv(
    snapshot: Snapshot,
    columns: Mapping[str, str],
    quarantine: Quarantine,
    *,
    optional: Collection[str] = (),
    ignored: Collection[str] = (),
    names: Sequence[str] | None = None,
    encoding: str = "utf-8",
    skip_lines: int = 0,
    has_newlines: bool = False,
    end_mark: str | None = None,
) -> pd.DataFrame:
    """Return a CSV file as text: the publisher's columns under our names, indexed by the row's number from 1.

    `columns` maps the publisher's names to ours; several names for one of ours are spellings of it, and a file has one
    of them. `optional` ones of ours may be missing, `ignored` names of the publisher are known and not read; `names`
    gives the publisher's names where the file has no heading. Cells are text as they stand, an
    empty one is "". A row with another number of cells is withheld, except one that is the publisher's `end_mark`.

    Raises SourceChanged for another format or encoding, a column that is missing, unknown or there twice.
    """
    expect(snapshot, Format.TEXT)
    _check_encoding(snapshot, encoding)
    bad: list[tuple[int, int, int]] = []

    def set_aside(row: Any) -> str:
        if end_mark is not None and (row.text or "").strip(" \r\n") == end_mark:
            return "skip"
        bad.append((row.number or 0, row.actual_columns, row.expected_columns))
        return "skip"

    snapshot.file.seek(0)
    try:
        table = pyarrow.csv.read_csv(
            snapshot.file,
            # One thread: rows have numbers only when they are read one after the other. The encoding was checked above.
            read_options=pyarrow.csv.ReadOptions(
                use_threads=False, encoding=encoding, column_names=names, skip_rows=skip_lines, block_size=_BLOCK
            ),
            parse_options=pyarrow.csv.ParseOptions(newlines_in_values=has_newlines, invalid_row_handler=set_aside),
            convert_options=pyarrow.csv.ConvertOptions(
                default_column_type=pa.string(), strings_can_be_null=False, check_utf8=False
            ),
        )
    except pa.ArrowInvalid as error:
        raise SourceChanged(
            snapshot.source_id, f"{snapshot.name}: not a table of comma-separated values: {error}"
        ) from error
    found = [name.strip().removeprefix("\ufeff") for name in table.column_names]
    _check_heading(snapshot, found, columns, optional, ignored)
    head = skip_lines + (0 if names else 1)
    for number, actual, expected in bad:
        quarantine.withhold(number - head, "(row)", f"found {actual} cells", f"a row has {expected} cells")
    frame: pd.DataFrame = table.rename_columns(found).to_pandas()
    frame.index = pd.Index(_row_numbers(len(frame), [number - head for number, _, _ in bad]))
    return frame[[name for name in columns if name in found]].rename(columns=dict(columns))


def _check_encoding(snapshot: Snapshot, encoding: str) -> None:
    """Raise SourceChanged, naming the byte, if a file is in another encoding; read in blocks, as it may be large."""
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    snapshot.file.seek(0)
    place = 0
    while True:
        block = snapshot.file.read(_BLOCK)
        try:
            decoder.decode(block, final=not block)
        except UnicodeDecodeError as error:
            raise SourceChanged(
                snapshot.source_id,
                f"{snapshot.name}: a byte after {place + error.start} is not {encoding}; the encoding has changed",
            ) from error
        if not block:
            return
        place += len(block)


def _check_heading(
    snapshot: Snapshot,
    found: Sequence[str],
    columns: Mapping[str, str],
    optional: Collection[str],
    ignored: Collection[str],
) -> None:
    known = {*columns, *ignored}
    ours = [columns[name] for name in found if name in columns]
    faults = []
    if missing := [name for name in columns if columns[name] not in ours and columns[name] not in optional]:
        faults.append(f"missing {missing}")
    if unknown := [name for name in found if name not in known]:
        faults.append(f"unknown {unknown}")
    if twice := sorted({name for name in (*found, *ours) if found.count(name) > 1 or ours.count(name) > 1}):
        faults.append(f"twice {twice}")
    if faults:
        raise SourceChanged(
            snapshot.source_id, f"{snapshot.name}: columns {', '.join(faults)}; expected {sorted(known)}"
        )


def _row_numbers(rows: int, withheld: Sequence[int]) -> Sequence[int]:
    """Return the numbers of the rows that are left when the withheld ones are counted too."""
    if not withheld:
        return range(1, rows + 1)
    gone = set(withheld)
    numbers = (number for number in range(1, rows + len(gone) + 1) if number not in gone)
    return list(numbers)[:rows]


def read_json(snapshot: Snapshot) -> Any:
    """Return a JSON document. Raises SourceChanged for another format, or JSON that is cut off or too deep."""
    expect(snapshot, Format.JSON)
    if len(snapshot.content) > _MAX_JSON_BYTES:
        raise SourceChanged(snapshot.source_id, f"{snapshot.name}: {len(snapshot.content)} bytes of JSON are too many")
    try:
        return orjson.loads(snapshot.content.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as error:
        raise SourceChanged(snapshot.source_id, f"{snapshot.name}: not JSON: {error}") from error


def check_archive(snapshot: Snapshot) -> None:
    """Raise SourceChanged for a ZIP archive, such as a workbook, that is broken or would unpack to too much."""
    snapshot.file.seek(0)
    try:
        with zipfile.ZipFile(snapshot.file) as archive:
            unpacked = sum(member.file_size for member in archive.infolist())
    except BROKEN_ARCHIVE as error:
        raise SourceChanged(snapshot.source_id, f"{snapshot.name}: a broken archive: {error}") from error
    if unpacked > _MAX_UNPACKED_BYTES:
        raise SourceChanged(snapshot.source_id, f"{snapshot.name}: would unpack to {unpacked} bytes; too many")


def read_text(snapshot: Snapshot, encoding: str = "utf-8") -> str:
    """Return a file as text without its byte order mark. Raises SourceChanged if the encoding is another."""
    try:
        return snapshot.content.decode(encoding).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise SourceChanged(
            snapshot.source_id, f"{snapshot.name}: byte {error.start} is not {encoding}; the encoding has changed"
        ) from error


# --- Reading cells ------------------------------------------------------------------------------------------------


def labels(frame: pd.DataFrame, column: str, known: Mapping[Any, Any], snapshot: Snapshot) -> "pd.Series[Any]":
    """Return what a column of labels means. Raises SourceChanged, naming them, if there are unknown ones."""
    if unknown := sorted(set(frame[column]) - set(known)):
        raise SourceChanged(
            snapshot.source_id,
            f"{snapshot.name}: unknown {column} {unknown[:5]}; known are {sorted(known)}",
        )
    return frame[column].map(dict(known))


def numbers(
    frame: pd.DataFrame,
    column: str,
    quarantine: Quarantine,
    *,
    is_count: bool = True,
    missing: Collection[str] = (),
) -> pd.DataFrame:
    """Return the frame with a column as numbers; rows whose cell is none are withheld.

    A count is whole and not negative ("1.0" and "1,234" count as 1 and 1234). Cells in `missing` are the publisher's
    sign for no data: those rows are left out, as no data is no row.
    """
    if missing:
        frame = frame[~frame[column].isin(list(missing))]
    if is_count and (plain := _plain_counts(frame[column])) is not None:
        return frame.assign(**{column: plain})
    text = frame[column].str.strip()
    is_number = text.str.fullmatch(_WHOLE if is_count else _NUMBER)
    rule = "a count is a whole number, not negative" if is_count else "a number"
    good = quarantine.keep(frame, is_number, column, rule).copy()
    good[column] = good[column].str.strip().str.replace(",", "").astype("float64")
    if is_count:
        # Beyond this a float no longer tells neighbouring whole numbers apart.
        good = quarantine.keep(good, good[column] <= 2**53, column, "a count is below 9e15")
    return good


def _plain_counts(column: "pd.Series[str]") -> "pd.Series[float] | None":
    """Return a column of which every cell is digits and nothing else, the usual case and by far the fastest."""
    cells = pa.array(column, type=pa.large_string())
    is_plain = pc.and_(pc.ascii_is_decimal(cells), pc.less_equal(pc.binary_length(cells), 15))
    if not pc.all(is_plain, skip_nulls=False, min_count=0).as_py():
        return None
    return pd.Series(pc.cast(cells, pa.float64()).to_numpy(zero_copy_only=False), index=column.index)


def days(
    frame: pd.DataFrame, column: str, format_: str, quarantine: Quarantine, *, is_optional: bool = False
) -> pd.DataFrame:
    """Return the frame with a column as days; rows whose cell is none are withheld, or NaT for "" if optional."""
    parsed = pd.to_datetime(frame[column], format=format_, errors="coerce", exact=True)
    is_good = parsed.notna() | ((frame[column] == "") & is_optional)
    good = quarantine.keep(frame, is_good, column, f"a day written as {format_}").copy()
    good[column] = parsed[is_good].astype("datetime64[us]")
    return good


def once(frame: pd.DataFrame, key: list[str], quarantine: Quarantine) -> pd.DataFrame:
    """Return the frame with each key once: of rows that say the same the first is kept, of rows that differ none."""
    is_repeat = frame.duplicated()
    frame = quarantine.keep(frame, ~is_repeat, key[0], "each row once: this one repeats an earlier one")
    is_disputed = frame.duplicated(key, keep=False)
    return quarantine.keep(frame, ~is_disputed, key[0], f"one row for each {' + '.join(key)}: these differ")


# --- The contract of what a connector returns -----------------------------------------------------------------------


def check(parsed: Parsed, source_id: str) -> Parsed:
    """Return the tables with their columns in order, sorted by their keys; what breaks the contract is a SourceChanged.

    A connector that returns a value without a unit of count, a period that ends before it starts or the same key
    twice has misread its source: nothing of it is let in.
    """
    series = _contract(parsed.series, SERIES_COLUMNS, SERIES_KEY, source_id)
    if not series.empty:
        _check_series(series, source_id)
    acts = _contract(parsed.acts, ACT_COLUMNS, ["act_id"], source_id)
    documents = _contract(parsed.documents, DOCUMENT_COLUMNS, ["document_id"], source_id)
    for frame, column in ((acts, "act_id"), (acts, "title"), (documents, "document_id"), (documents, "title")):
        _demand(frame, frame[column] != "", column, "text", source_id)
    return Parsed(series=series, acts=acts, documents=documents, withheld=parsed.withheld)


def _check_series(series: pd.DataFrame, source_id: str) -> None:
    _demand(series, series["measure"].str.fullmatch(_MEASURE.pattern), "measure", "a name in snake case", source_id)
    _demand(series, series["country_code"].str.fullmatch(_COUNTRY.pattern), "country_code", "ISO alpha-3", source_id)
    _demand(series, series["start_date"] < series["end_date"], "end_date", "a day after start_date", source_id)
    _demand(series, series["value"].abs() < float("inf"), "value", "a finite number", source_id)
    is_count = series["unit"] == COUNT
    _demand(series, ~is_count | (series["unit_of_count"] != ""), "unit_of_count", "what is counted", source_id)


def _contract(frame: pd.DataFrame, columns: Sequence[str], key: list[str], source_id: str) -> pd.DataFrame:
    if set(frame.columns) != set(columns):
        raise SourceChanged(source_id, f"the connector gave columns {sorted(frame.columns)}; expected {list(columns)}")
    if frame.empty:
        return _empty(tuple(columns))
    frame = frame[list(columns)].astype({name: _dtype(name) for name in columns})
    for name in columns:
        if name not in DATE_COLUMNS:
            _demand(frame, frame[name].notna(), name, "a value", source_id)
        elif name in ("start_date", "end_date"):
            _demand(frame, frame[name].notna(), name, "a day", source_id)
    _demand(frame, ~frame.duplicated(key, keep=False), key[0], f"each {' + '.join(key)} once", source_id)
    return frame.sort_values(key, kind="stable", ignore_index=True)


def _demand(frame: pd.DataFrame, is_good: "pd.Series[bool]", column: str, expected: str, source_id: str) -> None:
    if bad := frame.loc[~is_good, column].head(3).tolist():
        raise SourceChanged(source_id, f"{column}: found {bad}; expected {expected}")


def join(values: Collection[str]) -> str:
    """Return several codes or identifiers as one cell."""
    return ";".join(dict.fromkeys(value for value in values if value))
