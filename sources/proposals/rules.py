"""From a sentence to proposals: what is claimed of which instrument where, in whose voice, of which time.

The rules stand in the order they are applied. Each proposal names the rule that made it and the word that fired it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import pycountry

from sources.countries import GLOBAL, REGION, REGION_COUNTRIES
from sources.model import BRIDGE_START, SECOND_TERM_START, Document, Modality, Proposal, SourceKind
from sources.proposals.grammar import Act, Condition, Scene, act_on, condition, is_background, is_negated
from sources.proposals.lexicon import Cue, Lexicon, Role
from sources.proposals.mentions import Instruments, Kind, Mention, Place, codes_for, contexts, default_codes, is_domestic, places
from sources.proposals.passages import Sentence, sentences
from sources.proposals.patterns import WORD, Match, fold
from sources.proposals.quantities import Count, counts
from sources.proposals.speakers import TURN, Speaker, is_first_person, speaker
from sources.proposals.timing import Timing, timing

# From here on a proposal is what the text says; below it is marked optional.
SURE = 0.6
_CONFIDENCE = {Kind.NAMED: 0.9, Kind.DESCRIBED: 0.88, Kind.UNDONE: 0.9, Kind.WEAK: 0.75, Kind.TAKEN_UP: 0.65}
_RESPONSES = {
    "accept": "accepts", "refuse": "refuses", "prepare": "prepares", "comply": "complied",
    "protest": "protests", "retaliate": "retaliates", "talk": "negotiates",
}  # fmt: skip
_FIRST_DAY = frozenset({"on day one", "on the first day", "el primer dia", "no primeiro dia"})
_PRONOUN = re.compile(r"\b(?:he|she|they|his|her|their|el|ella|ellos|su|ele|ela|eles|seu|sua)\b")
_PLANS = frozenset({"pledge", "oblige", "expect", "float", "threaten", "call", "imperative", "infinitive"})
_LOOK_BACK = 3
_HEAD = 200
_CARRIED_BACK = 6
_ADDRESS = re.compile(r"https?://\S+$")
_REFUSED = re.compile(r"\b(?:refus\w+|fail\w*|declin\w*|do(?:es)? not|don't|unless|no|nega\w*|niega\w*|rechaz\w*|nao|recus\w*)\s+(?:to\s+|a\s+)?(?P<what>.+)")
_DOMAIN = re.compile(r"\bg[ou]b?\w*\.([a-z]{2})\b")
_FIRST_PLURAL = re.compile(r"\b\w{2,}[aei]mos\b|\bnosotr[oa]s\b|\bnuestr[oa]s?\b|\bnossos?\b|\bnossas?\b")
_PREPOSITION = re.compile(
    r"\b(?:on|against|to|for|from|in|like|with|between|including|of|a|en|contra|con|para|por|sobre|entre|de|del|desde|em|no|na"
    r"|do|da|com)\s+(?:the\s+|la\s+|el\s+|los\s+|las\s+|o\s+|os\s+)?$"
)
_ROW = re.compile(r"(?:,?\s*(?:and|or|y|e|o|ou)?\s*(?:the\s+)?)")
_LEADER = re.compile(
    r"\b(?:government|president\w*|minist\w+|authorities|secretary|foreign ministry|gobierno|secretari[ao]|canciller\w*|autoridades"
    r"|governo|officials)\s+(?:of|de|del|do|da)\s+(?:the\s+|la\s+|los\s+)?$"
)
_ANSWER_REACH = 12
_TAKEN_UP_REACH = 4
_AGENT_REACH = 16
_LONGEST_QUOTE = 300


@dataclass(kw_only=True)
class _Discourse:
    """What earlier sentences leave for later ones: instruments and countries that "the policy" or "they" take up.

    `topics` are the countries the title names with an instrument: the text need not name them again.
    """

    last_mentions: list[tuple[int, Mention, tuple[str, ...]]] = field(default_factory=list)
    last_places: tuple[int, tuple[str, ...], set[str]] = (-99, (), set())
    topics: dict[str, tuple[str, ...]] = field(default_factory=dict)
    turn: str | None = None
    last_actor: str | None = None
    voice: str | None = None
    voice_place: str | None = None
    is_forward: bool = False


@dataclass(frozen=True, kw_only=True)
class _Reading:
    """One sentence of a document, read: what the rules look at."""

    scene: Scene
    found: list[Place]
    mentions: list[Mention]
    condition: Condition | None
    speaker: Speaker
    is_official: bool
    is_own_voice: bool
    is_of_first_day: bool
    earlier_actor: str | None
    voice: str | None
    voice_place: str | None
    is_forward: bool
    is_in_term: bool


class Reader:
    """The rules of one language over one codebook."""

    def __init__(self, instruments: Instruments, lexicon: Lexicon) -> None:
        self._instruments = instruments
        self._lexicon = lexicon

    def read(self, document: Document) -> Iterator[Proposal]:
        """Yield the proposals of a document in the order of its text."""
        all_sentences = list(sentences(document.text, document.language))
        matches = [self._instruments.find(sentence) for sentence in all_sentences]
        scenes = [self._scene(sentence) for sentence in all_sentences]
        is_forward = any(cue.value == "second" for scene in scenes for _, cue in scene.of(Role.PERIOD))
        voice, voice_place = self._voice(document)
        discourse = _Discourse(voice=voice, voice_place=voice_place, is_forward=is_forward)
        for number, sentence in enumerate(all_sentences):
            around: set[str] = set()
            for other in matches[max(0, number - 1) : number + 2]:
                around |= contexts(other)
            if turn := TURN.match(sentence.text):
                discourse.turn = turn[1]
            mentions = list(self._instruments.mentions(sentence, matches[number], around))
            yield from self._read_sentence(document, scenes[number], number, mentions, discourse)

    def _voice(self, document: Document) -> tuple[str | None, str | None]:
        """Return whose "I" and "we" a document has: an actor and a country, where its name, title or head says so."""
        head = f"{document.title} {document.source.rsplit('/', 1)[-1]} {document.text[:_HEAD]}"
        folded = fold(re.sub(r"[\W_]+", " ", head))
        cues = self._lexicon.cues.find(folded, frozenset(WORD.findall(folded)))
        title = len(head) - len(document.text[:_HEAD])
        actors = [_cue(m).value for m in cues if _cue(m).role is Role.ACTOR and m.start < title]
        codes = [_cue(m).value for m in cues if _cue(m).role is Role.PLACE and _cue(m).value in REGION_COUNTRIES]
        domain = _DOMAIN.search(f"{document.source} {document.text[:_HEAD]}")
        country = pycountry.countries.get(alpha_2=domain[1].upper()) if domain else None
        place = country.alpha_3 if country and country.alpha_3 in REGION_COUNTRIES else next(iter(codes), None)
        return next((actor for actor in actors if actor != "state"), None), place

    def _read_sentence(
        self, document: Document, scene: Scene, number: int, mentions: list[Mention], discourse: _Discourse
    ) -> Iterator[Proposal]:
        sentence = scene.sentence
        earlier_actor = discourse.last_actor
        if actors := [cue.value for _, cue in scene.of(Role.ACTOR)]:
            discourse.last_actor = actors[-1]
        is_near = bool(discourse.last_mentions) and number - discourse.last_mentions[-1][0] <= _LOOK_BACK
        if not mentions and not is_near:
            return
        found = [
            place
            for place in places(sentence, scene.cues)
            if not any(m.instrument.wording.place and m.start <= place.start < m.end for m in mentions)
        ]
        if not mentions:
            mentions = self._taken_up(scene, number, discourse)
        if sentence.is_question or _ADDRESS.match(sentence.text):
            return
        own_voice = is_first_person(scene)
        mentions = _without_shadowed(mentions)
        reading = _Reading(
            scene=scene,
            found=found,
            mentions=mentions,
            condition=condition(scene),
            speaker=speaker(scene, document.kind, discourse.turn),
            is_official=document.kind in (SourceKind.OFFICIAL, SourceKind.COURT),
            is_own_voice=own_voice,
            earlier_actor=earlier_actor,
            voice=discourse.voice,
            voice_place=discourse.voice_place,
            is_forward=discourse.is_forward,
            is_in_term=document.published is not None and document.published.first_day >= SECOND_TERM_START,
            is_of_first_day=any(m.pattern.text in _FIRST_DAY for m, _ in scene.of(Role.STATE)),
        )
        best: dict[str, dict[str, Proposal]] = {}
        for mention in mentions:
            codes = self._codes(mention, reading, number, discourse)
            for proposal in self._of_mention(document, mention, codes, reading):
                known = best.setdefault(proposal.instrument_id, {})
                if proposal.property not in known or known[proposal.property].confidence < proposal.confidence:
                    known[proposal.property] = proposal
            if number == 0 and codes:
                discourse.topics[mention.instrument.id] = codes
            if mention.kind is not Kind.TAKEN_UP:
                discourse.last_mentions.append((number, mention, codes))
        inside = tuple(dict.fromkeys(p.code for p in found if p.code in REGION_COUNTRIES))
        if inside:
            taken = {m.instrument.id for m in mentions}
            discourse.last_places = (number, inside, taken)
        for known in best.values():
            is_stopped = "litigation" in known and "stage" in known and known["stage"].value == "ended"
            if "partner_response" in known or is_stopped:
                # The answer or the ruling is the news; what is answered or stopped is told as known.
                known.pop("stage", None)
        kept = [proposal for known in best.values() for proposal in known.values()]
        yield from sorted(kept, key=lambda p: (p.char_start, p.instrument_id, p.property))

    def _scene(self, sentence: Sentence) -> Scene:
        """Return a sentence with its cues. A mood in capitals inside a sentence is a name or a month ("May 6")."""
        found = self._lexicon.cues.find(sentence.folded, sentence.words)
        said = [m for m in found if _cue(m).role is Role.SAYING]
        kept = [
            m
            for m in found
            if _cue(m).role is not Role.MOOD
            or not (
                (m.start > 0 and sentence.text[m.start].isupper() and not sentence.text[m.start : m.end].isupper())
                or any(s.start <= m.start and m.end < s.end for s in said)
            )
        ]
        return Scene(sentence=sentence, cues=tuple(kept))

    def _taken_up(self, scene: Scene, number: int, discourse: _Discourse) -> list[Mention]:
        """Return the instrument named before that "the policy" or "these agreements" takes up, if any."""
        pointer = next(scene.of(Role.POINTER), None) or next(scene.of(Role.REFUSAL, Role.ACCEPTANCE), None)
        if pointer is None:
            return []
        match, _ = pointer
        word = scene.sentence.folded[match.start : match.end].split()[-1]
        fits = next((ids for stem, ids in self._lexicon.pointed.items() if word.startswith(stem)), None)
        for earlier, mention, _ in reversed(discourse.last_mentions):
            if number - earlier > _LOOK_BACK:
                return []
            if fits is None or mention.instrument.id in fits:
                return [replace(mention, kind=Kind.TAKEN_UP, start=match.start, end=match.end)]
        return []

    def _codes(
        self, mention: Mention, reading: _Reading, number: int, discourse: _Discourse
    ) -> tuple[str, ...]:
        """Return the countries of a mention: those of its sentence, of the one before, of the title, or none."""
        if mention.kind is Kind.TAKEN_UP:
            earlier = next((codes for _, m, codes in reversed(discourse.last_mentions) if m.instrument is mention.instrument), ())
            own = codes_for(mention.instrument, mention, reading.found)
            return own or earlier
        codes = codes_for(mention.instrument, mention, reading.found)
        if codes or any(place.code not in (*REGION_COUNTRIES, REGION, "USA") for place in reading.found):
            return codes
        for earlier, other, theirs in reversed(discourse.last_mentions):
            if number - earlier <= _CARRIED_BACK and other.instrument is mention.instrument and theirs:
                return theirs
        last, inside, taken = discourse.last_places
        is_free = not taken or mention.instrument.id in taken
        if is_free and number - last <= _LOOK_BACK and not is_domestic(mention.instrument):
            return inside
        return discourse.topics.get(mention.instrument.id, ())

    def _of_mention(
        self, document: Document, mention: Mention, codes: tuple[str, ...], reading: _Reading
    ) -> Iterator[Proposal]:
        instrument, scene = mention.instrument, reading.scene
        if any(mention.start < m.end and m.start < mention.end for m, _ in scene.of(Role.HYPOTHETICAL)):
            return
        is_conditional_part = reading.condition is not None and (
            reading.condition.start <= mention.start < reading.condition.end
        )
        is_elsewhere = _is_elsewhere(reading, mention)
        if litigation := self._litigation(document, mention, codes, reading):
            yield litigation
        if response := self._response(document, mention, codes, reading):
            yield response
        if is_elsewhere:
            return
        act = act_on(scene, mention)
        if act is None:
            yield from self._quantities(document, mention, codes, reading)
        if act is None or is_conditional_part or (act.distance > 1 and is_background(scene, mention)):
            return
        if litigation and any(m.start <= act.start and act.end <= mention.start for m, _ in scene.of(Role.COURT)):
            return
        if mention.kind is Kind.TAKEN_UP and act.distance > _TAKEN_UP_REACH:
            return
        stage = _stage(act, mention, reading)
        if stage is None:
            return
        value, modality, rule = stage
        if instrument.is_partner_act and value in ("adopted", "in_force", "signed"):
            yield from self._proposals(document, mention, codes, reading, act, "complied", modality, rule)
            return
        if value is None:
            return
        if instrument.wording.tells_status and act.is_negated and value == "in_force":
            act, value = replace(act, is_negated=False), "ended"
        is_elsewhere = any(place.code != "USA" for place in reading.found)
        is_by_target = instrument.scope == "by_country" and instrument.country_role == "target"
        if instrument.is_partner_act and not codes:
            return
        if not codes and ((instrument.scope == "by_country" and is_elsewhere) or (is_by_target and mention.kind is Kind.WEAK)):
            return
        yield from self._proposals(document, mention, codes, reading, act, value, modality, rule)

    def _proposals(
        self,
        document: Document,
        mention: Mention,
        codes: tuple[str, ...],
        reading: _Reading,
        act: Act,
        value: str,
        modality: Modality,
        rule: str,
    ) -> Iterator[Proposal]:
        when = self._timing(
            document, reading, act.start, is_plan=act.mood in _PLANS or act.action == "threaten"
        )
        if when is None:
            return
        made = self._proposal(
            document,
            mention,
            (GLOBAL,) if is_domestic(mention.instrument) else codes,
            reading,
            when,
            property_="partner_response" if value == "complied" else "stage",
            value=value,
            modality=modality,
            rule=rule,
            is_negated=act.is_negated,
            distance=act.distance,
        )
        yield made
        yield from self._numbers(made, mention, reading)

    def _quantities(
        self, document: Document, mention: Mention, codes: tuple[str, ...], reading: _Reading
    ) -> Iterator[Proposal]:
        """Yield the numbers beside an instrument of which nothing else is said."""
        when = self._timing(document, reading, mention.start, is_plan=False)
        if when is None or reading.condition:
            return
        made = self._proposal(
            document,
            mention,
            (GLOBAL,) if is_domestic(mention.instrument) else codes,
            reading,
            when,
            property_="description",
            value="mentioned",
            modality=Modality.FACT_OFFICIAL if reading.is_official else Modality.FACT_REPORTED,
            rule="description",
            is_negated=False,
            distance=4,
        )
        yield from self._numbers(made, mention, reading)

    def _numbers(self, made: Proposal, mention: Mention, reading: _Reading) -> Iterator[Proposal]:
        for count in counts(reading.scene.sentence, self._lexicon):
            if count.measure.name in mention.instrument.wording.measures and _is_near(reading.scene, mention, count):
                yield replace(
                    made,
                    property=f"quantity:{count.measure.name}",
                    value=f"{count.value:g}" if count.value < 1e6 else f"{count.value:.0f}",
                    unit=count.measure.unit_of_count or count.measure.unit,
                    unit_of_count=count.measure.unit_of_count,
                    rule=f"quantity:{count.measure.name}",
                )

    def _response(
        self, document: Document, mention: Mention, codes: tuple[str, ...], reading: _Reading
    ) -> Proposal | None:
        """Return the answer of a partner, if the sentence's agent is a country of the region or its rulers."""
        scene = reading.scene
        best: tuple[float, Match, str] | None = None
        for match, cue in scene.of(Role.VERB, Role.REFUSAL, Role.ACCEPTANCE):
            answer = {Role.REFUSAL: "refuses", Role.ACCEPTANCE: "accepts"}.get(cue.role) or _RESPONSES.get(cue.value)
            is_ours = not mention.instrument.is_partner_act
            if answer is None or (answer in ("complied", "prepares") and is_ours) or _nearest_mention(scene, reading.mentions, match).instrument is not mention.instrument:
                continue
            far = _far(scene, match, mention) - (0 if cue.role is Role.VERB else 3)
            if far <= _ANSWER_REACH and (best is None or far < best[0]) and _agent(reading, mention, match):
                best = (far, match, answer)
        if best is None:
            return None
        _, match, answer = best
        agent = _agent(reading, mention, match)
        assert agent is not None
        if reading.condition and reading.condition.start <= match.start < reading.condition.end:
            return None
        if is_negated(scene, match, mention) and answer in ("accepts", "prepares", "complied"):
            answer = "refuses"
        when = self._timing(document, reading, match.start, is_plan=False, is_answer=True)
        if when is None:
            return None
        return self._proposal(
            document,
            mention,
            (agent,),
            reading,
            when,
            property_="partner_response",
            value=answer,
            modality=_voice_of_answer(reading),
            rule=f"partner_response:{scene.sentence.text[match.start : match.end].lower()}",
            is_negated=False,
            distance=best[0],
        )

    def _litigation(
        self, document: Document, mention: Mention, codes: tuple[str, ...], reading: _Reading
    ) -> Proposal | None:
        """Return what a court did, if a court's act stands in the sentence."""
        court = next(reading.scene.of(Role.COURT), None)
        if court is None:
            return None
        match, cue = court
        when = self._timing(document, reading, match.start, is_plan=False)
        if when is None:
            return None
        return self._proposal(
            document,
            mention,
            (GLOBAL,) if is_domestic(mention.instrument) else codes,
            reading,
            when,
            property_="litigation",
            value=cue.value,
            modality=Modality.EXPECTATION_EXPERT if cue.value == "expected" else Modality.FACT_REPORTED,
            rule=f"litigation:{reading.scene.sentence.text[match.start : match.end].lower()}",
            is_negated=False,
            distance=2,
        )

    def _timing(
        self, document: Document, reading: _Reading, place: int, *, is_plan: bool, is_answer: bool = False
    ) -> Timing | None:
        said = document.published.first_day if document.published else None
        is_other = bool(reading.is_official and said and BRIDGE_START <= said < SECOND_TERM_START)
        actor = "former" if is_other else None if is_answer else _actor(reading.scene, place, reading.earlier_actor)
        if (reading.is_own_voice or is_plan) and actor in (None, "state") and reading.voice and not is_answer:
            actor = reading.voice
        return timing(
            reading.scene,
            place,
            said,
            is_plan=is_plan,
            is_answer=is_answer,
            is_forward=reading.is_forward and not is_other,
            actor=actor,
        )

    def _proposal(
        self,
        document: Document,
        mention: Mention,
        codes: tuple[str, ...],
        reading: _Reading,
        when: Timing,
        *,
        property_: str,
        value: str,
        modality: Modality,
        rule: str,
        is_negated: bool,
        distance: float,
    ) -> Proposal:
        sentence = reading.scene.sentence
        confidence = _CONFIDENCE[mention.kind] - 0.02 * distance
        doubts = [when.doubt] if when.doubt else []
        if not codes:
            codes = default_codes(mention.instrument)
            if mention.instrument.scope == "by_country" and not mention.instrument.wording.place:
                doubts.append("no country is named")
        if mention.kind is Kind.TAKEN_UP:
            doubts.append("the instrument is named in an earlier sentence")
        if not reading.speaker.is_named:
            confidence -= 0.05
        confidence = round(max(0.1, confidence - 0.15 * len(doubts)), 2)
        is_optional = confidence < SURE
        if is_optional and not doubts:
            doubts.append("the word that says so stands far from the instrument")
        trigger = sentence.text[reading.condition.start : reading.condition.end].strip(" .,;") if reading.condition else None
        start, end = _quote(sentence, mention)
        return Proposal(
            instrument_id=mention.instrument.id,
            country_codes=codes,
            period=when.period,
            basis=when.basis,
            property=property_,
            value=value,
            modality=modality,
            speaker=reading.speaker.name,
            is_named=reading.speaker.is_named,
            date=document.published,
            quote=document.text[start:end],
            char_start=start,
            char_end=end,
            rule=rule,
            confidence=confidence,
            trigger=trigger if modality is Modality.THREAT_CONDITIONAL else None,
            demand=_demand(trigger) if modality is Modality.THREAT_CONDITIONAL else None,
            is_negated=is_negated,
            is_of_status=property_ == "stage" and mention.instrument.wording.tells_status,
            is_optional=is_optional,
            why="; ".join(doubts) if is_optional else None,
        )


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


def _cue(match: Match) -> Cue:
    assert isinstance(match.pattern.meaning, Cue)
    return match.pattern.meaning


def _demand(trigger: str | None) -> str | None:
    """Return what a threat asks for: what its condition says would be refused."""
    found = _REFUSED.search(trigger) if trigger else None
    return found["what"].strip() if found else None


def _voice_of_answer(reading: _Reading) -> Modality:
    if reading.scene.has(Role.EXPERT):
        return Modality.EXPECTATION_EXPERT
    return Modality.FACT_OFFICIAL if reading.is_official else Modality.FACT_REPORTED


def _stage(act: Act, mention: Mention, reading: _Reading) -> tuple[str | None, Modality, str] | None:
    """Return the stage an act amounts to, the voice, and the rule."""
    rule = f"stage:{act.action}/{act.mood}:{act.cue.lower()}"
    fact = Modality.FACT_OFFICIAL if reading.is_official else Modality.FACT_REPORTED
    is_own = reading.is_own_voice or reading.is_official or act.mood == "imperative"
    plan = Modality.PLEDGE if is_own else Modality.PLAN_REPORTED
    is_other_threat = mention.instrument.family != "coercion" and any(
        m.instrument.family == "coercion" for m in reading.mentions
    )
    is_threat = reading.condition is not None and not is_other_threat and (act.mood in _PLANS or act.is_noun)
    if act.action == "threaten" or act.mood == "threaten":
        if act.mood == "done" and reading.condition is None:
            return "threatened", fact, rule
        return "threatened", Modality.THREAT_CONDITIONAL if reading.condition else Modality.PLAN_REPORTED, rule
    if act.mood == "can":
        return None
    if is_threat and not mention.instrument.is_partner_act:
        return "threatened", Modality.THREAT_CONDITIONAL, rule
    match act.mood:
        case "float" if reading.is_official:
            # An order that says what somebody "may" do permits it.
            return None
        case "float":
            is_expert = reading.scene.has(Role.EXPERT)
            return "floated", Modality.EXPECTATION_EXPERT if is_expert else Modality.PLAN_REPORTED, rule
        case "call":
            return "floated", Modality.PLAN_REPORTED, rule
        case "expect":
            is_expert = reading.scene.has(Role.EXPERT)
            return "pledged", Modality.EXPECTATION_EXPERT if is_expert else Modality.PLAN_REPORTED, rule
        case "pledge" | "oblige" | "imperative" | "infinitive":
            if act.mood == "imperative" and reading.is_official:
                return _done(act, mention), fact, rule
            if act.action == "end" and not _is_by_ending(mention) and not act.is_own:
                return "ended", plan, rule
            if _is_by_ending(mention) and act.action not in ("end", "hold"):
                return None
            if act.action == "hold" and act.mood == "pledge" and mention.instrument.family == "coercion":
                return "threatened", fact, rule
            return "pledged", plan, rule
        case "order":
            return _done(act, mention), fact, rule
    if act.mood in ("bare", "done") and reading.is_of_first_day and not reading.is_in_term:
        return "pledged", plan, rule
    return _done(act, mention), fact, rule


def _is_by_ending(mention: Mention) -> bool:
    return mention.is_undone or mention.kind is Kind.UNDONE


def _done(act: Act, mention: Mention) -> str | None:
    """Return the stage a deed amounts to; None for one that says nothing of the instrument.

    A description that holds its own verb ("suspend entry") is the measure, not its end. Of a protection its own stage
    is told. Where the instrument is the ending of something else (aid), going on with that says nothing of it.
    """
    if mention.instrument.wording.tells_status:
        return "ended" if act.action in ("end", "hold") else "in_force"
    if _is_by_ending(mention):
        return "adopted" if act.action in ("end", "hold") else None
    if act.is_own and act.action in ("end", "hold"):
        return "adopted"
    if act.action == "hold":
        return "threatened" if mention.instrument.family == "coercion" else "ended"
    return {
        "start": "adopted",
        "end": "ended",
        "keep": "in_force",
        "apply": "in_force",
        "talk": "negotiated",
        "sign": "signed",
    }[act.action]


def _far(scene: Scene, match: Match, mention: Mention) -> int:
    """Return how many words an answer is from what it answers; what is answered stands behind as a rule."""
    if match.start < mention.end and mention.start < match.end:
        return 0
    if match.end <= mention.start:
        return scene.words_between(match.end, mention.start) + 9 * scene.breaks_between(match.end, mention.start)
    return 4 + scene.words_between(mention.end, match.start) + 9 * scene.breaks_between(mention.end, match.start)


def _nearest_mention(scene: Scene, mentions: list[Mention], match: Match) -> Mention:
    """Return what an answer answers: the nearest mention, one by name before a weak word."""
    return min(mentions, key=lambda m: (_far(scene, match, m), m.kind is Kind.WEAK))


def _actor(scene: Scene, place: int, earlier: str | None) -> str | None:
    """Return who acts: the last before the act that a verb follows, whom a pronoun takes up, or whoever is named."""
    before = [(match, cue) for match, cue in scene.of(Role.ACTOR) if match.end <= place]
    verbs = [match.start for match, _ in scene.of(Role.VERB, Role.MOOD)]
    subjects = [
        cue.value for match, cue in before if any(0 <= scene.words_between(match.end, verb) <= 2 and verb >= match.end for verb in verbs)
    ]
    if subjects:
        return subjects[-1]
    if _PRONOUN.search(scene.sentence.folded, 0, place) and earlier:
        return earlier
    named = [cue.value for _, cue in before] or [cue.value for _, cue in scene.of(Role.ACTOR)][:1]
    return named[-1] if named else None


def _agent(reading: _Reading, mention: Mention, verb: Match) -> str | None:
    """Return the country of the region that acts: the nearest before the verb, with nobody of ours between.

    A partner's act that is described of "countries" or "partners" is one of the region.
    """
    scene = reading.scene
    codes = (*REGION_COUNTRIES, REGION) if mention.instrument.is_partner_act else REGION_COUNTRIES
    before = [p for p in reading.found if p.end <= verb.start and p.code in codes and p.form != "mark" and _is_subject(scene, reading.found, p)]
    if not before:
        if reading.voice_place and _FIRST_PLURAL.search(scene.sentence.folded):
            return reading.voice_place
        is_described = mention.instrument.is_partner_act and mention.kind is Kind.DESCRIBED
        return REGION if is_described and mention.start < verb.start < mention.end else None
    place = before[-1]
    if scene.words_between(place.end, verb.start) > _AGENT_REACH:
        return None
    for match, cue in scene.of(Role.ACTOR):
        if cue.value in ("ours", "state") and place.end <= match.start and match.end <= verb.start:
            return None
    return place.code


def _is_subject(scene: Scene, found: list[Place], place: Place) -> bool:
    """Whether a country may be who acts: behind a preposition or a verb it is not, unless its government is meant.

    Of countries in a row ("like Venezuela and Haiti") the first decides.
    """
    folded = scene.sentence.folded
    for earlier in reversed([p for p in found if p.end <= place.start]):
        if _ROW.fullmatch(folded, earlier.end, place.start):
            place = earlier
    before = folded[: place.start]
    if _LEADER.search(before):
        return True
    if _PREPOSITION.search(before):
        return False
    return not any(m.end <= place.start and not before[m.end :].strip() for m, c in scene.of(Role.VERB) if c.form != "base")


def _is_elsewhere(reading: _Reading, mention: Mention) -> bool:
    """Whether the sentence speaks of another country's policy: a country outside the region and nobody of ours."""
    outside = [p for p in reading.found if p.code not in (*REGION_COUNTRIES, REGION, "USA")]
    inside = [p for p in reading.found if p.code in REGION_COUNTRIES]
    return bool(outside) and not inside and not any(
        cue.value in ("ours", "state") for _, cue in reading.scene.of(Role.ACTOR)
    )


def _is_near(scene: Scene, mention: Mention, count: Count) -> bool:
    first, last = sorted((count.start, mention.start))
    return scene.words_between(first, last) <= 14 and not scene.breaks_between(first, last)


def _quote(sentence: Sentence, mention: Mention) -> tuple[int, int]:
    """Return the bounds of the passage: the sentence, or of a long one what stands around the mention."""
    if sentence.end - sentence.start <= _LONGEST_QUOTE:
        return sentence.start, sentence.end
    middle = sentence.start + (mention.start + mention.end) // 2
    start = max(sentence.start, middle - _LONGEST_QUOTE // 2)
    end = min(sentence.end, start + _LONGEST_QUOTE)
    return max(sentence.start, end - _LONGEST_QUOTE), end
