"""Evidence letters: how well the statements that decide a presence are sourced.

| letter | rule |
|---|---|
| A | a first-hand text, or two independent groups of tier 1 |
| B | one group of tier 1 |
| C | two independent groups of tier 2 or better; a recorded search |
| D | anything else: one press report, a digest, an unnamed source |
| U | nothing |

Unnamed sources reach C with two independent groups and D with one; expert expectation and our own inference reach
C at most. A speaker's own published words are first-hand for what was said, not for what was done.
"""

from collections.abc import Iterable, Sequence

from sources.model import FIRST_HAND, Basis, Certainty, Letter, Modality, SourceKind, Stage, Statement

_CAPPED = frozenset({Modality.EXPECTATION_EXPERT, Modality.INFERENCE_OURS})
_SAID_NOT_DONE = frozenset({Stage.FLOATED, Stage.PLEDGED, Stage.THREATENED, Stage.NEGOTIATED})
_CERTAINTY = {
    Letter.A: Certainty.ESTABLISHED,
    Letter.B: Certainty.ESTABLISHED,
    Letter.C: Certainty.LIKELY,
    Letter.D: Certainty.REPORTED,
    Letter.U: Certainty.NOT_KNOWN,
}


def letter(statements: Iterable[Statement]) -> Letter:
    """Return the letter of what these statements say together. The order of statements does not matter."""
    named = [s for s in statements if s.is_named and s.modality not in _CAPPED]
    others = [s for s in statements if not s.is_named or s.modality in _CAPPED]
    tier_1 = {s.source.group for s in named if s.source.tier == 1}
    press = {s.source.group for s in (*named, *others) if s.source.tier <= 2}
    if any(_is_first_hand(s) for s in named) or len(tier_1) >= 2:
        return Letter.A
    if tier_1:
        return Letter.B
    if len(press) >= 2 or any(s.is_named and _is_first_hand(s) for s in others):
        return Letter.C
    return Letter.D if named or others else Letter.U


def _is_first_hand(s: Statement) -> bool:
    if s.source.kind is SourceKind.SPEAKER:
        return s.basis is Basis.PROJECTED or s.stage in _SAID_NOT_DONE
    return s.source.kind in FIRST_HAND and s.source.tier == 1


def weaker(letters: Sequence[Letter]) -> Letter:
    """Return the weakest of some letters."""
    return max(letters, default=Letter.U)


def one_lower(given: Letter) -> Letter:
    """Return the letter below: an inherited statement does not name the country."""
    return {Letter.A: Letter.B, Letter.B: Letter.C}.get(given, Letter.D if given is not Letter.U else Letter.U)


def certainty(given: Letter) -> Certainty:
    """Return the word printed for a letter."""
    return _CERTAINTY[given]
