"""Composed sentences: each is true of the rows it cites, in every language, and whole."""

import re
from collections import Counter
from dataclasses import replace
from itertools import chain, pairwise, product

import pypdfium2
import pytest
from lxml import html as markup
from markupsafe import Markup

from reports import comparison, edition, render, sentences, wording
from reports.comparison import Lineage, Row
from reports.edition import Kind, Paper, Request
from reports.language import Language, languages
from reports.sections import plain, summary
from sources.model import (
    Comparison,
    Letter,
    Modality,
    Outcome,
    Presence,
    Side,
    State,
    StateBasis,
)
from tests import make

P, T, A, C, U = Presence
PLANS = {Modality.PLEDGE, Modality.PLAN_REPORTED}
# Points from the edges of a page within which only its head and its foot stand.
MARGIN = 50


# --- What each sentence claims, told of the states alone --------------------------------------------------------------


def of_pair(before, after, *bridge):
    """Return the test of a row whose terms, and 19 January 2025 where it is told, are as the sentence says."""
    return lambda row: (
        (row.first.presence, row.actual.presence) == (before, after) and (not bridge or row.bridge.presence in bridge)
    )


def planned(before, *bridge):
    """Return the test of a row planned for the second term, by what held before."""
    return lambda row: (
        (row.first.presence, row.projected.presence) == (before, P)
        and row.projected.basis is not StateBasis.CARRIED
        and (not bridge or row.bridge.presence in bridge)
    )


def stands(side, *presences):
    """Return the test of a row that stands so on a side."""
    return lambda row: row.sides[side].presence in presences


def is_carried(row):
    """Say whether a row was in force at the end of the years between, with a threat to add to it."""
    return row.bridge.presence is P and row.projected.basis is StateBasis.CARRIED


def worst(row):
    """Return the worst outcome of a row's claims."""
    return min((claim.outcome for claim in row.claims), key=list(Outcome).index)


def levels(row):
    """Return the levels of the two terms."""
    return row.first.level, row.actual.level


TRUE = {
    "rows": lambda _row: True,
    "plain.rows": lambda _row: True,
    "first.P": stands(Side.FIRST, P),
    "first.U": stands(Side.FIRST, U),
    "actual.P": stands(Side.ACTUAL, P),
    "actual.U": stands(Side.ACTUAL, U),
    "story.new": of_pair(A, P),
    "story.replaces": of_pair(A, P),
    "story.discontinued": of_pair(P, A),
    "story.replaced": of_pair(P, A),
    "story.reinstated": of_pair(P, P, A, T),
    "story.continued": of_pair(P, P, P),
    "story.present_both": of_pair(P, P, U, C),
    "story.not_comparable": lambda row: of_pair(P, P)(row) and row.first.measured != row.actual.measured,
    "story.absent_both": of_pair(A, A),
    "story.pending_new": of_pair(A, T),
    "story.pending_unchanged": of_pair(T, T),
    "story.pending_dropped": of_pair(T, A),
    "story.pending_realised": of_pair(T, P),
    "story.stepped_down_to_pending": of_pair(P, T),
    "story.unknown_both": of_pair(U, U),
    **{f"story.unknown_first_U{x}": of_pair(U, x) for x in (P, T, A, C)},
    **{f"story.unknown_second_{x}U": of_pair(x, U) for x in (P, T, A, C)},
    **{f"story.contradictory_{x}{y}": of_pair(x, y) for x, y in product((P, T, A, C), repeat=2) if C in (x, y)},
    "moved.expanded": lambda row: row.actual.level >= row.first.level,
    "moved.narrowed": lambda row: row.actual.level <= row.first.level,
    "moved.unchanged": lambda row: row.actual.level == row.first.level,
    "moved.mixed": lambda row: None not in levels(row),
    "moved.degree_unknown": lambda row: None in levels(row),
    "said.P": lambda row: row.projected.presence is P and row.projected.basis is not StateBasis.CARRIED,
    "said.carried": is_carried,
    "said.T": stands(Side.PROJECTED, T),
    "said.A": stands(Side.PROJECTED, A),
    "said.C": stands(Side.PROJECTED, C),
    "said.U": stands(Side.PROJECTED, U),
    "seen.on_day": lambda row: row.actual.presence is P and row.actual.since,
    "seen.between": lambda row: row.actual.presence is P and row.actual.since,
    **{f"today.{x}": lambda row, x=x: row.today.presence is x for x in Presence},
    "foreseen.new": planned(A),
    "foreseen.reinstated": planned(P, A, T),
    "foreseen.continued": planned(P, P),
    "foreseen.present_both": planned(P, U, C),
    "foreseen.not_comparable": lambda row: planned(P)(row) and row.first.measured != row.projected.measured,
    "foreseen.pending_realised": planned(T),
    "foreseen.contradictory": planned(C),
    "foreseen.unknown_first": planned(U),
    "foreseen.carried": is_carried,
    **{f"foreseen.{x}": stands(Side.PROJECTED, x) for x in (T, A, C, U)},
    **{f"fate.{x}": lambda row, x=x: worst(row) is x for x in Outcome if x is not Outcome.NO_PROJECTION},
    "fate_of.all": lambda row: bool(row.claims),
    "plain.returned": of_pair(P, P, A, T),
    "plain.continued": of_pair(P, P, P),
    "plain.began": lambda row: row.first.presence in (A, T) and row.actual.presence is P,
    "plain.gone": lambda row: row.first.presence is P and row.actual.presence in (A, T),
    "plain.realised": lambda row: {claim.outcome for claim in row.claims} == {Outcome.REALISED},
    "plain.not_today": lambda row: row.actual.presence is P and row.today.presence in (A, T),
    "plain.disputed": lambda row: C in (row.first.presence, row.actual.presence),
    "plain.established": lambda row: row.change.evidence in (Letter.A, Letter.B),
    "plain.likely": lambda row: row.change.evidence is Letter.C,
    "plain.reported": lambda row: row.change.evidence is Letter.D,
    "plain.unknown_first": stands(Side.FIRST, U),
    "plain.unknown_projected": stands(Side.PROJECTED, U),
    "plain.unknown_actual": stands(Side.ACTUAL, U),
}


def untrue(told):
    """Return the claims that a row they cite does not bear out, with the row's code."""
    return [
        (claim.key, row.code) for one in told for claim in one.claims for row in claim.rows if not TRUE[claim.key](row)
    ]


def faults_of_form(sentence):
    """Return what is wrong with the form of a printed sentence."""
    text = str(markup.fromstring(f"<p>{sentence.words}</p>").text_content())
    found = re.findall(r"%|\{|\}|\bNone\b|  |\.\.|,,| [,.;:)]|\( |\(\)|:\s*\.|<|>", text)
    if not re.search(r"[.?]$", text) or not re.match(r"[A-ZÁÉÍÓÚ¿0-9]", text):
        found.append(text)
    return found


def leads(made, language):
    """Yield the paragraphs of every sheet of an edition."""
    for instrument in made.instruments:
        rows = [row for row in made.rows if row.instrument.id == instrument.id]
        yield instrument, rows, sentences.lead(rows, made.request.clock, language)


@pytest.fixture(scope="module", params=languages())
def told(book, clock, request):
    """Return an edition of everything in a language."""
    return edition.make(book, Request(kind=Kind.FULL, clock=clock, language=request.param)), Language(request.param)


def everything(made, language):
    """Return every sentence that a full report composes."""
    of_leads = [one for _, _, paragraphs in leads(made, language) for paragraph in paragraphs for one in paragraph]
    in_summary = summary.build(made, language)
    return [*of_leads, *in_summary.sentences, in_summary.all_outcomes, *plain.build(made, language).sentences]


# --- Of the shipped instruments ---------------------------------------------------------------------------------------


def test_every_claim_is_borne_out_by_the_rows_it_cites(told):
    all_of_it = everything(*told)
    assert untrue(all_of_it) == []
    assert len([claim for one in all_of_it for claim in one.claims]) > 300


def test_a_plan_was_said_by_somebody_before_the_term(told, book):
    made, language = told
    rows = [
        row
        for _, _, paragraphs in leads(made, language)
        for one in chain(*paragraphs)
        for claim in one.claims
        if claim.key == "said.P"
        for row in claim.rows
    ]
    assert rows
    for row in rows:
        said = [book.statements[i] for i in row.projected.statement_ids]
        assert PLANS & {s.modality for s in said}, row.code
        assert all(s.holds_from.first_day <= made.request.clock.vintage for s in said), row.code


def test_every_sentence_is_whole(told):
    for one in everything(*told):
        assert faults_of_form(one) == [], one.words


def test_every_cell_is_told_once_in_the_lead_with_its_code(told):
    made, language = told
    for instrument, rows, paragraphs in leads(made, language):
        stories = [one for one in chain(*paragraphs) if one.claims[0].key.startswith("story.")]
        codes = [row.cell_code for one in stories for row in one.claims[0].rows]
        assert sorted(codes) == sorted({row.cell_code for row in rows}), instrument.id
        for one in stories:
            linked = markup.fromstring(f"<p>{one.words}</p>").xpath("//a/@href")
            assert linked == [f"#{row.cell_code}" for row in one.claims[0].rows]


def test_every_row_stands_once_in_each_part_of_the_summary(told):
    made, language = told
    view = summary.build(made, language)
    actual = made.of(Comparison.FIRST_VS_ACTUAL)
    for part, rows in (
        (view.projected, made.of(Comparison.FIRST_VS_PROJECTED)),
        (view.actual, actual),
        (view.outcomes, [row for row in actual if row.claims]),
    ):
        cited = Counter(row.code for one in part for claim in one.claims for row in claim.rows)
        printed = Counter(code for one in part for code in markup.fromstring(f"<p>{one.words}</p>").xpath("//a/text()"))
        assert cited == printed == Counter(row.code for row in rows)


def test_a_printed_number_is_the_number_of_rows_cited(told):
    made, language = told
    for one in everything(made, language):
        text = str(one.words.striptags())
        for claim in one.claims:
            if claim.is_counted:
                assert re.search(rf"(?<![\d.,]){re.escape(language.number(len(claim.rows)))}(?![\d])", text), text


def test_the_same_claims_are_made_in_every_language(book, clock):
    def claimed(code):
        made = edition.make(book, Request(kind=Kind.FULL, clock=clock, language=code))
        return [
            (claim.key, [row.code for row in claim.rows])
            for one in everything(made, Language(code))
            for claim in one.claims
        ]

    english = claimed("en")
    assert claimed("es") == english
    assert claimed("pt") == english


@pytest.mark.parametrize(
    ("language", "start"),
    [
        (
            "en",
            "For Mexico (R-0102, likely), the measure was in force in the first term, but not on 19 January 2025, and "
            "has been in force in the second term.",
        ),
        (
            "es",
            "Para México (R-0102, probable), la medida estuvo vigente en el primer mandato, pero no el 19 de enero de "
            "2025, y ha estado vigente en el segundo mandato.",
        ),
        (
            "pt",
            "Para o México (R-0102, provável), a medida esteve em vigor no primeiro mandato, mas não em 19 de janeiro "
            "de 2025, e esteve em vigor no segundo mandato.",
        ),
    ],
)
def test_the_lead_of_remain_in_mexico(rows, clock, language, start):
    about = [row for row in rows if row.instrument.id == "migrant_protection_protocols"]
    ((first, *rest),) = sentences.lead(about, clock, Language(language))
    assert first.words.striptags() == start
    assert [one.claims[0].key for one in rest] == ["moved.degree_unknown", "said.P", "seen.on_day", "today.P"]


# --- Of every combination of states -----------------------------------------------------------------------------------


def row_of(first, bridge, projected, actual, today, *, kind=Comparison.FIRST_VS_ACTUAL, lineage=None):
    """Return a row of these states."""
    before, after = (first, projected) if kind is Comparison.FIRST_VS_PROJECTED else (first, actual)
    return Row(
        code="R-0102p" if kind is Comparison.FIRST_VS_PROJECTED else "R-0102a",
        cell_code="R-0102",
        instrument=make.instrument(),
        country_code="MEX",
        component=None,
        comparison=kind,
        change=comparison.compare(before, after, bridge, lineage=lineage),
        first=first,
        bridge=bridge,
        projected=projected,
        actual=actual,
        today=today,
        outcome=Outcome.NO_PROJECTION,
        claims=(),
    )


def state(presence, level=None, **values):
    """Return a state that is known as well as a paper can tell it, unless it is not known."""
    letter = Letter.U if presence is U else Letter.C
    return State(presence=presence, evidence=letter, level=level, **values)


def both_rows(*states):
    """Return the two rows that a lead is made of."""
    return [row_of(*states, kind=kind) for kind in (Comparison.FIRST_VS_PROJECTED, Comparison.FIRST_VS_ACTUAL)]


def combinations():
    """Yield the states of the sides: every pair of terms with every state between, every projection, every today."""
    for first, bridge, actual in product(Presence, repeat=3):
        yield tuple(map(state, (first, bridge, U, actual, actual)))
        yield state(first, 2), state(bridge), state(P), state(actual, 3), state(A)
    for projected, today, actual in product(Presence, repeat=3):
        yield tuple(map(state, (P, A, projected, actual, today)))
    yield state(P), state(P), state(P, basis=StateBasis.CARRIED), state(P), state(P)
    for measured in ("people", "cases"):
        yield state(P, measured=measured), state(P), state(P), state(P), state(P)


@pytest.mark.parametrize("code", languages())
def test_every_combination_of_states_is_told_truly_and_in_whole_sentences(clock, code):
    language, keys = Language(code), set()
    for states in combinations():
        two = both_rows(*states)
        lead = list(chain(*sentences.lead(two, clock, language)))
        foreseen = sentences.findings(two[:1], sentences.foreseen_key, language)
        assert untrue([*lead, *foreseen]) == []
        for one in (*lead, *foreseen):
            assert faults_of_form(one) == [], one.words
            keys |= {claim.key for claim in one.claims}
    patterns = {key for key in TRUE if key.split(".")[0] in ("story", "said", "foreseen", "today")}
    assert patterns - keys == {"story.replaces", "story.replaced"}, "these need an instrument before or after"


def test_a_claim_that_the_row_does_not_bear_out_is_found(rows, clock):
    about = [row for row in rows if row.instrument.id == "migrant_protection_protocols"]
    ((first, *_),) = sentences.lead(about, clock, Language("en"))
    ended = tuple(replace(row, actual=replace(row.actual, presence=A)) for row in first.claims[0].rows)
    forged = replace(first, claims=(replace(first.claims[0], rows=ended),))
    assert untrue([forged]) == [("story.reinstated", "R-0102a")]


@pytest.mark.parametrize(
    "words", ["For %(places)s it was.", "It was  there.", "It was there..", "it was.", "It was", "It was : ."]
)
def test_a_sentence_that_is_not_whole_is_found(words):
    assert faults_of_form(sentences.Sentence(words=words, claims=()))


def test_cells_that_went_the_same_way_share_a_paragraph(rows, clock):
    about = [row for row in rows if row.instrument.id == "asylum_cooperative_agreements"]
    in_numbers, *paragraphs = sentences.lead(about, clock, Language("es"))
    assert [one.words for one in in_numbers] == [
        "En el primer mandato, la medida estuvo vigente en 1 de 6 filas.",
        "En el segundo mandato, la medida ha estado vigente en 1 de 6 filas.",
    ]
    assert [len(paragraph[0].claims[0].rows) for paragraph in paragraphs] == [1, 1, 1, 3]


# --- The terms swapped ------------------------------------------------------------------------------------------------


def pairs_of_terms():
    """Yield two rows, the second with the terms of the first swapped."""
    for before, bridge, after in product(Presence, repeat=3):
        for levels_of in ((2, 3), (3, 3), (None, 3)):
            first, second = state(before, levels_of[0]), state(after, levels_of[1])
            middle = state(bridge)
            yield row_of(first, middle, first, second, second), row_of(second, middle, second, first, first)
    gone, there = state(A), state(P)
    yield (
        row_of(gone, gone, gone, there, there, lineage=Lineage(predecessor="other")),
        row_of(there, gone, there, gone, gone, lineage=Lineage(successor="other")),
    )


def compared(row, clock, language):
    """Return the sentences of a lead that compare the two terms, as text."""
    told = chain(*sentences.lead([replace(row, comparison=Comparison.FIRST_VS_PROJECTED), row], clock, language))
    of_both = [one for one in told if one.claims[0].key.split(".")[0] in ("story", "moved")]
    return " ".join(str(one.words.striptags()) for one in of_both)


@pytest.mark.parametrize("code", languages())
def test_with_the_terms_swapped_the_sentences_are_mirrored(clock, code):
    language = Language(code)
    for row, swapped in pairs_of_terms():
        given, other = compared(row, clock, language), compared(swapped, clock, language)
        assert wording.are_mirrored(given, other, code), (given, other)


# --- In plain words ---------------------------------------------------------------------------------------------------

LONGEST = 22


def words_of(sentence):
    """Return the words of a sentence; a code in brackets is a link, not a word."""
    return re.findall(r"[^\W\d_]+|\d+", re.sub(r"\([^)]*\)", "", sentence))


def in_plain_words(made, language):
    """Return the text of the half page, sentence by sentence."""
    return [str(one.words.striptags()) for one in plain.build(made, language).sentences]


@pytest.mark.parametrize("code", languages())
@pytest.mark.parametrize("country", [(), ("GTM",), ("BRA",)])
def test_plain_sentences_are_short(book, clock, code, country):
    kind = Kind.COUNTRY if country else Kind.FULL
    made = edition.make(book, Request(kind=kind, clock=clock, language=code, country_codes=country))
    lengths = [len(words_of(sentence)) for sentence in in_plain_words(made, Language(code))]
    assert sum(lengths) / len(lengths) <= 15
    assert max(lengths) <= LONGEST


def test_plain_words_need_no_glossary(told):
    made, language = told
    text = " ".join(in_plain_words(made, language)).casefold()
    for jargon in ("instrument", "reinstat", "restabl", "restabel", "vintage", "tier", "codebook", "ordinal"):
        assert jargon not in text


def test_five_findings_are_told_each_with_codes(told):
    made, language = told
    findings = plain.build(made, language).findings
    assert len(findings) == plain.FINDINGS
    for one in findings:
        cited = [row.cell_code for claim in one.claims for row in claim.rows]
        linked = markup.fromstring(f"<p>{one.words}</p>").xpath("//a/text()")
        assert len(linked) == min(plain.NAMED, len(cited))
        assert set(linked) <= set(cited)


def test_what_has_no_row_is_not_a_finding(book, clock):
    made = edition.make(book, Request(kind=Kind.COUNTRY, clock=clock, country_codes=("BRA",)))
    view = plain.build(made, Language("en"))
    assert [one.claims[0].key for one in view.findings] == ["plain.began", "plain.not_today"]
    nowhere = edition.make(book, Request(kind=Kind.COUNTRY, clock=clock, country_codes=("URY",)))
    assert plain.build(nowhere, Language("en")) is None


@pytest.mark.parametrize("paper", Paper)
def test_the_plain_page_is_half_a_page_and_opens_the_report(told, paper):
    made = replace(told[0], request=replace(told[0].request, paper=paper))
    page = markup.document_fromstring(render.html(made))
    first, second, *rest = page.body.xpath("./section | ./nav")
    assert [part.get("id") for part in (first, second, rest[0])] == ["cover", "plain", "contents"]
    for part in (first, *rest):
        part.drop_tree()
    document = pypdfium2.PdfDocument(render.pdf(markup.tostring(page, encoding="unicode"), made.id))
    text = document[0].get_textpage()
    boxes = [text.get_rect(number) for number in range(text.count_rects())]
    inside = [(bottom, top) for _, bottom, _, top in boxes if MARGIN < bottom < document[0].get_height() - MARGIN]
    assert len(document) == 1
    # No line is cut after its first word.
    lines = text.get_text_range().splitlines()
    assert not [line for line, after in pairwise(lines) if re.fullmatch(r"\W*\w+", line) and len(after.split()) > 4]
    assert max(top for _, top in inside) - min(bottom for bottom, _ in inside) <= document[0].get_height() / 2


# --- Lists ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "items", "phrase"),
    [
        ("en", ["a"], "a"),
        ("en", ["a", "b"], "a and b"),
        ("en", ["a", "b", "c"], "a, b, and c"),
        ("es", ["a", "b", "c"], "a, b y c"),
        ("es", ["Aranceles", "Impuesto"], "Aranceles e Impuesto"),
        ("es", ["agua", "hielo"], "agua y hielo"),
        ("pt", ["a", "b", "c"], "a, b e c"),
    ],
)
def test_a_list_is_joined_as_the_language_does(language, items, phrase):
    assert Language(language).listed(items) == phrase


def test_a_list_of_markup_is_markup_and_one_with_text_is_text():
    linked = Markup("<b>x</b>")
    assert isinstance(Language("en").listed([linked, linked]), Markup)
    assert not isinstance(Language("en").listed([linked, "<i>"]), Markup)


def test_text_from_the_codebook_is_text_in_a_sentence(rows):
    row = next(row for row in rows if row.comparison is Comparison.FIRST_VS_ACTUAL)
    hostile = dict.fromkeys(("en", "es", "pt"), "<script>%(x)s</script>")
    about = replace(row, instrument=replace(row.instrument, short_names=hostile))
    (one,) = sentences.findings([about], sentences.story_key, Language("en"))
    assert "&lt;script&gt;%(x)s" in one.words
