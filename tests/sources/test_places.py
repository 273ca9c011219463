"""Quotes are found in a file as a reader sees it, and places are given in the file's own characters."""

import pytest

from sources.places import Page, Span


def passages(text, quote, *, is_json=False):
    """Return what stands in the file where a quote is found."""
    return [text[start:end] for start, end in Page(text, is_json).find(quote)]


@pytest.mark.parametrize(
    ("text", "quote", "passage"),
    [
        ("We <em>shall</em> pause\nthe tariff.", "shall pause the tariff", "shall</em> pause\nthe tariff"),
        (
            "the [wall](https://example.org/a_(b)) stands",
            "The wall stands",
            "the [wall](https://example.org/a_(b)) stands",
        ),
        (
            "a child&apos;s border <!-- x --> crossing",
            "child's border crossing",
            "child&apos;s border <!-- x --> crossing",
        ),
        ("La acci\u00f3n de M\u00e9xico", "acción de Mexico", "acci\u00f3n de M\u00e9xico"),
        ("**Tariffs** of 25 % on \u201cgoods\u201d", 'tariffs of 25 % on "goods"', "Tariffs** of 25 % on \u201cgoods"),
    ],
)
def test_a_quote_is_found_without_markup(text, quote, passage):
    assert passages(text, quote) == [passage]


def test_the_strings_of_a_json_file_are_decoded_and_apart():
    text = '{"title": "The \\"wall\\" in M\\u00e9xico", "text": "is built"}'
    assert passages(text, 'the "wall" in México', is_json=True) == ['The \\"wall\\" in M\\u00e9xico']
    page = Page(text, is_json=True)
    assert not page.sentences(*page.find("wall")).overlaps(page.sentences(*page.find("built")))


def test_a_quote_is_found_wherever_it_stands_and_not_found_where_it_does_not():
    assert Page("Flights left. Flights left.", is_json=False).find("flights left") == [Span(0, 12), Span(14, 26)]
    assert Page("Flights left.", is_json=False).find("flights landed") == []
    assert Page("Flights left.", is_json=False).find("...") == []


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("The order was signed. It is paid.", False),
        ("The order was signed by Gov. Smith of the U.S. Senate and paid.", True),
        ("The order was signed in 2019\nand paid.", True),
        ("The order\n\nit is paid", False),
        ("- the order was signed\n- the wall was paid", False),
        ("title: the order\nstate: paid", False),
        ("<p>the order was signed</p><p>the wall was paid</p>", False),
        ("The order <b>was</b> signed, i.e. paid", True),
        ("\u201cThe order was signed.\u201d \u00bfWho paid?", False),
        ("The order of 3.5 percent. and paid", True),
    ],
)
def test_places_share_a_sentence_or_not(text, is_one):
    page = Page(text, is_json=False)
    assert page.sentences(*page.find("order")).overlaps(page.sentences(*page.find("paid"))) is is_one
