"""What decides a report's bytes beside what it is made from: tools and system libraries, typefaces, and our own code.

A manifest names all of it, so that whoever makes the edition again can be told what is not as it was.
"""

import ctypes
import hashlib
import platform
import zlib
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

from reports.render import FACES

PACKAGES = (
    "weasyprint",
    "pydyf",
    "fonttools",
    "brotli",
    "pikepdf",
    "pypdfium2",
    "jinja2",
    "babel",
    "tinycss2",
    "tinyhtml5",
    "cssselect2",
    "pyphen",
    "pillow",
    "pydantic",
    "xlsxwriter",
    "pyarrow",
)
# Libraries of the system that set the lines: their names on Linux and on a Mac, and what tells their version.
LIBRARIES = {
    "pango": (("libpango-1.0.so.0", "libpango-1.0.dylib"), "pango_version_string"),
    "harfbuzz": (("libharfbuzz.so.0", "libharfbuzz.0.dylib"), "hb_version_string"),
}
NOT_INSTALLED = "not installed"
# Our packages; the instrument files among them are inputs and have their hashes there.
_ROOT = Path(__file__).parents[1]
_CODE = ("flows", "reports", "sources")
_INPUTS = _ROOT / "sources" / "instruments"


@cache
def tools() -> dict[str, str]:
    """Return the version of each tool and system library by name, NOT_INSTALLED for a library that is not there."""
    return {
        "python": platform.python_version(),
        "zlib": zlib.ZLIB_RUNTIME_VERSION,
        **{name: version(name) for name in PACKAGES},
        **{name: _library_version(names, function) for name, (names, function) in LIBRARIES.items()},
    }


def _library_version(names: tuple[str, ...], function: str) -> str:
    for name in names:
        try:
            tell = getattr(ctypes.CDLL(name), function)
        except OSError:
            continue
        tell.restype = ctypes.c_char_p
        told: bytes = tell()
        return told.decode()
    return NOT_INSTALLED


@cache
def fonts() -> dict[str, str]:
    """Return the SHA-256 of each font file by its name."""
    return {name: _sha256(Path(str(files(package) / "files" / name))) for package, name in FACES.values()}


@cache
def code() -> dict[str, str]:
    """Return the SHA-256 of each file of the program by its path, without the instrument files."""
    return {
        path.relative_to(_ROOT).as_posix(): _sha256(path)
        for package in _CODE
        for path in sorted((_ROOT / package).rglob("*"))
        if path.is_file() and path.suffix != ".pyc" and _INPUTS not in path.parents
    }


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
