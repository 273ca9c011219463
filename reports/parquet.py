"""Rows as Parquet, for programs that read tables: typed columns that carry their units and meanings.

The same rows and cells as the CSV; what is a list there with spaces between is a list here.
"""

import io

from reports import tables
from reports.edition import Edition
from reports.language import Language
from reports.tables import Column, Holds


def as_parquet(edition: Edition) -> bytes:
    """Return the edition's rows as a Parquet file with `tables.COLUMNS`; not known is null.

    The schema names the edition and its clocks, each column its meaning in the report's language and its unit. The same
    bytes for the same edition.
    """
    # Only this format needs it, and it takes as long to import as a small report to make.
    import pyarrow as pa
    from pyarrow import parquet

    language = Language(edition.request.language)
    types = {Holds.TEXT: pa.string(), Holds.WHOLE_NUMBER: pa.int8(), Holds.LIST: pa.list_(pa.string())}
    clock = edition.request.clock
    schema = pa.schema(
        [pa.field(column.name, types[column.holds], metadata=_said(column, language)) for column in tables.COLUMNS],
        metadata={
            "edition": edition.id,
            "codebook": edition.codebook.version,
            "as_of": clock.as_of.isoformat(),
            "on": clock.on.isoformat(),
            "vintage": clock.vintage.isoformat(),
            "language": language.code,
        },
    )
    lines = [tables.cells(row) for row in edition.all_rows]
    columns = [pa.array([line[n] for line in lines], type=field.type) for n, field in enumerate(schema)]
    out = io.BytesIO()
    parquet.write_table(pa.Table.from_arrays(columns, schema=schema), out, compression="zstd")
    return out.getvalue()


def _said(column: Column, language: Language) -> dict[str, str]:
    meaning = {"description": tables.meaning(column, language)}
    return {**meaning, "unit": column.unit} if column.unit else meaning
