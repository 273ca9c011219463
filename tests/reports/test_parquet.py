"""The rows as Parquet: the cells of the CSV, typed, with the meaning and unit of each column."""

import csv
import io

import pyarrow as pa
from pyarrow import parquet as stored

from reports import edition, parquet, tables
from reports.edition import Kind, Request


def read(made):
    """Return an edition's Parquet file as a table."""
    return stored.read_table(io.BytesIO(parquet.as_parquet(made)))


def country(book, clock, language="en"):
    """Return the edition of a country."""
    return edition.make(book, Request(kind=Kind.COUNTRY, clock=clock, country_codes=("MEX",), language=language))


def test_the_rows_are_those_of_the_csv(book, clock):
    made = country(book, clock)
    table = read(made)
    names, *lines = csv.reader(io.StringIO(tables.as_csv(made.all_rows)))
    assert table.column_names == names
    cells = [[_written(cell) for cell in row.values()] for row in table.to_pylist()]
    assert cells == lines


def _written(cell):
    return "" if cell is None else " ".join(cell) if isinstance(cell, list) else str(cell)


def test_columns_have_their_type_meaning_and_unit(book, clock):
    schema = read(country(book, clock, "pt")).schema
    assert schema.field("actual_level").type == schema.field("magnitude").type == pa.int8()
    assert schema.field("notes").type == schema.field("statement_ids").type == pa.list_(pa.string())
    assert schema.field("code").type == pa.string()
    assert schema.field("actual_level").metadata[b"unit"] == b"rank 0-4"
    assert b"unit" not in schema.field("code").metadata
    assert "restritivo" in schema.field("first_level").metadata[b"description"].decode()


def test_the_file_names_its_edition_and_clocks_and_is_the_same_bytes_again(book, clock):
    made = country(book, clock)
    told = read(made).schema.metadata
    assert (told[b"edition"].decode(), told[b"as_of"], told[b"vintage"]) == (made.id, b"2026-11-24", b"2025-01-19")
    assert parquet.as_parquet(made) == parquet.as_parquet(made)
