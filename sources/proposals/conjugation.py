"""The forms of a verb, each with what it tells of time: base, present, past, participle, gerund, future, conditional.

English: regular endings. Spanish and Portuguese: the regular endings of the three conjugations, third persons and the
first person plural, as reports are written. Irregular forms are spelled out in the lexicon, in the order given here.

Patterns do not see accents, so the Spanish first person "apliqué" is left out: it would make every "aplique" a past.
"""

import re
from collections.abc import Iterator

_ENGLISH_FORMS = ("base", "past", "participle", "gerund")
_IRREGULAR_ROMANCE = ("base", "present", "past", "participle", "gerund", "future", "conditional", "subjunctive")

_SPANISH = {
    "ar": {
        "present": "a an amos o", "past": "ó aron amos aba aban ábamos", "participle": "ado ada ados adas",
        "gerund": "ando ándose ándolo", "future": "ará arán aremos aré", "conditional": "aría arían aríamos",
        "subjunctive": "e en emos ara aran ase asen",
    },
    "er": {
        "present": "e en emos o", "past": "ió ieron imos ía ían íamos í", "participle": "ido ida idos idas",
        "gerund": "iendo iéndose", "future": "erá erán eremos eré", "conditional": "ería erían eríamos",
        "subjunctive": "a an amos iera ieran",
    },
    "ir": {
        "present": "e en imos o", "past": "ió ieron imos ía ían íamos í", "participle": "ido ida idos idas",
        "gerund": "iendo iéndose", "future": "irá irán iremos iré", "conditional": "iría irían iríamos",
        "subjunctive": "a an amos iera ieran",
    },
}  # fmt: skip
_PORTUGUESE = {
    "ar": {
        "present": "a am amos o", "past": "ou aram ava avam ei", "participle": "ado ada ados adas",
        "gerund": "ando", "future": "ará arão aremos arei", "conditional": "aria ariam",
        "subjunctive": "e em emos asse assem ar arem",
    },
    "er": {
        "present": "e em emos o", "past": "eu eram ia iam i", "participle": "ido ida idos idas",
        "gerund": "endo", "future": "erá erão eremos erei", "conditional": "eria eriam",
        "subjunctive": "a am amos esse essem erem",
    },
    "ir": {
        "present": "e em imos o", "past": "iu iram ia iam i", "participle": "ido ida idos idas",
        "gerund": "indo", "future": "irá irão iremos irei", "conditional": "iria iriam",
        "subjunctive": "a am amos isse issem irem",
    },
}  # fmt: skip
# Endings that change how the stem is spelled: buscar, busqué; pagar, pague; cruzar, cruce.
_SPELLED_BEFORE_E = (("c", "qu"), ("g", "gu"), ("z", "c"))
_CLITICS = ("", "lo", "la", "los", "las", "se", "le", "les")


def forms(verb: str, language: str) -> Iterator[tuple[str, str]]:
    """Yield each form of a verb with its name. A verb may spell its forms out, separated by slashes.

    Raises ValueError for a verb with too few or too many of them, and for one that is in none of the conjugations.
    """
    if language == "en":
        yield from _english(verb)
    else:
        yield from _romance(verb, _SPANISH if language == "es" else _PORTUGUESE)


def _english(verb: str) -> Iterator[tuple[str, str]]:
    if "/" in verb:
        yield from _spelled_out(verb, _ENGLISH_FORMS)
        yield _third_person(verb.split("/")[0]), "present"
        return
    yield verb, "base"
    yield _third_person(verb), "present"
    stem = verb[:-1] if verb.endswith("e") else verb
    past = re.sub(r"([^aeiou])y$", r"\1i", stem) + "ed"
    yield past, "past"
    yield stem + "ing", "gerund"


def _third_person(verb: str) -> str:
    if re.search(r"[^aeiou]y$", verb):
        return verb[:-1] + "ies"
    return verb + ("es" if re.search(r"(s|sh|ch|x|z|o)$", verb) else "s")


def _romance(verb: str, endings: dict[str, dict[str, str]]) -> Iterator[tuple[str, str]]:
    if "/" in verb:
        for spellings, name in _spelled_out(verb, _IRREGULAR_ROMANCE):
            for form in spellings.split("+"):
                yield form, name
        return
    stem, conjugation = verb[:-2], verb[-2:]
    if conjugation not in endings:
        raise ValueError(f"the verb {verb!r} ends in none of {', '.join(endings)}; spell its forms out")
    for clitic in _CLITICS:
        yield verb + clitic, "base"
    for name, words in endings[conjugation].items():
        for ending in words.split():
            yield _spell(stem, ending, conjugation) + ending, name


def _spell(stem: str, ending: str, conjugation: str) -> str:
    if conjugation == "ar" and ending[0] in "eé":
        for letter, written in _SPELLED_BEFORE_E:
            if stem.endswith(letter):
                return stem[: -len(letter)] + written
    return stem


def _spelled_out(verb: str, names: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    spelled = verb.split("/")
    if len(spelled) != len(names):
        raise ValueError(f"the verb {verb!r} has {len(spelled)} forms; expected {len(names)}: {', '.join(names)}")
    return zip(spelled, names, strict=True)
