"""Bytes as characters: the encoding a file is in, and the characters that no reader sees.

A guess among encodings would put wrong letters into quotes. A file is UTF-8, or what its byte order mark or its own
declaration says; without either, and only where no byte speaks against it, it is Windows-1252, as on the web.
"""

import codecs
import re
import unicodedata

from sources.documents.extract import refusal

# The longer mark first: that of UTF-32 begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_WESTERN = "cp1252"
# On the web the names of ISO 8859-1 mean Windows-1252.
_DECLARED = {"utf-8": "utf-8", "utf8": "utf-8", "iso-8859-15": "iso8859-15"} | dict.fromkeys(
    ("ascii", "iso-8859-1", "iso8859-1", "latin-1", "latin1", "us-ascii", "windows-1252"), _WESTERN
)
_DECLARATION = re.compile(
    rb"<(?:meta\b[^<>]{0,200}?\bcharset|\?xml\b[^<>]{0,200}?\bencoding)\s*=\s*[\"']?([\w.:-]{1,40})", re.I
)
# Letters beyond ASCII in UTF-8: next to a byte that is not, they show a damaged file rather than another encoding.
_UTF_8_LETTER = re.compile(rb"[\xc3-\xdf][\x80-\xbf]|[\xe1-\xef][\x80-\xbf]{2}")
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1f\x7f]")
_LINE_ENDS = re.compile(r"\r\n?|\f")
_UNSEEN = dict.fromkeys(
    code for code in range(0xA0) if unicodedata.category(chr(code)) == "Cc" and chr(code) not in "\t\n"
)


def as_utf_8(content: bytes, source: str) -> bytes:
    """Return a file with a byte order mark of UTF-16 or UTF-32 as UTF-8, any other as it is.

    Raises BadInput where the rest of the file is not what its mark says.
    """
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            try:
                return content.decode(encoding).encode()
            except (UnicodeDecodeError, UnicodeEncodeError) as error:
                raise refusal(
                    source, "encoding", f"{encoding.upper()} that is broken: {error.reason}", "text"
                ) from error
    return content


def decode(content: bytes, source: str) -> str:
    """Return a text file's characters, with line ends as LF and without byte order mark and control characters.

    Raises BadInput, naming the byte, for a file that is no text or is damaged.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if _UTF_8_LETTER.search(content) or _CONTROL.search(content):
            raise refusal(source, f"byte {error.start}", "what is not UTF-8", "text in one encoding") from error
        text = _decode_as(_WESTERN, content, source)
    return without_unseen(text)


def without_unseen(text: str) -> str:
    """Return text with line ends as LF and without control characters."""
    return _LINE_ENDS.sub("\n", text).translate(_UNSEEN)


def decode_page(content: bytes, source: str) -> str:
    """Return a web page's characters: UTF-8, or the encoding the page declares, or Windows-1252.

    Raises BadInput, naming the byte, for a page that is in none of them.
    """
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        declared = _DECLARATION.search(content, 0, 4096)
        label = declared[1].decode("ascii", errors="replace").lower() if declared else "windows-1252"
        if label not in _DECLARED:
            raise refusal(source, "encoding", repr(label), f"one of {sorted(_DECLARED)}") from None
        return _decode_as(_DECLARED[label], content, source)


def _decode_as(encoding: str, content: bytes, source: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise refusal(source, f"byte {error.start}", f"what is not {encoding}", "text in one encoding") from error
