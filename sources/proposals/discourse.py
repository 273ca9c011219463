"""What a document leaves for its sentences: who speaks, what "the policy" takes up, which countries are meant."""

import re
from dataclasses import dataclass, field, replace

import pycountry

from sources.countries import REGION, REGION_COUNTRIES
from sources.model import Document, SourceKind
from sources.proposals.grammar import Condition, Scene
from sources.proposals.lexicon import Lexicon, Role, cue_of
from sources.proposals.mentions import Kind, Mention, Place, codes_for, is_domestic
from sources.proposals.patterns import WORD, fold
from sources.proposals.speakers import Speaker

# How many sentences back something is still meant without being named; an instrument's own countries last longer.
LOOK_BACK = 3
_COUNTRIES_LOOK_BACK = 6
# What counts as the head of a document, in characters.
_HEAD = 200
_GOVERNMENT_SITE = re.compile(r"\bg[ou]b?\w*\.([a-z]{2})\b")


@dataclass(frozen=True, kw_only=True)
class Situation:
    """A sentence in its document: what the rules look at.

    `earlier_actor` acted last before it; `voice` and `voice_place` are whose "I" and "we" it has; `is_forward` says
    that the document looks ahead to the second term, `is_eve` that it speaks of those who are elected and not yet in
    office, `is_in_term` that it was published in the term.
    """

    scene: Scene
    found: list[Place]
    mentions: list[Mention]
    condition: Condition | None
    speaker: Speaker
    is_official: bool
    is_own_voice: bool
    is_of_first_day: bool
    is_in_term: bool
    is_forward: bool
    is_eve: bool
    earlier_actor: str | None
    voice: str | None
    voice_place: str | None


@dataclass(kw_only=True)
class Discourse:
    """What the sentences read so far leave for the next ones.

    `topics` are the countries the title names with an instrument: the text need not name them again.
    """

    voice: str | None
    voice_place: str | None
    is_forward: bool
    is_eve: bool
    turn: str | None = None
    last_actor: str | None = None
    topics: dict[str, tuple[str, ...]] = field(default_factory=dict)
    mentions: list[tuple[int, Mention, tuple[str, ...]]] = field(default_factory=list)
    places: tuple[int, tuple[str, ...], frozenset[str]] = (-LOOK_BACK - 1, (), frozenset())

    def is_near(self, number: int) -> bool:
        """Whether an instrument was named shortly before a sentence."""
        return bool(self.mentions) and number - self.mentions[-1][0] <= LOOK_BACK

    def taken_up(self, scene: Scene, number: int, lexicon: Lexicon) -> list[Mention]:
        """Return the instrument named before that "the policy", "these agreements" or a bare refusal takes up."""
        pointer = next(scene.of(Role.POINTER), None) or next(scene.of(Role.REFUSAL, Role.ACCEPTANCE), None)
        if pointer is None:
            return []
        match, _ = pointer
        word = scene.sentence.folded[match.start : match.end].split()[-1]
        fits = next((ids for stem, ids in lexicon.pointed.items() if word.startswith(stem)), None)
        for earlier, mention, _ in reversed(self.mentions):
            if number - earlier > LOOK_BACK:
                return []
            if fits is None or mention.instrument.id in fits:
                return [replace(mention, kind=Kind.TAKEN_UP, start=match.start, end=match.end)]
        return []

    def codes(self, mention: Mention, found: list[Place], number: int) -> tuple[str, ...]:
        """Return the countries of a mention: those of its sentence, of an earlier one, of the title, or none.

        Countries of an earlier sentence that belong to another instrument are not taken over.
        """
        codes = codes_for(mention.instrument, found)
        if codes or any(place.code not in (*REGION_COUNTRIES, REGION, "USA") for place in found):
            return codes
        for earlier, other, theirs in reversed(self.mentions):
            if number - earlier > _COUNTRIES_LOOK_BACK:
                break
            if other.instrument is mention.instrument and theirs:
                return theirs
        last, inside, owners = self.places
        is_free = not owners or mention.instrument.id in owners
        if is_free and number - last <= LOOK_BACK and not is_domestic(mention.instrument):
            return inside
        return self.topics.get(mention.instrument.id, ())

    def remember(self, number: int, mention: Mention, codes: tuple[str, ...]) -> None:
        """Keep a mention for what takes it up later; those of the first sentence are the document's topics."""
        if number == 0 and codes:
            self.topics[mention.instrument.id] = codes
        if mention.kind is not Kind.TAKEN_UP:
            self.mentions.append((number, mention, codes))

    def remember_places(self, number: int, found: list[Place], mentions: list[Mention]) -> None:
        """Keep the countries of a sentence, and whose they are."""
        inside = tuple(dict.fromkeys(place.code for place in found if place.code in REGION_COUNTRIES))
        if inside:
            self.places = (number, inside, frozenset(mention.instrument.id for mention in mentions))


def voice_of(document: Document, lexicon: Lexicon) -> tuple[str | None, str | None]:
    """Return whose "I" and "we" a document has: an actor and a country, where its name, title or head says so."""
    head = document.text[:_HEAD]
    name = f"{document.title} {document.source.rsplit('/', 1)[-1]}"
    folded = fold(re.sub(r"[\W_]+", " ", f"{name} {head}"))
    cues = lexicon.cues.find(folded, frozenset(WORD.findall(folded)))
    actors = [cue_of(m).value for m in cues if cue_of(m).role is Role.ACTOR and m.start < len(name)]
    codes = [cue_of(m).value for m in cues if cue_of(m).role is Role.PLACE and cue_of(m).value in REGION_COUNTRIES]
    site = _GOVERNMENT_SITE.search(f"{document.source} {head}")
    country = pycountry.countries.get(alpha_2=site[1].upper()) if site else None
    place = country.alpha_3 if country and country.alpha_3 in REGION_COUNTRIES else next(iter(codes), None)
    return next((actor for actor in actors if actor != "state"), None), place


def is_official(document: Document) -> bool:
    """Whether a document is the act itself or the words of the government."""
    return document.kind in (SourceKind.OFFICIAL, SourceKind.COURT)
