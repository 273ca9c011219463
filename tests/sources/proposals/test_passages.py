"""Sentences keep their place in the text, whatever its lines."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.proposals.passages import sentences

WRAPPED = (
    "The agency said on Monday that it would begin to return people to the\n"
    "other side of the border while their cases are heard. It gave no day for\n"
    "the first returns.\n"
)
ONE_A_LINE = "A headline without an end\nThe first paragraph. It has two sentences.\nThe second one.\n"
ITEMS = (
    "  - Begin with the first of the measures that the platform lists in the\n"
    "    order of their weight for the coming four years in office\n"
    "  - Go on with the second of them, which is longer than one line of this\n"
    "    file as well\n"
)


def texts(text, language="en"):
    return [" ".join(s.text.split()) for s in sentences(text, language)]


def test_wrapped_lines_are_one_paragraph():
    assert texts(WRAPPED) == [
        "The agency said on Monday that it would begin to return people to the other side of the border while their "
        "cases are heard.",
        "It gave no day for the first returns.",
    ]


def test_a_line_is_a_paragraph_where_a_file_has_one_in_each():
    found = list(sentences(ONE_A_LINE, "en"))
    assert [s.text for s in found] == [
        "A headline without an end",
        "The first paragraph.",
        "It has two sentences.",
        "The second one.",
    ]
    assert [s.is_heading for s in found] == [True, False, False, False]


def test_an_item_of_a_list_is_a_paragraph():
    assert [s.is_item for s in sentences(ITEMS, "en")] == [True, True]


def test_abbreviations_do_not_end_a_sentence():
    assert texts("The U.S. and Mr. López met on Jan. 20. They agreed.") == [
        "The U.S. and Mr. López met on Jan. 20.",
        "They agreed.",
    ]


@pytest.mark.parametrize("language", ["en", "es", "pt"])
@given(text=st.text(alphabet='Ab .\n"?é,;-1', max_size=300))
def test_a_sentence_stands_where_it_says(language, text):
    for sentence in sentences(text, language):
        assert text[sentence.start : sentence.end].replace("\n", " ") == sentence.text


def test_a_sentence_without_end_is_cut_to_a_window():
    assert max(len(s.text) for s in sentences("word " * 5000, "en")) <= 1500
