"""A lint for the reader's words: no word that takes a side, and no sentence that tells the two terms unalike.

Which words take a side, why, and how a sentence is turned from one term to the other is data:
reports/locales/loaded_words.yaml. Pure functions; the tests hold every text of the reports and of the codebook, and
every sentence that can be composed, to them.
"""

import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from typing import Literal

from pydantic import ConfigDict, TypeAdapter
from pydantic.dataclasses import dataclass as form

from reports.language import LOCALES
from sources.codebook import read_yaml

LOADED_WORDS = LOCALES / "loaded_words.yaml"

_STRICT = ConfigDict(extra="forbid")
_QUOTED = re.compile(r"“[^”]*”|«[^»]*»|\"[^\"]*\"|(?<!\w)['‘][^'’]*['’](?!\w)")
_PLACEHOLDER = re.compile(r"%\(\w+\)s")
_PUNCTUATION = r"[,;:.()]"


@form(frozen=True, slots=True, kw_only=True, config=_STRICT)
class LoadedWords:
    """Words with one reason not to use them, and the key of the source of the reason."""

    words: tuple[str, ...]
    reason: str
    source: Literal["ap", "iom", "own"]


@form(frozen=True, slots=True, kw_only=True, config=_STRICT)
class Rules:
    """The rules of one language.

    `mirror` are words that stand for each other when the terms are swapped; clauses are told apart at punctuation and
    at `separators`, and compared without the `ignored` words.
    """

    words: tuple[LoadedWords, ...]
    allowed: tuple[str, ...]
    separators: tuple[str, ...]
    ignored: tuple[str, ...]
    mirror: tuple[tuple[str, str], ...]


@form(frozen=True, slots=True, kw_only=True, config=_STRICT)
class _File:
    sources: dict[Literal["ap", "iom", "own"], str]
    languages: dict[str, Rules]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A loaded word as it stands in a text, with the reason not to use it."""

    word: str
    reason: str


@cache
def rules(language: str) -> Rules:
    """Return the rules of a language; KeyError where it has none, pydantic's ValidationError for a file out of form."""
    return TypeAdapter(_File).validate_python(read_yaml(LOADED_WORDS)).languages[language]


def loaded(text: str, language: str) -> list[Finding]:
    """Return the words of a text that take a side, in the order of the rules; what is quoted is not looked at."""
    plain = _QUOTED.sub(" ", text)
    for allowed in rules(language).allowed:
        plain = re.sub(re.escape(allowed), " ", plain, flags=re.IGNORECASE)
    return [
        Finding(word=found[0], reason=rule.reason)
        for rule in rules(language).words
        for found in re.finditer(_any_of(rule.words), plain, flags=re.IGNORECASE)
    ]


def are_mirrored(text: str, other: str, language: str) -> bool:
    """Say whether two texts say the same of the terms the other way round, clause by clause in any order."""
    return clauses(mirrored(text, language), language) == clauses(other, language)


def mirrored(text: str, language: str) -> str:
    """Return a text with the terms swapped: the first for the second, new for discontinued, expanded for narrowed."""
    swapped = {word: other for pair in rules(language).mirror for word, other in (pair, pair[::-1])}

    def swap(found: re.Match[str]) -> str:
        other = swapped[found[0].casefold()]
        return other.capitalize() if found[0][0].isupper() else other

    # The longest first: "was not" is swapped as a whole, not its "was".
    words = sorted(swapped, key=len, reverse=True)
    return re.sub(_any_of(words), swap, text, flags=re.IGNORECASE)


def clauses(text: str, language: str) -> Counter[str]:
    """Return what a text says, clause by clause, without the order and the words that only join."""
    given = rules(language)
    plain = re.sub(_any_of(given.ignored), " ", _PLACEHOLDER.sub(" ", text), flags=re.IGNORECASE)
    pieces = re.split(f"{_PUNCTUATION}|{_any_of(given.separators)}", plain, flags=re.IGNORECASE)
    return Counter(" ".join(piece.casefold().split()) for piece in pieces if piece.strip())


def _any_of(words: tuple[str, ...] | list[str]) -> str:
    """Return a pattern for any of some words, each as a whole; a star is the rest of a word."""
    patterns = [re.escape(word).replace(r"\*", r"\w*") for word in words]
    return rf"\b(?:{'|'.join(patterns)})\b"
