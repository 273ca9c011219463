"""The words of a language as the rules use them: one YAML file a language in lexicon/, read strictly.

A verb is written once; its forms are made by the rules of its language, and irregular ones are spelled out
(begin/began/begun/beginning). A cue is a pattern and what it tells.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Annotated

import pycountry
from babel import Locale
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sources import codebook
from sources.countries import REGION, REGION_COUNTRIES
from sources.errors import BadInput, Fault
from sources.proposals import conjugation
from sources.proposals.patterns import Finder, Match, Pattern, compile_pattern, fold

FOLDER = Path(__file__).parent / "lexicon"


class Role(StrEnum):
    """What kind of thing a cue tells."""

    VERB = "verb"
    NOUN = "noun"
    MOOD = "mood"
    STATE = "state"
    COURT = "court"
    NEGATION = "negation"
    BACKGROUND = "background"
    CONDITION = "condition"
    HYPOTHETICAL = "hypothetical"
    ACTOR = "actor"
    PERIOD = "period"
    SAYING = "saying"
    UNNAMED = "unnamed"
    EXPERT = "expert"
    REFUSAL = "refusal"
    ACCEPTANCE = "acceptance"
    POINTER = "pointer"
    PLACE = "place"
    NOT_PLACE = "not_place"


@dataclass(frozen=True, slots=True)
class Cue:
    """What a pattern of the lexicon tells: its role, the value in that role, and for a verb its form."""

    role: Role
    value: str
    form: str = ""


def cue_of(match: Match) -> Cue:
    """Return what a match of a lexicon's pattern tells."""
    assert isinstance(match.pattern.meaning, Cue)
    return match.pattern.meaning


class _MeasureForm(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    words: list[str]
    unit: str = "count"
    unit_of_count: str | None = None


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    language: str
    classes: dict[str, list[str]]
    verbs: dict[str, list[str]]
    nouns: dict[str, list[str]]
    moods: dict[str, list[str]]
    negations: list[str]
    backgrounds: list[str] = []
    conditions: list[str]
    hypotheticals: list[str]
    actors: dict[str, list[str]]
    periods: dict[str, list[str]]
    saying: list[str]
    unnamed: list[str]
    experts: list[str]
    refusals: list[str] = []
    acceptances: list[str] = []
    courts: dict[str, list[str]]
    states: dict[str, list[str]]
    magnitudes: dict[str, int]
    approximations: dict[str, list[str]]
    measures: dict[str, _MeasureForm]
    pointers: list[str]
    pointed: dict[str, list[str]] = {}
    regions: list[str]
    demonyms: dict[Annotated[str, Field(pattern=r"^[A-Z]{3}$")], list[str]]
    marks: dict[str, list[str]] = {}
    groups: dict[str, list[str]] = {}
    not_places: list[str] = []


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """What a counted word measures."""

    name: str
    unit: str
    unit_of_count: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lexicon:
    """One language's words, ready for search. `outline` has those cues that count wherever they stand in a document."""

    language: str
    classes: Mapping[str, tuple[str, ...]]
    cues: Finder
    outline: Finder
    magnitudes: Mapping[str, int]
    approximations: Mapping[str, str]
    measures: Mapping[str, Measure]
    pointed: Mapping[str, tuple[str, ...]]
    place_classes: Mapping[str, tuple[str, ...]]


@cache
def languages() -> tuple[str, ...]:
    """Return the languages that can be read."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.yaml")))


@cache
def load(language: str) -> Lexicon:
    """Return the lexicon of a language. Raises BadInput, naming the file and the key, for a mistake in it."""
    path = FOLDER / f"{language}.yaml"
    try:
        form = _Form.model_validate(codebook.read_yaml(path))
        classes = {name: tuple(fold(word) for word in words) for name, words in form.classes.items()}
        patterns = list(_patterns(form, classes))
    except ValidationError as error:
        faults = [
            Fault(
                file=path.name,
                path=".".join(str(part) for part in detail["loc"]),
                found=repr(detail["input"])[:120],
                expected=detail["msg"],
            )
            for detail in error.errors()
        ]
        raise BadInput(faults) from error
    except ValueError as error:
        raise BadInput([Fault(file=path.name, path=".", found=str(error), expected="a pattern or a verb")]) from error
    return Lexicon(
        language=language,
        classes=classes,
        cues=Finder(patterns),
        outline=Finder(_outline(patterns)),
        magnitudes={fold(word): number for word, number in form.magnitudes.items()},
        approximations={fold(word): name for name, words in form.approximations.items() for word in words},
        measures={
            fold(word): Measure(name=name, unit=measure.unit, unit_of_count=measure.unit_of_count)
            for name, measure in form.measures.items()
            for word in measure.words
        },
        pointed={fold(word): tuple(ids) for word, ids in form.pointed.items()},
        place_classes=_place_classes(form),
    )


def _patterns(form: _Form, classes: Mapping[str, tuple[str, ...]]) -> Iterator[Pattern]:
    for text, cue in _cues(form):
        try:
            yield compile_pattern(text, cue, classes)
        except ValueError as error:
            raise ValueError(f"{cue.role} {cue.value}: {error}") from error


def _outline(patterns: Iterable[Pattern]) -> Iterator[Pattern]:
    """Yield the patterns of who acts and which time is spoken of."""
    for pattern in patterns:
        if isinstance(pattern.meaning, Cue) and pattern.meaning.role in (Role.ACTOR, Role.PERIOD):
            yield pattern


def _cues(form: _Form) -> Iterator[tuple[str, Cue]]:
    for action, lines in form.verbs.items():
        for line in lines:
            for verb in line.split():
                for word, tense in conjugation.forms(verb, form.language):
                    yield word, Cue(Role.VERB, action, tense)
    for role, groups in (
        (Role.NOUN, form.nouns),
        (Role.MOOD, form.moods),
        (Role.ACTOR, form.actors),
        (Role.PERIOD, form.periods),
        (Role.COURT, form.courts),
        (Role.STATE, form.states),
    ):
        for value, words in groups.items():
            for word in words:
                yield word.replace("_", " ") if role is Role.NOUN else word, Cue(role, value)
    for role, words in (
        (Role.NEGATION, form.negations),
        (Role.BACKGROUND, form.backgrounds),
        (Role.CONDITION, form.conditions),
        (Role.HYPOTHETICAL, form.hypotheticals),
        (Role.SAYING, form.saying),
        (Role.UNNAMED, form.unnamed),
        (Role.EXPERT, form.experts),
        (Role.REFUSAL, form.refusals),
        (Role.ACCEPTANCE, form.acceptances),
        (Role.POINTER, form.pointers),
        (Role.NOT_PLACE, form.not_places),
    ):
        for word in words:
            yield word, Cue(role, word)
    yield from _places(form)


def _place_classes(form: _Form) -> dict[str, tuple[str, ...]]:
    """Return the words that {places} and {nationals} stand for in the patterns of instruments."""
    ours = [country for country in pycountry.countries if country.alpha_3 in REGION_COUNTRIES]
    names = Locale(form.language).territories
    return {
        "places": tuple(fold(names[country.alpha_2]).replace(" ", "_") for country in ours),
        "nationals": tuple(
            fold(word).replace(" ", "_") for code in REGION_COUNTRIES for word in form.demonyms.get(code, ())
        ),
    }


def _places(form: _Form) -> Iterator[tuple[str, Cue]]:
    """Yield the countries of the world by the names of the locale data, and what the lexicon adds."""
    names = Locale(form.language).territories
    for country in pycountry.countries:
        if name := names.get(country.alpha_2):
            for spelling in {name, name.replace(" & ", " and "), getattr(country, "common_name", name)}:
                yield spelling.replace("*", ""), Cue(Role.PLACE, country.alpha_3)
    for code, words in form.demonyms.items():
        for word in words:
            yield word, Cue(Role.PLACE, code, "demonym")
    for code, words in form.marks.items():
        for word in words:
            yield word, Cue(Role.PLACE, code, "mark")
    for group, codes in form.groups.items():
        for code in codes:
            yield group, Cue(Role.PLACE, code, "group")
    for word in form.regions:
        yield word, Cue(Role.PLACE, REGION)
