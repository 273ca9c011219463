"""Which period a sentence speaks of, from its words and the day of its document; and what lies outside them."""

import pytest

WALL_PLAN = "Trump will build a border wall."
WALL_DEED = "The government expanded the border wall."


@pytest.mark.parametrize(
    ("day", "plan", "deed"),
    [
        ("2016-08-31", "first projected", None),
        ("2019-06-10", "first observed", "first observed"),
        ("2022-03-01", "second projected", "bridge observed"),
        ("2024-11-19", "second projected", "bridge observed"),
        ("2025-06-10", "second observed", "second observed"),
        ("2026-02-02", "second observed", "second observed"),
    ],
)
def test_a_plan_and_a_deed_are_of_the_time_the_document_stands_in(tell, day, plan, deed):
    assert tell(WALL_PLAN, day) == [f"border_wall GLOBAL {plan} stage pledged plan_reported"]
    assert tell(WALL_DEED, day) == ([f"border_wall GLOBAL {deed} stage adopted fact_reported"] if deed else [])


@pytest.mark.parametrize(
    ("day", "language", "text", "expected"),
    [
        (
            "2024-11-19",
            "en",
            "During his first term, Trump signed safe third country agreements with Guatemala and Honduras.",
            "asylum_cooperative_agreements GTM+HND first observed stage adopted fact_reported",
        ),
        (
            "2025-06-10",
            "en",
            "In 2019 the administration signed safe third country agreements with Guatemala.",
            "asylum_cooperative_agreements GTM first observed stage adopted fact_reported",
        ),
        (
            "2024-11-19",
            "en",
            "Trump aims to reinstate Remain in Mexico.",
            "migrant_protection_protocols MEX second projected stage pledged plan_reported",
        ),
        (
            "2024-11-19",
            "en",
            "Trump returned migrants under Remain in Mexico.",
            "migrant_protection_protocols MEX first observed stage in_force fact_reported",
        ),
        (
            "2025-03-01",
            "en",
            "President Biden ended Remain in Mexico in 2022.",
            "migrant_protection_protocols MEX bridge observed stage ended fact_reported",
        ),
        (
            "2025-06-10",
            "en",
            "Biden resumed deportation flights to Venezuela.",
            "removal_flights VEN bridge observed stage adopted fact_reported",
        ),
        (
            "2022-08-10",
            "en",
            "Biden ended Remain in Mexico.",
            "migrant_protection_protocols MEX bridge observed stage ended fact_reported",
        ),
        (
            "2022-08-10",
            "en",
            "Biden plans to end Remain in Mexico.",
            "migrant_protection_protocols MEX bridge observed stage ended plan_reported",
        ),
        (
            "2020-10-01",
            "en",
            "In a second term, Trump will expand the travel ban.",
            "travel_ban GLOBAL second projected stage pledged plan_reported",
        ),
        (
            "2025-02-03",
            "en",
            "Biden spoke on Monday. He ended Remain in Mexico.",
            "migrant_protection_protocols MEX bridge observed stage ended fact_reported",
        ),
        (
            "2025-02-03",
            "en",
            "In his first term Trump promised to build a border wall.",
            "border_wall GLOBAL first observed stage pledged plan_reported",
        ),
        (
            "2024-11-19",
            "en",
            "From 2025, Remain in Mexico is in effect.",
            "migrant_protection_protocols MEX second projected stage in_force fact_reported",
        ),
        (
            "2025-03-01",
            "es",
            "En su primer mandato, Trump aplicó el programa Quédate en México.",
            "migrant_protection_protocols MEX first observed stage adopted fact_reported",
        ),
        (
            "2025-03-01",
            "pt",
            "No primeiro mandato, Trump aplicou o programa Permaneça no México.",
            "migrant_protection_protocols MEX first observed stage adopted fact_reported",
        ),
    ],
)
def test_words_of_time_and_whose_deed_it_is_decide_the_period(tell, day, language, text, expected):
    assert tell(text, day, language=language) == [expected]


@pytest.mark.parametrize(
    "text",
    [
        "Under Obama, the United States ended deportation flights to Haiti in 2012.",
        "Remain in Mexico was ended in 2012.",
        "Decades ago the government used the Alien Enemies Act.",
    ],
)
def test_history_before_the_first_term_is_no_claim(tell, text):
    assert tell(text, "2025-06-11") == []


def test_a_plan_before_taking_office_is_projected_though_the_sentence_says_when(tell):
    assert tell("On day one, Trump will seal the border.", "2024-09-01") == [
        "asylum_entry_restrictions GLOBAL second projected stage pledged plan_reported"
    ]


def test_a_document_without_a_date_is_read_as_one_of_the_term_and_says_so(propose_from):
    (proposal,) = propose_from("Trump plans to revive Remain in Mexico.", None)
    (dated,) = propose_from("Trump plans to revive Remain in Mexico.", "2025-02-05")
    assert (proposal.period, proposal.basis, proposal.date) == ("second", "observed", None)
    assert round(dated.confidence - proposal.confidence, 2) == 0.15


def test_a_document_without_a_date_that_speaks_of_a_president_elect_is_of_the_weeks_before(tell):
    assert tell("The president-elect plans to revive Remain in Mexico.", None) == [
        "migrant_protection_protocols MEX second projected stage pledged plan_reported"
    ]


def test_history_without_a_date_is_no_claim(tell):
    assert tell("Remain in Mexico was ended in 2012.", None) == []


def test_an_answer_to_a_coming_government_is_for_its_term(tell):
    text = "Trump returns in the second term. Honduras rejected deportation flights."
    assert tell(text, "2024-12-20") == ["removal_flights HND second projected partner_response refuses fact_reported"]


def test_those_still_in_office_act_for_their_own_time(tell):
    text = "The department will end TPS for Haiti."
    official = tell(text, "2024-06-01", kind="official")
    assert official == ["temporary_protected_status HTI bridge observed stage pledged pledge"]
