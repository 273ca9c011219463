"""Proposals kept, and what people decided of them. Nothing is overwritten: every decision stays on record.

A reading is one document, its text and what the reader proposes from it. A proposal is pending until somebody accepts
or rejects it. An edit makes the person its coder, and it is pending until another person accepts it. What is accepted
becomes a statement laid over the codebook; the instrument files never change.

    objects/<first two hex digits>/<sha256>           texts of documents
    readings/<document>/<instant>-<digest>.json       what was read; the newest stands
    decisions/<instant>-<digest>.json                 what was decided, all of one call in one file
    incoming/                                         files not yet complete; safe to remove when nothing runs
"""

import hashlib
import json
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, date, datetime
from enum import StrEnum
from io import BytesIO
from pathlib import Path
from typing import Any

from sources import codebook, dates, drafts, stores
from sources.codebook import Addition, Codebook
from sources.countries import nearest
from sources.drafts import CITATION, FIELDS, Fields
from sources.errors import BadInput, DamagedObject, Fault
from sources.model import Basis, Document, Modality, Proposal, SourceKind, Statement
from sources.snapshots import Store
from sources.texts import one_line

# The coder of what nobody has edited.
MACHINE = "machine reader"

# How much of a text tells it from another with the same title, in characters.
_BEGINNING = 500
# What must be given before a document can be cited, and how.
_TO_GIVE = {
    "url": "the address it was published at: accept with --url https://...",
    "publisher": "who published it: accept with --publisher NAME",
    "title": "its title: accept with --title TEXT",
}
# Stands in a check for what the one who accepts will give.
_NOT_YET_CITED = {
    "url": "https://not-yet-cited.invalid/",
    "publisher": "not yet cited",
    "title": "not yet cited",
    "group": "not_yet_cited",
}


class State(StrEnum):
    """Where a proposal stands."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


class Verdict(StrEnum):
    """What a person may decide of a proposal."""

    ACCEPT = "accept"
    REJECT = "reject"
    EDIT = "edit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A document and what was proposed from it. `group` is shared by reprints of one text."""

    document: Document
    proposals: tuple[Proposal, ...]
    group: str
    read: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What somebody wants decided: for an edit the fields that change; for an acceptance what completes the citation.

    An empty text takes a field away.
    """

    proposal_id: str
    verdict: Verdict
    fields: Fields
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What somebody decided of a proposal and when.

    `changes` has the old and the new text of each field changed, `fields` the whole draft as it then stood (none for a
    rejection), `addition` the statement that an acceptance made of it.
    """

    proposal_id: str
    verdict: Verdict
    reviewer: str
    decided: datetime
    note: str
    coder: str
    changes: Mapping[str, tuple[str, str]]
    fields: Fields
    addition: Addition | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposed:
    """A kept proposal, the reading it comes from and the decisions so far, oldest first.

    `copied_group` is the group under which a copy of the document's text was cited before.
    """

    id: str
    proposal: Proposal
    reading: Reading
    decisions: tuple[Decision, ...] = ()
    copied_group: str = ""

    @property
    def state(self) -> State:
        """Return where it stands: the last decision counts."""
        match self.decisions[-1].verdict if self.decisions else Verdict.EDIT:
            case Verdict.ACCEPT:
                return State.ACCEPTED
            case Verdict.REJECT:
                return State.REJECTED
            case Verdict.EDIT:
                return State.PENDING

    @property
    def coder(self) -> str:
        """Return who it is from: the last person who edited it, else the machine reader."""
        return next((d.reviewer for d in reversed(self.decisions) if d.verdict is Verdict.EDIT), MACHINE)

    @property
    def is_edited(self) -> bool:
        """Whether a person changed what the reader proposed."""
        return any(decision.verdict is Verdict.EDIT for decision in self.decisions)

    def draft(self, book: Codebook) -> dict[str, str]:
        """Return its fields as they stand. Raises BadInput if the codebook does not have its instrument."""
        decided = next((d.fields for d in reversed(self.decisions) if d.fields), None)
        if decided is not None:
            return dict(decided)
        if self.proposal.instrument_id not in {instrument.id for instrument in book.instruments}:
            raise BadInput([_unknown_instrument(self.id, self.proposal.instrument_id, book)])
        made = drafts.draft(self.proposal, self.reading.document, book)
        return made | ({"group": self.copied_group} if self.copied_group else {})

    def statement(self, book: Codebook, day: date) -> Statement:
        """Return the statement it would be if it were accepted as it stands, its citation completed.

        Raises BadInput naming, by field, what keeps it from being one.
        """
        made = _addition(self, {**_NOT_YET_CITED, **self.draft(book)}, book, self.coder, None, day)
        return _checked(self.id, made, book)


class Review:
    """The kept readings and decisions, in a folder or at an fsspec URL. Two processes at once do no harm."""

    def __init__(self, location: str | Path) -> None:
        self._place = stores.place(location)
        self._texts = Store(location)

    # --- Readings -----------------------------------------------------------------------------------------------------

    def keep(self, reading: Reading) -> bool:
        """Keep a reading and say whether it is new: the same document with the same proposals is kept once.

        Its text is kept before it. What was decided stays whatever is read later.
        """
        key = _document_key(reading.document)
        text_sha256, _ = self._texts.keep(BytesIO(reading.document.text.encode()))
        values = _reading_values(reading, text_sha256)
        if names := self._place.names(f"readings/{key}"):
            kept = self._load(names[-1])
            # Where and when the same bytes were met again is nothing new, unless only now they can be cited.
            is_same = all(kept[name] == value for name, value in values.items() if name not in ("read", "source"))
            if is_same and (_is_address(kept["source"]) or not _is_address(values["source"])):
                return False
        self._append(f"readings/{key}", values, reading.read)
        return True

    def readings(self) -> tuple[Reading, ...]:
        """Return what stands for every document, in no order of meaning. Raises DamagedObject."""
        return tuple(self._reading(self._load(names[-1])) for names in self._documents())

    def proposals(self, state: State | None = State.PENDING) -> tuple[Proposed, ...]:
        """Return the kept proposals in a state, or all, in the order of documents and texts. Raises DamagedObject.

        What a later reading no longer proposes is gone, unless it was decided.
        """
        decided: dict[str, list[Decision]] = {}
        for decision in self.decisions():
            decided.setdefault(decision.proposal_id, []).append(decision)
        found = [item for names in self._documents() for item in self._of_document(names, decided)]
        groups = {i.reading.group: i.decisions[-1].fields["group"] for i in found if i.state is State.ACCEPTED}
        found = [replace(item, copied_group=groups.get(item.reading.group, "")) for item in found]
        return tuple(item for item in found if state is None or item.state is state)

    def proposal(self, proposal_id: str) -> Proposed:
        """Return one proposal, whatever its state. Raises BadInput if there is none of that id."""
        known = {item.id: item for item in self.proposals(None)}
        if proposal_id not in known:
            raise BadInput([_unknown_proposal(proposal_id, known)])
        return known[proposal_id]

    def _documents(self) -> Iterator[list[str]]:
        """Yield the names of each document's readings, oldest first."""
        by_folder: dict[str, list[str]] = {}
        for name in self._place.names("readings"):
            by_folder.setdefault(name.rsplit("/", 1)[0], []).append(name)
        yield from by_folder.values()

    def _of_document(self, names: Sequence[str], decided: Mapping[str, list[Decision]]) -> list[Proposed]:
        found: dict[str, Proposed] = {}
        for name in names:
            values = self._load(name)
            stands = name == names[-1]
            if not (values["proposals"] and (stands or decided)):
                continue
            reading = self._reading(values)
            for proposal in reading.proposals:
                key = identity(reading.document, proposal)
                if stands or key in decided:
                    decisions = tuple(decided.get(key, ()))
                    found[key] = Proposed(id=key, proposal=proposal, reading=reading, decisions=decisions)
        return sorted(found.values(), key=lambda item: item.proposal.char_start)

    def _reading(self, values: Mapping[str, Any]) -> Reading:
        with self._texts.open(values["text_sha256"]) as file:
            text = file.read().decode()
        document = Document(
            source=values["source"],
            sha256=values["sha256"],
            title=values["title"],
            published=dates.parse(values["published"]) if values["published"] else None,
            language=values["language"],
            text=text,
            kind=SourceKind(values["kind"]),
        )
        return Reading(
            document=document,
            proposals=tuple(map(_proposal, values["proposals"])),
            group=values["group"],
            read=datetime.fromisoformat(values["read"]),
        )

    # --- Decisions ----------------------------------------------------------------------------------------------------

    def decisions(self) -> tuple[Decision, ...]:
        """Return every decision, oldest first. Raises DamagedObject."""
        kept = (values for name in self._place.names("decisions") for values in self._load(name)["decisions"])
        return tuple(map(_decision, kept))

    def overlay(self, decisions: int | None = None) -> tuple[Addition, ...]:
        """Return the statements that stand accepted, for `codebook.lay_over`.

        With `decisions` those that stood after so many of them. Raises DamagedObject.
        """
        last = {decision.proposal_id: decision for decision in self.decisions()[:decisions]}
        return tuple(decision.addition for decision in last.values() if decision.addition)

    def decide(self, choices: Iterable[Choice], reviewer: str, now: datetime, book: Codebook) -> tuple[Decision, ...]:
        """Record what a person decided, all of it or nothing; `book` is the codebook without what was laid over it.

        Raises BadInput naming every mistake as (proposal, field): ids that do not exist, an acceptance by the coder,
        a draft that is no statement, a citation that is not complete.
        """
        known = {item.id: item for item in self.proposals(None)}
        reviewer = _name(reviewer)
        faults: list[Fault] = []
        made: list[Decision] = []
        for choice in choices:
            try:
                if choice.proposal_id not in known:
                    raise BadInput([_unknown_proposal(choice.proposal_id, known)])
                item = known[choice.proposal_id]
                decision = _decision_on(item, choice, reviewer, now, book)
            except BadInput as error:
                faults += error.faults
                continue
            made.append(decision)
            known[item.id] = replace(item, decisions=(*item.decisions, decision))
            if decision.addition:
                known |= {
                    other.id: replace(other, copied_group=decision.fields["group"])
                    for other in known.values()
                    if other.reading.group == item.reading.group
                }
        faults += _check_references(made, known, book)
        if faults:
            raise BadInput(faults)
        if made:
            self._append("decisions", {"decisions": [_decision_values(d) for d in made]}, now)
        return tuple(made)

    # --- Files --------------------------------------------------------------------------------------------------------

    def _append(self, folder: str, values: Mapping[str, Any], when: datetime) -> None:
        body = json.dumps(values, ensure_ascii=False, sort_keys=True, indent=1).encode()
        instant = when.astimezone(UTC).strftime("%Y%m%dT%H%M%S.%f")
        self._place.put(f"{folder}/{instant}-{hashlib.sha256(body).hexdigest()[:12]}.json", BytesIO(body))

    def _load(self, name: str) -> dict[str, Any]:
        with self._place.open(name) as file:
            body = file.read()
        if hashlib.sha256(body).hexdigest()[:12] != name.rsplit("-", 1)[-1].removesuffix(".json"):
            raise DamagedObject(f"review record {name} is damaged: its bytes do not match its name; restore the file")
        values: dict[str, Any] = json.loads(body)
        return values


def identity(document: Document, proposal: Proposal) -> str:
    """Return a proposal's id: the same claim at the same place of the same document always has the same."""
    parts = (
        _document_key(document),
        proposal.instrument_id,
        " ".join(proposal.country_codes),
        proposal.period,
        proposal.basis,
        proposal.property,
        proposal.value,
        str(proposal.is_negated),
        str(proposal.char_start),
        str(proposal.char_end),
    )
    return "P-" + hashlib.sha256("\0".join(parts).encode()).hexdigest()[:10]


# --- One decision ---------------------------------------------------------------------------------------------------


def _decision_on(item: Proposed, choice: Choice, reviewer: str, now: datetime, book: Codebook) -> Decision:
    match choice.verdict:
        case Verdict.ACCEPT:
            return _accept(item, choice, reviewer, now, book)
        case Verdict.EDIT:
            return _edit(item, choice, reviewer, now, book)
        case Verdict.REJECT:
            return _reject(item, choice, reviewer, now)


def _accept(item: Proposed, choice: Choice, reviewer: str, now: datetime, book: Codebook) -> Decision:
    """Return the acceptance of a draft as it stands; only its citation and its note may be completed with it."""
    if _is_same(reviewer, item.coder):
        found = f"{reviewer!r}, and the coder of this draft is {item.coder!r}"
        raise BadInput([Fault(file=item.id, path="reviewer", found=found, expected="another person than its coder")])
    if changed := [name for name in choice.fields if name not in (*CITATION, "note")]:
        expected = "the draft as it stands; to change it, edit it, and let another person accept it"
        raise BadInput(
            [Fault(file=item.id, path=name, found=repr(choice.fields[name]), expected=expected) for name in changed]
        )
    before = item.draft(book)
    after = _completed(item, before, choice.fields, book) | ({"note": choice.note} if choice.note else {})
    if missing := [name for name in CITATION if name not in after]:
        raise BadInput([Fault(file=item.id, path=name, found="nothing", expected=_TO_GIVE[name]) for name in missing])
    addition = _addition(item, after, book, item.coder, reviewer, now.date())
    _checked(item.id, addition, book)
    return _decided(item, choice, reviewer, now, before, after, addition)


def _completed(item: Proposed, before: Fields, given: Fields, book: Codebook) -> dict[str, str]:
    """Return a draft with its citation completed; a publisher has his own group, unless a copy was cited before."""
    after = {**before, **{name: one_line(text) for name, text in given.items()}}
    if any(name in given for name in CITATION):
        cited = drafts.citation(item.reading.document, book, after)
        after |= {name: cited[name] for name in (*CITATION, "group") if cited[name]}
    return after | ({"group": item.copied_group} if item.copied_group else {})


def _edit(item: Proposed, choice: Choice, reviewer: str, now: datetime, book: Codebook) -> Decision:
    """Return a changed draft, which is no statement before another person accepts it."""
    if _is_same(reviewer, MACHINE):
        raise BadInput([Fault(file=item.id, path="reviewer", found=repr(reviewer), expected="the name of a person")])
    if unknown := [name for name in choice.fields if name not in FIELDS]:
        raise BadInput([_unknown_field(item.id, name) for name in unknown])
    before = item.draft(book)
    given = {**choice.fields, **({"note": choice.note} if choice.note else {})}
    after = {name: text for name in FIELDS if (text := one_line(given.get(name, before.get(name, ""))))}
    if after == before:
        raise BadInput([Fault(file=item.id, path="fields", found="no change", expected="field=value that differs")])
    addition = _addition(item, {**_NOT_YET_CITED, **after}, book, reviewer, None, now.date())
    _checked(item.id, addition, book)
    return _decided(item, choice, reviewer, now, before, after, None)


def _reject(item: Proposed, choice: Choice, reviewer: str, now: datetime) -> Decision:
    """Return a rejection; it takes an accepted statement back too."""
    if choice.fields:
        found = f"{', '.join(choice.fields)} changed"
        raise BadInput([Fault(file=item.id, path="fields", found=found, expected="no change of what is rejected")])
    return _decided(item, choice, reviewer, now, {}, {}, None)


def _decided(
    item: Proposed,
    choice: Choice,
    reviewer: str,
    now: datetime,
    before: Fields,
    after: Fields,
    addition: Addition | None,
) -> Decision:
    names = [name for name in FIELDS if before.get(name, "") != after.get(name, "")]
    return Decision(
        proposal_id=item.id,
        verdict=choice.verdict,
        reviewer=reviewer,
        decided=now,
        note=choice.note,
        coder=reviewer if choice.verdict is Verdict.EDIT else item.coder,
        changes={name: (before.get(name, ""), after.get(name, "")) for name in names},
        fields=after,
        addition=addition,
    )


def _addition(item: Proposed, fields: Fields, book: Codebook, coder: str, reviewer: str | None, day: date) -> Addition:
    statement_id = _statement_id(item.id)
    document = item.reading.document
    return drafts.addition(
        statement_id, fields, item.proposal, document, book, coder=coder, reviewer=reviewer, recorded=day
    )


def _checked(proposal_id: str, addition: Addition, book: Codebook) -> Statement:
    """Return the statement of an addition. Raises BadInput by proposal and field."""
    if addition.instrument_id not in {instrument.id for instrument in book.instruments}:
        raise BadInput([_unknown_instrument(proposal_id, addition.instrument_id, book)])
    try:
        return codebook.statement(addition, book.instrument(addition.instrument_id))
    except BadInput as error:
        raise BadInput([replace(f, file=proposal_id, path=drafts.field_of(f.path)) for f in error.faults]) from error


def _check_references(made: Sequence[Decision], known: Mapping[str, Proposed], book: Codebook) -> Iterator[Fault]:
    """Check that what a draft corrects or disputes exists, also after a statement was taken back by these decisions."""
    accepted = {_statement_id(item.id): item for item in known.values() if item.state is State.ACCEPTED}
    exist = book.statements.keys() | accepted.keys()
    decided = {decision.proposal_id for decision in made}
    touched = {_statement_id(decided_id) for decided_id in decided}
    for item in {**accepted, **{decided_id: known[decided_id] for decided_id in decided}}.values():
        draft = item.decisions[-1].fields
        for name in ("corrects", "disputes"):
            for reference in draft.get(name, "").replace(",", " ").split():
                if reference not in exist and (item.id in decided or reference in touched):
                    yield Fault(file=item.id, path=name, found=repr(reference), expected="a statement that exists")


def _statement_id(proposal_id: str) -> str:
    return f"L-{proposal_id.removeprefix('P-')}"


def _name(given: str) -> str:
    """Return who decides. Raises BadInput where nobody is named."""
    name = one_line(given)
    if not name:
        expected = "who decides: --as NAME, or POLICYDIFF_REVIEWER in the environment, or reviewer in policydiff.toml"
        raise BadInput([Fault(file="review", path="reviewer", found="nobody", expected=expected)])
    return name


def _is_same(one: str, other: str) -> bool:
    return _folded(one) == _folded(other)


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", one_line(name)).casefold()


def _unknown_proposal(proposal_id: str, known: Iterable[str]) -> Fault:
    hint = nearest(proposal_id, list(known))
    expected = " or ".join(hint) if hint else "an id that `policydiff review list --state all` shows"
    return Fault(file=proposal_id, path="id", found="no such proposal", expected=expected)


def _unknown_field(proposal_id: str, name: str) -> Fault:
    hint = nearest(name, list(FIELDS))
    expected = " or ".join(hint) or f"one of {', '.join(FIELDS)}"
    return Fault(file=proposal_id, path=name, found="an unknown field", expected=expected)


def _unknown_instrument(proposal_id: str, name: str, book: Codebook) -> Fault:
    known = [instrument.id for instrument in book.instruments]
    expected = " or ".join(nearest(name, known)) or "an instrument of `policydiff list instruments`"
    return Fault(file=proposal_id, path="instrument", found=repr(name), expected=expected)


# --- Records as JSON ------------------------------------------------------------------------------------------------


def _document_key(document: Document) -> str:
    """Return what tells documents apart: their bytes, and among the items of one feed how they begin.

    Not the day: the same bytes may be read with and without being told it.
    """
    parts = (document.sha256, document.title, document.text[:_BEGINNING])
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def _is_address(source: str) -> bool:
    return source.startswith(("http://", "https://"))


def _reading_values(reading: Reading, text_sha256: str) -> dict[str, Any]:
    document = reading.document
    return {
        "source": document.source,
        "sha256": document.sha256,
        "title": document.title,
        "published": str(document.published) if document.published else None,
        "language": document.language,
        "kind": document.kind.value,
        "text_sha256": text_sha256,
        "group": reading.group,
        "read": reading.read.isoformat(),
        "proposals": [_proposal_values(proposal) for proposal in reading.proposals],
    }


def _proposal_values(proposal: Proposal) -> dict[str, Any]:
    values = {field.name: getattr(proposal, field.name) for field in fields(proposal)}
    said = str(proposal.date) if proposal.date else None
    return values | {"country_codes": list(proposal.country_codes), "date": said}


def _proposal(values: Mapping[str, Any]) -> Proposal:
    said = dates.parse(values["date"]) if values["date"] else None
    typed = {"basis": Basis(values["basis"]), "modality": Modality(values["modality"]), "date": said}
    return Proposal(**{**values, **typed, "country_codes": tuple(values["country_codes"])})


def _decision_values(decision: Decision) -> dict[str, Any]:
    values = {field.name: getattr(decision, field.name) for field in fields(decision)}
    made = decision.addition
    return values | {
        "decided": decision.decided.isoformat(),
        "changes": {name: list(texts) for name, texts in decision.changes.items()},
        "addition": {field.name: getattr(made, field.name) for field in fields(made)} if made else None,
    }


def _decision(values: Mapping[str, Any]) -> Decision:
    made = values["addition"]
    typed = {
        "verdict": Verdict(values["verdict"]),
        "decided": datetime.fromisoformat(values["decided"]),
        "changes": {name: (old, new) for name, (old, new) in values["changes"].items()},
        "addition": Addition(**made) if made else None,
    }
    return Decision(**{**values, **typed})
