"""From a sentence to proposals: what is claimed of which instrument where, in whose voice, of which time.

The rules stand in the order they are applied: what a court did, what a partner answers, what is done, what is counted.
Each proposal names the rule that made it and the word that fired it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from sources.countries import GLOBAL, REGION, REGION_COUNTRIES
from sources.model import BRIDGE_START, SECOND_TERM_START, Document, Modality, Proposal
from sources.proposals import function_words
from sources.proposals.answers import answer, is_by_a_partner
from sources.proposals.discourse import Discourse, Situation, is_official, voice_of
from sources.proposals.grammar import Act, Scene, act_on, condition, is_background, is_hypothetical
from sources.proposals.lexicon import Lexicon, Role, cue_of
from sources.proposals.mentions import (
    Instruments,
    Kind,
    Mention,
    contexts,
    default_codes,
    is_domestic,
    places,
    places_of,
)
from sources.proposals.passages import Sentence, sentences
from sources.proposals.patterns import Match
from sources.proposals.quantities import Count, counts
from sources.proposals.speakers import TURN, is_first_person, speaker
from sources.proposals.stages import PLANS, Finding, stage
from sources.proposals.timing import EVE, SECOND, Timing, timing

# From here on a proposal is what the text says; below it is marked optional.
SURE = 0.6
_CONFIDENCE = {Kind.NAMED: 0.9, Kind.DESCRIBED: 0.88, Kind.UNDONE: 0.9, Kind.WEAK: 0.75, Kind.TAKEN_UP: 0.65}
_WORD_COSTS = 0.02
_DOUBT_COSTS = 0.15
_UNNAMED_COSTS = 0.05
# How far a court's words and a number without an act are taken to stand, in words.
_COURT_DISTANCE, _NUMBER_DISTANCE = 2, 4
# A passage that only names an instrument is as unsure as one whose word for it stands out of reach.
_BARE_DISTANCE = 16
_NUMBER_REACH = 14
_TAKEN_UP_REACH = 4
_LONGEST_QUOTE = 300
# A sentence that names more instruments than this is a list of names, and nothing is said of each.
_MOST_MENTIONS = 20
_FIRST_DAY = frozenset({"on day one", "on the first day", "el primer dia", "no primeiro dia"})
_ADDRESS = re.compile(r"https?://\S+$")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Claim:
    """What a rule found of a mention, before it is known of which time it speaks."""

    property: str
    finding: Finding
    country_codes: tuple[str, ...]
    distance: float
    is_negated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outline:
    """What of a document must be known before it is read: the periods it speaks of and, by the number of a sentence,
    the wording of instruments in it and who acts last in it.
    """

    spoken: set[str] = field(default_factory=set)
    matches: dict[int, list[Match]] = field(default_factory=dict)
    actors: dict[int, str] = field(default_factory=dict)


class Reader:
    """The rules of one language over one codebook."""

    def __init__(self, instruments: Instruments, lexicon: Lexicon) -> None:
        self._instruments = instruments
        self._lexicon = lexicon

    def read(self, document: Document) -> Iterator[Proposal]:
        """Yield the proposals of a document in the order of its text.

        The text is gone through twice, so that no more is kept of it than its few sentences that name an instrument.
        """
        outline = self._outline(document)
        voice, voice_place = voice_of(document, self._lexicon)
        discourse = Discourse(
            voice=voice,
            voice_place=voice_place,
            is_forward=not outline.spoken.isdisjoint({SECOND, EVE}),
            is_eve=EVE in outline.spoken,
        )
        for number, sentence in enumerate(sentences(document.text, document.language)):
            before, here, after = (outline.matches.get(n, []) for n in (number - 1, number, number + 1))
            around = {name for other in (before, here, after) for name in contexts(other)}
            mentions = list(self._instruments.mentions(sentence, here, around))
            yield from self._read_sentence(document, sentence, number, mentions, discourse, outline.actors.get(number))

    def _outline(self, document: Document) -> _Outline:
        outline = _Outline()
        for number, sentence in enumerate(sentences(document.text, document.language)):
            if found := self._instruments.find(sentence):
                outline.matches[number] = found
            for match in self._lexicon.outline.find(sentence.folded, sentence.words):
                cue = cue_of(match)
                if cue.role is Role.PERIOD:
                    outline.spoken.add(cue.value)
                else:
                    outline.actors[number] = cue.value
        return outline

    def _scene(self, sentence: Sentence) -> Scene:
        """Return a sentence with its cues, without moods that are names or months ("May 6") or part of a saying."""
        found = self._lexicon.cues.find(sentence.folded, sentence.words)
        said = [match for match in found if cue_of(match).role is Role.SAYING]
        kept = []
        for match in found:
            text = sentence.text[match.start : match.end]
            is_name = match.start > 0 and text[0].isupper() and not text.isupper()
            is_said = any(other.start <= match.start and match.end < other.end for other in said)
            if cue_of(match).role is not Role.MOOD or not (is_name or is_said):
                kept.append(match)
        return Scene(sentence=sentence, cues=tuple(kept))

    def _read_sentence(
        self,
        document: Document,
        sentence: Sentence,
        number: int,
        mentions: list[Mention],
        discourse: Discourse,
        actor: str | None,
    ) -> Iterator[Proposal]:
        if turn := TURN.match(sentence.text):
            discourse.turn = turn[1]
        earlier_actor = discourse.last_actor
        discourse.last_actor = actor or earlier_actor
        if not mentions and not discourse.is_near(number):
            return
        scene = self._scene(sentence)
        found = [
            place
            for place in places(sentence, scene.cues)
            if not any(m.instrument.wording.place and m.start <= place.start < m.end for m in mentions)
        ]
        mentions = _without_shadowed(mentions or discourse.taken_up(scene, number, self._lexicon))
        if sentence.is_question or _ADDRESS.match(sentence.text) or len(mentions) > _MOST_MENTIONS:
            return
        situation = Situation(
            scene=scene,
            found=found,
            mentions=mentions,
            condition=condition(scene),
            speaker=speaker(scene, document.kind, discourse.turn),
            is_official=is_official(document),
            is_own_voice=is_first_person(scene),
            is_of_first_day=any(match.pattern.text in _FIRST_DAY for match, _ in scene.of(Role.STATE)),
            is_in_term=document.published is not None and document.published.last_day >= SECOND_TERM_START,
            is_forward=discourse.is_forward,
            is_eve=discourse.is_eve,
            earlier_actor=earlier_actor,
            voice=discourse.voice,
            voice_place=discourse.voice_place,
        )
        best: dict[str, dict[str, Proposal]] = {}
        for mention in mentions:
            codes = discourse.codes(mention, places_of(mention, mentions, found), number)
            for proposal in self._of_mention(document, mention, codes, situation):
                known = best.setdefault(proposal.instrument_id, {})
                if proposal.property not in known or known[proposal.property].confidence < proposal.confidence:
                    known[proposal.property] = proposal
            discourse.remember(number, mention, codes)
        discourse.remember_places(number, found, mentions)
        for known in best.values():
            is_stopped = "litigation" in known and "stage" in known and known["stage"].value == "ended"
            if "partner_response" in known or is_stopped:
                # The answer or the ruling is the news; what is answered or stopped is told as known.
                known.pop("stage", None)
        kept = [proposal for known in best.values() for proposal in known.values()]
        yield from sorted(kept, key=lambda p: (p.char_start, p.instrument_id, p.property))

    def _of_mention(
        self, document: Document, mention: Mention, codes: tuple[str, ...], situation: Situation
    ) -> Iterator[Proposal]:
        scene = situation.scene
        if any(mention.start < m.end and m.start < mention.end for m, _ in scene.of(Role.HYPOTHETICAL)):
            return
        codes = (GLOBAL,) if is_domestic(mention.instrument) else codes
        court = next(scene.of(Role.COURT), None)
        if court:
            match, cue = court
            claim = _Claim(
                property="litigation",
                finding=Finding(
                    value=cue.value,
                    modality=Modality.EXPECTATION_EXPERT if cue.value == "expected" else Modality.FACT_REPORTED,
                    rule=f"litigation:{scene.sentence.text[match.start : match.end].lower()}",
                ),
                country_codes=codes,
                distance=_COURT_DISTANCE,
            )
            yield from self._proposal(document, mention, claim, situation, _timing(document, situation, match.start))
        yield from self._answer(document, mention, situation)
        if _is_elsewhere(situation):
            return
        act = act_on(scene, mention)
        if act is None:
            yield from self._numbers_alone(document, mention, codes, situation)
            if not court:
                yield from self._bare_name(document, mention, codes, situation)
        elif self._tells(act, mention, situation):
            yield from self._deed(document, mention, codes, situation, act)

    def _answer(self, document: Document, mention: Mention, situation: Situation) -> Iterator[Proposal]:
        found = answer(mention, situation)
        if found is None:
            return
        fact = Modality.FACT_OFFICIAL if situation.is_official else Modality.FACT_REPORTED
        claim = _Claim(
            property="partner_response",
            finding=Finding(
                value=found.value,
                modality=Modality.EXPECTATION_EXPERT if situation.scene.has(Role.EXPERT) else fact,
                rule=f"partner_response:{found.cue.lower()}",
            ),
            country_codes=(found.country_code,),
            distance=found.distance,
        )
        when = _timing(document, situation, found.start, is_answer=True)
        yield from self._proposal(document, mention, claim, situation, when)

    def _tells(self, act: Act, mention: Mention, situation: Situation) -> bool:
        """Whether an act is told of the mention: not within a condition, nor of what the sentence is not about."""
        scene, hangs_on = situation.scene, situation.condition
        if hangs_on and hangs_on.start < mention.end and mention.start < hangs_on.end:
            return False
        if act.distance > 1 and is_background(scene, mention):
            return False
        if any(match.start <= act.start and act.end <= mention.start for match, _ in scene.of(Role.COURT)):
            return False
        if is_hypothetical(scene, act.start) or _is_in_an_answer(mention, situation):
            return False
        if is_by_a_partner(act, mention, situation):
            return False
        return mention.kind is not Kind.TAKEN_UP or act.distance <= _TAKEN_UP_REACH

    def _deed(
        self, document: Document, mention: Mention, codes: tuple[str, ...], situation: Situation, act: Act
    ) -> Iterator[Proposal]:
        found = stage(act, mention, situation)
        if found is None or not _has_a_place(mention, codes, situation):
            return
        is_negated, property_ = act.is_negated, "stage"
        if mention.instrument.is_partner_act and found.value in ("adopted", "in_force", "signed"):
            found, property_ = replace(found, value="complied"), "partner_response"
        if mention.instrument.wording.tells_status and is_negated and found.value == "in_force":
            found, is_negated = replace(found, value="ended"), False
        claim = _Claim(
            property=property_, finding=found, country_codes=codes, distance=act.distance, is_negated=is_negated
        )
        when = _timing(document, situation, act.start, is_plan=act.mood in PLANS or act.action == "threaten")
        for proposal in self._proposal(document, mention, claim, situation, when):
            yield proposal
            yield from self._numbers(proposal, mention, situation)

    def _bare_name(
        self, document: Document, mention: Mention, codes: tuple[str, ...], situation: Situation
    ) -> Iterator[Proposal]:
        """Yield that an instrument is there, where a passage names it and no word tells what is done: never surely."""
        if mention.kind not in (Kind.NAMED, Kind.DESCRIBED) or is_background(situation.scene, mention):
            return
        act = Act(
            action="keep",
            mood="done",
            is_negated=False,
            is_own=False,
            is_noun=False,
            start=mention.start,
            end=mention.end,
            cue="",
            distance=_BARE_DISTANCE,
        )
        if self._tells(act, mention, situation):
            yield from self._deed(document, mention, codes, situation, act)

    def _numbers_alone(
        self, document: Document, mention: Mention, codes: tuple[str, ...], situation: Situation
    ) -> Iterator[Proposal]:
        """Yield the numbers beside an instrument of which nothing else is said."""
        if situation.condition:
            return
        claim = _Claim(
            property="description",
            finding=Finding(
                value="mentioned",
                modality=Modality.FACT_OFFICIAL if situation.is_official else Modality.FACT_REPORTED,
                rule="description",
            ),
            country_codes=codes,
            distance=_NUMBER_DISTANCE,
        )
        when = _timing(document, situation, mention.start)
        for proposal in self._proposal(document, mention, claim, situation, when):
            yield from self._numbers(proposal, mention, situation)

    def _numbers(self, beside: Proposal, mention: Mention, situation: Situation) -> Iterator[Proposal]:
        """Yield the numbers near a mention that count what the instrument is counted in."""
        for count in counts(situation.scene.sentence, self._lexicon):
            if count.measure.name in mention.instrument.wording.measures and _is_near(situation.scene, mention, count):
                yield replace(
                    beside,
                    property=f"quantity:{count.measure.name}",
                    value=f"{count.value:.10g}",
                    unit=count.measure.unit,
                    unit_of_count=count.measure.unit_of_count,
                    qualifier=count.approximation,
                    rule=f"quantity:{count.measure.name}",
                    is_of_status=False,
                )

    def _proposal(
        self, document: Document, mention: Mention, claim: _Claim, situation: Situation, when: Timing | None
    ) -> Iterator[Proposal]:
        """Yield what a claim proposes; nothing for a time outside the periods."""
        if when is None:
            return
        instrument, sentence, hangs_on = mention.instrument, situation.scene.sentence, situation.condition
        doubts = [when.doubt] if when.doubt else []
        is_placed = claim.country_codes or instrument.scope != "by_country" or instrument.wording.place
        if not is_placed and mention.kind is not Kind.NAMED:
            doubts.append("no country is named")
        if mention.kind is Kind.TAKEN_UP:
            doubts.append("the instrument is named in an earlier sentence")
        confidence = _CONFIDENCE[mention.kind] - _WORD_COSTS * claim.distance - _DOUBT_COSTS * len(doubts)
        confidence -= 0 if situation.speaker.is_named else _UNNAMED_COSTS
        is_optional = confidence < SURE
        if is_optional and not doubts:
            doubts.append("no word near the instrument says what is done")
        trigger = None
        if hangs_on and claim.finding.modality is Modality.THREAT_CONDITIONAL:
            trigger = sentence.text[hangs_on.start : hangs_on.end].strip(" .,;")
        start, end = _quote(sentence, mention)
        yield Proposal(
            instrument_id=instrument.id,
            country_codes=claim.country_codes or default_codes(instrument),
            period=when.period,
            basis=when.basis,
            property=claim.property,
            value=claim.finding.value,
            modality=claim.finding.modality,
            speaker=situation.speaker.name,
            is_named=situation.speaker.is_named,
            date=document.published,
            quote=document.text[start:end],
            char_start=start,
            char_end=end,
            rule=claim.finding.rule,
            confidence=round(min(1, max(0.1, confidence)), 2),
            trigger=trigger,
            demand=_demand(trigger),
            is_negated=claim.is_negated,
            is_of_status=claim.property == "stage" and instrument.wording.tells_status,
            is_optional=is_optional,
            why="; ".join(doubts) if is_optional else None,
        )


def _timing(
    document: Document, situation: Situation, place: int, *, is_plan: bool = False, is_answer: bool = False
) -> Timing | None:
    said = document.published.last_day if document.published else None
    is_former = bool(situation.is_official and said and BRIDGE_START <= said < SECOND_TERM_START)
    actor = None if is_answer else _actor(situation, place)
    if (situation.is_own_voice or is_plan) and actor in (None, "state") and situation.voice and not is_answer:
        actor = situation.voice
    return timing(
        situation.scene,
        place,
        said,
        is_plan=is_plan,
        is_answer=is_answer,
        is_forward=situation.is_forward and not is_former,
        is_eve=situation.is_eve,
        actor="former" if is_former else actor,
    )


def _actor(situation: Situation, place: int) -> str | None:
    """Return who acts: the last before the act that a verb follows, whom a pronoun takes up, or whoever is named."""
    scene = situation.scene
    before = [(match, cue) for match, cue in scene.of(Role.ACTOR) if match.end <= place]
    verbs = [match.start for match, _ in scene.of(Role.VERB, Role.MOOD)]
    subjects = [
        cue.value
        for match, cue in before
        if any(verb >= match.end and scene.words_between(match.end, verb) <= 2 for verb in verbs)
    ]
    if subjects:
        return subjects[-1]
    if function_words.PRONOUN.search(scene.sentence.folded, 0, place) and situation.earlier_actor:
        return situation.earlier_actor
    named = [cue.value for _, cue in before] or [cue.value for _, cue in scene.of(Role.ACTOR)][:1]
    return named[-1] if named else None


def _without_shadowed(mentions: list[Mention]) -> list[Mention]:
    """Drop a weak word that a surer mention of the same family, or of a partner's act, explains ("deported")."""
    sure = [m for m in mentions if m.kind in (Kind.NAMED, Kind.DESCRIBED, Kind.UNDONE)]
    return [
        m
        for m in mentions
        if m.kind is not Kind.WEAK
        or not any(
            other.instrument is not m.instrument
            and (
                other.instrument.family == m.instrument.family
                or (other.instrument.is_partner_act and m.instrument.family == "removal")
                or (other.start < m.end and m.start < other.end)
            )
            for other in sure
        )
    ]


def _has_a_place(mention: Mention, codes: tuple[str, ...], situation: Situation) -> bool:
    """Whether a deed without a country of the region may stand: not where another country or a partner is meant.

    Nor for a weak word of what is aimed at a country: "tariffs" alone are trade.
    """
    instrument = mention.instrument
    if codes:
        return True
    if instrument.is_partner_act:
        return False
    if instrument.scope != "by_country":
        return True
    is_elsewhere = any(place.code != "USA" for place in situation.found)
    return not is_elsewhere and not (instrument.country_role == "target" and mention.kind is Kind.WEAK)


def _is_elsewhere(situation: Situation) -> bool:
    """Whether the sentence speaks of another country's policy: a country outside the region and nobody of ours."""
    codes = {place.code for place in situation.found} - {REGION, "USA"}
    is_ours = any(cue.value in ("ours", "state") for _, cue in situation.scene.of(Role.ACTOR))
    return bool(codes) and codes.isdisjoint(REGION_COUNTRIES) and not is_ours


def _demand(trigger: str | None) -> str | None:
    """Return what a threat asks for: what its condition says would be refused."""
    found = function_words.REFUSED.search(trigger) if trigger else None
    return found["what"].strip() if found else None


def _is_in_an_answer(mention: Mention, situation: Situation) -> bool:
    """Whether the words for an instrument are those a partner answers another one with ("accept deportees")."""
    return any(
        other.instrument is not mention.instrument
        and other.start < mention.end
        and mention.start < other.end
        and answer(other, situation)
        for other in situation.mentions
    )


def _is_near(scene: Scene, mention: Mention, count: Count) -> bool:
    first, last = sorted((count.start, mention.start))
    return scene.words_between(first, last) <= _NUMBER_REACH and not scene.breaks_between(first, last)


def _quote(sentence: Sentence, mention: Mention) -> tuple[int, int]:
    """Return the bounds of the passage: the sentence, or of a long one what stands around the mention."""
    if sentence.end - sentence.start <= _LONGEST_QUOTE:
        return sentence.start, sentence.end
    middle = sentence.start + (mention.start + mention.end) // 2
    start = max(sentence.start, middle - _LONGEST_QUOTE // 2)
    end = min(sentence.end, start + _LONGEST_QUOTE)
    return max(sentence.start, end - _LONGEST_QUOTE), end
