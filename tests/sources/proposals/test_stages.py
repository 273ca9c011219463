"""Which stage a deed or a plan amounts to: protections by their own stage, endings of something else as measures."""

import pytest


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "The administration ended TPS for Honduras.", "temporary_protected_status HND ended"),
        ("en", "The administration extended TPS for El Salvador.", "temporary_protected_status SLV in_force"),
        ("en", "The administration revoked humanitarian parole for Cubans.", "humanitarian_parole CUB ended"),
        ("es", "El gobierno canceló el TPS para Nicaragua.", "temporary_protected_status NIC ended"),
        ("pt", "O governo encerrou o TPS para a Venezuela.", "temporary_protected_status VEN ended"),
    ],
)
def test_a_protection_is_told_by_its_own_stage(propose_from, language, text, expected):
    (proposal,) = propose_from(text, "2025-07-10", language=language)
    assert f"{proposal.instrument_id} {proposal.country_codes[0]} {proposal.value}" == expected
    assert proposal.is_of_status


def test_a_protection_that_is_not_extended_is_ended(tell):
    assert tell("The administration did not extend TPS for Honduras.", "2025-07-10") == [
        "temporary_protected_status HND second observed stage ended fact_reported"
    ]


def test_a_plan_to_end_a_protection_is_a_plan_of_the_instrument(propose_from):
    (proposal,) = propose_from("Trump plans to end TPS for Haiti.")
    assert (proposal.value, proposal.modality, proposal.is_negated) == ("pledged", "plan_reported", False)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The administration paused refugee admissions.", "refugee_admissions GLOBAL adopted"),
        ("The administration suspended foreign aid to Honduras.", "foreign_aid_suspension HND adopted"),
        ("The administration abolished birthright citizenship.", "birthright_citizenship GLOBAL adopted"),
    ],
)
def test_what_ends_something_else_is_adopted_by_ending_it(propose_from, text, expected):
    (proposal,) = propose_from(text, "2025-02-05")
    assert f"{proposal.instrument_id} {proposal.country_codes[0]} {proposal.value}" == expected
    assert not proposal.is_of_status


@pytest.mark.parametrize(
    "text",
    [
        "Birthright citizenship will stay as it is, the party said.",
        "The administration expanded birthright citizenship.",
    ],
)
def test_going_on_with_what_an_instrument_ends_tells_nothing_of_it(tell, text):
    assert tell(text, "2025-02-05") == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The administration launched Remain in Mexico.", "adopted"),
        ("The administration scrapped Remain in Mexico.", "ended"),
        ("The administration paused Remain in Mexico.", "ended"),
        ("The administration continued Remain in Mexico.", "in_force"),
        ("The administration returned migrants under Remain in Mexico.", "in_force"),
        ("The administration discussed Remain in Mexico.", "negotiated"),
        ("The administration and its neighbour reached a deal on Remain in Mexico.", "signed"),
        ("Remain in Mexico is in effect.", "in_force"),
        ("Remain in Mexico has expired.", "ended"),
        ("The reinstatement of Remain in Mexico drew a crowd.", "adopted"),
        ("The termination of Remain in Mexico drew a crowd.", "ended"),
    ],
)
def test_a_deed_amounts_to_a_stage(tell, text, expected):
    assert tell(text, "2025-06-10") == [
        f"migrant_protection_protocols MEX second observed stage {expected} fact_reported"
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The tariffs on Colombia were put on hold.", "threatened"),
        ("Trump paused the tariffs on Colombia.", "threatened"),
        ("Trump will pause the tariffs on Colombia.", "threatened"),
        ("Trump lifted the tariffs on Colombia.", "ended"),
    ],
)
def test_a_lever_that_is_put_off_is_still_a_threat(tell, text, expected):
    assert tell(text, "2025-01-27") == [f"tariffs_as_lever COL second observed stage {expected} fact_reported"]


def test_a_description_with_its_own_verb_is_the_measure_and_not_its_end(tell):
    assert tell("The administration suspended asylum at the border.", "2025-02-05") == [
        "asylum_entry_restrictions GLOBAL second observed stage adopted fact_reported"
    ]


def test_a_plan_to_end_a_measure_is_no_pledge_of_it(tell):
    assert tell("The president-elect will end Remain in Mexico.") == [
        "migrant_protection_protocols MEX second projected stage ended plan_reported"
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The Secretary shall resume the Migrant Protection Protocols.", ["adopted fact_official"]),
        ("Resume the Migrant Protection Protocols.", ["adopted fact_official"]),
        ("The Secretary may resume the Migrant Protection Protocols.", []),
        ("We will resume the Migrant Protection Protocols.", ["pledged pledge"]),
    ],
)
def test_an_order_does_what_it_orders_and_what_it_permits_is_none(tell, text, expected):
    assert tell(text, "2025-01-20", kind="official") == [
        f"migrant_protection_protocols MEX second observed stage {told}" for told in expected
    ]


def test_a_deed_of_the_first_day_is_a_plan_until_then(tell):
    text = "On day one: border wall extended."
    assert tell(text) == ["border_wall GLOBAL second projected stage pledged plan_reported"]
    assert tell(text, "2025-02-05") == ["border_wall GLOBAL second observed stage adopted fact_reported"]


def test_a_promise_in_the_first_person_is_a_pledge(tell):
    assert tell("I will launch Remain in Mexico again.", "2024-09-01", kind="speaker", title="Trump at a rally") == [
        "migrant_protection_protocols MEX second projected stage pledged pledge"
    ]


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "A federal judge blocked the termination of TPS for Venezuela.", "enjoined"),
        ("en", "The Supreme Court upheld TPS terminations for Venezuela.", "upheld"),
        ("en", "Rights groups sued over the end of TPS for Venezuela.", "challenged"),
        ("en", "A panel struck down the end of TPS for Venezuela.", "struck_down"),
        ("pt", "Uma juíza suspendeu o fim do TPS para a Venezuela.", "enjoined"),
    ],
)
def test_what_a_court_does_is_litigation_and_no_stage(tell, language, text, expected):
    assert tell(text, "2025-03-31", language=language) == [
        f"temporary_protected_status VEN second observed litigation {expected} fact_reported"
    ]


def test_an_expected_lawsuit_is_an_expectation(tell):
    assert tell("Legal challenges are expected to the travel ban.", "2025-06-11") == [
        "travel_ban GLOBAL second observed litigation expected expectation_expert"
    ]


def test_a_judge_who_does_nothing_to_a_measure_is_no_litigation(propose_from):
    proposals = propose_from("A judge praised the border wall painting at a school fair.", "2025-03-31")
    assert [(p.property, p.is_optional, p.why) for p in proposals] == [
        ("stage", True, "no word near the instrument says what is done")
    ]
