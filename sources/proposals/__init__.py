"""Read a document and propose statements, each with the passage that supports it and the rule that found it.

passages.py        paragraphs and sentences, with their places
patterns.py        how words are written down and found
lexicon/           the words of each language; lexicon.py and conjugation.py read them
function_words.py  what joins, breaks and points, in all languages
mentions.py        where an instrument or a country is spoken of
discourse.py       what earlier sentences leave: "the policy", countries, who speaks
grammar.py         what is done with it: verb, mood, negation, condition
stages.py          which stage that amounts to
answers.py         what a partner answers
timing.py          which period, projected or observed
speakers.py        whose words
quantities.py      numbers and what they count
rules.py           all of it together
"""

from functools import lru_cache

from sources.codebook import Codebook
from sources.model import Document, Proposal
from sources.proposals import lexicon
from sources.proposals.mentions import Instruments
from sources.proposals.rules import Reader


def propose(document: Document, book: Codebook) -> tuple[Proposal, ...]:
    """Return the statements a document's passages propose, in the order of the text.

    A document in a language without a lexicon proposes nothing.
    """
    if document.language not in lexicon.languages():
        return ()
    return tuple(_reader(_Book(book), document.language).read(document))


class _Book:
    """A codebook as a key: the same files are the same book."""

    def __init__(self, book: Codebook) -> None:
        self.book = book
        self._key = tuple(sorted(book.file_sha256.items()))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Book) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)


@lru_cache(maxsize=8)
def _reader(key: _Book, language: str) -> Reader:
    words = lexicon.load(language)
    return Reader(Instruments(key.book, words), words)
