"""What a partner answers, and who acts in a sentence."""

import pytest


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "Colombia refused two deportation flights on Sunday.", "removal_flights COL refuses"),
        ("en", "Panama to Accept Deportation Flights", "removal_flights PAN accepts"),
        ("en", "Venezuela resumed deportation flights.", "removal_flights VEN accepts"),
        ("en", "Honduras suspended deportation flights.", "removal_flights HND refuses"),
        ("en", "Guatemala agreed to accept deportees of other nationalities.", "third_country_removals GTM accepts"),
        ("en", "Mexico will not accept deportees from other countries.", "third_country_removals MEX refuses"),
        ("en", "Mexico is preparing shelters for deportees.", "returnee_reception MEX prepares"),
        ("en", "Mexico sent soldiers to its northern border to stop migrants.", "partner_enforcement MEX complied"),
        ("en", "The government of Brazil condemned deportation flights.", "removal_flights BRA protests"),
        ("en", "Brazil vowed to retaliate against tariffs over Bolsonaro.", "tariffs_as_lever BRA retaliates"),
        ("es", "México no aceptará vuelos de deportación de extranjeros.", "removal_flights MEX refuses"),
        ("es", "Guatemala se prepara para recibir a los deportados.", "returnee_reception GTM prepares"),
        ("pt", "O Brasil protestou contra os voos de deportação.", "removal_flights BRA protests"),
    ],
)
def test_an_answer_is_told_of_the_country_that_gives_it_and_nothing_beside_it(tell, language, text, expected):
    instrument, country, value = expected.split()
    assert tell(text, "2025-01-27", language=language) == [
        f"{instrument} {country} second observed partner_response {value} fact_reported"
    ]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "The White House asked Panama to accept deportation flights."),
        ("es", "La Casa Blanca pidió a Panamá aceptar vuelos de deportación."),
        ("pt", "A Casa Branca pediu ao Panamá que aceite voos de deportação."),
    ],
)
def test_what_a_country_is_asked_for_is_no_answer(tell, language, text):
    assert tell(text, "2025-02-05", language=language) == [
        "removal_flights PAN second observed stage floated plan_reported"
    ]


@pytest.mark.parametrize(
    "text",
    [
        "In Honduras, the United States stopped deportation flights.",
        "On deportation flights from Honduras, the White House refused comment.",
        "Honduras said that the White House refused deportation flights.",
        "If Honduras refuses deportation flights, shelters will stay empty.",
    ],
)
def test_a_country_that_does_not_act_or_only_might_gives_no_answer(propose_from, text):
    assert [p for p in propose_from(text, "2025-02-05") if p.property == "partner_response"] == []


def test_a_negated_acceptance_is_a_refusal_and_not_a_negated_claim(propose_from):
    (proposal,) = propose_from("Honduras did not receive deportation flights.", "2025-02-05")
    assert (proposal.value, proposal.is_negated) == ("refuses", False)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Colombia, like Honduras and Peru, refused deportation flights.", ("COL",)),
        ("The president of Honduras rejected deportation flights.", ("HND",)),
        ("Sheinbaum rejected deportation flights.", ("MEX",)),
    ],
)
def test_the_subject_answers_and_not_who_is_named_beside_it(propose_from, text, expected):
    (proposal,) = propose_from(text, "2025-02-05")
    assert (proposal.property, proposal.country_codes) == ("partner_response", expected)


def test_a_we_is_the_country_whose_text_it_is(propose_from):
    text = "No aceptamos vuelos de deportación."
    (proposal,) = propose_from(
        text, "2025-02-05", language="es", kind="partner_official", source="https://www.gob.mx/notas/1"
    )
    assert (proposal.property, proposal.value, proposal.country_codes) == ("partner_response", "refuses", ("MEX",))


def test_an_expert_who_foresees_an_answer_gives_an_expectation(propose_from):
    (proposal,) = propose_from("Analysts predict that Honduras will refuse deportation flights.", "2025-02-05")
    assert (proposal.value, proposal.modality) == ("refuses", "expectation_expert")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Chile will deport Venezuelans on deportation flights to Caracas.", []),
        ("Mexico imposed tariffs on Brazil over migration.", []),
        ("Peru expanded its travel ban.", []),
        ("Canada refused deportation flights.", []),
        ("Australia ended its travel ban on tourists.", []),
        (
            "Haiti was added to the travel ban.",
            ["travel_ban HTI second observed stage adopted fact_reported"],
        ),
        (
            "Guatemala ended its safe third country agreement.",
            ["asylum_cooperative_agreements GTM second observed stage ended fact_reported"],
        ),
        (
            "The United States will deport Venezuelans on deportation flights to Caracas.",
            ["removal_flights VEN second observed stage pledged plan_reported"],
        ),
    ],
)
def test_another_country_s_own_policy_is_no_claim(tell, text, expected):
    assert tell(text, "2025-06-05") == expected
