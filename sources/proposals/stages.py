"""Which stage an act amounts to, and in which voice it is told."""

from dataclasses import dataclass

from sources.model import Modality
from sources.proposals.discourse import Situation
from sources.proposals.grammar import Act
from sources.proposals.lexicon import Role
from sources.proposals.mentions import Kind, Mention

# Moods of what is not done yet.
PLANS = frozenset({"pledge", "oblige", "expect", "float", "threaten", "call", "imperative", "infinitive"})
_DEEDS = {
    "start": "adopted",
    "end": "ended",
    "keep": "in_force",
    "apply": "in_force",
    "talk": "negotiated",
    "sign": "signed",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A stage, the voice in which it is told, and the rule that found it."""

    value: str
    modality: Modality
    rule: str


def stage(act: Act, mention: Mention, situation: Situation) -> Finding | None:
    """Return the stage of an instrument that an act on it amounts to; None where it says nothing of it."""
    fact = Modality.FACT_OFFICIAL if situation.is_official else Modality.FACT_REPORTED
    is_own = situation.is_own_voice or situation.is_official or act.mood == "imperative"
    plan = Modality.PLEDGE if is_own else Modality.PLAN_REPORTED
    found = _stage(act, mention, situation, fact, plan)
    if found is None:
        return None
    value, modality = found
    return Finding(value=value, modality=modality, rule=f"stage:{act.action}/{act.mood}:{act.cue.lower()}")


def _stage(
    act: Act, mention: Mention, situation: Situation, fact: Modality, plan: Modality
) -> tuple[str, Modality] | None:
    if act.action == "threaten" or act.mood == "threaten":
        if act.mood == "done" and situation.condition is None:
            return "threatened", fact
        return "threatened", Modality.THREAT_CONDITIONAL if situation.condition else Modality.PLAN_REPORTED
    if _is_threat(act, mention, situation):
        return "threatened", Modality.THREAT_CONDITIONAL
    expected = Modality.EXPECTATION_EXPERT if situation.scene.has(Role.EXPERT) else Modality.PLAN_REPORTED
    match act.mood:
        case "can":
            return None
        case "float":
            # An order that says what somebody "may" do permits it.
            return None if situation.is_official else ("floated", expected)
        case "call":
            return "floated", Modality.PLAN_REPORTED
        case "expect":
            return "pledged", expected
        case "imperative" if situation.is_official:
            return _told(_done(act, mention), fact)
        case "pledge" | "oblige" | "imperative" | "infinitive":
            return _planned(act, mention, fact, plan)
        case "bare" | "done" if situation.is_of_first_day and not situation.is_in_term:
            return "pledged", plan
    return _told(_done(act, mention), fact)


def _told(value: str | None, modality: Modality) -> tuple[str, Modality] | None:
    return None if value is None else (value, modality)


def _is_threat(act: Act, mention: Mention, situation: Situation) -> bool:
    """Whether the act hangs on a condition; in a sentence with a coercive instrument, the condition is that one's."""
    if situation.condition is None or mention.instrument.is_partner_act or act.mood == "can":
        return False
    if mention.instrument.family != "coercion" and any(
        other.instrument.family == "coercion" for other in situation.mentions
    ):
        return False
    return act.mood in PLANS or act.is_noun


def _planned(act: Act, mention: Mention, fact: Modality, plan: Modality) -> tuple[str, Modality] | None:
    is_ending = act.action in ("end", "hold")
    if _is_by_ending(mention):
        return ("pledged", plan) if is_ending else None
    if act.action == "hold" and act.mood == "pledge" and mention.instrument.family == "coercion":
        return "threatened", fact
    if act.action == "end" and not act.is_own:
        return "ended", plan
    return "pledged", plan


def _is_by_ending(mention: Mention) -> bool:
    return mention.is_undone or mention.kind is Kind.UNDONE


def _done(act: Act, mention: Mention) -> str | None:
    """Return the stage a deed amounts to; None for one that says nothing of the instrument.

    A description that holds its own verb ("suspend entry") is the measure, not its end. Of a protection its own stage
    is told. Where the instrument is the ending of something else (aid), going on with that says nothing of it.
    """
    is_ending = act.action in ("end", "hold")
    if mention.instrument.wording.tells_status:
        return "ended" if is_ending else "in_force"
    if _is_by_ending(mention):
        return "adopted" if is_ending else None
    if act.is_own and is_ending:
        return "adopted"
    if act.action == "hold":
        return "threatened" if mention.instrument.family == "coercion" else "ended"
    return _DEEDS[act.action]
