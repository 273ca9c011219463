"""The rules together: quotes, what earlier sentences leave, headlines and wrapped lines, and texts of every kind."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sources.proposals import propose
from tests import make

LANGUAGES = ("en", "es", "pt")
STORY = """Trump to Reinstate Remain in Mexico

The president-elect plans to revive Remain in Mexico, Ana Carver said on Tuesday. The policy would begin soon.

Honduras rejected deportation flights. What will Brazil do? Trump may impose a 25 percent tariff on Brazil over
migration if its government refuses to talk.
"""


def test_every_quote_stands_where_it_says(propose_from):
    proposals = propose_from(STORY)
    assert len(proposals) == 6
    assert all(p.quote == STORY[p.char_start : p.char_end] and p.quote for p in proposals)
    assert [p.char_start for p in proposals] == sorted(p.char_start for p in proposals)


def test_a_quote_of_a_long_sentence_is_what_stands_around_the_instrument(propose_from):
    filler = "on a long road by the river where nothing happens " * 8
    text = f"Far away {filler}Trump plans to revive Remain in Mexico {filler}."
    (proposal,) = propose_from(text)
    assert len(proposal.quote) == 300
    assert "revive Remain in Mexico" in proposal.quote
    assert proposal.quote == text[proposal.char_start : proposal.char_end]


def test_the_same_text_gives_the_same(propose_from):
    assert propose_from(STORY) == propose_from(STORY)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "The bakery opened a second shop in Guatemala. Its owner plans to sell bread in Honduras."),
        ("es", "La panadería abrió otra tienda en Guatemala. Su dueña planea vender pan en Honduras."),
        ("pt", "A padaria abriu outra loja no Brasil. A dona pretende vender pão na Colômbia."),
        ("en", ""),
        ("en", " \n\n \n"),
    ],
)
def test_a_text_without_a_claim_gives_none(tell, language, text):
    assert tell(text, language=language) == []


@pytest.mark.parametrize("language", ["fr", "und", "de"])
def test_a_language_without_a_lexicon_gives_none(tell, language):
    assert tell("Trump plans to revive Remain in Mexico.", language=language) == []


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Will Trump reinstate Remain in Mexico?"),
        ("en", "“Will Trump reinstate Remain in Mexico?”"),
        ("es", "¿Va Trump a restablecer el programa Quédate en México?"),
        ("pt", "Trump vai retomar o programa Permaneça no México?"),
        ("en", "https://example.org/trump-plans-to-revive-remain-in-mexico"),
    ],
)
def test_a_question_and_an_address_claim_nothing(tell, language, text):
    assert tell(text, language=language) == []


@pytest.mark.parametrize(
    ("text", "day", "expected"),
    [
        (
            "Trump to Reinstate Remain in Mexico\n\nThe story follows.",
            "2024-11-19",
            "migrant_protection_protocols MEX second projected stage pledged plan_reported",
        ),
        (
            "Travel Ban Expanded to Haiti\n\nThe story follows.",
            "2025-06-05",
            "travel_ban HTI second observed stage adopted fact_reported",
        ),
        (
            "Colombia Rejects Deportation Flights\n\nThe story follows.",
            "2025-01-26",
            "removal_flights COL second observed partner_response refuses fact_reported",
        ),
    ],
)
def test_a_headline_is_read_as_a_sentence(tell, text, day, expected):
    assert tell(text, day) == [expected]


def test_a_headline_that_only_names_is_never_sure(propose_from):
    (proposal,) = propose_from("Remain in Mexico, Explained\n\nThe story follows.")
    assert (proposal.is_optional, proposal.why) == (True, "no word near the instrument says what is done")


def test_a_wrapped_line_does_not_part_a_name(propose_from):
    text = (
        "People close to the campaign said on Monday that the president-elect plans to\n"
        "reinstate Remain in\n"
        "Mexico as soon as he is in office, and that he will not wait for a court to\n"
        "speak first on it.\n"
    )
    (proposal,) = propose_from(text)
    assert (proposal.instrument_id, proposal.value) == ("migrant_protection_protocols", "pledged")
    assert "Remain in\nMexico" in proposal.quote


def test_the_policy_takes_up_the_instrument_before_it_and_is_optional(propose_from):
    _, later = propose_from("Trump plans to revive Remain in Mexico. The policy would begin on his first day.")
    assert (later.instrument_id, later.country_codes) == ("migrant_protection_protocols", ("MEX",))
    assert (later.is_optional, later.why) == (True, "the instrument is named in an earlier sentence")


@pytest.mark.parametrize(
    "text",
    [
        "Trump plans to revive Remain in Mexico. It was warm. A bus came. A dog ran. The policy will begin soon.",
        "Trump plans to revive Remain in Mexico. The tariffs will begin soon.",
        "Trump plans to sign the safe third country agreement. It was warm. A bus came. "
        "Trump plans to revive Remain in Mexico. These agreements will begin soon.",
        "The policy will begin soon.",
    ],
)
def test_the_policy_takes_up_nothing_from_afar_nor_of_another_kind(propose_from, text):
    assert [p.quote for p in propose_from(text) if not p.quote.startswith("Trump plans")] == []


def test_these_agreements_are_those_of_the_countries_before(propose_from):
    text = "Trump signed safe third country agreements with Honduras in 2019. These agreements were expanded in 2020."
    proposals = propose_from(text, "2025-06-10")
    assert [(p.country_codes, p.period, p.is_optional) for p in proposals] == [
        (("HND",), "first", False),
        (("HND",), "first", True),
    ]


def test_a_word_far_from_the_instrument_leaves_a_claim_optional(propose_from):
    text = "The government imposed, in the heat of the long summer of that year, the embargo on Cuba."
    assert [(p.is_optional, p.why) for p in propose_from(text, "2025-02-05")] == [
        (True, "no word near the instrument says what is done")
    ]


def test_a_claim_repeated_in_one_sentence_is_proposed_once(propose_from):
    text = "Trump plans to revive Remain in Mexico, and to revive Remain in Mexico soon."
    assert len(propose_from(text)) == 1


def test_a_list_of_names_claims_nothing(tell):
    names = "Remain in Mexico, Title 42, the travel ban, the border wall, TPS, "
    assert tell("The index lists " + names * 10 + "and more.") == []


PIECES = [
    "Trump", "Biden", "plans to", "ended", "if", "unless", "not", "Remain in Mexico", "TPS", "tariffs on Mexico",
    "Honduras", "a judge blocked", "said", "25 percent", "$3 million", "?", ".", ",", ";", "\n", "\n\n", "(",
    "the policy", "Quédate en México", "no aceptará", "vuelos de deportación", "si", "dijo", "Permaneça no México",
    "vai", "segundo", "deportees", "whether", "in 2019", "ANA CARVER:", "10,000", "%", "“", "-",
]  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=6)), max_size=60).map(" ".join))
def test_any_text_is_read_and_every_quote_stands_in_it(book, language, text):
    for proposal in propose(make.document(text, language=language), book):
        assert proposal.quote == text[proposal.char_start : proposal.char_end]
        assert 0 < proposal.char_end - proposal.char_start <= 300
        assert 0.1 <= proposal.confidence <= 1
        assert (proposal.why is not None) == proposal.is_optional
        assert proposal.country_codes


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "unit",
    [
        "wall ", "A", "a", "TPS ", ",", "(((", "if ", "not ", "1,", "$9 million ", "Remain in Mexico ", "said Ana ",
        "¿", "\n", "“",
    ],
)  # fmt: skip
def test_fifty_thousand_characters_of_one_kind_are_read(book, language, unit):
    text = unit * (50_000 // len(unit))
    proposals = propose(make.document(text, language=language), book)
    assert all(p.quote == text[p.char_start : p.char_end] for p in proposals)
