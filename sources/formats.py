"""What a file is, from its content: publishers' media types and file names are often wrong."""

import re
import struct
import zipfile
import zlib
from enum import StrEnum
from typing import BinaryIO

# What the standard library raises for a ZIP archive whose parts are not where, or as, its directory says: damaged,
# encrypted or of a version it does not know (both RuntimeError), or with a name that is no text (ValueError).
BROKEN_ARCHIVE = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, RuntimeError, ValueError)

_HEAD = 4096
_BOM = b"\xef\xbb\xbf"
_FIRST_ELEMENT = re.compile(rb"<([A-Za-z][\w:.-]*)")


class Format(StrEnum):
    """The formats that sources come in; TEXT is anything readable, CSV and Markdown among it."""

    JSON = "JSON"
    HTML = "HTML"
    XML = "XML"
    XLSX = "XLSX"
    ZIP = "ZIP"
    GZIP = "GZIP"
    PDF = "PDF"
    TEXT = "TEXT"
    BINARY = "BINARY"
    EMPTY = "EMPTY"


def recognise(file: BinaryIO) -> Format:
    """Return the format of an open file and leave it at its beginning."""
    file.seek(0)
    head = file.read(_HEAD)
    file.seek(0)
    text = head.removeprefix(_BOM).lstrip()
    start = text[:256].lower()
    if not text:
        return Format.EMPTY
    if head.startswith(b"PK\x03\x04"):
        return _archive(file)
    if head.startswith(b"\x1f\x8b"):
        return Format.GZIP
    if head.startswith(b"%PDF-"):
        return Format.PDF
    if start.startswith((b"<!doctype html", b"<html")):
        # Before the next test: the Federal Register's pages hold NUL bytes.
        return Format.HTML
    if b"\x00" in head:
        return Format.BINARY
    if text.startswith(b"<"):
        root = _FIRST_ELEMENT.search(text)
        return Format.HTML if root and root[1].lower() in (b"html", b"head", b"body") else Format.XML
    if text.startswith((b"{", b"[")):
        return Format.JSON
    return Format.TEXT


def _archive(file: BinaryIO) -> Format:
    try:
        with zipfile.ZipFile(file) as archive:
            is_workbook = any(name.startswith("xl/") for name in archive.namelist())
    except BROKEN_ARCHIVE:
        # Its connector refuses it by that name.
        return Format.BINARY
    finally:
        file.seek(0)
    return Format.XLSX if is_workbook else Format.ZIP
