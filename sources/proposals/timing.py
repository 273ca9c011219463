"""Which time a sentence speaks of, from its words and from the day the document was published."""

from dataclasses import dataclass, replace
from datetime import date

from sources.model import BRIDGE_DAY, BRIDGE_START, FIRST_TERM_START, SECOND_TERM_START, Basis
from sources.proposals.grammar import Scene
from sources.proposals.lexicon import Role

FIRST, BRIDGE, SECOND, BEFORE = "first", "bridge", "second", "before"
# Words of the weeks before the second term: who is elected and not yet in office.
EVE = "eve"


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """The period spoken of, whether it had begun when it was said, and why that is not certain."""

    period: str
    basis: Basis
    doubt: str | None = None


def period_of(day: date) -> str:
    """Return the period a day lies in; `before` for one before the first term."""
    if day < FIRST_TERM_START:
        return BEFORE
    if day < BRIDGE_START:
        return FIRST
    return BRIDGE if day < SECOND_TERM_START else SECOND


def timing(
    scene: Scene,
    place: int,
    said: date | None,
    *,
    is_plan: bool,
    is_answer: bool,
    is_forward: bool,
    is_eve: bool,
    actor: str | None,
) -> Timing | None:
    """Return the time an act speaks of, or None for one outside the periods.

    A plan is for the period it is voiced in, and for the coming term when it is voiced by those who hope to govern.
    A deed is of the time that is named nearest to it, else of the time of speaking; between the terms, what the
    president of both did is of the first. A partner's answer to a coming government is for the coming term.

    `actor` is who acts: "ours" (the president of both terms and his people), "state" (the government, whoever leads
    it), "former", or None. With `is_forward` the document looks ahead to the second term. A document without a date
    is taken for one of the weeks before it if it speaks of a president-elect (`is_eve`), else for one of the term.
    """
    named = scene.nearest(Role.PERIOD, place)
    spoken = {EVE: SECOND}.get(named[1].value, named[1].value) if named else None
    is_former = actor == "former"
    if said is None:
        found = timing(
            scene,
            place,
            BRIDGE_DAY if is_eve else SECOND_TERM_START,
            is_plan=is_plan,
            is_answer=is_answer,
            is_forward=is_forward,
            is_eve=is_eve,
            actor=actor,
        )
        return found if found is None or is_eve else replace(found, doubt="the document has no date")
    now = period_of(said)
    if is_plan:
        return _plan(now, spoken, actor, is_forward)
    if spoken == BEFORE or (spoken is None and now == BEFORE):
        return None
    if spoken == SECOND and now != SECOND:
        return Timing(period=SECOND, basis=Basis.PROJECTED)
    if spoken in (FIRST, BRIDGE, SECOND) and _has_come(spoken, now):
        return Timing(period=spoken, basis=Basis.OBSERVED)
    if is_answer and is_forward and now == BRIDGE and spoken is None:
        return Timing(period=SECOND, basis=Basis.PROJECTED)
    if now == BRIDGE and actor == "ours":
        return Timing(period=FIRST, basis=Basis.OBSERVED)
    if is_former and now == SECOND:
        return Timing(period=BRIDGE, basis=Basis.OBSERVED)
    return None if now == BEFORE else Timing(period=now, basis=Basis.OBSERVED)


def _has_come(period: str, now: str) -> bool:
    order = (BEFORE, FIRST, BRIDGE, SECOND)
    return order.index(period) <= order.index(now)


def _plan(now: str, spoken: str | None, actor: str | None, is_forward: bool) -> Timing:
    if now == BEFORE:
        return Timing(period=FIRST, basis=Basis.PROJECTED)
    if now == FIRST:
        is_next = spoken == SECOND
        return Timing(period=SECOND if is_next else FIRST, basis=Basis.PROJECTED if is_next else Basis.OBSERVED)
    if now == BRIDGE:
        is_of_those_in_office = actor != "ours" and not is_forward
        if actor == "former" or (actor != "ours" and spoken == BRIDGE) or (spoken is None and is_of_those_in_office):
            return Timing(period=BRIDGE, basis=Basis.OBSERVED)
        return Timing(period=SECOND, basis=Basis.PROJECTED)
    if spoken in (FIRST, BRIDGE):
        return Timing(period=spoken, basis=Basis.OBSERVED)
    return Timing(period=SECOND, basis=Basis.OBSERVED)
