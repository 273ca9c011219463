"""The lint: no text takes a side, and what is said of the terms is said alike of both."""

import pytest
from babel.messages.pofile import read_po

from reports import edition, wording
from reports.comparison import MIRROR
from reports.edition import Kind, Request
from reports.language import LOCALES, Language, languages
from sources.model import Degree, Direction, Existence
from tests.reports.test_sentences import everything

TURNED = {Degree.EXPANDED: Degree.NARROWED, Degree.NARROWED: Degree.EXPANDED}
REVERSED = {Direction.MORE: Direction.LESS, Direction.LESS: Direction.MORE}


def words_of(language):
    """Yield the texts of a language's file with their ids; the English sentences of templates are their own text."""
    with (LOCALES / f"{language}.po").open("rb") as file:
        for message in read_po(file, locale=language):
            if message.id:
                ids, texts = (one if isinstance(one, (tuple, list)) else (one,) for one in (message.id, message.string))
                yield from ((ids[0], text) for text in texts)
                if language != "en":
                    yield from (("en", text) for text in ids)


def curated(book, language):
    """Yield the codebook's own texts in a language, with where they stand."""
    for instrument in book.instruments:
        given = [instrument.names, instrument.short_names, instrument.definition, instrument.present_means]
        given += [instrument.direction_rule, *instrument.levels, *instrument.components.values()]
        given += [text for dispute in instrument.contradictions for text in (dispute.about, dispute.reason)]
        yield from ((instrument.id, texts[language]) for texts in given)
        for s in instrument.statements:
            yield from ((s.id, texts[language]) for texts in (s.text, s.trigger, s.demand) if texts)


@pytest.mark.parametrize("language", languages())
def test_no_word_of_the_reports_takes_a_side(language):
    found = [
        (key, finding)
        for key, text in words_of(language)
        for finding in wording.loaded(text, "en" if key == "en" else language)
    ]
    assert found == []


@pytest.mark.parametrize("language", languages())
def test_no_text_of_the_codebook_takes_a_side(book, language):
    assert [(at, found) for at, text in curated(book, language) for found in wording.loaded(text, language)] == []


@pytest.mark.parametrize("language", languages())
def test_no_composed_sentence_takes_a_side(book, clock, language):
    made = edition.make(book, Request(kind=Kind.FULL, clock=clock, language=language))
    texts = [str(one.words.striptags()) for one in everything(made, Language(language))]
    assert [found for text in texts for found in wording.loaded(text, language)] == []


@pytest.mark.parametrize(
    ("language", "text", "word"),
    [
        ("en", "The rule was slashed in 2025.", "slashed"),
        ("en", "Illegal immigrants were counted.", "Illegal immigrants"),
        ("en", "The surge of arrivals ended.", "surge"),
        ("en", "A harsh new rule.", "harsh"),
        ("es", "Una oleada de llegadas.", "oleada"),
        ("es", "Los inmigrantes ilegales volvieron.", "inmigrantes ilegales"),
        ("pt", "Uma invasão da fronteira.", "invasão"),
        ("pt", "Uma medida desumana.", "desumana"),
    ],
)
def test_a_loaded_word_is_found_with_its_reason(language, text, word):
    (found,) = wording.loaded(text, language)
    assert found.word == word
    assert found.reason


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "He spoke of “illegal aliens” and of an 'invasion'."),
        ("es", "Habló de «extranjeros ilegales»."),
        ("pt", "Falou de “estrangeiros ilegais”."),
        ("en", "Removals under the Alien Enemies Act."),
        ("en", "A court found the act illegal."),
        ("en", "Salient points, and Venezuela's waves."),
    ],
)
def test_quotations_names_and_other_words_are_left_alone(language, text):
    assert wording.loaded(text, language) == []


def test_a_language_without_rules_is_an_error():
    with pytest.raises(KeyError):
        wording.rules("fr")


@pytest.mark.parametrize("language", languages())
def test_every_rule_has_a_reason_and_every_pair_two_words(language):
    given = wording.rules(language)
    assert given.words
    assert all(rule.reason for rule in given.words)
    assert all(word != other for word, other in given.mirror)


# --- The terms swapped ------------------------------------------------------------------------------------------------


def pairs():
    """Yield the ids of patterns that say the same with the terms swapped."""
    for label in Existence:
        yield f"existence.{label}", f"existence.{MIRROR.get(label, label)}"
        yield f"means.{label}", f"means.{MIRROR.get(label, label)}"
    for degree in Degree:
        yield f"degree.{degree}", f"degree.{TURNED.get(degree, degree)}"
        yield f"moved.{degree}", f"moved.{TURNED.get(degree, degree)}"
    for direction in REVERSED:
        yield f"direction.{direction}", f"direction.{REVERSED[direction]}"
    yield "count.first", "count.actual"
    yield "count.first_not_all_known", "count.actual_not_all_known"
    yield "plain.began", "plain.gone"
    yield "plain.unknown_first", "plain.unknown_actual"


def unmirrored(texts, language):
    """Return the pairs of patterns of which one is not the other with the terms swapped."""
    return [(key, other) for key, other in pairs() if not wording.are_mirrored(texts[key], texts[other], language)]


@pytest.mark.parametrize("language", languages())
def test_what_is_said_of_one_term_is_said_alike_of_the_other(language):
    assert unmirrored(dict(words_of(language)), language) == []


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("means.discontinued", "Present in the first term, given up in the second."),
        ("existence.discontinued", "Abandoned"),
        ("degree.narrowed", "watered down"),
        ("count.actual", "In the second term, the measure has at last been in force in %(present)s of %(all)s rows"),
        ("plain.unknown_actual", "For %(count)s rows, the second term is not known."),
    ],
)
def test_a_pattern_that_tells_the_terms_unalike_is_found(key, text):
    texts = dict(words_of("en")) | {key: text}
    assert key in {name for pair in unmirrored(texts, "en") for name in pair}


def test_a_sentence_is_mirrored_whatever_the_order_of_its_clauses():
    given = "For X, the measure was absent in the first term and has been in force in the second term."
    other = "For X, the measure was in force in the first term and has been absent in the second term."
    assert wording.are_mirrored(given, other, "en")
    assert wording.mirrored("New in the first term", "en") == "Discontinued in the second term"
    assert not wording.are_mirrored(given, given, "en")
