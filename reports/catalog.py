"""What a language must have a text for: the words of scales, the sentences of reports, the texts of the codebook.

Sentences are found where they are said, in templates and modules; nothing lists them by hand.
"""

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.catalog import Message as Entry
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from reports import sections
from reports.language import LOCALES
from sources.codebook import LANGUAGES, Codebook

Message = str | tuple[str, str]
"""A message's id: a key or an English sentence; of one with two forms, both."""

_REPORTS = Path(__file__).parent
_METHODS = [("**.py", "python"), ("**.j2", "jinja2.ext:babel_extract")]
_SPOKEN_BY: Mapping[str, tuple[int, ...] | None] = {"_": None, "gettext": None, "ngettext": (1, 2)}


def read(language: str) -> Catalog:
    """Return the messages of a language's .po file; none where there is no such file."""
    path = LOCALES / f"{language}.po"
    if not path.exists():
        return Catalog()
    with path.open("rb") as file:
        return read_po(file, locale=language)


def sentences() -> list[Message]:
    """Return the English sentences that templates and modules say, and the headings of the sections."""
    found: set[Message] = {section.title for section in sections.load_all()}
    found |= {_id(message) for _, _, message, _, _ in extract_from_dir(_REPORTS, _METHODS, keywords=_SPOKEN_BY)}
    return sorted(found, key=str)


def texts(book: Codebook) -> list[str]:
    """Return the English of every text of the codebook that stands in all its languages, in the order it is read.

    A statement in English alone was accepted on one machine; it is printed so.
    """
    return list(dict.fromkeys(_texts(book.instruments)))


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, Mapping):
        if value.keys() == set(LANGUAGES) and all(isinstance(text, str) for text in value.values()):
            yield value["en"]
        else:
            for inner in value.values():
                yield from _texts(inner)
    elif isinstance(value, tuple):
        for inner in value:
            yield from _texts(inner)
    elif is_dataclass(value):
        for field in fields(value):
            yield from _texts(getattr(value, field.name))


def missing(language: str, book: Codebook) -> list[Message]:
    """Return the messages a language has no text for: keys first, then sentences, then what the codebook says."""
    known = {_id(message.id) for message in read(language) if message.id and _is_filled(message)}
    keys = [_id(message.id) for message in read("en") if message.id]
    # An English sentence is its own word, and the codebook has its own languages.
    spoken = [] if language == "en" else sentences()
    curated = [] if language in LANGUAGES else texts(book)
    return [message for message in dict.fromkeys((*keys, *spoken, *curated)) if message not in known]


def entries(messages: Sequence[Message]) -> str:
    """Return messages as entries of a .po file without a text yet, with the English above each key."""
    english, listed = read("en"), Catalog()
    for message in messages:
        words = english[message].string if message in english else ()
        listed.add(message, auto_comments=[words] if isinstance(words, str) else list(words or ()))
    file = io.BytesIO()
    write_po(file, listed, omit_header=True, width=0)
    return file.getvalue().decode()


def _is_filled(entry: Entry) -> bool:
    return bool(entry.string) if isinstance(entry.string, str) else all(entry.string or [""])


def _id(given: str | Sequence[str]) -> Message:
    return given if isinstance(given, str) else (given[0], given[1])
