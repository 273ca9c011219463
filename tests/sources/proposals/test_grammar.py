"""What a sentence says is done: negated or not, planned or weighed, on a condition or without one."""

import pytest

PLAN = "migrant_protection_protocols MEX second projected stage pledged plan_reported"


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "The incoming administration plans to revive Remain in Mexico.", PLAN),
        ("en", "The incoming administration does not plan to revive Remain in Mexico.", PLAN + " not"),
        ("en", "The incoming administration has no plans to revive Remain in Mexico.", PLAN + " not"),
        ("en", "Not only does the incoming administration plan to revive Remain in Mexico, it will do so soon.", PLAN),
        ("es", "El gobierno entrante piensa restablecer el programa Quédate en México.", PLAN),
        ("es", "El gobierno entrante no piensa restablecer el programa Quédate en México.", PLAN + " not"),
        ("pt", "O governo entrante vai retomar o programa Permaneça no México.", PLAN),
        ("pt", "O governo entrante não vai retomar o programa Permaneça no México.", PLAN + " not"),
    ],
)
def test_a_negation_before_the_verb_negates_the_claim(tell, language, text, expected):
    assert tell(text, language=language) == [expected]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "The White House said on Monday that it had not imposed tariffs on Mexico over fentanyl.",
            "tariffs_as_lever MEX second observed stage adopted fact_reported not",
        ),
        ("It imposed no sanctions on Cuba.", "country_sanctions CUB second observed stage adopted fact_reported not"),
        (
            "Critics have not been heard, and the administration imposed sanctions on Cuba.",
            "country_sanctions CUB second observed stage adopted fact_reported",
        ),
    ],
)
def test_a_negation_reaches_its_own_verb_and_no_other(tell, text, expected):
    assert tell(text, "2025-02-05") == [expected]


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        (
            "en",
            "The president-elect may bring back Title 42.",
            "public_health_expulsions GLOBAL second projected stage floated plan_reported",
        ),
        (
            "en",
            "Trump's team is considering visa sanctions on Brazil.",
            "visa_sanctions BRA second projected stage floated plan_reported",
        ),
        (
            "en",
            "Trump called for a travel ban on Haiti.",
            "travel_ban HTI second projected stage floated plan_reported",
        ),
        (
            "en",
            "Analysts said Trump is likely to revive Remain in Mexico.",
            "migrant_protection_protocols MEX second projected stage pledged expectation_expert",
        ),
        (
            "es",
            "El gobierno entrante revocaría el TPS para Haití.",
            "temporary_protected_status HTI second projected stage pledged plan_reported",
        ),
        (
            "es",
            "El equipo de Trump evalúa sanciones a Nicaragua.",
            "country_sanctions NIC second projected stage floated plan_reported",
        ),
    ],
)
def test_what_is_weighed_asked_for_or_expected_is_told_as_that(tell, language, text, expected):
    assert tell(text, language=language) == [expected]


def test_what_is_possible_tells_nothing(tell):
    assert tell("Trump is able to revive Remain in Mexico.") == []


@pytest.mark.parametrize(
    ("language", "text", "expected", "trigger", "demand"),
    [
        (
            "en",
            "Trump warned that he would impose tariffs on Mexico if the government refuses to stop the caravans.",
            "tariffs_as_lever MEX second projected stage threatened threat_conditional",
            "if the government refuses to stop the caravans",
            "stop the caravans",
        ),
        (
            "en",
            "If Colombia refuses to take back its citizens, Trump will impose sanctions on Colombia.",
            "country_sanctions COL second projected stage threatened threat_conditional",
            "If Colombia refuses to take back its citizens",
            "take back its citizens",
        ),
        (
            "en",
            "Trump will impose tariffs on Mexico unless drugs are kept out.",
            "tariffs_as_lever MEX second projected stage threatened threat_conditional",
            "unless drugs are kept out",
            "drugs are kept out",
        ),
        (
            "es",
            "Si el gobierno de Honduras se niega a recibir a los suyos, Trump impondrá sanciones a Honduras.",
            "country_sanctions HND second projected stage threatened threat_conditional",
            "Si el gobierno de Honduras se niega a recibir a los suyos",
            "recibir a los suyos",
        ),
        (
            "pt",
            "Se o Brasil se recusar a aceitar os deportados, Trump vai impor tarifas ao Brasil.",
            "tariffs_as_lever BRA second projected stage threatened threat_conditional",
            "Se o Brasil se recusar a aceitar os deportados",
            "aceitar os deportados",
        ),
    ],
)
def test_a_condition_makes_a_threat_with_trigger_and_demand(
    tell, propose_from, language, text, expected, trigger, demand
):
    assert tell(text, language=language) == [expected]
    (proposal,) = propose_from(text, language=language)
    assert (proposal.trigger, proposal.demand) == (trigger, demand)


def test_a_condition_is_that_of_the_lever_where_a_sentence_has_one(tell):
    text = "Trump plans to revive Remain in Mexico and to impose sanctions on Cuba if its government refuses to talk."
    assert tell(text) == [
        "country_sanctions CUB second projected stage threatened threat_conditional",
        PLAN,
    ]


def test_what_stands_in_the_condition_is_no_claim(tell):
    assert tell("If Trump revives Remain in Mexico, shelters in Tijuana need beds.") == []


def test_what_is_threatened_is_not_done(tell):
    assert tell("Trump threatened to impose tariffs on Colombia.", "2025-01-26") == [
        "tariffs_as_lever COL second observed stage threatened fact_reported"
    ]
    assert tell("Trump imposed tariffs on Colombia.", "2025-01-26") == [
        "tariffs_as_lever COL second observed stage adopted fact_reported"
    ]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "He could have ended TPS for Haiti."),
        ("en", "It is unclear whether Trump will revive Remain in Mexico."),
        ("en", "Migrants could have stayed in Mexico."),
        ("en", "What if Trump had ended TPS for Haiti, she asked."),
        ("es", "El presidente podría haber terminado el TPS para Haití."),
    ],
)
def test_what_is_only_supposed_is_no_claim(tell, language, text):
    assert tell(text, "2025-02-05", language=language) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Trump is weighing whether to revive Remain in Mexico.",
            "migrant_protection_protocols MEX second observed stage floated plan_reported",
        ),
        (
            "Asked whether he would run, Trump said he will revive Remain in Mexico.",
            "migrant_protection_protocols MEX second observed stage pledged plan_reported",
        ),
    ],
)
def test_what_is_weighed_or_said_beside_a_supposition_is_a_claim(tell, text, expected):
    assert tell(text, "2025-02-05") == [expected]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Trump signed an order to end birthright citizenship.", "adopted fact_reported"),
        ("Trump drafted a plan aimed at ending birthright citizenship.", "pledged plan_reported"),
        ("Trump plans to open a new office and abolish birthright citizenship.", "pledged plan_reported"),
        ("Abolish birthright citizenship.", "pledged pledge"),
        ("1. Open a new office and abolish birthright citizenship.", "pledged pledge"),
        ("Birthright citizenship was ended.", "adopted fact_reported"),
    ],
)
def test_an_infinitive_has_the_mood_of_what_it_hangs_on(tell, text, expected):
    assert tell(text, "2025-02-05") == [f"birthright_citizenship GLOBAL second observed stage {expected}"]


def test_what_a_sentence_is_not_about_is_no_claim(tell):
    assert tell("Shop owners closed their doors against the travel ban.", "2025-06-10") == []


def test_what_a_measure_will_do_tells_that_it_is_there(tell):
    assert tell("The travel ban will also hit families from Haiti.", "2025-06-10") == [
        "travel_ban HTI second observed stage in_force fact_reported"
    ]


def test_fewer_limits_on_a_measure_are_more_of_it(tell):
    assert tell("The administration ended restrictions on ICE arrests.", "2025-02-05") == [
        "interior_enforcement GLOBAL second observed stage adopted fact_reported"
    ]
