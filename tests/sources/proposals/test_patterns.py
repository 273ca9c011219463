"""Patterns of words: what each sign means, that places stay true, and that the finder misses nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.proposals.patterns import WORD, Finder, compile_pattern, fold, longest

CLASSES = {"people": ("migrant*", "families")}


def found(pattern, text):
    """Return what a pattern finds in a text, in the text's own letters."""
    compiled = compile_pattern(pattern, None, CLASSES)
    return [text[m.start() : m.end()] for m in compiled.expression.finditer(fold(text))]


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("border wall", "The Border Wall stands", ["Border Wall"]),
        ("border wall", "The border\nwall stands", ["border\nwall"]),
        ("border wall", "a border-wall plan", ["border-wall"]),
        ("border wall", "a borderwall", []),
        ("deport*", "deportation and deported", ["deportation", "deported"]),
        ("deport*", "redeported", []),
        ("end|stop aid", "to stop aid", ["stop aid"]),
        ("(the) wall", "wall", ["wall"]),
        ("build (the) wall", "build the wall", ["build the wall"]),
        ("build (the) wall", "build a wall", []),
        ("wait ... mexico", "wait for their day in Mexico", ["wait for their day in Mexico"]),
        ("wait ... mexico", "wait. Mexico", []),
        ("wait ... mexico", "wait one two three four five six seven eight nine mexico", []),
        ("wait ... ... mexico", "wait one two three four five six seven eight nine mexico", None),
        ("{people} wait", "Families wait", ["Families wait"]),
        ("tren_de_aragua|gangs", "the Tren de Aragua", ["Tren de Aragua"]),
        ("section 208 a 2", "section 208(a)(2)", ["section 208(a)(2"]),
        ("quedate en mexico", "Quédate en México", ["Quédate en México"]),
    ],
)
def test_a_sign_means_what_the_module_says(pattern, text, expected):
    assert found(pattern, text) == (expected if expected is not None else [text])


def test_a_pattern_without_a_fixed_word_is_refused():
    with pytest.raises(ValueError, match=r"'\(the\)' has no word"):
        compile_pattern("(the)", None, {})


def test_an_unknown_class_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match=r"\{animals\} is no class; expected one of people"):
        compile_pattern("{animals}", None, CLASSES)


@given(st.text(max_size=60))
def test_folding_keeps_every_place(text):
    assert len(fold(text)) == len(text)


@pytest.mark.parametrize("pattern", ["tren_de_aragua|gangs", "deport*", "{people} wait", "end|stop aid", "208 a 2"])
def test_the_finder_finds_what_the_pattern_finds(pattern):
    text = fold("Gangs and Tren de Aragua; deported migrants wait; stop aid; 208(a)(2)")
    compiled = compile_pattern(pattern, None, CLASSES)
    expected = [(m.start(), m.end()) for m in compiled.expression.finditer(text)]
    assert [(m.start, m.end) for m in Finder([compiled]).find(text, set(WORD.findall(text)))] == expected
    assert expected


def test_what_lies_inside_a_longer_match_is_dropped():
    text = fold("the border wall system")
    finder = Finder([compile_pattern("border wall", 1, {}), compile_pattern("border wall system", 2, {})])
    assert [m.pattern.meaning for m in longest(finder.find(text, set(WORD.findall(text))))] == [2]
