"""Recognise reprints: copies of one text that count as one source, however many papers print it.

A reprint may have another headline, be cut down, have a paragraph more or be lightly reworded. Two articles on one
subject are no reprints, nor are texts that have only a quotation, a footer or a form in common.

Texts are compared by their shingles, runs of three words, outside of quotation marks. Nothing is compared with
everything: texts that share enough of a sample of shingles are candidates, and each shingle makes a text a candidate
with a few others only, so that a footer in a thousand texts costs some thousand comparisons and not a million. The
sample is a range of hashes, not a number of the least as in MinHash: it finds a short text within a long one.
"""

import re
import unicodedata
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]

# A text is a reprint of a longer one when this share of it stands there, sentence by sentence. Much shorter texts are
# not asked: a digest contains many an article and makes none of them a reprint of another.
_STANDS_THERE = 0.8
_SHORTEST_PART = 1 / 3
# A reworded sentence keeps this share of its shingles.
_MATCHING_SENTENCE = 0.4
# Shorter texts are reprints only if their words are the same.
_FEWEST_SHINGLES = 40
# Of the sentences that match, so many may tell of another name. A number may be corrected, and counts half.
_MOST_CONFLICTS = 1 / 15

_SAMPLED_OF = 4
# A shingle leads from a text to the next few that have it too; what two copies of a form have in common and the other
# hundred have not is little.
_NEIGHBOURS = 10
_SAMPLE_OF_NEIGHBOURS = 0.03
_SAMPLE_IN_COMMON = 0.3
# A text that is hardly more than a quotation is compared with it.
_LEAST_OUTSIDE_QUOTES = 0.2

_QUOTED = re.compile(r'“[^”]{1,5000}”|«[^»]{1,5000}»|"[^"\n]{1,5000}"')
_SENTENCE_END = re.compile(r"[.!?:;]+(?=\s)|\n\s*\n")
_WORD = re.compile(r"\d[\d.,]*\d|\w+")


def groups(documents: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the group of each document, given as (key, text); reprints of one text share a group.

    Which documents share one does not depend on their order. A group is named by the key of its document that was given
    first: whoever adds documents at the end keeps the names, unless one of them shows two groups to be one.

    Raises ValueError for a key with two texts.
    """
    texts: dict[str, str] = {}
    for key, text in documents:
        if texts.setdefault(key, text) != text:
            raise ValueError(f"two texts have the key {key!r}; expected one")
    # In the order of the keys, so that the candidates do not depend on the order in which texts are given.
    keys = sorted(texts)
    prose = [_outside_quotes(texts[key]) for key in keys]
    shingled = [_shingle(text) for text in prose]
    particulars = cache(lambda number: _particulars(prose[number]))
    same = _Union(len(keys))
    for one, other in _candidates([text.shingles for text in shingled]):
        if same.root(one) == same.root(other):
            continue
        shorter, longer = sorted((one, other), key=lambda number: len(shingled[number].shingles))
        matching = _matching_sentences(shingled[shorter], shingled[longer])
        if _stands_in(shingled[shorter], shingled[longer], matching) and not _is_form(
            [(particulars(shorter)[mine], particulars(longer)[theirs]) for mine, theirs in matching.items()]
        ):
            same.join(one, other)
    number_of = {key: number for number, key in enumerate(keys)}
    names: dict[int, str] = {}
    return {key: names.setdefault(same.root(number_of[key]), key) for key in texts}


class _Union:
    """Sets of numbers that can be joined (union-find)."""

    def __init__(self, count: int) -> None:
        self._parents = list(range(count))

    def root(self, number: int) -> int:
        """Return the number that stands for the set of a number."""
        while self._parents[number] != number:
            self._parents[number] = self._parents[self._parents[number]]
            number = self._parents[number]
        return number

    def join(self, one: int, other: int) -> None:
        """Make one set of two."""
        self._parents[self.root(one)] = self.root(other)


def _outside_quotes(text: str) -> str:
    text = unicodedata.normalize("NFKC", text)
    outside = _QUOTED.sub(" ", text)
    return outside if len(outside) >= _LEAST_OUTSIDE_QUOTES * len(text) else text


# --- Candidates -------------------------------------------------------------------------------------------------


class _Shingled(NamedTuple):
    """The hashes of a text's shingles, sorted and each once, and the number of the sentence where each first begins."""

    shingles: Hashes
    sentences: NDArray[np.intp]


def _shingle(text: str) -> _Shingled:
    """Return the shingles of a text; they are the same on every machine, and texts of one or two words have none."""
    sentences = [_WORD.findall(sentence.casefold()) for sentence in _SENTENCE_END.split(text)]
    words = np.array([zlib.crc32(word.encode()) for words in sentences for word in words], dtype=np.uint64)
    of_sentence = np.repeat(np.arange(len(sentences)), [len(words) for words in sentences])
    runs = (words[:-2] * np.uint64(0x9E3779B97F4A7C15) + words[1:-1]) * np.uint64(0xC2B2AE3D27D4EB4F) + words[2:]
    # The low bits, by which the sample is taken, must depend on all of a word.
    mixed = (runs ^ (runs >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9) >> np.uint64(8)
    shingles, first = np.unique(mixed, return_index=True)
    return _Shingled(shingles, of_sentence[first])


def _candidates(shingles: Sequence[Hashes]) -> Iterator[tuple[int, int]]:
    """Yield the pairs of texts that share enough of their samples, those that share most first."""
    samples = [hashes[hashes % np.uint64(_SAMPLED_OF) == 0] for hashes in shingles]
    sizes = np.array([len(sample) for sample in samples], dtype=np.intp)
    hashes = np.concatenate([np.array([], dtype=np.uint64), *samples])
    # A stable sort leaves the texts of one shingle in their order.
    order = np.argsort(hashes, kind="stable")
    hashes, texts = hashes[order], np.repeat(np.arange(len(samples)), sizes)[order]
    steps = range(1, min(_NEIGHBOURS, len(hashes) - 1) + 1)
    pairs = [(texts[:-step] * len(samples) + texts[step:])[hashes[:-step] == hashes[step:]] for step in steps]
    codes, shared = np.unique(np.concatenate([np.array([], dtype=np.int64), *pairs]), return_counts=True)
    ones, others = np.divmod(codes, max(1, len(samples)))
    enough = np.flatnonzero(shared >= _SAMPLE_OF_NEIGHBOURS * np.minimum(sizes[ones], sizes[others]))
    most_first = enough[np.argsort(-shared[enough], kind="stable")]
    for one, other in zip(ones[most_first].tolist(), others[most_first].tolist(), strict=True):
        common = len(np.intersect1d(samples[one], samples[other], assume_unique=True))
        if common >= _SAMPLE_IN_COMMON * min(len(samples[one]), len(samples[other])):
            yield one, other


# --- Reprints ---------------------------------------------------------------------------------------------------


def _matching_sentences(shorter: _Shingled, longer: _Shingled) -> dict[int, int]:
    """Return, for each sentence of a text that stands much the same in a longer one, the number of that one."""
    _, mine, theirs = np.intersect1d(shorter.shingles, longer.shingles, assume_unique=True, return_indices=True)
    base = len(longer.shingles) + 1
    pairs, shared = np.unique(shorter.sentences[mine] * base + longer.sentences[theirs], return_counts=True)
    sizes = np.bincount(shorter.sentences)
    # Of the sentences that share something with one of ours, the last in this order shares most.
    matching = {}
    for place in np.argsort(shared, kind="stable"):
        sentence, other = divmod(int(pairs[place]), base)
        if shared[place] >= _MATCHING_SENTENCE * sizes[sentence]:
            matching[sentence] = other
    return matching


def _stands_in(shorter: _Shingled, longer: _Shingled, matching: Mapping[int, int]) -> bool:
    own, others = len(shorter.shingles), len(longer.shingles)
    if own < _FEWEST_SHINGLES:
        return np.array_equal(shorter.shingles, longer.shingles)
    covered = int(np.isin(shorter.sentences, list(matching)).sum())
    return own >= _SHORTEST_PART * others and covered >= _STANDS_THERE * own


def _particulars(text: str) -> list[frozenset[str]]:
    """Return the names and numbers of each sentence, without its first word, which is capitalised whatever it is."""
    sentences = (_WORD.findall(sentence) for sentence in _SENTENCE_END.split(text))
    return [
        frozenset(w.casefold() for place, w in enumerate(words) if w[0].isdigit() or (place and w[0].isupper()))
        for words in sentences
    ]


def _is_form(matching: Sequence[tuple[frozenset[str], frozenset[str]]]) -> bool:
    """Tell whether sentences that match tell of other names and numbers: one form, filled in twice.

    Notices on two countries differ in the countries, dates and counts, and in hardly anything else; a copyist changes
    other words and leaves those. Takes the names and numbers of each matching pair.
    """
    conflicts = 0.0
    for mine, theirs in matching:
        ours_alone, theirs_alone = mine - theirs, theirs - mine
        if ours_alone and theirs_alone:
            conflicts += 0.5 if all(word[0].isdigit() for word in ours_alone | theirs_alone) else 1
    return conflicts > _MOST_CONFLICTS * len(matching)
