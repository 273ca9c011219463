"""Patterns of words: how instruments and cues are written down, and found in a text without trying each of them.

A pattern is a line of words, separated by spaces:

    word            that word; case and accents do not matter
    word*           a word that begins so
    one|other*      one of several; new_york for two words as one of them
    (word)          a word that may be there
    ...             up to eight words of the same sentence; ... ... for up to sixteen
    {people}        one of the words of a class (the lexicon and the country table name the classes)

Between two words of a pattern there may be white space, a line end, a hyphen or a parenthesis ("section 208(a)(2)").
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

WORD = re.compile(r"\w+")

_BETWEEN = r"[\s\-\u2013()]+"
# What may stand between the words of a gap: no full stop, colon or semicolon.
_SPACE = r"[^\w.;:!?]+"
# Marks inside a word ("70,000", "third-country"). There is one way only to read a text as words: with two ways each, a
# search that fails tries all combinations.
_JOINED = r"(?:['.,-]\w++){{0,4}}"
_GAP = rf"{_JOINED}(?:(?!['.,-]\w){_SPACE}\w++{_JOINED}){{{{0,{{most}}}}}}?{_SPACE}"
_WORDS_IN_GAP = 8


class _Folding(dict[int, int]):
    """Map each character to one without accent and in lower case; one to one, so that places stay the same."""

    def __missing__(self, character: int) -> int:
        import unicodedata

        plain = unicodedata.normalize("NFD", chr(character))[0].lower()
        self[character] = ord(plain) if len(plain) == 1 else character
        return self[character]


_FOLDING = _Folding({ord("’"): ord("'"), ord("‘"): ord("'"), ord("“"): ord('"'), ord("”"): ord('"')})
_FOLDING.update({ord("«"): ord('"'), ord("»"): ord('"'), 0x00A0: ord(" "), ord("º"): ord("o"), ord("ª"): ord("a")})


def fold(text: str) -> str:
    """Return a text of the same length without accents, capitals and curved quotation marks."""
    return text.translate(_FOLDING)


@dataclass(frozen=True, kw_only=True)
class Pattern:
    """One pattern and what it stands for; `needs` are the beginnings of words of which a text must have one."""

    text: str
    meaning: object
    written: str
    needs: tuple[str, ...]

    @cached_property
    def expression(self) -> re.Pattern[str]:
        """The regular expression, compiled when a text first needs it: of thousands, a text needs some dozens."""
        return re.compile(self.written)


@dataclass(frozen=True, slots=True)
class Match:
    """A pattern found at a place of a text."""

    start: int
    end: int
    pattern: Pattern


def compile_pattern(text: str, meaning: object, classes: Mapping[str, tuple[str, ...]]) -> Pattern:
    """Return a pattern ready for search. Raises ValueError for an unknown class or a pattern without a fixed word."""
    expression, gap_before, choices = "", True, []
    for part in re.findall(r"\.\.\.(?:\s+\.\.\.)*|\S+", text):
        if part.startswith("..."):
            expression, gap_before = expression + _GAP.format(most=_WORDS_IN_GAP * part.count("...")), True
            continue
        is_optional = part.startswith("(") and part.endswith(")")
        words = _words(part.strip("()") if is_optional else part, classes)
        alternatives = "|".join(_word(word) for word in words)
        between = "" if gap_before else _BETWEEN
        if is_optional:
            expression += (
                rf"(?:{between}(?:{alternatives}))?" if not gap_before else rf"(?:(?:{alternatives}){_BETWEEN})?"
            )
            continue
        expression, gap_before = expression + rf"{between}(?:{alternatives})", False
        choices.append(words)
    if not choices:
        raise ValueError(f"the pattern {text!r} has no word that must be there")
    rarest = min(choices, key=lambda words: (len(words), -min(len(word) for word in words)))
    needs = tuple(_anchor(word) for word in rarest)
    return Pattern(text=text, meaning=meaning, written=rf"(?<!\w){expression}(?!\w)", needs=needs)


def _words(part: str, classes: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    if part.startswith("{") and part.endswith("}"):
        if part[1:-1] not in classes:
            raise ValueError(f"{part} is no class; expected one of {', '.join(sorted(classes))}")
        return classes[part[1:-1]]
    return tuple(fold(word) for word in part.split("|"))


def _word(word: str) -> str:
    if "*" in word.rstrip("*"):
        raise ValueError(f"{word!r} has a star inside; a star stands at the end of a word")
    stem = word.rstrip("*")
    spelled = _BETWEEN.join(re.escape(piece) for piece in re.split(r"[\s\-\u2013_]+", stem))
    return spelled + (r"\w*" if word.endswith("*") else "")


def _anchor(word: str) -> str:
    """Return the longest run of letters that must be in the text; with a star if a word may go on after it."""
    stem = word.rstrip("*").replace("_", " ")
    runs = [found[0] for found in WORD.finditer(stem)]
    if word.endswith("*") and runs and stem.endswith(runs[-1]):
        runs[-1] += "*"
    return max(runs, key=len)


class Finder:
    """Many patterns, found by the words they need."""

    def __init__(self, patterns: Iterable[Pattern]) -> None:
        self._by_word: dict[str, list[Pattern]] = {}
        self._by_beginning: dict[str, list[Pattern]] = {}
        for pattern in patterns:
            for need in pattern.needs:
                index = self._by_beginning if need.endswith("*") else self._by_word
                index.setdefault(need.rstrip("*"), []).append(pattern)
        self._lengths = sorted({len(beginning) for beginning in self._by_beginning})
        self._candidates: dict[str, tuple[Pattern, ...]] = {}

    def find(self, folded: str, words: Iterable[str]) -> list[Match]:
        """Return every match in a folded text whose words are given, in the order of their places."""
        candidates: dict[int, Pattern] = {}
        for word in words:
            for pattern in self._of_word(word):
                candidates[id(pattern)] = pattern
        matches = [
            Match(found.start(), found.end(), pattern)
            for pattern in candidates.values()
            for found in pattern.expression.finditer(folded)
        ]
        return sorted(matches, key=lambda match: (match.start, -match.end, match.pattern.text))

    def _of_word(self, word: str) -> tuple[Pattern, ...]:
        known = self._candidates.get(word)
        if known is None:
            known = tuple(self._look_up(word))
            # A text has few different words; a stream of invented ones must not fill the memory.
            if len(self._candidates) < 50_000:
                self._candidates[word] = known
        return known

    def _look_up(self, word: str) -> Iterator[Pattern]:
        yield from self._by_word.get(word, ())
        for length in self._lengths:
            if length > len(word):
                return
            yield from self._by_beginning.get(word[:length], ())


def longest(matches: list[Match]) -> list[Match]:
    """Return the matches without those that lie inside a longer one of the same list."""
    kept: list[Match] = []
    for match in sorted(matches, key=lambda m: (m.start - m.end, m.start)):
        if not any(other.start <= match.start and match.end <= other.end for other in kept):
            kept.append(match)
    return sorted(kept, key=lambda m: (m.start, m.end))
