"""What changed in the rows since an edition or a day, and which of four causes did it: world, source, coding, code.

The state then is either the codebook as it was known on that day, or the rows an edition was published with.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from reports.comparison import Row, compare_codebook
from reports.state import Clock
from sources.codebook import Codebook
from sources.errors import BadInput, Fault
from sources.model import Certainty, Degree, Existence, Outcome, Presence, Search, Side, StateBasis, Statement


class Cause(StrEnum):
    """Why a row says something else than it did."""

    WORLD = "world"
    SOURCE = "source"
    CODING = "coding"
    CODE = "code"


@dataclass(frozen=True, slots=True, kw_only=True)
class Then:
    """What a row said: its headline, how sure it was, what became of the projection, and whether it was in force."""

    existence: Existence
    degree: Degree | None
    certainty: Certainty
    outcome: Outcome
    today: Presence
    is_carried: bool
    evidence_ids: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Since:
    """What all rows said on a day, by code. `file_sha256` are the instrument files then, None for the same as now.

    `edition_id` names the edition the rows come from, None where they were computed for a day.
    """

    as_of: date
    on: date
    rows: Mapping[str, Then]
    edition_id: str | None = None
    file_sha256: Mapping[str, str] | None = None

    @property
    def identity(self) -> str:
        """Return what tells it apart: the edition's id, or the day."""
        return self.edition_id or self.as_of.isoformat()


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """A row that says something else, what it said (None for a row that is new), why, and what it newly rests on."""

    row: Row
    then: Then | None
    cause: Cause
    new_statements: tuple[Statement, ...]
    new_searches: tuple[Search, ...] = ()

    @property
    def is_headline(self) -> bool:
        """Whether the headline changed, not only how sure it is or what holds today."""
        then, change = self.then, self.row.change
        return then is None or (then.existence, then.degree) != (change.existence, change.degree)


def on_day(codebook: Codebook, clock: Clock, day: date) -> Since:
    """Return what the rows said by what was known on a day."""
    earlier = Clock(as_of=day, on=day, vintage=clock.vintage)
    return Since(as_of=day, on=day, rows={row.code: _then(row) for row in compare_codebook(codebook, earlier)})


def _then(row: Row) -> Then:
    return Then(
        existence=row.change.existence,
        degree=row.change.degree,
        certainty=row.change.certainty,
        outcome=row.outcome,
        today=row.today.presence,
        is_carried=row.projected.basis is StateBasis.CARRIED,
        evidence_ids=frozenset((*row.statement_ids, *_search_ids(row))),
    )


def _search_ids(row: Row) -> set[str]:
    return {i for state in row.sides.values() for i in state.search_ids}


def of_edition(rows: Mapping[str, Any], manifest: Mapping[str, Any], name: str) -> Since:
    """Return what the rows of a published edition said, from its JSON of rows and its manifest.

    Raises BadInput, naming `name` and the key, if they are not those of an edition.
    """
    place = "rows"
    try:
        then = {}
        for number, row in enumerate(rows["rows"]):
            place = f"rows[{number}]"
            then[row["code"]] = Then(
                existence=Existence(row["existence"]),
                degree=Degree(row["degree"]) if row["degree"] else None,
                certainty=Certainty(row["certainty"]),
                outcome=Outcome(row["outcome"]),
                today=Presence(row["today"]["presence"]),
                is_carried=StateBasis(row["projected"]["basis"]) is StateBasis.CARRIED,
                evidence_ids=frozenset(
                    (
                        *(citation["statement_id"] for citation in row["citations"]),
                        *(i for side in Side for i in row[side.value]["search_ids"]),
                    )
                ),
            )
        place = "manifest"
        return Since(
            as_of=date.fromisoformat(manifest["inputs"]["as_of"]),
            on=date.fromisoformat(manifest["inputs"]["on"]),
            rows=then,
            edition_id=manifest["edition"],
            file_sha256=manifest["inputs"]["codebook_sha256"],
        )
    except (KeyError, TypeError, ValueError) as error:
        fault = Fault(file=name, path=place, found=str(error), expected="the rows and the manifest of an edition")
        raise BadInput([fault]) from error


def changes(since: Since, rows: Iterable[Row], codebook: Codebook, clock: Clock) -> tuple[Changed, ...]:
    """Return the rows that say something else than they did, changed headlines first, then in the rows' order."""
    found = []
    for row in rows:
        then = since.rows.get(row.code)
        if then and _said(then) == _said(_then(row)):
            continue
        known = then.evidence_ids if then else frozenset()
        new = tuple(codebook.statements[i] for i in row.statement_ids if i not in known)
        searches = tuple(s for s in row.instrument.searches if s.id in _search_ids(row) - known)
        cause = _cause(since, row, new, searches, codebook, clock)
        found.append(Changed(row=row, then=then, cause=cause, new_statements=new, new_searches=searches))
    return tuple(sorted(found, key=lambda changed: not changed.is_headline))


def _said(then: Then) -> tuple[object, ...]:
    """Return what a reader of the row saw; which statements it rests on may change without it."""
    return then.existence, then.degree, then.certainty, then.outcome, then.today, then.is_carried


def _cause(
    since: Since,
    row: Row,
    new: tuple[Statement, ...],
    searches: Sequence[Search],
    codebook: Codebook,
    clock: Clock,
) -> Cause:
    """Return why a row changed.

    World: a statement that it now rests on tells of a later day, or only days have passed (a term ran out, a horizon
    came). Source: something published since, or a search made since, tells of an earlier day. Coding: what was known
    then is coded otherwise now. Code: nothing else differs.
    """
    if any(s.holds_from.last_day > since.on for s in new):
        return Cause.WORLD
    if any(s.known_from > since.as_of for s in new) or any(s.searched > since.as_of for s in searches):
        return Cause.SOURCE
    file = f"{row.instrument.id}.yaml"
    is_recoded = since.file_sha256 is not None and since.file_sha256.get(file) != codebook.file_sha256.get(file)
    if new or searches or is_recoded:
        return Cause.CODING
    return Cause.WORLD if clock.on > since.on else Cause.CODE
