"""Whose words a passage reports."""

import re
from dataclasses import dataclass

from sources.model import SourceKind
from sources.proposals import function_words
from sources.proposals.grammar import Scene
from sources.proposals.lexicon import Role
from sources.proposals.patterns import Match

_NAME = r"(?:[A-ZÁÉÍÓÚÑ][\w’'.-]+)(?:\s+(?:de|del|la|las|los|da|do|von|van)?\s*[A-ZÁÉÍÓÚÑ][\w’'.-]+){0,4}"
_NAME_BEFORE = re.compile(rf"({_NAME})(?:,[^,]{{0,60}},)?\s*(?:\w+\s){{0,2}}$")
_NAME_AFTER = re.compile(rf"^\s*(?:(?:the|el|la|o|a|by|por)\s+)?({_NAME})")
# A turn in a transcript: the name in capitals, then a colon or a full stop.
TURN = re.compile(r"^\s*((?:[A-ZÁÉÍÓÚÑ][A-ZÁÉÍÓÚÑ.'’-]+[ ,]+){0,10}[A-ZÁÉÍÓÚÑ][A-ZÁÉÍÓÚÑ.'’-]+)\s*(?:\([^)]*\)\s*)?:\s")
_SELF = {
    SourceKind.OFFICIAL: "publisher",
    SourceKind.PARTNER_OFFICIAL: "publisher",
    SourceKind.COURT: "court",
    SourceKind.SPEAKER: "speaker",
}
_POSSESSIVE = re.compile(r"['’]s?$")
# How many words may stand between who is not named and the verb of saying ("sources close to the campaign said").
_SAYING_REACH = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Speaker:
    """A person or body whose words they are; `is_named` False for "officials", "sources"."""

    name: str
    is_named: bool


def speaker(scene: Scene, kind: SourceKind, turn: str | None) -> Speaker:
    """Return who says what a sentence says: a name beside a verb of saying, the speaker of the turn, or the text."""
    text = scene.sentence.text
    for match, cue in scene.of(Role.SAYING):
        before, after = _NAME_BEFORE.search(text[: match.start]), _NAME_AFTER.search(text[match.end : match.end + 80])
        if function_words.PASSIVE_BEFORE.search(scene.sentence.folded, 0, match.start):
            # "Haiti was added": it does not say so.
            before = None
        if _is_said_by_unnamed(scene, match, before.end(1) if before else 0):
            break
        for found in (after, before) if cue.value in function_words.NAMED_AFTER else (before, after):
            if found and found[1].split()[0] not in function_words.NO_NAMES and not _POSSESSIVE.search(found[1]):
                return Speaker(name=found[1].strip(" .,"), is_named=True)
    if scene.has(Role.UNNAMED):
        return Speaker(name="unnamed sources", is_named=False)
    if turn:
        return Speaker(name=turn.title(), is_named=True)
    return Speaker(name=_SELF.get(kind, "article"), is_named=True)


def _is_said_by_unnamed(scene: Scene, saying: Match, name_end: int) -> bool:
    """Whether "officials", "sources" and the like say it: right before the verb, and no name nearer to it."""
    return any(
        match.start < saying.start
        and match.end >= name_end
        and scene.words_between(match.end, saying.start) <= _SAYING_REACH
        and not scene.breaks_between(match.end, saying.start)
        for match, _ in scene.of(Role.UNNAMED)
    )


def is_first_person(scene: Scene) -> bool:
    """Whether the sentence speaks of its speaker."""
    return bool(function_words.FIRST_PERSON.search(scene.sentence.folded))
