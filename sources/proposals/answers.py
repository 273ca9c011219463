"""What a partner answers: who acts in a sentence, and whether it accepts, refuses, prepares or retaliates."""

from dataclasses import dataclass

from sources.countries import REGION, REGION_COUNTRIES
from sources.model import CountryRole
from sources.proposals import function_words
from sources.proposals.discourse import Situation
from sources.proposals.grammar import Act, Scene, is_negated
from sources.proposals.lexicon import Cue, Role
from sources.proposals.mentions import Kind, Mention, Place
from sources.proposals.patterns import WORD, Match

_ANSWERS = {
    "accept": "accepts", "refuse": "refuses", "prepare": "prepares", "comply": "complied",
    "protest": "protests", "retaliate": "retaliates", "talk": "negotiates",
}  # fmt: skip
# What only the one who does it can do: no answer to a measure of the United States.
_OWN_DEEDS = frozenset({"prepares", "complied"})
_GIVES = frozenset({"accepts", "prepares", "complied"})
_ANSWER_REACH = 12
_AGENT_REACH = 16
_BREAK_COSTS = 9
_BEFORE_COSTS = 4
# An answer in so many words is surer than a verb that may be one.
_PHRASE_GAINS = 3
# What a country does by itself, and what may stand before the verb that says so; after "is" or "was" it is done to it.
_OWN_POLICY = frozenset({"start", "end", "keep", "apply"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a country answers, the word that says so (offsets in the sentence), and how far it stands, in words."""

    country_code: str
    value: str
    start: int
    cue: str
    distance: float


def answer(mention: Mention, situation: Situation) -> Answer | None:
    """Return the answer of a partner to an instrument, if the sentence's agent is a country of the region."""
    scene = situation.scene
    best: Answer | None = None
    for match, cue in scene.of(Role.VERB, Role.REFUSAL, Role.ACCEPTANCE):
        value = _value(cue)
        if value is None or (value in _OWN_DEEDS and not mention.instrument.is_partner_act):
            continue
        if _answered(scene, situation.mentions, match).instrument is not mention.instrument:
            continue
        distance = _distance(scene, match, mention) - (0 if cue.role is Role.VERB else _PHRASE_GAINS)
        if distance > _ANSWER_REACH or (best and distance >= best.distance):
            continue
        if agent := _agent(situation, mention, match):
            is_refused = value in _GIVES and is_negated(scene, match, mention)
            best = Answer(
                country_code=agent,
                value="refuses" if is_refused else value,
                start=match.start,
                cue=scene.sentence.text[match.start : match.end],
                distance=distance,
            )
    condition = situation.condition
    if best and condition and condition.start <= best.start < condition.end:
        return None
    return best


def is_by_a_partner(act: Act, mention: Mention, situation: Situation) -> bool:
    """Whether a country of the region does the deed, so that it is a policy of its own ("Chile will deport").

    What a partner does with an agreement or with what it is asked to do is told of the instrument all the same.
    """
    if mention.instrument.country_role is CountryRole.PARTNER or act.action not in _OWN_POLICY:
        return False
    scene = situation.scene
    if act.is_noun or any(cue.value in ("ours", "state") for _, cue in scene.of(Role.ACTOR)):
        return False
    return any(
        place.code in REGION_COUNTRIES
        and not place.form
        and place.end <= act.start < mention.end
        and not scene.breaks_between(place.end, act.start)
        and bool(function_words.AUXILIARIES.fullmatch(scene.sentence.folded, place.end, act.start))
        and _is_subject(scene, situation.found, place)
        for place in situation.found
    )


def _value(cue: Cue) -> str | None:
    if cue.role is Role.VERB:
        return _ANSWERS.get(cue.value)
    return "refuses" if cue.role is Role.REFUSAL else "accepts"


def _distance(scene: Scene, match: Match, mention: Mention) -> int:
    """Return how many words an answer is from what it answers; what is answered stands behind as a rule."""
    if match.start < mention.end and mention.start < match.end:
        return 0
    if match.end <= mention.start:
        first, last, cost = match.end, mention.start, 0
    else:
        first, last, cost = mention.end, match.start, _BEFORE_COSTS
    return cost + scene.words_between(first, last) + _BREAK_COSTS * scene.breaks_between(first, last)


def _answered(scene: Scene, mentions: list[Mention], match: Match) -> Mention:
    """Return what an answer answers: the nearest mention, one by name before a weak word."""
    return min(mentions, key=lambda m: (_distance(scene, match, m), m.kind is Kind.WEAK))


def _agent(situation: Situation, mention: Mention, verb: Match) -> str | None:
    """Return the country of the region that acts: the nearest before the verb, with nobody of ours between.

    Without one, a "we" is the country the document speaks for; a partner's act that is described of "countries" or
    "partners" is one of the region.
    """
    scene = situation.scene
    codes = (*REGION_COUNTRIES, REGION) if mention.instrument.is_partner_act else REGION_COUNTRIES
    before = [
        place
        for place in situation.found
        if place.end <= verb.start
        and place.code in codes
        and place.form != "mark"
        and _is_subject(scene, situation.found, place)
        and not _is_told_to(scene, place, verb)
    ]
    if not before:
        if situation.voice_place and function_words.FIRST_PLURAL.search(scene.sentence.folded):
            return situation.voice_place
        is_described = mention.instrument.is_partner_act and mention.kind is Kind.DESCRIBED
        return REGION if is_described and mention.start < verb.start < mention.end else None
    place = before[-1]
    is_cut = any(
        cue.value in ("ours", "state") and place.end <= match.start and match.end <= verb.start
        for match, cue in scene.of(Role.ACTOR)
    )
    if is_cut or scene.words_between(place.end, verb.start) > _AGENT_REACH:
        return None
    return place.code


def _is_told_to(scene: Scene, place: Place, verb: Match) -> bool:
    """Whether a country is who should act ("asked Panama to accept"); a headline's infinitive is its own plan."""
    return bool(function_words.INFINITIVE.fullmatch(scene.sentence.folded, place.end, verb.start)) and bool(
        WORD.search(scene.sentence.folded, 0, place.start)
    )


def _is_subject(scene: Scene, found: list[Place], place: Place) -> bool:
    """Whether a country may be who acts: behind a preposition or a verb it is not, unless its government is meant.

    Of countries in a row ("like Venezuela and Haiti") the first decides.
    """
    folded = scene.sentence.folded
    for earlier in reversed([p for p in found if p.end <= place.start]):
        if function_words.ROW.fullmatch(folded, earlier.end, place.start):
            place = earlier
    before = folded[: place.start]
    if function_words.AFTER_LEADER.search(before):
        return True
    if function_words.AFTER_PREPOSITION.search(before):
        return False
    return not any(
        match.end <= place.start and not before[match.end :].strip()
        for match, cue in scene.of(Role.VERB)
        if cue.form != "base"
    )
