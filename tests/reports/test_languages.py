"""The report in every language: no word is missing, no English is left over, and the numbers are the same."""

import ast
import re
from dataclasses import replace
from datetime import date
from itertools import product
from pathlib import Path
from typing import get_args

import pytest
from lxml import html as markup

from reports import changes, edition, narrative, render
from reports.catalog import entries, missing, read, sentences, texts
from reports.edition import Kind, Request
from reports.language import Language, MissingTranslation, languages
from reports.proposals import Unreviewed
from reports.series import Gathered, LegalAct, Number
from sources import codebook, connectors, dates, model
from sources.connector import load
from sources.connectors import federal_register, regulations_gov, tariffs, tps_designations
from sources.countries import AREAS, PLACES
from sources.periods import Interval
from sources.proposals import lexicon
from tests import make
from tests.conftest import read_csv
from tests.replay.server import FIXTURES

OTHERS = [language for language in languages() if language != "en"]
KEY = re.compile(r"[a-z_]+\.[A-Za-z0-9_+/-]+")
PLACEHOLDER = re.compile(r"%(?:\(\w+\))?[sd%]")

# --- What is said anywhere ----------------------------------------------------------------------------------------


def catalog(language):
    """Return the messages of a language by id; one with two forms has the pair as id and a pair of texts."""
    return {message.id: message.string for message in read(language) if message.id}


def test_the_walk_finds_the_messages_of_templates_and_of_modules():
    found = sentences()
    assert "Evidence notes" in found, "of a template"
    assert "Level not stated" in found, "of a module"
    assert "Instrument by instrument" in found, "of a heading"
    assert ("%s row withheld", "%s rows withheld") in found
    assert len(found) > 150


@pytest.mark.parametrize("language", OTHERS)
def test_every_sentence_is_translated_and_keeps_its_placeholders(language):
    known = catalog(language)
    assert [message for message in sentences() if message not in known] == []
    for message, text in known.items():
        pairs = zip(message, text, strict=True) if isinstance(message, tuple) else [(message, text)]
        for original, translated in pairs:
            assert translated.strip(), message
            if not KEY.fullmatch(original):
                assert sorted(PLACEHOLDER.findall(translated.replace("%%", ""))) == sorted(
                    PLACEHOLDER.findall(original)
                ), message


@pytest.mark.parametrize("language", OTHERS)
def test_no_translation_is_left_that_nothing_says(language):
    said = {*sentences(), *catalog("en")}
    stale = [m for m in catalog(language) if m not in said and not KEY.fullmatch(m[0] if isinstance(m, tuple) else m)]
    assert stale == []


@pytest.mark.parametrize("language", OTHERS)
def test_every_word_of_english_has_one_in_the_language_with_the_same_placeholders(language):
    english, other = catalog("en"), catalog(language)
    assert set(english) - set(other) == set()
    for key, text in english.items():
        if isinstance(key, str):
            assert PLACEHOLDER.findall(other[key]) == PLACEHOLDER.findall(text), key


def test_the_texts_a_new_language_needs_are_listed_with_the_english_of_each_key(book):
    wanted = missing("fr", book)
    assert wanted[0] == "form.day"
    assert ("%s row withheld", "%s rows withheld") in wanted
    assert set(catalog("en")) | set(sentences()) | set(texts(book)) == set(wanted)
    written = entries(["side.first", ("%s row withheld", "%s rows withheld")])
    assert written.startswith('#. First term · observed\nmsgid "side.first"\nmsgstr ""\n')
    assert 'msgid_plural "%s rows withheld"' in written


def test_an_entry_that_nobody_filled_in_is_still_missing(tmp_path, monkeypatch):
    monkeypatch.setattr("reports.catalog.LOCALES", tmp_path)
    (tmp_path / "en.po").write_text('msgid "side.first"\nmsgstr "First term"\n', encoding="utf-8")
    assert missing("fr", make.book())[:1] == ["side.first"]
    for words, is_missing in (("", True), ("Premier mandat", False)):
        (tmp_path / "fr.po").write_text(f'msgid "side.first"\nmsgstr "{words}"\n', encoding="utf-8")
        assert ("side.first" in missing("fr", make.book())) is is_missing


@pytest.mark.parametrize("language", languages())
def test_no_text_is_missing_in_a_shipped_language(book, language):
    assert missing(language, book) == []


def test_a_language_that_lacks_one_text_of_the_codebook_is_refused_with_it(book):
    search = book.instrument("migrant_protection_protocols").searches[0]
    assert search.claim["en"] in texts(book)
    with pytest.raises(MissingTranslation, match=r"es\.po has no translation of 'MPP not in use on 19 January 2025'"):
        Language("es").text({code: text for code, text in search.claim.items() if code != "es"})


# --- What records hold --------------------------------------------------------------------------------------------


def scales():
    """Yield each scale with its values: what a record may hold and a page then says."""
    values = codebook._ValuesForm.model_fields
    quantity = codebook._QuantityForm.model_fields
    yield "place", AREAS
    yield "role", model.CountryRole
    yield "side", model.Side
    yield "means", model.Existence
    yield "existence", model.Existence
    yield "degree", model.Degree
    yield "direction", set(model.Direction) - {model.Direction.NOT_APPLICABLE, model.Direction.SAME}
    yield "magnitude", (1, 2, 3, 4)
    yield "certainty", model.Certainty
    yield "note", model.Note
    yield "legal", model.Legal
    yield "implementation", model.Implementation
    yield "basis", (*set(model.StateBasis) - {model.StateBasis.OWN}, *model.Basis)
    yield "outcome", model.Outcome
    yield "modality", model.Modality
    yield "kind", model.SourceKind
    yield "event", (*model.Stage, *model.EndedHow, "suspended")
    yield "period", ("first", "bridge", "second")
    yield "response", literals(values["partner_response"].annotation)
    yield "litigation", literals(values["litigation"].annotation)
    yield "qualifier", (*literals(quantity["qualifier"].annotation), *literals(quantity["range"].annotation))


def literals(annotation):
    """Return the values of a Literal that may be None."""
    return [value for part in get_args(annotation) for value in get_args(part)]


@pytest.mark.parametrize("language", languages())
def test_every_value_of_a_scale_has_a_word(language):
    for scale, values in scales():
        for value in values:
            assert Language(language).word(scale, value), (scale, value)


@pytest.mark.parametrize("language", languages())
def test_every_state_has_a_name(language):
    for presence, stage, ended, legal, applied, basis, side in product(
        model.Presence,
        (None, *model.Stage),
        (None, *model.EndedHow),
        (None, model.Legal.ENJOINED, model.Legal.PARTLY_ENJOINED),
        (None, model.Implementation.DORMANT),
        model.StateBasis,
        model.Side,
    ):
        state = model.State(
            presence=presence,
            evidence=model.Letter.A,
            stage=stage,
            ended_how=ended,
            legal=legal,
            implementation=applied,
            basis=basis,
        )
        # What is only floated, absent or over is never pending.
        if presence is not model.Presence.PENDING or stage not in NOT_PENDING:
            assert narrative.state_word(state, side, Language(language))


NOT_PENDING = (model.Stage.NONE, model.Stage.FLOATED, model.Stage.ENDED)


def quantities(book):
    """Return the quantities of the shipped statements."""
    return [s.quantity for instrument in book.instruments for s in instrument.statements if s.quantity]


def series():
    """Return the rows of the series that the recorded payloads give, with their sources."""
    tables = [(path.parent.name, row) for path in FIXTURES.glob("*/expected*.csv") for row in read_csv(path)]
    return [(source_id, row) for source_id, row in tables if "measure" in row]


def read_measures():
    """Return what the reader of documents counts, in every language it reads."""
    return [measure for name in lexicon.languages() for measure in lexicon.load(name).measures.values()]


def doubts():
    """Return the reasons for doubt that the reader gives: what its rules append to `doubts` or give as `doubt`."""
    for path in Path(lexicon.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            said = None
            if isinstance(node, ast.keyword) and node.arg == "doubt":
                said = node.value
            elif isinstance(node, ast.Call) and ast.unparse(node.func) == "doubts.append":
                said = node.args[0]
            if isinstance(said, ast.Constant) and said.value:
                yield said.value


@pytest.mark.parametrize("language", OTHERS)
def test_what_sources_bring_along_has_a_word(book, language):
    words, given = Language(language), quantities(book)
    names = {i.family for i in book.instruments}
    assert all(words.word("family", family) for family in names)
    measures = {q.measure for q in given} | {row["measure"] for _, row in series()} | {m.name for m in read_measures()}
    assert all(words.name("measure", measure) for measure in measures)
    counted = {q.unit_of_count for q in given} | {i.unit_of_count for i in book.instruments}
    counted |= {row["unit_of_count"] for _, row in series()} | {m.unit_of_count for m in read_measures()}
    assert all(words.counted("count", unit) for unit in counted if unit)
    units = {q.unit for q in given} | {row["unit"] for _, row in series()} | {m.unit for m in read_measures()}
    assert all(words.counted("unit", unit) for unit in units - {"count"})
    kinds = {*federal_register.KINDS.values(), *regulations_gov.KINDS.values(), *tariffs.DEAL_KINDS.values()}
    kinds |= {*tps_designations.KINDS.values(), tps_designations.OTHER_KIND, "court_case", "policy_change"}
    kinds |= {row["kind"] for path in FIXTURES.glob("*/expected*.csv") for row in read_csv(path) if "act_id" in row}
    assert all(words.name("act", kind) for kind in kinds)
    assert all(words.name("property", name) for name in ("level", "authority", "scope", "description"))


@pytest.mark.parametrize("language", OTHERS)
def test_every_doubt_of_the_reader_has_words(language):
    found = set(doubts())
    assert "no country is named" in found
    assert [doubt for doubt in found if Language(language).label("doubt", doubt) is None] == []


def test_a_missing_word_is_an_error_that_names_the_language_and_the_key():
    with pytest.raises(MissingTranslation, match=r"reports/locales/es\.po has no translation of 'measure\.of_snow'"):
        Language("es").name("measure", "of_snow")
    with pytest.raises(MissingTranslation, match=r"pt\.po has no translation of 'count\.snowflakes'"):
        Language("pt").counted("count", "snowflakes")
    with pytest.raises(MissingTranslation, match=r"es\.po has no translation of 'Snow'"):
        Language("es").gettext("Snow")


def test_in_english_an_id_that_a_source_brings_is_its_own_word():
    assert Language("en").name("measure", "of_snow") == "of snow"
    assert Language("en").counted("count", "snowflakes", 1) == "snowflakes"


def test_a_label_without_a_word_is_printed_as_the_publishers_own():
    assert Language("es").marked_label("population", "Single Adults") == "personas adultas sin familia"
    assert Language("es").label("population", "GLOMAG") is None
    assert str(Language("es").marked_label("population", "<GLOMAG>")) == '<span lang="en">&lt;GLOMAG&gt;</span>'
    assert Language("en").marked_label("population", "GLOMAG") == "GLOMAG"


# --- Forms of a language ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "day", "short", "month", "quarter", "year"),
    [
        ("en", "1 August 2025", "1 Aug 2025", "Aug 2025", "Q3 2025", "2025"),
        ("es", "1 de agosto de 2025", "1 ago 2025", "ago 2025", "T3 2025", "2025"),
        ("pt", "1 de agosto de 2025", "1 ago. 2025", "ago. 2025", "T3 2025", "2025"),
    ],
)
def test_days_are_written_as_the_language_does(language, day, short, month, quarter, year):
    words = Language(language)
    assert words.day(date(2025, 8, 1)) == day
    assert words.when(dates.parse("2025-08-01")) == short
    assert words.when(dates.parse("2025-08")) == month
    assert words.when(dates.parse("2025-Q3")) == quarter
    assert words.when(dates.parse("2025")) == year


@pytest.mark.parametrize(
    ("language", "thousand", "ten_thousand", "fraction"),
    [
        ("en", "1,450", "68,000", "4.5"),
        ("es", "1450", "68.000", "4,5"),
        ("pt", "1.450", "68.000", "4,5"),
    ],
)
def test_numbers_are_written_as_the_language_does(language, thousand, ten_thousand, fraction):
    words = Language(language)
    assert (words.number(1450), words.number(68000), words.number(4.5)) == (thousand, ten_thousand, fraction)


@pytest.mark.parametrize(
    ("values", "english", "spanish", "portuguese"),
    [
        ({"value": 1}, "1 flight", "1 vuelo", "1 voo"),
        ({"value": 0}, "0 flights", "0 vuelos", "0 voos"),
        ({"value": 1.5}, "1.5 flights", "1,5 vuelos", "1,5 voos"),
        (
            {"value": 2138, "qualifier": "about"},
            "about 2,138 flights",
            "alrededor de 2138 vuelos",
            "cerca de 2.138 voos",
        ),
        ({"low": 5, "high": 7}, "5\u20137 flights", "5\u20137 vuelos", "5\u20137 voos"),
        ({"low": 5}, "at least 5 flights", "al menos 5 vuelos", "ao menos 5 voos"),
        ({"high": 5}, "at most 5 flights", "como máximo 5 vuelos", "no máximo 5 voos"),
        (
            {"low": 5, "qualifier": "planned"},
            "at least 5 flights (planned)",
            "al menos 5 vuelos (previsión)",
            "ao menos 5 voos (previsão)",
        ),
        ({"unit": "percent", "value": 25}, "25 percent (flights)", "25\u00a0% (vuelos)", "25% (voos)"),
        (
            {"unit": "usd_million", "unit_of_count": None, "value": 1},
            "1 million U.S. dollars",
            "1 millón de dólares estadounidenses",
            "1 milhão de dólares dos EUA",
        ),
        (
            {"unit": "usd_billion", "unit_of_count": None, "value": 4.5},
            "4.5 billion U.S. dollars",
            "4,5 mil millones de dólares estadounidenses",
            "4,5 bilhões de dólares dos EUA",
        ),
    ],
)
def test_a_quantity_agrees_with_its_number(values, english, spanish, portuguese):
    quantity = model.Quantity(**{"measure": "flights", "unit": "count", "unit_of_count": "flights", **values})
    said = [narrative.number(quantity, Language(language)) for language in ("en", "es", "pt")]
    assert said == [english, spanish, portuguese]


@pytest.mark.parametrize("language", OTHERS)
def test_singular_and_plural_are_told_apart(language):
    words = Language(language)
    one, many = (words.ngettext("%s row withheld", "%s rows withheld", count) for count in (1, 2))
    assert one != many
    assert words.ngettext("%s row withheld", "%s rows withheld", 0) == many


@pytest.mark.parametrize("language", OTHERS)
def test_no_translation_breaks_the_rules_of_its_writing(language):
    texts = [t for text in catalog(language).values() for t in (text if isinstance(text, tuple) else (text,))]
    everything = "\n".join(texts)
    assert not re.search(r'["\'\u2019]', "".join(t for t in texts if "' de '" not in t and "'de'" not in t))
    if language == "es":
        assert not re.search(r"\b(?:de|a) el\b", everything)
        assert everything.count("¿") == everything.count("?")
        assert "“" not in everything
    if language == "pt":
        assert not re.search(r"\b(?:de|em|por|a) (?:o|a|os|as)\b(?! ser)", everything)
        assert not re.search(r"[«»¿¡]", everything)


# --- The codebook ---------------------------------------------------------------------------------------------------


def curated(book):
    """Yield the texts of the codebook that are in every language, each with what it belongs to."""
    for instrument in book.instruments:
        for s in instrument.statements:
            yield from ((s.id, text) for text in (s.text, s.trigger, s.demand, s.source.note) if text)
        for q in instrument.searches:
            yield from ((q.id, text) for text in (q.claim, q.where, q.result))
        for c in instrument.contradictions:
            yield from ((c.id, text) for text in (c.about, c.reason))
            yield from ((c.id, text) for value in c.values for text in (value.value, value.named_source))


def test_the_numbers_of_every_text_of_the_codebook_are_the_same_in_every_language(book):
    found = list(curated(book))
    assert len(found) > 1400
    for name, text in found:
        written = {code: numbers_in(text[code], code) for code in languages()}
        assert written["es"] == written["pt"] == written["en"], name


# --- The page -----------------------------------------------------------------------------------------------------

# A flag of a timeline whose label is too long for its place goes without: the texts of pictures are not compared.
BLOCKS = ("p", "td", "th", "li", "h1", "h2", "h3", "h4", "caption", "dt", "dd", "title")
KINDS = tuple(Kind)
# Words of English that Spanish and Portuguese do not have, and that no name of a paper, agency or law is without.
STOP = frozenset(
    {"about", "after", "against", "all", "and", "any", "are", "been", "before", "between", "by", "each", "every"}
    | {"from", "has", "have", "in", "into", "is", "its", "it", "more", "nobody", "not", "nothing", "of", "on", "only"}
    | {"or", "since", "than", "that", "the", "their", "them", "these", "they", "this", "those", "to", "under", "was"}
    | {"were", "when", "where", "which", "who", "with", "within"}
)


@pytest.fixture(scope="module")
def gathered(book):
    """Return what the recorded payloads hold, as if gathered: every measure, group, unit and kind of act."""
    numbers = {
        (source_id, *(row[name] for name in ("measure", "country_code", "population", "start_date", "unit"))): Number(
            source_id=source_id,
            measure=row["measure"],
            country_code=row["country_code"],
            population=row["population"],
            interval=Interval(date.fromisoformat(row["start_date"]), date.fromisoformat(row["end_date"])),
            value=float(row["value"]),
            unit=row["unit"],
            unit_of_count=row["unit_of_count"],
            snapshot_sha256="0" * 64,
        )
        for source_id, row in series()
        if row["country_code"] in PLACES and row["end_date"] > "2015-01-01"
    }
    kinds = {row["kind"] for path in FIXTURES.glob("*/expected*.csv") for row in read_csv(path) if "act_id" in row}
    acts = tuple(
        LegalAct(
            source_id="federal_register",
            act_id=f"2025-{number:05d}",
            kind=kind,
            title="An act of the government",
            signing_date=date(2025, 3, 1),
            publication_date=None,
            president="",
            citation_url="https://example.org/act",
            instrument_ids=(book.instruments[0].id,),
            country_codes=(),
            snapshot_sha256="0" * 64,
        )
        for number, kind in enumerate(sorted(kinds))
    )
    states = tuple(
        make.source_state(
            source_id,
            title=load(source_id).source.title,
            publisher=load(source_id).source.publisher,
            licence=load(source_id).source.licence,
            max_age_days=10,
            rows=1450,
            withheld=2,
            refused=1,
        )
        for source_id in connectors.ids()
    )
    return Gathered(numbers=tuple(numbers.values()), acts=acts, sources=states)


def claims():
    """Return unreviewed claims of every property, from an English document, with every doubt."""
    said = (
        *({"property": "stage", "value": stage.value} for stage in model.Stage),
        {"property": "partner_response", "value": "refuses", "is_negated": True},
        {"property": "litigation", "value": "stayed", "is_named": False},
        {"property": "level", "value": "3", "is_optional": True, "why": "; ".join(sorted(set(doubts())))},
        {"property": "quantity:people", "value": "68000", "unit": "count", "unit_of_count": "people"},
        {"property": "quantity:rate", "value": "25", "unit": "percent", "is_optional": True},
    )
    return tuple(
        Unreviewed(
            id=f"P-{number:010x}",
            proposal=make.proposal(instrument_id="migrant_protection_protocols", speaker="Ana", **values),
            title="A headline of the day",
            source="https://example.org/a",
            language="en",
            known_from=date(2024, 11, 19),
        )
        for number, values in enumerate(said)
    )


@pytest.fixture(scope="module")
def page_of(clock, gathered):
    """Return a function that gives the page of a codebook, kind and language, with all that can stand on it."""
    made = {}

    def of(book, kind, language):
        key = id(book), kind, language
        if key not in made:
            scope = {
                Kind.COUNTRY: {"country_codes": ("GTM", "MEX")},
                Kind.INSTRUMENT: {"instrument_ids": ("migrant_protection_protocols",)},
            }.get(kind, {})
            request = Request(kind=kind, clock=clock, language=language, **scope)
            unreviewed = None if kind is Kind.BRIEF else claims()
            since = None if kind is Kind.BRIEF else changes.on_day(book, clock, date(2025, 6, 1))
            report = edition.make(book, request, gathered, unreviewed, since)
            # The language is one of the inputs that an edition's id is the hash of.
            made[key] = markup.document_fromstring(render.html(report).replace(report.id[:12], "edition"))
        return made[key]

    return of


def own_text(element, language):
    """Yield the pieces of text in an element that are in the page's own language, without codes and addresses."""
    if element.get("lang", language) != language or element.get("class") in ("url", "code") or element.tag == "style":
        return
    yield element.text or ""
    for child in element:
        yield from own_text(child, language)
        yield child.tail or ""


@pytest.fixture(scope="module")
def without_statements(book):
    """Return the shipped codebook with statements that say nothing: what they name is not the report's own word."""
    said = {"en": "Said.", "es": "Dicho.", "pt": "Dito."}

    def plain(statement):
        return replace(statement, text=said, trigger=statement.trigger and said, demand=statement.demand and said)

    return replace(
        book,
        instruments=tuple(replace(i, statements=tuple(map(plain, i.statements))) for i in book.instruments),
    )


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("kind", KINDS)
def test_nothing_but_names_is_left_in_english(without_statements, page_of, kind, language):
    made = page_of(without_statements, kind, language)
    names = {text for s in without_statements.statements.values() for text in (s.source.publisher, s.source.title)}
    names |= {text for id_ in connectors.ids() for text in (load(id_).source.publisher, load(id_).source.title)}
    pieces = [" ".join(piece.split()) for piece in own_text(made.body, language)]
    left = {piece for piece in pieces if STOP & set(re.findall(r"\w+", piece)) and not any(n in piece for n in names)}
    assert left == set()
    assert made.get("lang") == language


def test_english_words_are_found_where_they_are_left(without_statements, page_of):
    made = page_of(without_statements, Kind.COUNTRY, "en")
    assert any(STOP & set(re.findall(r"\w+", piece)) for piece in own_text(made.body, "en"))


@pytest.mark.parametrize("language", OTHERS)
def test_what_stays_english_is_marked_with_its_language(book, page_of, language):
    made = page_of(book, Kind.INSTRUMENT, language)
    marked = {" ".join(element.text_content().split()) for element in made.xpath('//body//*[@lang="en"]')}
    instrument = book.instrument("migrant_protection_protocols")
    assert {" ".join(s.source.title.split()) for s in instrument.statements} <= marked
    assert {"A headline of the day", "An act of the government"} <= marked
    assert not page_of(book, Kind.INSTRUMENT, "en").xpath('//body//*[@lang="en"]')


def test_a_title_is_marked_with_its_own_language_on_pages_of_others(book, page_of):
    title = "Pena Nieto recibe a repatriados en el AICM"
    assert any(s.source.title == title for s in book.statements.values())
    for code in ("en", "es", "pt"):
        marked = [e.text for e in page_of(book, Kind.FULL, code).xpath('//*[@id="bibliography"]//*[@lang="es"]')]
        assert (title in marked) is (code != "es")


def test_the_groups_that_sources_tell_apart_are_named(book, page_of):
    groups = page_of(book, Kind.FULL, "pt").xpath('//*[@id="numbers"]//tbody/tr/th')
    found = {" ".join(group.text_content().split()) for group in groups}
    assert "Guatemala asilo: Estados Unidos" in found, "a country of asylum has its name"
    assert "México s232 alumínio, nem todos os produtos" in found, "each part of a label has its words"
    assert "Cuba CUBA-EO14404" in found, "a publisher's own code stays"


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "The Hill (copy on premiumnewsupdates)"),
        ("es", "The Hill (copia en premiumnewsupdates)"),
        ("pt", "The Hill (cópia em premiumnewsupdates)"),
    ],
)
def test_what_is_said_of_a_publisher_is_in_the_readers_language(book, page_of, language, said):
    sources = page_of(book, Kind.INSTRUMENT, language).xpath('//*[@id="bibliography"]//li/b')
    assert said in {source.text_content() for source in sources}


def test_a_statement_without_a_translation_is_printed_in_english_and_marked(book, clock):
    instrument = book.instrument("migrant_protection_protocols")
    first = replace(instrument.statements[0], text={"en": "Only <here>."})
    changed = replace(book, instruments=(replace(instrument, statements=(first, *instrument.statements[1:])),))
    request = Request(kind=Kind.INSTRUMENT, clock=clock, language="es", instrument_ids=(instrument.id,))
    assert '<span lang="en">Only &lt;here&gt;.</span>' in render.html(edition.make(changed, request))


def numbers(element, page_language):
    """Return the numbers of an element, by the language of each of its texts."""
    found = []
    for text in element.xpath(".//text()"):
        language = text.getparent().xpath("string((ancestor-or-self::*/@lang)[last()])") or page_language
        if text.is_tail:
            language = text.getparent().getparent().xpath("string((ancestor-or-self::*/@lang)[last()])")
        found += numbers_in(text, language)
    return sorted(found)


def numbers_in(text, language):
    """Return the numbers of a text, written in one way: thousands together, a point before decimals."""
    found = []
    thousands, decimal = (",", ".") if language == "en" else (".", ",")
    for token in re.findall(r"\d+(?:[.,]\d+)*", text):
        if re.fullmatch(rf"\d{{1,3}}(?:\{thousands}\d{{3}})+(?:\{decimal}\d+)?", token):
            token = token.replace(thousands, "")
        found.append(token.replace(decimal, "."))
    return sorted(found)


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("kind", KINDS)
def test_the_numbers_of_every_passage_are_the_same(book, page_of, kind, language):
    english, other = (list(page_of(book, kind, code).body.iter(*BLOCKS)) for code in ("en", language))
    for block, translated in zip(english, other, strict=True):
        assert numbers(translated, language) == numbers(block, "en"), translated.text_content()[:300]


def test_a_changed_number_is_found(book, page_of):
    block = page_of(book, Kind.COUNTRY, "es").xpath('//*[@id="cover"]//p')[-1]
    other = markup.fragment_fromstring('<p lang="es">1.450 y 68.000,5</p>')
    assert numbers(other, "es") == ["1450", "68000.5"]
    assert numbers(other, "es") != numbers(block, "es")
