"""Whole sentences composed from rows: what each says, of which rows, and with which links.

The patterns are in reports/locales/, one for every case and language, so that each agrees in its own grammar. Here is
decided which pattern fits, by rules that read states alone. A sentence keeps its claims beside its words: each claim
names the rows it is made of, and a test holds every claim against the states of those rows.

Patterns, by their scale: `story` first term against what happened, `moved` the degree, `said` the projection, `seen`
by when it was in force, `today` the state on the day `on`, `count` how many rows are in force or not known on a side,
`foreseen` first term against the projection, `fate` what became of projections.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from markupsafe import Markup

from reports.comparison import Row, pair
from reports.language import Language
from reports.state import Clock
from sources.model import (
    BRIDGE_DAY,
    Certainty,
    Comparison,
    Degree,
    Existence,
    Outcome,
    Presence,
    Side,
    State,
    StateBasis,
)

# Headlines that do not say what the side that is known, or not in dispute, was: the pattern needs both presences.
_OPEN = frozenset({Existence.UNKNOWN_FIRST, Existence.UNKNOWN_SECOND, Existence.CONTRADICTORY})
_FORESEEN_AS_NEW = frozenset({Existence.NEW, Existence.REPLACES})

_Key = TypeVar("_Key", bound=Hashable)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a sentence says of some rows: the pattern's key, and the rows of which it is true.

    `is_counted` says that the number of the rows is printed.
    """

    key: str
    rows: tuple[Row, ...]
    is_counted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """A sentence as it is printed, with links to the rows it names, and the claims it makes."""

    words: Markup
    claims: tuple[Claim, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Story:
    """What rows must have in common to be told in the same sentences."""

    story: str
    degree: Degree | None
    said: str
    today: Presence | None


def counts(told: Iterable[Sentence]) -> dict[str, int]:
    """Return the numbers of rows that sentences print, by claim."""
    return {claim.key: len(claim.rows) for sentence in told for claim in sentence.claims if claim.is_counted}


def link(code: str, cell_code: str) -> Markup:
    """Return the code of a row, linked to the place where its cell is told."""
    return Markup('<a class="code" href="#{}">{}</a>').format(cell_code, code)


# --- Which pattern fits -----------------------------------------------------------------------------------------------


def story_key(row: Row) -> str:
    """Return the pattern for the two sides that a row compares."""
    existence = row.change.existence
    if existence not in _OPEN:
        return f"story.{existence}"
    before, after, _ = pair(row, row.comparison)
    return f"story.{existence}_{before.presence}{after.presence}"


def said_key(projected: State) -> str:
    """Return the pattern for what had been said of the second term."""
    if projected.basis is StateBasis.CARRIED:
        return "said.carried"
    return f"said.{projected.presence}"


def foreseen_key(row: Row) -> str:
    """Return the pattern for the first term against the projection; only a plan is told with what it is compared to."""
    projected, existence = row.projected, row.change.existence
    if projected.basis is StateBasis.CARRIED:
        return "foreseen.carried"
    if projected.presence is not Presence.PRESENT:
        return f"foreseen.{projected.presence}"
    return f"foreseen.{Existence.NEW if existence in _FORESEEN_AS_NEW else existence}"


def fate_key(row: Row) -> str:
    """Return the pattern for what became of a row's projections."""
    return f"fate.{row.outcome}"


# --- The lead of an instrument's sheet --------------------------------------------------------------------------------


def lead(rows: Sequence[Row], clock: Clock, language: Language) -> tuple[tuple[Sentence, ...], ...]:
    """Return paragraphs on the rows of one instrument, all comparisons: cells that went the same way share one.

    Where there are several cells, a paragraph with the numbers of each side goes first.
    """
    projected = {row.cell_code: row for row in rows if row.comparison is Comparison.FIRST_VS_PROJECTED}
    cells = [row for row in rows if row.comparison is Comparison.FIRST_VS_ACTUAL]

    def story(row: Row) -> _Story:
        return _Story(
            story=story_key(row),
            degree=row.change.degree,
            said=said_key(projected[row.cell_code].projected),
            today=_told_today(row),
        )

    paragraphs = [
        _paragraph(group, [projected[row.cell_code] for row in group], shared, clock, language)
        for shared, group in _grouped(cells, story).items()
    ]
    return tuple([_in_numbers(cells, language), *paragraphs] if len(cells) > 1 else paragraphs)


def _in_numbers(cells: Sequence[Row], language: Language) -> tuple[Sentence, ...]:
    """Return for each term in how many rows the measure is in force and how many are not known."""
    sentences = []
    for side in (Side.FIRST, Side.ACTUAL):
        present = _with(cells, side, Presence.PRESENT)
        unknown = _with(cells, side, Presence.UNKNOWN)
        claims = [
            Claim(key="rows", rows=tuple(cells), is_counted=True),
            Claim(key=f"{side}.{Presence.PRESENT}", rows=present, is_counted=True),
        ]
        if unknown:
            claims.append(Claim(key=f"{side}.{Presence.UNKNOWN}", rows=unknown, is_counted=True))
        values = {name: language.number(len(of)) for name, of in (("present", present), ("unknown", unknown))}
        key = f"{side}_not_all_known" if unknown else side
        sentences.append(_closed(language, "count", key, claims, all=language.number(len(cells)), **values))
    return tuple(sentences)


def _with(rows: Iterable[Row], side: Side, presence: Presence) -> tuple[Row, ...]:
    return tuple(row for row in rows if row.sides[side].presence is presence)


def _told_today(row: Row) -> Presence | None:
    """Return the presence on the day `on` where it is worth a sentence: in force, or other than in the term."""
    today = row.today.presence
    return today if today is not row.actual.presence or today is Presence.PRESENT else None


def _paragraph(
    rows: Sequence[Row], projected: Sequence[Row], shared: _Story, clock: Clock, language: Language
) -> tuple[Sentence, ...]:
    """Return the sentences on cells that went the same way."""
    subject = _say(language, "subject.places", places=language.listed([_place(row, language) for row in rows]))
    sentences = [_story(shared.story, subject, rows, language)]
    if shared.degree:
        sentences.append(_closed(language, "moved", shared.degree, _one(f"moved.{shared.degree}", rows)))
    days = {"day": language.day(clock.vintage), "bridge": language.day(BRIDGE_DAY)}
    scale, key = shared.said.split(".")
    sentences.append(_closed(language, scale, key, _one(shared.said, projected), **days))
    sentences += _first_seen(rows, language)
    if shared.today:
        claims = _one(f"today.{shared.today}", rows)
        sentences.append(_closed(language, "today", shared.today, claims, day=language.day(clock.on)))
    return tuple(sentences)


def _story(key: str, subject: Markup, rows: Sequence[Row], language: Language) -> Sentence:
    scale, case = key.split(".")
    return _closed(language, scale, case, _one(key, rows), subject=subject)


def _first_seen(rows: Sequence[Row], language: Language) -> list[Sentence]:
    """Return by when the measure was in force in the second term: one day, or the first and the last of several."""
    days = sorted({row.actual.since for row in rows if row.actual.presence is Presence.PRESENT and row.actual.since})
    if not days:
        return []
    if len(days) == 1:
        return [_closed(language, "seen", "on_day", _one("seen.on_day", rows), day=language.day(days[0]))]
    ends = {"first": language.day(days[0]), "last": language.day(days[-1])}
    return [_closed(language, "seen", "between", _one("seen.between", rows), **ends)]


def _place(row: Row, language: Language) -> Markup:
    """Return a place as a sentence names it, with the code and the certainty of its row."""
    values = {"place": language.word("named", row.country_code), "code": link(row.cell_code, row.cell_code)}
    if row.change.certainty is Certainty.NOT_KNOWN:
        return _say(language, "item.place", **values)
    return _say(language, "item.place_sure", certainty=language.word("certainty", row.change.certainty), **values)


# --- The summary -----------------------------------------------------------------------------------------------------


def findings(rows: Sequence[Row], key_of: Callable[[Row], str], language: Language) -> tuple[Sentence, ...]:
    """Return one sentence for all rows of a kind: how many and which. The most rows first, those not known last."""
    groups = _grouped(rows, key_of)

    def weight(key: str) -> tuple[bool, int]:
        return all(row.change.certainty is Certainty.NOT_KNOWN for row in groups[key]), -len(groups[key])

    is_of_one_place = len({row.country_code for row in rows}) == 1
    return tuple(_finding(key, groups[key], is_of_one_place, language) for key in sorted(groups, key=weight))


def _finding(key: str, rows: Sequence[Row], is_of_one_place: bool, language: Language) -> Sentence:
    scale, case = key.split(".")
    whose = "projection" if scale == "fate" else "measure"
    subject = _counted(language, f"subject.rows_{whose}", len(rows))
    said = _say(language, f"{scale}.{case}", subject=subject)
    words = _say(language, "sentence.listed", said=said, rows=_named(rows, is_of_one_place, language))
    return Sentence(words=words, claims=(Claim(key=key, rows=tuple(rows), is_counted=True),))


def _named(rows: Sequence[Row], is_of_one_place: bool, language: Language) -> str:
    """Return rows by instrument, each with its places and codes, as one phrase; the one place there is goes unsaid."""
    by_instrument = _grouped(rows, lambda row: row.instrument.id)
    return language.listed([_instrument(group, is_of_one_place, language) for group in by_instrument.values()])


def _instrument(rows: Sequence[Row], is_of_one_place: bool, language: Language) -> Markup:
    codes = [link(row.code, row.cell_code) for row in rows]
    places = [
        code if is_of_one_place else _say(language, "item.code", place=language.place(row.country_code), code=code)
        for row, code in zip(rows, codes, strict=True)
    ]
    name = language.marked_text(rows[0].instrument.short_names)
    return _say(language, "item.instrument", instrument=name, rows=language.listed(places))


def fates(rows: Sequence[Row], language: Language) -> Sentence | None:
    """Return one sentence on what became of all rows with a projection; None where there is none."""
    claimed = [row for row in rows if row.claims]
    if not claimed:
        return None
    groups = _grouped(sorted(claimed, key=lambda row: -list(Outcome).index(row.outcome)), fate_key)
    clauses = [
        _say(language, key.replace("fate.", "fate_of."), count=language.number(len(group)))
        for key, group in groups.items()
    ]
    told = sentence_on(language, "fate_of.all", claimed, clauses=language.listed(clauses))
    claims = [Claim(key=key, rows=tuple(group), is_counted=True) for key, group in groups.items()]
    return Sentence(words=told.words, claims=(*told.claims, *claims))


# --- Words ------------------------------------------------------------------------------------------------------------


def sentence(language: Language, key: str, count: int | None = None, **values: str | Markup) -> Sentence:
    """Return a sentence that says nothing of single rows; with `count`, in the form that fits it."""
    words = _say(language, key, **values) if count is None else _counted(language, key, count, **values)
    return Sentence(words=words, claims=())


def sentence_on(language: Language, key: str, rows: Sequence[Row], **values: str | Markup) -> Sentence:
    """Return a sentence whose pattern has a form for one row and one for many, and prints their number as `count`."""
    words = _counted(language, key, len(rows), **values)
    return Sentence(words=words, claims=(Claim(key=key, rows=tuple(rows), is_counted=True),))


def _one(key: str, rows: Sequence[Row]) -> list[Claim]:
    return [Claim(key=key, rows=tuple(rows))]


def _closed(language: Language, scale: str, case: str, claims: Sequence[Claim], **values: str | Markup) -> Sentence:
    """Return a pattern as a sentence: what is a clause in the middle of one is closed with a full stop."""
    said = _say(language, f"{scale}.{case}", **values)
    return Sentence(words=_say(language, "sentence.full", said=said), claims=tuple(claims))


def _say(language: Language, key: str, **values: str | Markup) -> Markup:
    return Markup.escape(language.gettext(key)) % values


def _counted(language: Language, key: str, count: int, **values: str | Markup) -> Markup:
    return Markup.escape(language.ngettext(key, key, count)) % {"count": language.number(count), **values}


def _grouped(rows: Iterable[Row], key_of: Callable[[Row], _Key]) -> Mapping[_Key, list[Row]]:
    """Return rows by a key, in the order in which the keys first appear."""
    groups: dict[_Key, list[Row]] = defaultdict(list)
    for row in rows:
        groups[key_of(row)].append(row)
    return groups
