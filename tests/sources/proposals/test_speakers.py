"""Whose words a passage reports: a name by a verb of saying, unnamed sources, the turn of a transcript, the text."""

import pytest

from sources.model import SourceKind


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "Trump will revive Remain in Mexico, Ana Carver said.", ("Ana Carver", True)),
        ("en", "Trump will revive Remain in Mexico, said Ana Carver.", ("Ana Carver", True)),
        ("en", "According to Laura Benítez, Trump will revive Remain in Mexico.", ("Laura Benítez", True)),
        ("en", "Trump will revive Remain in Mexico.", ("article", True)),
        ("en", "Officials said Trump will revive Remain in Mexico.", ("unnamed sources", False)),
        ("en", "Mexican officials said Trump will revive Remain in Mexico.", ("unnamed sources", False)),
        ("en", "Sources close to the campaign said Trump will revive Remain in Mexico.", ("unnamed sources", False)),
        ("en", "Trump will revive Remain in Mexico, people familiar with it note.", ("unnamed sources", False)),
        ("en", "Sources in Ana Carver's team disagreed, but Benítez said Trump will revive Remain in Mexico.",
         ("Benítez", True)),
        ("es", "Según Laura Benítez, Trump restablecerá Quédate en México.", ("Laura Benítez", True)),
        ("es", "Trump restablecerá Quédate en México, dijeron fuentes cercanas al equipo.", ("unnamed sources", False)),
        ("pt", "Trump vai retomar o Permaneça no México, afirmou Ana Prado.", ("Ana Prado", True)),
    ],
)  # fmt: skip
def test_who_says_it_is_named_or_known_to_be_unnamed(propose_from, language, text, expected):
    (proposal,) = propose_from(text, language=language)
    assert (proposal.speaker, proposal.is_named) == expected


def test_unnamed_sources_make_a_claim_less_sure(propose_from):
    (named,) = propose_from("Ana Carver said Trump will revive Remain in Mexico.")
    (unnamed,) = propose_from("Officials said Trump will revive Remain in Mexico.")
    assert round(named.confidence - unnamed.confidence, 2) == 0.05


def test_one_who_is_spoken_of_in_the_passive_says_nothing(propose_from):
    (proposal,) = propose_from("Haiti was added to the travel ban.", "2025-06-05")
    assert proposal.speaker == "article"


def test_a_turn_of_a_transcript_gives_the_speaker_until_the_next(propose_from):
    text = (
        "ANA CARVER: I will revive Remain in Mexico.\n\nI will end birthright citizenship.\n\n"
        "LUZ PRADO: I will finish the border wall."
    )
    proposals = propose_from(text, "2024-09-01", kind=SourceKind.SPEAKER)
    assert [(p.speaker, p.modality) for p in proposals] == [
        ("Ana Carver", "pledge"),
        ("Ana Carver", "pledge"),
        ("Luz Prado", "pledge"),
    ]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (SourceKind.NEWS, ("article", "plan_reported")),
        (SourceKind.SPEAKER, ("speaker", "plan_reported")),
        (SourceKind.OFFICIAL, ("publisher", "pledge")),
        (SourceKind.COURT, ("court", "pledge")),
    ],
)
def test_a_text_speaks_for_itself_as_what_it_is(propose_from, kind, expected):
    (proposal,) = propose_from("The administration plans to revive Remain in Mexico.", "2025-02-05", kind=kind)
    assert (proposal.speaker, proposal.modality) == expected
