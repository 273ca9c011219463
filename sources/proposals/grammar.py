"""What a sentence says is done with an instrument: the governing verb, its mood, negation and condition.

There is no parser: cues are weighed by how near they stand and what stands between. English, Spanish and Portuguese
put a verb before its object, and the auxiliary and the negation before the verb; that is all that is relied on.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from sources.proposals import function_words
from sources.proposals.lexicon import Cue, Role, cue_of
from sources.proposals.mentions import Kind, Mention
from sources.proposals.passages import Sentence
from sources.proposals.patterns import WORD, Match

_FINITE = frozenset({"past", "present", "future", "conditional"})
_DEEDS = frozenset({"start", "end", "hold", "keep", "apply", "talk", "sign", "threaten"})
# How many words may stand between a cue and what it governs.
_REACH = 16
_MOOD_REACH = 7
# "is preparing a strategy aimed at the region, focusing on deporting": what is not finite hangs on the plan before it.
_MOOD_REACHES = {"past": 3, "participle": 3, "present": 3, "gerund": 14}
_NEGATION_REACH = 5
_BACKGROUND_REACH = 3
_BREAK_COSTS = 9
_VERB_BETWEEN_COSTS = 3
_FOLLOWING_COSTS = 3
_FOLLOWING_LOOSELY_COSTS = 6
# "The wall must cover": the verb is none the lexicon knows, its mood tells.
_UNKNOWN_VERB_COSTS = 9
_TELLING_MOODS = frozenset({"pledge", "expect", "float", "threaten", "order", "call"})
# A word that may be a noun as well ("order", "use") and has neither an auxiliary nor the place of an imperative.
_BARE_COSTS = 4
_LETTERS = re.compile(r"[^\W\d_]{2}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """What is done with a mention: an action in a mood. `cue` is the word that says so; distance is in words."""

    action: str
    mood: str
    is_negated: bool
    is_own: bool
    is_noun: bool
    start: int
    end: int
    cue: str
    distance: float


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A sentence with its cues, read once for all its mentions."""

    sentence: Sentence
    cues: tuple[Match, ...]

    @cached_property
    def _word_starts(self) -> list[int]:
        return [found.start() for found in WORD.finditer(self.sentence.folded)]

    @cached_property
    def _breaks(self) -> list[int]:
        return [found.start() for found in function_words.CLAUSE_BREAK.finditer(self.sentence.folded)]

    def words_between(self, start: int, end: int) -> int:
        """Return how many words begin between two places."""
        return bisect_left(self._word_starts, end) - bisect_left(self._word_starts, start)

    def breaks_between(self, start: int, end: int) -> int:
        """Return how many clauses end between two places."""
        return bisect_left(self._breaks, end) - bisect_left(self._breaks, start)

    @cached_property
    def _by_roles(self) -> dict[tuple[Role, ...], list[tuple[Match, Cue]]]:
        """What `of` gave so far: every mention and every rule asks again."""
        return {}

    def of(self, *roles: Role) -> Iterator[tuple[Match, Cue]]:
        """Yield the cues of some roles, in order."""
        if roles not in self._by_roles:
            cues = ((match, cue_of(match)) for match in self.cues)
            self._by_roles[roles] = [(match, cue) for match, cue in cues if cue.role in roles]
        yield from self._by_roles[roles]

    def has(self, role: Role) -> bool:
        """Whether the sentence has a cue of a role."""
        return any(True for _ in self.of(role))

    def nearest(self, role: Role, place: int) -> tuple[Match, Cue] | None:
        """Return the cue of a role that is nearest to a place, clauses counted, or None."""
        return min(self.of(role), key=lambda pair: self._far(pair[0], place), default=None)

    def _far(self, match: Match, place: int) -> int:
        first, last = sorted((match.start, place))
        return self.words_between(first, last) + _BREAK_COSTS * self.breaks_between(first, last)


def act_on(scene: Scene, mention: Mention) -> Act | None:
    """Return the act that governs a mention, or None where the sentence only names it."""
    best: tuple[float, int, str, Match, Cue] | None = None
    for match, cue in scene.of(Role.VERB, Role.NOUN, Role.STATE, Role.MOOD):
        if cue.role is Role.MOOD and cue.value not in _TELLING_MOODS:
            continue
        if cue.role is Role.VERB and cue.value not in _DEEDS:
            continue
        if cue.role in (Role.VERB, Role.NOUN) and function_words.THAT.match(scene.sentence.folded, match.end):
            continue
        distance = _distance(scene, mention, match, cue)
        if distance > _REACH:
            continue
        mood = cue.value if cue.role is Role.MOOD else _mood(scene, match, cue)
        if mood == "bare":
            distance += _BARE_COSTS
        if distance <= _REACH and (best is None or (distance, match.start) < best[:2]):
            best = (distance, match.start, mood, match, cue)
    if best is None:
        return None
    distance, _, mood, match, cue = best
    threat = _threat_before(scene, match)
    is_effect = cue.role is Role.MOOD and mood == "pledge" and match.start >= mention.end
    if is_effect:
        # "The ban will also hit families": what a measure will do tells that it is there.
        mood = "done"
    return Act(
        action="threaten" if threat else "keep" if is_effect else _action(scene, mention, match, cue),
        mood="done" if threat else mood,
        is_negated=is_negated(scene, match, mention),
        is_own=match.start < mention.end and mention.start < match.end,
        is_noun=cue.role is Role.NOUN,
        start=match.start,
        end=match.end,
        cue=scene.sentence.text[match.start : match.end],
        distance=distance,
    )


def _threat_before(scene: Scene, act: Match) -> bool:
    """Whether the act is what somebody threatened ("the threat that they would impose")."""
    return any(
        cue.value == "threaten"
        and match.end <= act.start
        and function_words.COMPLEMENT.match(scene.sentence.folded, match.end)
        and scene.words_between(match.end, act.start) <= _REACH
        and not scene.breaks_between(match.end, act.start)
        for match, cue in scene.of(Role.VERB, Role.NOUN)
    )


def is_background(scene: Scene, mention: Mention) -> bool:
    """Whether the sentence is about something else ("owners close to protest the travel ban")."""
    return any(
        match.end <= mention.start
        and scene.words_between(match.end, mention.start) <= _BACKGROUND_REACH
        and not scene.breaks_between(match.end, mention.start)
        and not any(
            match.end <= m.start and m.end <= mention.start and c.value in _DEEDS
            for m, c in scene.of(Role.VERB, Role.NOUN)
        )
        for match, _ in scene.of(Role.BACKGROUND)
    )


def is_hypothetical(scene: Scene, place: int) -> bool:
    """Whether what stands at a place is only supposed ("could have ended", "whether they will end").

    What somebody weighs ("considering whether to end") is more than supposed.
    """
    weighed = [match for match, cue in scene.of(Role.MOOD) if cue.value == "float"]
    return any(
        match.end <= place
        and scene.words_between(match.end, place) <= _MOOD_REACH
        and not scene.breaks_between(match.end, place)
        and "," not in scene.sentence.folded[match.end : place]
        and not any(m.end <= match.start and not scene.words_between(m.end, match.start) for m in weighed)
        for match, _ in scene.of(Role.HYPOTHETICAL)
    )


def _action(scene: Scene, mention: Mention, match: Match, cue: Cue) -> str:
    if cue.value in ("end", "hold") and function_words.RESTRICTION.search(
        scene.sentence.folded, match.end, max(match.end, mention.start)
    ):
        # "ended restrictions on arrests": there is more of it, not less.
        return "start"
    if cue.role is Role.STATE:
        return {"in_force": "keep", "ended": "end", "dormant": "hold", "pledged": "start"}[cue.value]
    return "start" if cue.value == "plan" or cue.role is Role.MOOD else cue.value


def _distance(scene: Scene, mention: Mention, match: Match, cue: Cue) -> float:
    """Return how far a cue is from a mention, in words and what they weigh."""
    if match.start < mention.end and mention.start < match.end:
        is_own = mention.kind is Kind.DESCRIBED and cue.role is not Role.STATE
        return 0.5 if is_own else float("inf")
    if match.end <= mention.start:
        gap = scene.words_between(match.end, mention.start)
        cost = _BREAK_COSTS * scene.breaks_between(match.end, mention.start)
        if gap + cost > _REACH:
            return gap + cost
        between = sum(
            other.start >= match.end and other.end <= mention.start and c.form in _FINITE
            for other, c in scene.of(Role.VERB)
        )
        cost += _VERB_BETWEEN_COSTS * between
        if cue.role is Role.NOUN:
            cost += 0 if gap <= 3 else 4
        cost += _UNKNOWN_VERB_COSTS if cue.role is Role.MOOD else 0
        return gap + cost + 1
    gap = scene.words_between(mention.end, match.start)
    cost = _BREAK_COSTS * scene.breaks_between(mention.end, match.start)
    if cue.role is Role.MOOD:
        return gap + cost + _UNKNOWN_VERB_COSTS
    if cue.role is Role.STATE:
        return gap + cost
    if cue.role is Role.NOUN:
        return gap + cost + (1 if gap == 0 else _FOLLOWING_LOOSELY_COSTS)
    if _is_passive(scene, mention, match, cue):
        return gap + cost
    is_loose = cue.form == "gerund" or scene.sentence.folded[: match.start].rstrip().endswith(" to")
    return gap + cost + (_FOLLOWING_LOOSELY_COSTS if is_loose else _FOLLOWING_COSTS)


def _is_passive(scene: Scene, mention: Mention, match: Match, cue: Cue) -> bool:
    return cue.form in ("past", "participle") and bool(
        function_words.PASSIVE.search(scene.sentence.folded, max(mention.end - 1, match.start - 25), match.start)
    )


def _mood(scene: Scene, match: Match, cue: Cue) -> str:
    """Return the mood of a cue: that of the auxiliary or phrase before it, of its own form, or of the main verb."""
    if (cue.role, cue.value) in ((Role.STATE, "pledged"), (Role.NOUN, "plan")):
        return "pledge"
    if cue.form == "future":
        return "pledge"
    if cue.form == "conditional":
        return "expect"
    is_progressive = cue.form == "gerund" and bool(
        function_words.PASSIVE.search(scene.sentence.folded, max(0, match.start - 12), match.start)
    )
    if found := _mood_before(scene, match, cue, _MOOD_REACHES["present"] if is_progressive else None):
        return found
    if cue.form in ("base", "subjunctive"):
        return _mood_of_bare(scene, match)
    return "done"


def _mood_before(scene: Scene, verb: Match, cue: Cue, reach: int | None = None) -> str:
    reach = reach or _MOOD_REACHES.get(cue.form, _MOOD_REACH)
    best, best_end = "", -1
    for match, mood in scene.of(Role.MOOD):
        if match.end > verb.start or match.end < best_end:
            continue
        if scene.words_between(match.end, verb.start) > reach or scene.breaks_between(match.end, verb.start):
            continue
        if not _verb_between(scene, match.end, verb.start):
            best, best_end = mood.value, match.end
    if best == "purpose":
        return _mood_of_deed(scene, verb) or "pledge"
    return best


def _mood_of_bare(scene: Scene, verb: Match) -> str:
    """Return the mood of an infinitive or imperative: that of the verb it is joined to, or of the sentence's deed.

    "signed an order to end": what serves a deed that is done is ordered with it.
    """
    earlier = [(m, c) for m, c in scene.of(Role.VERB) if m.end <= verb.start]
    for match, cue in reversed(earlier):
        if cue.form not in ("base", "subjunctive") or scene.breaks_between(match.end, verb.start):
            continue
        if function_words.JOINED.search(scene.sentence.folded, match.end, verb.start):
            if mood := _mood_before(scene, match, cue):
                return mood
            if _is_first(scene, match):
                return "imperative"
    if _is_first(scene, verb):
        return "imperative"
    before = scene.sentence.folded[: verb.start].rstrip()
    if not function_words.PURPOSE.search(before):
        return "bare"
    return _mood_of_deed(scene, verb) or "infinitive"


def _is_first(scene: Scene, verb: Match) -> bool:
    """Whether a sentence begins with a verb, but for the number or mark of a list."""
    return not _LETTERS.search(scene.sentence.folded, 0, verb.start)


def _mood_of_deed(scene: Scene, verb: Match) -> str:
    """Return the mood of the deed that a purpose serves, or "" if the clause has none before it."""
    for match, cue in reversed(list(scene.of(Role.VERB))):
        is_deed = cue.form in ("past", "present", "gerund") and cue.value in _DEEDS
        if is_deed and match.end <= verb.start and not scene.breaks_between(match.end, verb.start):
            return _mood_before(scene, match, cue) or "done"
    return ""


def is_negated(scene: Scene, verb: Match, mention: Mention) -> bool:
    """Whether the act is said not to be so: a negation before its verb, or right before the instrument."""
    folded = scene.sentence.folded
    hangs_on = condition(scene)
    for match, _ in scene.of(Role.NEGATION):
        if hangs_on and hangs_on.start <= match.start < hangs_on.end <= verb.start:
            # "If they refuse, he will": the condition is negated, not what follows from it.
            continue
        if folded.startswith(("not only", "no solo", "nao so", "no obstante", "nao obstante"), match.start):
            continue
        for place in (verb.start, mention.start):
            reach = _NEGATION_REACH if place == verb.start else 1
            if (
                match.end <= place
                and scene.words_between(match.end, place) <= reach
                and not scene.breaks_between(match.end, place)
                and not function_words.NEXT_CLAUSE.search(folded, match.end, place)
                and not _verb_between(scene, match.end, place)
            ):
                return True
    return False


def _verb_between(scene: Scene, start: int, end: int) -> bool:
    return any(start <= m.start and m.end <= end and c.form in _FINITE for m, c in scene.of(Role.VERB))


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """The clause a sentence is conditional on (offsets in the sentence)."""

    start: int
    end: int


def condition(scene: Scene) -> Condition | None:
    """Return the conditional clause of a sentence: from "if" or "unless" to the next comma, or to the end."""
    found = next(scene.of(Role.CONDITION), None)
    if found is None:
        return None
    match, _ = found
    comma = scene.sentence.folded.find(",", match.end)
    is_first = not WORD.search(scene.sentence.folded[: match.start])
    end = comma if comma >= 0 and (is_first or comma - match.end > 20) else len(scene.sentence.text)
    return Condition(start=match.start, end=end)
