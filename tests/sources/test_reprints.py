"""Reprints of one text are one group; texts that share a subject, a quotation, a footer or a form are not."""

import random

import pytest

from sources import reprints

STORY = """Ministers agreed on Tuesday to receive two flights a week from Houston, officials said.

The agreement names Guatemala City and Quetzaltenango as places of arrival. It covers 1,400 people a month, about half \
of those who came last year. Buses will take families from the airport to shelters run by the church.

The mayor of Quetzaltenango asked for money before the first aircraft lands. His town has two shelters, and both were \
full in March. A spokesman for the ministry promised an answer within ten days.

Aid groups expect the number to rise. Sister Rosa Ixchel runs the larger shelter, where volunteers cook for 200 people \
each evening. She has seen agreements come and go since 2018, and none lasted beyond an election.

In Washington the department declined to comment on the schedule. It paid for similar flights to Honduras through a \
contract that ends in June.
"""
OTHER = """Two flights a week will bring deported people to Guatemala, the government confirmed.

Opposition lawmakers called the arrangement a surrender and demanded to see the text. They want a vote before the \
summer recess, which the president of the chamber refused. Unions plan a march in Guatemala City.

Economists at the central bank warned that fewer remittances would reach the highlands. A tenth of households live \
mainly on transfers from Houston and Los Angeles. The bank lowered its forecast of growth to 3.1 percent.

The foreign minister will travel north next month with a list of requests. Among them are work permits for farm hands \
and a faster procedure for asylum seekers with family in the United States.
"""
QUOTATION = (
    "\u201cWe have asked for nothing but respect and we will go on asking for it every day until we are heard. "
    "Our people left because they had to and those who come home will find a door that is open and a table that is "
    "laid for them, and nobody will have to explain why. That is what this country owes to its children and it is "
    "what I promised to each of you on the day I took the oath.\u201d"
)
FOOTER = (
    "This text may be shared under the terms of the licence named below, with a link to the first page of our site."
)
NOTICE = """The Secretary ends the designation of {country} for protected status. The designation of {country} was \
last extended in {year}. It ends on {day}, sixty days after this notice appears.

About {count} nationals of {country} hold the status. The Secretary consulted the agencies that know {country} best. \
Conditions in {country} no longer prevent a safe return, she found.

Holders with another lawful status keep it. Work permits issued under the designation of {country} expire on {day}. \
Questions go to the office in {city}.
"""


def one_group(*texts):
    """Tell whether these texts are one group, in this and in the opposite order."""
    keyed = [(f"text {number}", text) for number, text in enumerate(texts)]
    found, opposite = reprints.groups(keyed), reprints.groups(reversed(keyed))
    assert (len(set(found.values())) == 1) is (len(set(opposite.values())) == 1)
    return len(set(found.values())) == 1


def reworded(text, share):
    """Return a text with a share of its small words changed, names and numbers kept."""
    chance = random.Random(1)
    words = text.split(" ")
    return " ".join("elsewhere" if w.islower() and w.isalpha() and chance.random() < share else w for w in words)


@pytest.mark.parametrize(
    "copy",
    [
        STORY,
        "GUATEMALA CITY (NP) - " + STORY.replace("\n", " \n"),
        f"Planes To Land Twice A Week\n\nBy Ana Example\n\n{STORY}",
        STORY[: STORY.index("In Washington")],
        STORY[: STORY.index("Aid groups")],
        STORY + "\nThe opposition in Honduras asked for the contract to be published. It has 40 seats of 128.\n",
        reworded(STORY, 0.1),
        reworded(STORY[: STORY.index("In Washington")], 0.1),
        STORY.replace("1,400 people", "1,600 people"),
    ],
    ids=["same", "dateline", "headline", "cut", "cut to a half", "longer", "reworded", "reworded and cut", "corrected"],
)
def test_a_reprint_is_of_the_group_of_its_text(copy):
    assert one_group(STORY, copy)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (STORY, OTHER),
        (STORY + QUOTATION, OTHER + QUOTATION),
        ("A rally drew hundreds. " + QUOTATION, "The speech was short. " + QUOTATION + " " + OTHER),
        (STORY + FOOTER, OTHER + FOOTER),
        (f"Flights begin in May. {FOOTER}", f"A shelter closes in June. {FOOTER}"),
        ("Flights begin in May.", "Flights begin in June."),
        ("", "."),
        # A digest contains an article and three others.
        (STORY, STORY + OTHER + " ".join(f"Item {n} is of office {n % 9} and day {n % 7}." for n in range(60))),
    ],
    ids=["subject", "quotation", "mostly quotation", "footer", "short with footer", "short", "empty", "digest"],
)
def test_texts_with_something_in_common_are_no_reprints(one, other):
    assert not one_group(one, other)


def test_one_form_filled_in_twice_is_two_texts_and_its_copy_is_one():
    haiti = NOTICE.format(country="Haiti", year="2021", day="September 2", count="348,000", city="Miami")
    nepal = NOTICE.format(country="Nepal", year="2023", day="August 5", count="12,700", city="Houston")
    assert not one_group(haiti, nepal)
    assert one_group(haiti, "Status Ends For Thousands\n\n" + haiti)


def test_a_text_of_nothing_but_a_quotation_is_compared_with_it():
    assert one_group(QUOTATION, "She spoke: " + QUOTATION)


def test_a_group_is_named_by_the_first_given_and_keeps_its_name():
    assert reprints.groups([("z", STORY), ("o", OTHER)]) == {"z": "z", "o": "o"}
    later = [("z", STORY), ("o", OTHER), ("a", STORY + "More follows."), ("b", OTHER)]
    assert reprints.groups(later) == {"z": "z", "o": "o", "a": "z", "b": "o"}


def test_a_key_may_be_given_twice_with_its_text_but_not_with_another():
    assert reprints.groups([("a", STORY), ("a", STORY)]) == {"a": "a"}
    with pytest.raises(ValueError, match="two texts have the key 'a'"):
        reprints.groups([("a", STORY), ("a", OTHER)])
    assert reprints.groups([]) == {}


def test_which_documents_share_a_group_does_not_depend_on_their_order():
    days = ["March 1", "May 9", "June 3", "July 8"]
    keyed = [
        (
            f"{place} {number}",
            reworded(NOTICE.format(country=place, year=2019, day=day, count=day, city=day), 0.02 * number),
        )
        for place, day in zip(("Haiti", "Nepal", "Sudan", "Somalia"), days, strict=True)
        for number in range(6)
    ]
    expected = [{f"{place} {number}" for number in range(6)} for place in ("Haiti", "Nepal", "Somalia", "Sudan")]
    for seed in range(5):
        random.Random(seed).shuffle(keyed)
        found = reprints.groups(keyed)
        members = [{key for key in found if found[key] == name} for name in set(found.values())]
        assert sorted(members, key=min) == expected


def test_many_copies_and_many_forms_are_compared_with_a_few_each(monkeypatch):
    compared = []
    match = reprints._matching_sentences
    monkeypatch.setattr(reprints, "_matching_sentences", lambda *pair: compared.append(pair) or match(*pair))
    forms = [
        (f"form {n}", NOTICE.format(country=f"Land{n}", year=1900 + n, day=f"May {n}", count=n, city=f"Town{n}"))
        for n in range(100)
    ]
    copies = [(f"copy {n}", f"Headline {n}\n\n{STORY}") for n in range(100)]
    found = reprints.groups(forms + copies)
    assert len(set(found.values())) == 101
    assert len(compared) < 10 * len(found)
