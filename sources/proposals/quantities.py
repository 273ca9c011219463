"""Numbers with what they count: "about 70,000 people", "$396 million", "25 percent"."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from sources.proposals import function_words
from sources.proposals.lexicon import Lexicon, Measure
from sources.proposals.passages import Sentence
from sources.proposals.patterns import WORD

_NUMBER = re.compile(
    r"(?<![\w.,])(?P<currency>us\$|\$|usd\s?)?(?P<number>\d{1,3}(?:[.,]\d{3})+|\d+(?:[.,]\d+)?)(?P<percent>\s?%)?"
)
_HUNDREDS = re.compile(r"\d{3}")
_DATE = re.compile(r"\s*(?:,|de)\s*(?:19|20)\d\d\b")
_LONGEST_TAIL = 48
_WORDS_TO_UNIT = 4
_YEARS = range(1900, 2100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """A number at a place of a sentence, and what it measures."""

    start: int
    end: int
    value: float
    measure: Measure
    approximation: str | None


def counts(sentence: Sentence, lexicon: Lexicon) -> Iterator[Count]:
    """Yield the numbers of a sentence whose unit or counted thing is said. A bare number or a year is none."""
    folded = sentence.folded
    last_end = 0
    for found in _NUMBER.finditer(folded):
        if found.start() < last_end:
            continue
        if _DATE.match(folded, found.end()):
            continue
        value = _value(found["number"])
        tail = folded[found.end() : found.end() + _LONGEST_TAIL]
        words = [(w[0], found.end() + w.end()) for w in WORD.finditer(tail)]
        end = found.end()
        while words and words[0][0] in lexicon.magnitudes:
            value *= lexicon.magnitudes[words[0][0]]
            end = words[0][1]
            words = words[1:]
            if words and _HUNDREDS.fullmatch(words[0][0]) and value % 1000 == 0:
                # "3 mil 500"
                value += float(words[0][0])
                end = words[0][1]
                words = words[1:]
        last_end = end
        measure = _measure(found, words, tail, lexicon) or _measured_before(folded[: found.start()], lexicon)
        if measure is None or (not found["currency"] and not found["percent"] and value in _YEARS):
            continue
        yield Count(
            start=found.start(),
            end=end,
            value=value,
            measure=measure,
            approximation=_approximation(folded[: found.start()], lexicon),
        )


def _value(written: str) -> float:
    """Read a number: three digits after a mark are thousands, in every language; else the mark is a decimal one."""
    if re.fullmatch(r"\d{1,3}(?:[.,]\d{3})+", written):
        return float(re.sub(r"[.,]", "", written))
    return float(written.replace(",", "."))


def _measure(found: re.Match[str], words: list[tuple[str, int]], tail: str, lexicon: Lexicon) -> Measure | None:
    if found["currency"]:
        return Measure(name="funding", unit="usd", unit_of_count=None)
    if found["percent"] or re.match(r"\s*(?:percent|per\s?cent|por\s?ciento|por\s?cento)\b", tail):
        return Measure(name="rate", unit="percent", unit_of_count=None)
    stop = re.search(r"[.;:()]", tail)
    limit = stop.start() if stop else len(tail)
    for word, word_end in words[:_WORDS_TO_UNIT]:
        if word_end - found.end() > limit or word in function_words.NOT_COUNTED_AFTER:
            return None
        if word in lexicon.measures:
            return lexicon.measures[word]
    return None


def _measured_before(before: str, lexicon: Lexicon) -> Measure | None:
    """Return what a number counts that stands behind it: "arrests, with 308 reported"."""
    words = WORD.findall(before[-_LONGEST_TAIL:])[-2:]
    counted = function_words.COUNTED_BEFORE & lexicon.measures.keys()
    return next((lexicon.measures[word] for word in reversed(words) if word in counted), None)


def _approximation(before: str, lexicon: Lexicon) -> str | None:
    tail = before.rstrip(" $").split()[-3:]
    for length in (3, 2, 1):
        if len(tail) >= length and (found := lexicon.approximations.get(" ".join(tail[-length:]))):
            return found
    return None
