"""The words of each language: the values of English, exact forms of verbs, and cues where a reader expects them."""

import pytest
import yaml

from sources.errors import BadInput
from sources.proposals import conjugation, lexicon
from sources.proposals.lexicon import Role
from sources.proposals.patterns import WORD, fold

LANGUAGES = ("en", "es", "pt")
OTHERS = ("es", "pt")
# What the rules read by value; the words differ, the values may not.
VALUED = ("classes", "verbs", "nouns", "moods", "actors", "periods", "courts", "states", "approximations")


def form(language):
    """Return a lexicon file as it is written."""
    return yaml.safe_load((lexicon.FOLDER / f"{language}.yaml").read_text(encoding="utf-8"))


def cues(language, text):
    """Return what a text tells: role, value and the text's own words."""
    folded = fold(text)
    found = lexicon.load(language).cues.find(folded, set(WORD.findall(folded)))
    return {(m.pattern.meaning.role, m.pattern.meaning.value, text[m.start : m.end]) for m in found}


def values(language, text, role):
    """Return the values of one role in a text, with the words that tell them."""
    return {(value, words) for found, value, words in cues(language, text) if found is role}


def words(language, text, role):
    """Return the words of a text that have a role, whatever the value."""
    return {words for _, words in values(language, text, role)}


def forms(verb, language):
    """Return the forms of a verb by name."""
    named = {}
    for word, name in conjugation.forms(verb, language):
        named.setdefault(name, []).append(word)
    return {name: " ".join(found) for name, found in named.items()}


def broken(tmp_path, monkeypatch, change):
    """Return the mistakes found in the Spanish lexicon after a change to its form."""
    changed = form("es")
    change(changed)
    (tmp_path / "broken.yaml").write_text(yaml.safe_dump(changed, allow_unicode=True), encoding="utf-8")
    monkeypatch.setattr(lexicon, "FOLDER", tmp_path)
    with pytest.raises(BadInput) as raised:
        lexicon.load("broken")
    return raised.value.faults


def test_every_language_loads():
    assert lexicon.languages() == LANGUAGES
    assert [lexicon.load(language).language for language in LANGUAGES] == list(LANGUAGES)


@pytest.mark.parametrize("language", OTHERS)
def test_a_language_has_the_values_of_english(language):
    english, other = form("en"), form(language)
    assert set(other) == set(english)
    assert {key: set(other[key]) for key in VALUED} == {key: set(english[key]) for key in VALUED}


@pytest.mark.parametrize("language", OTHERS)
def test_a_language_measures_the_same_things_in_the_same_units(language):
    english, other = lexicon.load("en").measures.values(), lexicon.load(language).measures.values()
    assert set(other) == set(english)


@pytest.mark.parametrize("language", OTHERS)
def test_a_language_names_the_same_countries_and_takes_up_the_same_instruments(language):
    english, other = form("en"), form(language)
    assert set(other["demonyms"]) == set(english["demonyms"])
    assert set(other["marks"]) == set(english["marks"])
    assert sorted(other["groups"].values()) == sorted(english["groups"].values())
    assert {tuple(ids) for ids in other["pointed"].values()} == {tuple(ids) for ids in english["pointed"].values()}


def test_a_regular_english_verb():
    assert forms("impose", "en") == {"base": "impose", "present": "imposes", "past": "imposed", "gerund": "imposing"}
    assert forms("deny", "en") == {"base": "deny", "present": "denies", "past": "denied", "gerund": "denying"}


def test_a_spelled_out_english_verb():
    assert forms("begin/began/begun/beginning", "en") == {
        "base": "begin",
        "past": "began",
        "participle": "begun",
        "gerund": "beginning",
        "present": "begins",
    }


def test_a_regular_spanish_verb():
    assert forms("cumplir", "es") == {
        "base": "cumplir cumplirlo cumplirla cumplirlos cumplirlas cumplirse cumplirle cumplirles",
        "present": "cumple cumplen cumplimos cumplo",
        "past": "cumplió cumplieron cumplimos cumplía cumplían cumplíamos cumplí",
        "participle": "cumplido cumplida cumplidos cumplidas",
        "gerund": "cumpliendo cumpliéndose",
        "future": "cumplirá cumplirán cumpliremos cumpliré",
        "conditional": "cumpliría cumplirían cumpliríamos",
        "subjunctive": "cumpla cumplan cumplamos cumpliera cumplieran",
    }


@pytest.mark.parametrize(
    ("verb", "language", "subjunctive"),
    [
        ("aplicar", "es", "aplique apliquen apliquemos aplicara aplicaran aplicase aplicasen"),
        ("castigar", "es", "castigue castiguen castiguemos castigara castigaran castigase castigasen"),
        ("aplazar", "es", "aplace aplacen aplacemos aplazara aplazaran aplazase aplazasen"),
        ("revogar", "pt", "revogue revoguem revoguemos revogasse revogassem revogar revogarem"),
        ("receber", "pt", "receba recebam recebamos recebesse recebessem receberem"),
    ],
)
def test_a_stem_is_spelled_anew_before_e(verb, language, subjunctive):
    assert forms(verb, language)["subjunctive"] == subjunctive


def test_a_regular_portuguese_verb():
    assert forms("rejeitar", "pt") == {
        "base": "rejeitar rejeitarlo rejeitarla rejeitarlos rejeitarlas rejeitarse rejeitarle rejeitarles",
        "present": "rejeita rejeitam rejeitamos rejeito",
        "past": "rejeitou rejeitaram rejeitava rejeitavam rejeitei",
        "participle": "rejeitado rejeitada rejeitados rejeitadas",
        "gerund": "rejeitando",
        "future": "rejeitará rejeitarão rejeitaremos rejeitarei",
        "conditional": "rejeitaria rejeitariam",
        "subjunctive": "rejeite rejeitem rejeitemos rejeitasse rejeitassem rejeitar rejeitarem",
    }


@pytest.mark.parametrize("language", OTHERS)
def test_an_irregular_verb_has_the_forms_it_spells_out(language):
    assert forms("va+van/vea/ido+ida/i/yendo/irá/iría/vaya", language) == {
        "base": "va van",
        "present": "vea",
        "past": "ido ida",
        "participle": "i",
        "gerund": "yendo",
        "future": "irá",
        "conditional": "iría",
        "subjunctive": "vaya",
    }


@pytest.mark.parametrize(
    ("verb", "language", "message"),
    [
        ("send/sent/sending", "en", "the verb 'send/sent/sending' has 3 forms; expected 4: base, past"),
        ("poner/pone", "es", "the verb 'poner/pone' has 2 forms; expected 8: base, present"),
        ("impor", "pt", "the verb 'impor' ends in none of ar, er, ir; spell its forms out"),
    ],
)
def test_a_verb_without_its_forms_is_refused(verb, language, message):
    with pytest.raises(ValueError, match=message):
        list(conjugation.forms(verb, language))


@pytest.mark.parametrize(
    ("language", "word", "action"),
    [
        ("es", "impusieron", "start"),
        ("es", "restablezca", "start"),
        ("es", "puso en marcha", "start"),
        ("es", "desplegará", "start"),
        ("es", "puso fin", "end"),
        ("es", "revirtió", "end"),
        ("es", "aplacen", "hold"),
        ("es", "mantendrían", "keep"),
        ("es", "devuelto", "apply"),
        ("es", "detuvo a", "apply"),
        ("es", "acordaron", "sign"),
        ("es", "advirtió", "threaten"),
        ("es", "se opuso", "refuse"),
        ("pt", "impôs", "start"),
        ("pt", "reduziu", "start"),
        ("pt", "põe fim", "end"),
        ("pt", "suspenso", "end"),
        ("pt", "adiou", "hold"),
        ("pt", "manteve", "keep"),
        ("pt", "deteve", "apply"),
        ("pt", "transferirá", "apply"),
        ("pt", "recusou", "refuse"),
    ],
)
def test_a_form_tells_what_its_verb_does(language, word, action):
    assert action in {value for value, _ in values(language, word, Role.VERB)}


@pytest.mark.parametrize(
    ("language", "text", "action"),
    [
        ("es", "El programa detuvo las obras", "apply"),
        ("es", "un impuesto nuevo", "start"),
        ("es", "la corte y el proceso", "start"),
        ("pt", "um imposto e uma taxa", "start"),
        ("pt", "o acordo", "sign"),
    ],
)
def test_a_noun_that_looks_like_a_form_tells_nothing(language, text, action):
    assert action not in {value for value, _ in values(language, text, Role.VERB)}


@pytest.mark.parametrize(
    ("language", "text", "mood"),
    [
        ("es", "va a firmar", ("pledge", "va a")),
        ("es", "tienen previsto enviar", ("pledge", "tienen previsto")),
        ("es", "se espera que firme", ("expect", "se espera que")),
        ("es", "podrían cerrar", ("float", "podrían")),
        ("es", "puede que cierre", ("float", "puede que")),
        ("es", "amenazó con cerrar", ("threaten", "amenazó con")),
        ("es", "ordenó cerrar", ("order", "ordenó")),
        ("es", "instó a cerrar", ("call", "instó")),
        ("es", "con el fin de cerrar", ("purpose", "con el fin de")),
        ("es", "pueden cerrar", ("can", "pueden")),
        ("pt", "vai assinar", ("pledge", "vai")),
        ("pt", "espera-se que assine", ("expect", "espera-se que")),
        ("pt", "poderia fechar", ("float", "poderia")),
        ("pt", "ameaçou fechar", ("threaten", "ameaçou")),
        ("pt", "determinou o envio", ("order", "determinou")),
        ("pt", "exige o envio", ("call", "exige")),
        ("pt", "a fim de fechar", ("purpose", "a fim de")),
    ],
)
def test_a_phrase_gives_its_verb_a_mood(language, text, mood):
    assert mood in values(language, text, Role.MOOD)


@pytest.mark.parametrize(
    ("language", "text", "court"),
    [
        ("es", "Una jueza de Texas frenó el programa", "enjoined"),
        ("es", "Presentaron una demanda ante un tribunal", "challenged"),
        ("es", "La Corte Suprema avaló el programa", "upheld"),
        ("es", "El tribunal declaró inconstitucional la norma", "struck_down"),
        ("pt", "Um juiz do Texas bloqueou o programa", "enjoined"),
        ("pt", "Entidades entraram com ação na Justiça", "challenged"),
        ("pt", "A Suprema Corte permitiu o programa", "upheld"),
    ],
)
def test_a_court_is_known_by_what_it_does(language, text, court):
    assert court in {value for value, _ in values(language, text, Role.COURT)}


@pytest.mark.parametrize(
    ("language", "text", "answer"),
    [
        ("en", "We do not agree with it", "do not agree"),
        ("es", "No lo compartimos", "No lo compartimos"),
        ("es", "No vamos a aceptarlo", "No vamos a aceptarlo"),
        ("es", "No estuvieron de acuerdo", "No estuvieron de acuerdo"),
        ("es", "La medida no es aceptable", "no es aceptable"),
        ("es", "Se negó a recibirlos", "Se negó a"),
        ("es", "Colombia no autorizó los vuelos", "no autorizó los vuelos"),
        ("pt", "Não aceitamos a tarifa", "Não aceitamos"),
        ("pt", "A medida é inaceitável", "inaceitável"),
        ("pt", "Não temos obrigação de recebê-los", "Não temos obrigação"),
    ],
)
def test_a_refusal_is_known_by_its_words(language, text, answer):
    assert answer in words(language, text, Role.REFUSAL)


@pytest.mark.parametrize(
    ("language", "text", "answer"),
    [
        ("en", "They are ready to receive them", "ready to receive"),
        ("es", "Estamos listos para recibirlos", "listos para recibirlos"),
        ("es", "Tenemos el compromiso", "Tenemos el compromiso"),
        ("pt", "Estamos prontos para acolher", "prontos para acolher"),
    ],
)
def test_an_acceptance_is_known_by_its_words(language, text, answer):
    assert answer in words(language, text, Role.ACCEPTANCE)
    assert not words(language, text, Role.REFUSAL)


@pytest.mark.parametrize(
    ("language", "text", "condition"),
    [
        ("es", "si no cooperan", {"si no"}),
        ("es", "Si México acepta", {"Si México"}),
        ("es", "Sí, vamos a cooperar", set()),
        ("pt", "se o Brasil retaliar", {"se o"}),
        ("pt", "recusou-se a receber", set()),
    ],
)
def test_a_condition_is_told_from_a_yes_and_a_pronoun(language, text, condition):
    assert words(language, text, Role.CONDITION) == condition


@pytest.mark.parametrize(
    ("language", "text", "negation"),
    [
        ("es", "sin acuerdo", {"sin acuerdo"}),
        ("es", "sin embargo", set()),
        ("es", "ya no recibe", {"ya no", "no"}),
        ("pt", "sem acordo", {"sem"}),
        ("pt", "no entanto", set()),
    ],
)
def test_a_negation_is_told_from_a_however(language, text, negation):
    assert words(language, text, Role.NEGATION) == negation


@pytest.mark.parametrize(
    ("language", "text", "period"),
    [
        ("es", "en su primer mandato", "first"),
        ("es", "en 2023", "bridge"),
        ("es", "al asumir", "second"),
        ("es", "en la década de 1980", "before"),
        ("pt", "no segundo governo", "second"),
        ("pt", "no passado", "earlier"),
    ],
)
def test_a_time_is_named(language, text, period):
    assert period in {value for value, _ in values(language, text, Role.PERIOD)}


def test_people_and_rulers_stand_for_their_country():
    assert values("es", "hondureños, Bukele y CECOT", Role.PLACE) == {
        ("HND", "hondureños"),
        ("SLV", "Bukele"),
        ("SLV", "CECOT"),
    }
    assert values("pt", "governo norte-coreano e Itamaraty", Role.PLACE) == {
        ("PRK", "norte-coreano"),
        ("BRA", "Itamaraty"),
    }


def test_an_unknown_key_is_named(tmp_path, monkeypatch):
    (fault,) = broken(tmp_path, monkeypatch, lambda form: form.update(adverbs=["ya"]))
    assert (fault.file, fault.path) == ("broken.yaml", "adverbs")


def test_every_wrong_value_is_named_by_its_key(tmp_path, monkeypatch):
    def change(form):
        form["moods"]["pledge"][0] = 2025
        form["demonyms"]["MX"] = ["mexicano"]
        del form["courts"]

    faults = broken(tmp_path, monkeypatch, change)
    assert {fault.file for fault in faults} == {"broken.yaml"}
    assert {fault.path for fault in faults} == {"moods.pledge.0", "courts", "demonyms.MX.[key]"}


@pytest.mark.parametrize(
    ("key", "value", "line", "message"),
    [
        ("moods", "call", "{folk} piden", "mood call: {folk} is no class; expected one of leader, people"),
        ("courts", "upheld", "(corte) ...", "court upheld: the pattern '(corte) ...' has no word that must be there"),
        ("verbs", "talk", "pôr", "the verb 'pôr' ends in none of ar, er, ir; spell its forms out"),
    ],
)
def test_a_wrong_pattern_or_verb_is_named(tmp_path, monkeypatch, key, value, line, message):
    (fault,) = broken(tmp_path, monkeypatch, lambda form: form[key][value].append(line))
    assert (fault.file, fault.found) == ("broken.yaml", message)
