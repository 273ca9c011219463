"""Where a sentence speaks of an instrument, by name or by description, and of which countries."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from sources.codebook import Codebook
from sources.countries import GLOBAL, REGION, REGION_COUNTRIES
from sources.model import CountryRole, Instrument, Scope
from sources.proposals import function_words
from sources.proposals.lexicon import Lexicon, Role, cue_of
from sources.proposals.passages import Sentence
from sources.proposals.patterns import Finder, Match, Pattern, compile_pattern, fold, longest


class Kind(StrEnum):
    """How a text speaks of an instrument."""

    NAMED = "named"
    DESCRIBED = "described"
    WEAK = "weak"
    UNDONE = "undone"
    TAKEN_UP = "taken_up"
    HOMONYM = "homonym"
    CONTEXT = "context"


@dataclass(frozen=True, slots=True)
class Term:
    """What an instrument's pattern means: the instrument and the way it is spoken of."""

    instrument_id: str
    kind: Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """An instrument at a place of a sentence (offsets in the sentence)."""

    instrument: Instrument
    kind: Kind
    start: int
    end: int
    is_undone: bool
    pattern: str


@dataclass(frozen=True, slots=True)
class Place:
    """A country at a place of a sentence. `form` is "" for its name, "demonym" for its people or rulers, "group" for
    one of several named at once, "mark" for what only stands for it (a gang, a prison).
    """

    code: str
    start: int
    end: int
    form: str


class Instruments:
    """The wording of a codebook's instruments in one language, ready for search."""

    def __init__(self, book: Codebook, lexicon: Lexicon) -> None:
        classes = {**lexicon.classes, **lexicon.place_classes}
        self.by_id = {instrument.id: instrument for instrument in book.instruments}
        self._finder = Finder(
            compile_pattern(text, Term(instrument.id, kind), classes)
            for instrument in book.instruments
            for kind, text in _patterns(instrument, lexicon.language)
        )
        self._needs_context = {
            instrument.id for instrument in book.instruments if instrument.wording.context.get(lexicon.language)
        }

    def find(self, sentence: Sentence) -> list[Match]:
        """Return every pattern of every instrument in a sentence, context and homonyms among them."""
        return self._finder.find(sentence.folded, sentence.words)

    def mentions(self, sentence: Sentence, matches: Iterable[Match], around: set[str]) -> Iterator[Mention]:
        """Yield the mentions that matches amount to, one for an instrument and place, the longest first.

        `around` names the instruments whose context stands in a neighbouring sentence.
        """
        by_instrument: dict[str, list[Match]] = {}
        for match in matches:
            by_instrument.setdefault(_term(match.pattern).instrument_id, []).append(match)
        for instrument_id, found in by_instrument.items():
            instrument = self.by_id[instrument_id]
            homonyms = [match for match in found if _term(match.pattern).kind is Kind.HOMONYM]
            has_context = instrument_id in around or any(_term(m.pattern).kind is Kind.CONTEXT for m in found)
            named = [m for m in found if _term(m.pattern).kind not in (Kind.HOMONYM, Kind.CONTEXT)]
            weak = {(m.start, m.end) for m in named if _term(m.pattern).kind is Kind.WEAK}
            names = [m.end for m in named if _term(m.pattern).kind is Kind.NAMED]
            undone = [m for m in named if _term(m.pattern).kind is Kind.UNDONE]
            for match in longest(named):
                if any(h.start < match.end and match.start < h.end for h in homonyms):
                    continue
                kind = _term(match.pattern).kind
                if kind is Kind.DESCRIBED and any(
                    function_words.RELATIVE.search(sentence.folded, end, match.start) for end in names
                ):
                    # "Remain in Mexico, which requires migrants to wait": what it is, not what is done.
                    continue
                is_weak = (match.start, match.end) in weak
                if is_weak and (homonyms or (instrument_id in self._needs_context and not has_context)):
                    continue
                yield Mention(
                    instrument=instrument,
                    kind=Kind.WEAK if is_weak else kind,
                    start=match.start,
                    end=match.end,
                    is_undone=any(u.start <= match.start and match.end <= u.end for u in undone),
                    pattern=match.pattern.text,
                )


def _term(pattern: Pattern) -> Term:
    assert isinstance(pattern.meaning, Term)
    return pattern.meaning


def contexts(matches: Iterable[Match]) -> set[str]:
    """Return the instruments that a word of their context speaks for."""
    return {_term(m.pattern).instrument_id for m in matches if _term(m.pattern).kind is Kind.CONTEXT}


def _patterns(instrument: Instrument, language: str) -> Iterator[tuple[Kind, str]]:
    wording = instrument.wording
    for alias in instrument.aliases.get(language, ()):
        yield Kind.NAMED, " ".join(fold(alias).replace("(", " ").replace(")", " ").split())
    for kind, patterns in (
        (Kind.DESCRIBED, wording.described),
        (Kind.WEAK, wording.weak),
        (Kind.UNDONE, wording.undone),
        (Kind.HOMONYM, wording.homonyms),
        (Kind.CONTEXT, wording.context),
    ):
        for text in patterns.get(language, ()):
            yield kind, text


def places(sentence: Sentence, cues: Iterable[Match]) -> list[Place]:
    """Return the countries a sentence names, each where it stands; what only looks like one is left out.

    What the lexicon writes with a capital letter (Turkey, Chad) must have one in the text.
    """
    found, hidden = [], []
    for match in cues:
        cue = cue_of(match)
        if cue.role is Role.NOT_PLACE:
            hidden.append(match)
        elif cue.role is Role.PLACE and (match.pattern.text[0].islower() or sentence.text[match.start].isupper()):
            found.append(match)
    kept = []
    for match in found:
        cue = cue_of(match)
        if not any(h.start <= match.start and match.end <= h.end for h in hidden):
            kept.append(Place(cue.value, match.start, match.end, cue.form))
    return kept


def places_of(mention: Mention, mentions: list[Mention], found: list[Place]) -> list[Place]:
    """Return the places that belong to a mention: those up to the next instrument, where that has its own as well.

    "Tariffs on Mexico and visa sanctions on Brazil" name one country each; elsewhere all of a sentence count.
    """
    others = [
        m
        for m in mentions
        if m.instrument is not mention.instrument and (m.end <= mention.start or mention.end <= m.start)
    ]
    own = _places_behind(mention, others, found)
    if own and any(_places_behind(other, [*others, mention], found) for other in others):
        return own
    return found


def _places_behind(mention: Mention, others: list[Mention], found: list[Place]) -> list[Place]:
    following = (m.start for m in others if m.start >= mention.end)
    end = min(following, default=None)
    return [place for place in found if mention.start <= place.start and (end is None or place.start < end)]


def codes_for(instrument: Instrument, found: list[Place]) -> tuple[str, ...]:
    """Return the countries of the region that a sentence names for an instrument; () where it names none.

    Of a removal to a third country the receiver's name counts before the word for people ("Venezuelans to El
    Salvador").
    """
    if instrument.wording.place:
        return (instrument.wording.place,)
    inside = [place for place in found if place.code in REGION_COUNTRIES]
    if instrument.country_role is CountryRole.RECEIVER and instrument.wording.receives_others:
        inside = [place for place in inside if place.form != "demonym"] or inside
    if inside:
        return tuple(dict.fromkeys(place.code for place in inside))
    return (REGION,) if any(place.code == REGION for place in found) else ()


def default_codes(instrument: Instrument) -> tuple[str, ...]:
    """Return what a statement is about when no country is named."""
    return (instrument.wording.place or GLOBAL,)


def is_domestic(instrument: Instrument) -> bool:
    """Whether the instrument has no cell for a country."""
    return instrument.scope is Scope.DOMESTIC
