"""Where a text speaks of an instrument: by name, by description, by a weak word in its context; and homonyms."""

from dataclasses import replace

import pytest

from sources.codebook import Codebook
from sources.model import Wording
from sources.proposals import propose
from tests import make

SECOND = "second projected stage"


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        (
            "en",
            "The president-elect plans to make migrants stay in Mexico while their cases are heard.",
            f"migrant_protection_protocols MEX {SECOND} pledged plan_reported",
        ),
        (
            "en",
            "Trump plans to send asylum seekers to Guatemala to file their claims there.",
            f"asylum_cooperative_agreements GTM {SECOND} pledged plan_reported",
        ),
        (
            "es",
            "Trump obligará a los migrantes a esperar en México.",
            f"migrant_protection_protocols MEX {SECOND} pledged plan_reported",
        ),
        (
            "pt",
            "Trump vai classificar as facções como organizações terroristas no Brasil.",
            f"cartel_terrorist_designations BRA {SECOND} pledged plan_reported",
        ),
    ],
)
def test_an_instrument_is_known_by_its_description(tell, language, text, expected):
    assert tell(text, language=language) == [expected]


def test_asylum_seekers_seek_asylum_and_not_to_do_something(propose_from):
    (proposal,) = propose_from("The government required asylum seekers to wait in Mexico.", "2025-02-05")
    assert (proposal.value, proposal.rule) == ("in_force", "stage:apply/done:wait")


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "He broke the rules of his parole officer and his parole was revoked."),
        ("en", "The company will move its Wall Street office."),
        ("en", "Reciprocal tariffs on Mexico were imposed."),
        ("en", "The mayor said that the city wall needs paint."),
        ("en", "Tariffs were imposed on steel from Brazil."),
        ("es", "Se levantó un muro de las lamentaciones."),
        ("pt", "O Brasil aumentou as tarifas de ônibus."),
    ],
)
def test_a_word_with_another_sense_is_no_claim(tell, language, text):
    assert tell(text, "2025-04-03", language=language) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "The wall was extended along the river. Trump wants more of it on the border.",
            ["border_wall GLOBAL second observed stage adopted fact_reported"],
        ),
        ("The wall was extended along the river. The garden got new roses.", []),
    ],
)
def test_a_weak_word_counts_where_its_context_stands_beside_it(tell, text, expected):
    assert tell(text, "2025-02-05") == expected


def test_what_an_instrument_is_adds_nothing_to_what_is_done_with_it(propose_from):
    text = "Trump ended the Remain in Mexico program, which requires migrants to wait in Mexico."
    assert [(p.value, p.rule) for p in propose_from(text, "2025-02-05")] == [("ended", "stage:end/done:ended")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Trump plans to renew the safe third country agreements with Guatemala, Honduras and Peru.", "GTM+HND+PER"),
        ("Trump plans to renew the safe third country agreements of the Northern Triangle.", "GTM+HND+SLV"),
        ("Trump plans to renew the safe third country agreements in Latin America.", "REGION"),
        ("Trump plans to renew the safe third country agreements near the Gulf of Mexico.", "GLOBAL"),
    ],
)  # fmt: skip
def test_countries_in_a_row_groups_and_the_region_are_those_of_the_claim(propose_from, text, expected):
    (proposal,) = propose_from(text)
    assert "+".join(proposal.country_codes) == expected


@pytest.mark.parametrize(
    ("text", "lost"),
    [
        ("Trump plans to resume flights carrying deportees", 0.15),
        ("Trump plans to renew the safe third country agreements", 0),
    ],
)
def test_a_description_without_a_country_where_one_is_needed_is_less_sure(propose_from, text, lost):
    (without,), (named,) = propose_from(f"{text}."), propose_from(f"{text} with Honduras.")
    assert (without.country_codes, named.country_codes) == (("GLOBAL",), ("HND",))
    assert round(named.confidence - without.confidence, 2) == lost


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Trump plans to impose tariffs on Mexico and visa sanctions on Brazil and Colombia.",
            [
                f"tariffs_as_lever MEX {SECOND} pledged plan_reported",
                f"visa_sanctions BRA+COL {SECOND} pledged plan_reported",
            ],
        ),
        (
            "Trump plans to impose visa sanctions on Brazil and to end TPS for Haiti.",
            [
                f"temporary_protected_status HTI {SECOND} pledged plan_reported",
                f"visa_sanctions BRA {SECOND} pledged plan_reported",
            ],
        ),
        (
            "Trump plans to end TPS and humanitarian parole for Haiti.",
            [
                f"humanitarian_parole HTI {SECOND} pledged plan_reported",
                f"temporary_protected_status HTI {SECOND} pledged plan_reported",
            ],
        ),
        (
            "Trump promised to reinstate Remain in Mexico and to revive Title 42.",
            [
                f"migrant_protection_protocols MEX {SECOND} pledged plan_reported",
                f"public_health_expulsions GLOBAL {SECOND} pledged plan_reported",
            ],
        ),
    ],
)
def test_instruments_in_a_row_have_the_countries_named_with_them(tell, text, expected):
    assert tell(text) == expected


def test_a_receiver_is_named_by_its_name_and_not_by_the_people_sent_there(propose_from):
    (proposal,) = propose_from("The administration sent Venezuelans to El Salvador.", "2025-03-20")
    assert (proposal.instrument_id, proposal.country_codes) == ("third_country_removals", ("SLV",))


def test_countries_of_an_earlier_sentence_are_meant_where_none_is_named(tell):
    text = "Trump plans to revive Title 42. Honduras waits. Trump plans to resume flights carrying deportees."
    assert tell(text)[1:] == ["removal_flights HND second projected stage pledged plan_reported"]


@pytest.mark.parametrize(("sentences_between", "expected"), [(2, ("HND",)), (8, ("GLOBAL",))])
def test_countries_of_an_instrument_are_meant_for_a_few_sentences(propose_from, sentences_between, expected):
    text = "A hall was full. Trump plans to resume flights carrying deportees to Honduras." + " It rained." * (
        sentences_between
    )
    later = propose_from(f"{text} Trump plans to resume flights carrying deportees.")[-1]
    assert later.country_codes == expected


def test_countries_of_the_first_sentence_are_those_of_the_document(propose_from):
    text = "Trump Renews Safe Third Country Agreement With Honduras\n\n" + "It rained. " * 9
    later = propose_from(f"{text}Trump will sign the safe third country agreement.", "2025-06-10")[-1]
    assert later.country_codes == ("HND",)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Trump imposed tariffs on Mexico over drugs.",
            ["tariffs_as_lever MEX second observed stage adopted fact_reported"],
        ),
        ("Trump imposed tariffs over drugs.", []),
    ],
)
def test_a_weak_word_of_a_lever_needs_the_country_it_is_aimed_at(tell, text, expected):
    assert tell(text, "2025-02-05") == expected


NAMED = "gate_charter"
WORDS = Wording(
    described={"en": ("gate ... {people}",)},
    weak={"en": ("gate",)},
    context={"en": ("border",)},
    homonyms={"en": ("garden gate",)},
)


@pytest.fixture
def invented() -> Codebook:
    """Return a codebook of one instrument that exists nowhere else."""
    return make.book(
        make.instrument(id=NAMED, aliases={"en": ("Gate Charter",), "es": ("Carta de la Puerta",)}, wording=WORDS)
    )


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "Trump plans to sign the Gate Charter with Honduras.", [("HND",)]),
        ("es", "Trump firmará la Carta de la Puerta con Honduras.", [("HND",)]),
        ("en", "Trump plans to open the gate to migrants in Honduras.", [("HND",)]),
        ("en", "Trump plans to open the gate in Honduras at the border.", [("HND",)]),
        ("en", "Trump plans to open the gate in Honduras.", []),
        ("en", "Trump plans to open the garden gate in Honduras at the border.", []),
        ("en", "Trump plans to sign the Door Charter with Honduras.", []),
    ],
)
def test_a_new_instrument_needs_no_code(invented, language, text, expected):
    found = propose(make.document(text, language=language), invented)
    assert [p.country_codes for p in found if p.instrument_id == NAMED] == expected


def test_a_new_alias_needs_no_code(book):
    text = "Trump plans to revive the Tijuana Queue."
    assert propose(make.document(text), book) == ()
    instruments = tuple(
        replace(i, aliases={**i.aliases, "en": (*i.aliases["en"], "Tijuana Queue")})
        if i.id == "migrant_protection_protocols"
        else i
        for i in book.instruments
    )
    changed = replace(
        book, instruments=instruments, file_sha256={**book.file_sha256, "migrant_protection_protocols": "1" * 64}
    )
    (proposal,) = propose(make.document(text), changed)
    assert (proposal.instrument_id, proposal.country_codes) == ("migrant_protection_protocols", ("MEX",))
