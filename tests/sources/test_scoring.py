"""What a reader proposes is right, wrong, a repeat or not judged, as the labels say."""

import pytest

from sources import scoring
from sources.labels import Claim, LabelledDocument, Labels, Trap
from sources.model import Basis, Modality
from tests import make

TEXT = (
    "The wall will be paid by Mexico, he said. A second sentence follows. "
    "The tariff is in force since May. Would he close the border? The wall again."
)
WALL, BORDER = "The wall will be paid", "close the border"


def claim(quote=WALL, text=TEXT, **values):
    """Return a core claim that the wall is pledged to be paid by Mexico."""
    start = text.index(quote)
    plain = {
        "file": "one.txt",
        "instrument_id": "border_wall",
        "countries": ("MEX",),
        "period": "first",
        "basis": Basis.PROJECTED,
        "property": "stage",
        "value": "pledged",
        "modality": Modality.PLEDGE,
        "negated": False,
        "char_start": start,
        "char_end": start + len(quote),
        "mark": "core",
        "accept": {},
    }
    return Claim(**{**plain, **values})


def proposal(quote="paid by Mexico", **values):
    """Return the proposal that `claim` asks for."""
    plain = {
        "instrument_id": "border_wall",
        "period": "first",
        "value": "pledged",
        "modality": Modality.PLEDGE,
        "quote": quote,
    }
    return make.proposal(**{**plain, **values})


def document(*claims, traps=(), text=TEXT, end=None):
    """Return a labelled document."""
    end = len(text) if end is None else end
    return LabelledDocument(file="one.txt", text=text, excerpt_start=0, excerpt_end=end, claims=claims, traps=traps)


def verdict(asked, given, **values):
    """Return the strict verdict on one proposal against one claim."""
    (judged,) = scoring.judge(document(asked, **values), [given]).proposals
    return str(judged.verdict)


def is_right_leniently(asked, given):
    """Tell whether one proposal is leniently right against one claim."""
    (judged,) = scoring.judge(document(asked), [given]).proposals
    return bool(judged.finds_leniently)


@pytest.mark.parametrize(
    ("asked", "given", "expected"),
    [
        ({}, {}, "right"),
        ({}, {"instrument_id": "travel_ban"}, "wrong"),
        ({"accept": {"instrument_id": ("travel_ban",)}}, {"instrument_id": "travel_ban"}, "right"),
        ({}, {"basis": Basis.OBSERVED}, "wrong"),
        ({"accept": {"basis": ("observed",)}}, {"basis": Basis.OBSERVED}, "right"),
        # The period is judged by itself.
        ({}, {"period": "second"}, "right"),
        # Stages of a family are equal, others are not unless accepted.
        ({}, {"value": "negotiated"}, "right"),
        ({}, {"value": "in_force"}, "wrong"),
        ({"accept": {"value": ("adopted",)}}, {"value": "in_force"}, "right"),
        ({}, {"is_negated": True}, "wrong"),
        ({"value": "none", "negated": True}, {"is_negated": True}, "right"),
        ({"value": "none"}, {"value": "none"}, "right"),
        ({"negated": True}, {}, "wrong"),
        # Voices of a family are equal.
        ({}, {"modality": Modality.PLAN_REPORTED}, "right"),
        ({}, {"modality": Modality.FACT_REPORTED}, "wrong"),
        ({"accept": {"modality": ("fact_official",)}}, {"modality": Modality.FACT_REPORTED}, "right"),
        # Of a property without families only the property and its negation count.
        ({"property": "quantity:people", "value": "308 people"}, {"property": "quantity:rate", "value": "25"}, "right"),
        ({"property": "quantity:people", "value": "308 people"}, {}, "wrong"),
        ({"property": "litigation", "value": "enjoined"}, {"property": "legal", "value": "upheld"}, "right"),
        ({"property": "litigation", "value": "enjoined"}, {"property": "litigation", "is_negated": True}, "wrong"),
        # A property accepted instead brings its values, or any.
        ({"property": "description", "value": "aim", "accept": {"property": ("stage",)}}, {}, "right"),
        (
            {"property": "description", "accept": {"property": ("stage",), "value": ("in_force",)}, "value": "aim"},
            {},
            "wrong",
        ),
    ],
)
def test_strict_is_basis_and_families(asked, given, expected):
    assert verdict(claim(**asked), proposal(**given)) == expected


@pytest.mark.parametrize(
    ("value", "is_negated", "expected"),
    [
        ("refuses", False, "right"),
        ("protests", False, "right"),
        ("accepts", True, "right"),
        ("accepts", False, "wrong"),
        ("refuses", True, "wrong"),
        ("negotiates", False, "wrong"),
    ],
)
def test_a_refusal_is_an_acceptance_negated(value, is_negated, expected):
    asked = claim(property="partner_response", value="refuses")
    given = proposal(property="partner_response", value=value, is_negated=is_negated)
    assert verdict(asked, given) == expected


@pytest.mark.parametrize(
    ("asked", "accepted", "named", "strictly", "leniently"),
    [
        (("MEX",), (), ("MEX",), True, True),
        (("MEX",), (), ("GTM",), False, False),
        (("MEX",), (), ("MEX", "GTM"), False, False),
        (("MEX", "GTM"), (), ("MEX",), False, True),
        (("GLOBAL",), (), ("REGION",), True, True),
        (("GLOBAL",), (), ("MEX",), False, False),
        (("GLOBAL",), ("MEX",), ("MEX",), True, True),
        (("GLOBAL",), ("MEX",), ("GLOBAL", "MEX"), True, True),
        # A claim about another region is right with its own country only.
        (("CMR",), (), ("CMR",), True, True),
        (("CMR",), (), ("GLOBAL",), False, False),
        (("MEX",), (), (), False, False),
    ],
)
def test_countries_may_be_those_of_the_claim_or_accepted_and_no_other(asked, accepted, named, strictly, leniently):
    wanted = claim(countries=asked, accept={"countries": accepted})
    given = proposal(country_codes=named)
    assert verdict(wanted, given) == ("right" if strictly else "wrong")
    assert is_right_leniently(wanted, given) is leniently


def test_the_same_place_is_an_overlap_or_the_same_sentence():
    assert verdict(claim(), proposal("he said")) == "right"
    assert verdict(claim(), proposal("he said. A second")) == "right"
    elsewhere = proposal("A second sentence follows.", value="in_force", period="bridge")
    assert verdict(claim(), elsewhere) == "wrong"
    assert is_right_leniently(claim(), elsewhere)


def test_a_repeat_elsewhere_counts_neither_way():
    assert verdict(claim(), proposal("The wall again.", value="in_force")) == "repeat"
    assert verdict(claim(), proposal("The wall again.", period="second")) == "wrong"
    assert verdict(claim(), proposal("The wall again.", property="litigation")) == "wrong"
    # In the place of a claim of its property it is judged, not excused.
    both = document(claim(), claim("The wall again", value="in_force"))
    (judged,) = scoring.judge(both, [proposal("The wall again.", value="floated")]).proposals
    assert judged.verdict is scoring.Verdict.WRONG


def test_outside_of_the_labelled_characters_nothing_is_judged():
    judged = scoring.judge(document(claim(), end=60), [proposal("The wall again."), proposal()])
    assert (len(judged.proposals), judged.outside) == (1, 1)


def test_a_quote_that_stands_nowhere_is_judged_without_a_place():
    (judged,) = scoring.judge(document(claim()), [proposal("paid by Canada", value="in_force")]).proposals
    assert (judged.is_placed, judged.verdict, judged.agreement) == (False, scoring.Verdict.REPEAT, {})


def test_a_trap_is_hit_by_what_is_affirmed_of_its_instrument_in_its_passage():
    start = TEXT.index(BORDER)
    trap = Trap(file="one.txt", tempting_instrument="travel_ban", char_start=start, char_end=start + len(BORDER))
    labelled = document(claim(), traps=(trap,))

    def hit(*given):
        return scoring.count([scoring.judge(labelled, given)]).overall.traps_hit

    ban = proposal("he close the border", instrument_id="travel_ban")
    assert hit(ban) == 1
    assert hit(ban, ban) == 1
    assert hit(proposal("close the border", instrument_id="travel_ban", is_negated=True)) == 0
    assert hit(proposal("close the border", value="none", instrument_id="travel_ban")) == 0
    assert hit(proposal("close the border")) == 0
    assert hit(proposal("in force since May", instrument_id="travel_ban")) == 0
    right = document(claim("Would he close", instrument_id="travel_ban"), traps=(trap,))
    assert scoring.count([scoring.judge(right, [ban])]).overall.traps_hit == 0


def test_fields_are_judged_against_the_nearest_claim_of_the_place():
    tariff = claim("in force since May", instrument_id="border_wall", value="in_force", basis=Basis.OBSERVED)
    rate = claim("The tariff", property="quantity:rate", value="25 percent")
    given = proposal("The tariff is in force", value="adopted", country_codes=("GTM",), modality=Modality.PLAN_REPORTED)
    (judged,) = scoring.judge(document(tariff, rate), [given]).proposals
    assert judged.agreement == {
        "countries": False,
        "period": True,
        "basis": False,
        "property": True,
        "modality": False,
        "negated": True,
        "value": True,
    }
    (judged,) = scoring.judge(document(rate), [given]).proposals
    assert "value" not in judged.agreement


def test_numbers_are_compared_as_numbers():
    asked = claim(property="quantity:people", value="531000 people")
    for value, is_right in [("531,000", True), ("531000.0", True), ("53100", False)]:
        (judged,) = scoring.judge(document(asked), [proposal(property="quantity:people", value=value)]).proposals
        assert judged.agreement["value"] is is_right


def scores():
    """Return the scores of a small reader: one right, one wrong and optional, one repeat, one claim missed."""
    missed = claim("The tariff", instrument_id="tariffs_as_lever", value="in_force", basis=Basis.OBSERVED)
    optional = claim("A second", instrument_id="travel_ban", mark="optional")
    given = [
        proposal(),
        proposal("The wall again."),
        proposal("A second", instrument_id="travel_ban", value="ended", is_optional=True),
        proposal("A second", instrument_id="family_detention"),
    ]
    labels = Labels(documents=(document(claim(), missed, optional),), data=None)
    return scoring.score(labels, {"one.txt": given})


def test_precision_counts_both_marks_and_recall_the_core():
    found = scores()
    assert found.overall.strict == scoring.Counts(right=1, wrong=2, found=1, core=2)
    assert found.overall.lenient == scoring.Counts(right=3, wrong=1, found=1, core=2)
    assert found.without_optional.strict == scoring.Counts(right=1, wrong=1, found=1, core=2)
    assert found.overall.repeats == 1
    assert (found.overall.lenient.precision, found.overall.lenient.recall) == (0.75, 0.5)
    assert found.overall.lenient.f1 == pytest.approx(0.6)


def test_a_share_of_nothing_is_none():
    nothing = scoring.score(Labels(documents=(document(),), data=None), {})
    assert (nothing.overall.strict.precision, nothing.overall.strict.recall, nothing.overall.strict.f1) == (None,) * 3
    assert scoring.Counts(right=0, wrong=1, found=0, core=1).f1 == 0


def test_an_accepted_instrument_finds_the_claim_of_another():
    asked = claim(accept={"instrument_id": ("travel_ban",)})
    labels = Labels(documents=(document(asked),), data=None)
    by_instrument = scoring.score(labels, {"one.txt": [proposal(instrument_id="travel_ban")]}).instruments
    assert by_instrument["border_wall"].strict == scoring.Counts(right=0, wrong=0, found=1, core=1)
    assert by_instrument["travel_ban"].strict == scoring.Counts(right=1, wrong=0, found=0, core=0)


def test_scores_as_data_and_as_text_say_the_same():
    data, text = scoring.as_dict(scores()), scoring.as_table(scores())
    assert data["overall"] == {
        "proposals": 4,
        "repeats": 1,
        "traps_hit": 0,
        "strict": {"right": 1, "wrong": 2, "found": 1, "core": 2, "precision": 0.3333, "recall": 0.5, "f1": 0.4},
        "lenient": {"right": 3, "wrong": 1, "found": 1, "core": 2, "precision": 0.75, "recall": 0.5, "f1": 0.6},
    }
    assert data["fields"]["value"] == {"right": 1, "of": 2}
    assert list(data["instruments"]) == ["border_wall", "family_detention", "tariffs_as_lever", "travel_ban"]
    lines = [line.split() for line in text.splitlines()]
    assert ["all", "proposals", "0.33", "0.50", "0.40", "0.75", "0.50", "0.60", "2", "4", "1", "0"] in lines
    assert ["tariffs_as_lever", "-", "0.00", "-", "-", "0.00", "-", "1", "0", "0", "0"] in lines
    assert ["value", "0.50", "1/2"] in lines
