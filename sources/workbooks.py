"""Workbooks (XLSX): their sheets as lines of cells, opened with care. No macro, link or entity is followed.

A sheet is held in memory whole, however few of its cells are filled, and the reader ends the whole process when there
is no room: so how far a sheet's filled cells lie apart is looked at before it is opened.
"""

import re
import zipfile
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum

from sources import tables
from sources.errors import SourceChanged
from sources.formats import BROKEN_ARCHIVE, Format
from sources.snapshots import Snapshot

_MOST_CELLS = 1_000_000
_FILLED_CELL = re.compile(
    rb"""<(?:\w+:)?c\s(?:[^>]{0,400}\s)?r\s*=\s*["']\s*([A-Za-z]+)([0-9]+)\s*["'](?:[^>]{0,400}[^/>])?>"""
)
_ROW = re.compile(rb"""<(?:\w+:)?row\s(?:[^>]{0,400}\s)?r\s*=\s*["']\s*([0-9]+)\s*["']""")
_BLOCK = 1 << 20
_LONGEST_TAG = 1 << 10


def sheets(snapshot: Snapshot) -> dict[str, list[list[Any]]]:
    """Return the lines of every worksheet by its name, first row and column included even if they are empty.

    Cells are text, numbers, days or "". Raises SourceChanged for another format, a broken workbook, one that would
    unpack to too much or spans too many cells.
    """
    tables.expect(snapshot, Format.XLSX)
    tables.check_archive(snapshot)
    try:
        _check_extent(snapshot)
        snapshot.file.seek(0)
        workbook = CalamineWorkbook.from_filelike(snapshot.file)
        names = [sheet.name for sheet in workbook.sheets_metadata if sheet.typ is SheetTypeEnum.WorkSheet]
        return {name: workbook.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in names}
    except (CalamineError, *BROKEN_ARCHIVE) as error:
        raise SourceChanged(snapshot.source_id, f"{snapshot.name}: not a workbook: {error}") from error


def _check_extent(snapshot: Snapshot) -> None:
    """Raise SourceChanged for a workbook of another kind, or cells too far apart; a part that is damaged shows too."""
    with zipfile.ZipFile(snapshot.file) as archive:
        members = archive.namelist()
        if "xl/workbook.xml" not in members or any(name.endswith(("workbook.bin", "content.xml")) for name in members):
            raise SourceChanged(
                snapshot.source_id, f"{snapshot.name}: found parts {members[:5]}; expected an XML workbook"
            )
        for name in members:
            height, width = _extent(archive, name)
            if height * width > _MOST_CELLS:
                raise SourceChanged(
                    snapshot.source_id, f"{snapshot.name}: {name} spans {height} rows of {width} cells; too many"
                )


def _extent(archive: zipfile.ZipFile, name: str) -> tuple[int, int]:
    """Return the largest row, and the largest column of a filled cell, in a part of the archive."""
    height = width = 1
    rest = b""
    with archive.open(name) as part:
        while block := part.read(_BLOCK):
            for row in _ROW.findall(rest + block):
                height = max(height, int(row[:10]))
            for column, row in _FILLED_CELL.findall(rest + block):
                height, width = max(height, int(row[:10])), max(width, _column_number(column[:10]))
            rest = block[-_LONGEST_TAG:]
    return height, width


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number
