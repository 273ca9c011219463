"""Numbers with their magnitudes and what they count; a number of something else is none."""

import pytest


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        (
            "en",
            "The administration deported about 70,000 people on deportation flights to Guatemala.",
            ("removal_flights", "quantity:people", "70000", "count", "people"),
        ),
        (
            "en",
            "The administration suspended $396 million in foreign aid to Honduras.",
            ("foreign_aid_suspension", "quantity:funding", "396000000", "usd", None),
        ),
        (
            "en",
            "Trump imposed a 25 percent tariff on Mexico over fentanyl.",
            ("tariffs_as_lever", "quantity:rate", "25", "percent", None),
        ),
        (
            "en",
            "The administration built 2.5 miles of border wall.",
            ("border_wall", "quantity:length", "2.5", "miles", None),
        ),
        (
            "en",
            "Nearly 1.5 million people lost humanitarian parole.",
            ("humanitarian_parole", "quantity:people", "1500000", "count", "people"),
        ),
        (
            "en",
            "Up to 4,000 troops were sent to the southern border.",
            ("border_emergency_deployment", "quantity:troops", "4000", "count", "service members"),
        ),
        (
            "es",
            "Se deportó a más de 3 mil 500 personas en vuelos de deportación a Honduras.",
            ("removal_flights", "quantity:people", "3500", "count", "people"),
        ),
        (
            "es",
            "El Departamento envió hasta 1.500 soldados a la frontera sur.",
            ("border_emergency_deployment", "quantity:troops", "1500", "count", "service members"),
        ),
        (
            "pt",
            "O governo enviou cerca de 10 mil militares para a fronteira.",
            ("border_emergency_deployment", "quantity:troops", "10000", "count", "service members"),
        ),
    ],
)
def test_a_number_is_read_with_its_magnitude_and_unit(propose_from, language, text, expected):
    (number,) = [p for p in propose_from(text, "2025-08-01", language=language) if p.property.startswith("quantity")]
    found = (number.instrument_id, number.property, number.value, number.unit, number.unit_of_count)
    assert found == expected
    assert number.rule == number.property


@pytest.mark.parametrize(
    "text",
    [
        "On February 3, 2025, migrants were put on deportation flights to Guatemala.",
        "In 2025 people were put on deportation flights to Guatemala.",
        "The 4th of the deportation flights to Guatemala left.",
        "Deportation flights to Guatemala left; the mayor spoke of 300 people.",
        "Deportation flights to Guatemala left at 9 (people watched).",
        "Deportation flights to Guatemala left with 12 bags for people.",
    ],
)
def test_a_date_a_bare_number_and_one_beyond_the_clause_count_nothing(propose_from, text):
    proposals = propose_from(text, "2025-08-01")
    assert [p.property for p in proposals if p.property.startswith("quantity")] == []


def test_a_number_beside_a_plan_is_planned(tell):
    assert tell("Trump will impose a 25 percent tariff on Mexico over fentanyl.") == [
        "tariffs_as_lever MEX second projected quantity:rate 25 plan_reported",
        "tariffs_as_lever MEX second projected stage pledged plan_reported",
    ]


def test_a_number_in_a_sentence_that_hangs_on_a_condition_counts_nothing_done(tell):
    assert tell("If there are deportation flights to Honduras with 300 people, shelters need beds.") == []


def test_a_number_that_follows_what_it_counts_is_read(propose_from):
    numbers = {
        p.property: p.value for p in propose_from("ICE raids led to arrests, with 308 on Tuesday.", "2025-02-01")
    }
    assert numbers["quantity:arrests"] == "308"
