"""Score a reader: compare the statements it proposes with documents labelled by hand.

Place: a proposal and a claim have the same place when their passages overlap or lie in one sentence. A quote is found
by its letters and digits, wherever it stands in the labelled characters.

Strict: instrument, countries, basis, families of property and of modality, and place agree. Lenient: the instrument
and the countries agree with some claim of the document. What a claim lists under `accept` agrees as well. Families:

- stages by how far they go: announced (floated, pledged, threatened, negotiated), done (signed, adopted, in_force),
  ended, none; a negated stage is none
- a partner's responses by whether it agrees or opposes; `accepts` negated is `refuses`
- of other properties the value is not looked at, only whether it is negated; `legal` is `litigation`, all measures are
  `quantity`
- modalities: facts, plans (pledge, plan_reported), threats, expectations

Countries agree strictly when all those of the claim are named, or one listed instead, and no other; leniently when at
least one is named, and no other. REGION and GLOBAL are one.

Precision counts claims of both marks, recall the core ones. A repeat is a proposal that has no claim of its instrument
and property in its place but repeats one of the document (instrument, countries, period, property): in strict precision
it counts neither way. One proposal may find several claims of its place.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from sources.countries import GLOBAL, REGION
from sources.labels import Claim, LabelledDocument, Labels, Trap
from sources.model import Modality, Proposal, Stage
from sources.places import Page, Span

# --- Families ---------------------------------------------------------------------------------------------------

_STAGES: Mapping[str, str] = {
    Stage.NONE: "none",
    **dict.fromkeys((Stage.FLOATED, Stage.PLEDGED, Stage.THREATENED, Stage.NEGOTIATED), "announced"),
    **dict.fromkeys((Stage.SIGNED, Stage.ADOPTED, Stage.IN_FORCE), "done"),
    Stage.ENDED: "ended",
}
_RESPONSES = {
    **dict.fromkeys(("accepts", "prepares", "complied"), "agrees"),
    **dict.fromkeys(("refuses", "refused", "rejects", "protests", "retaliates", "challenges"), "opposes"),
}
_VALUES: Mapping[str, Mapping[str, str]] = {"stage": _STAGES, "partner_response": _RESPONSES}
_VOICES = {
    **dict.fromkeys((Modality.FACT_OFFICIAL, Modality.FACT_REPORTED), "fact"),
    **dict.fromkeys((Modality.PLEDGE, Modality.PLAN_REPORTED), "plan"),
}
_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")


class _Said(NamedTuple):
    """A value of a property in the one form in which equal things are equal."""

    kind: str
    value: str
    is_negated: bool

    @property
    def family(self) -> "_Said":
        """Return it with the family in place of the value."""
        values = _VALUES.get(self.kind)
        return self._replace(value=values.get(self.value, self.value) if values else "")


def _kind(name: str) -> str:
    return "litigation" if name == "legal" else name.split(":", 1)[0]


def _said(name: str, value: str, is_negated: bool) -> _Said:
    kind = _kind(name)
    if kind == "stage" and (is_negated or value == "none"):
        return _Said(kind, "none", True)
    if kind == "stage" and value == "adopted":
        return _Said(kind, "in_force", False)
    if kind == "partner_response" and value == "accepts" and is_negated:
        return _Said(kind, "refuses", False)
    if kind == "quantity" and (number := _NUMBER.search(value)):
        return _Said(kind, str(float(number.group().replace(",", ""))), is_negated)
    return _Said(kind, value, is_negated)


def _right_values(claim: Claim) -> frozenset[_Said]:
    """Return all that may be said of a claim's property, and of the properties it accepts instead.

    What is accepted as a value may be one of the accepted property; where none is, any value of that property is right.
    """
    values = (claim.value, *claim.accept.get("value", ()))
    found = {_said(claim.property, value, claim.negated) for value in values}
    for name in claim.accept.get("property", ()):
        known = _VALUES.get(name, {})
        fitting = [value for value in values if value in known] or known or values
        found.update(_said(name, value, claim.negated) for value in fitting)
    return frozenset(found)


def _kinds(claim: Claim) -> frozenset[str]:
    return frozenset(said.kind for said in _right_values(claim))


def _voice(modality: str) -> str:
    return _VOICES.get(Modality(modality), modality)


# --- Judging ----------------------------------------------------------------------------------------------------


class Verdict(StrEnum):
    """What a proposal is by the strict measure."""

    RIGHT = "right"
    WRONG = "wrong"
    REPEAT = "repeat"


FIELDS = ("countries", "period", "basis", "property", "value", "modality", "negated")


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedProposal:
    """A proposal, the claims it finds, and the traps it fell into.

    `agreement` says for each of FIELDS whether it agrees with the nearest claim of its instrument in its place, and is
    empty without one; the value is judged where the property agrees. It fell into a trap when it affirms the tempting
    instrument in an overlapping passage and is not right.
    """

    proposal: Proposal
    is_placed: bool
    verdict: Verdict
    finds: tuple[Claim, ...]
    finds_leniently: tuple[Claim, ...]
    agreement: Mapping[str, bool]
    traps: tuple[Trap, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedDocument:
    """A labelled file, the proposals within its labelled characters, and how many stood outside of them."""

    document: LabelledDocument
    proposals: tuple[JudgedProposal, ...]
    outside: int


def judge(document: LabelledDocument, proposals: Sequence[Proposal]) -> JudgedDocument:
    """Compare the proposals read from one file with its labels.

    A proposal whose quote stands only outside of the labelled characters is not judged. One whose quote stands nowhere
    in the file has no place: it is judged, and strictly can only be wrong or a repeat.
    """
    page = Page(document.text, is_json=document.file.endswith(".json"))
    excerpt = Span(document.excerpt_start, document.excerpt_end)
    sentences = [page.sentences(Span(claim.char_start, claim.char_end)) for claim in document.claims]
    judged = []
    for proposal in proposals:
        spans = page.find(proposal.quote)
        inside = [span for span in spans if span.overlaps(excerpt)]
        if inside or not spans:
            here = [
                claim
                for claim, sentence in zip(document.claims, sentences, strict=True)
                if _is_same_instrument(proposal, claim) and any(page.sentences(s).overlaps(sentence) for s in inside)
            ]
            judged.append(_judged(proposal, inside, here, document))
    return JudgedDocument(document=document, proposals=tuple(judged), outside=len(proposals) - len(judged))


def _judged(
    proposal: Proposal, spans: Sequence[Span], here: Sequence[Claim], document: LabelledDocument
) -> JudgedProposal:
    """Judge a proposal by the claims of its instrument in its place and those of the whole document."""
    finds = tuple(claim for claim in here if _agrees_strictly(proposal, claim))
    if finds:
        verdict = Verdict.RIGHT
    else:
        verdict = Verdict.REPEAT if _is_repeat(proposal, here, document.claims) else Verdict.WRONG
    is_affirmed = not _said(proposal.property, proposal.value, proposal.is_negated).is_negated
    return JudgedProposal(
        proposal=proposal,
        is_placed=bool(spans),
        verdict=verdict,
        finds=finds,
        finds_leniently=tuple(claim for claim in document.claims if _agrees_leniently(proposal, claim)),
        agreement=_nearest_agreement(proposal, here),
        traps=tuple(
            trap
            for trap in document.traps
            if is_affirmed
            and not finds
            and trap.tempting_instrument == proposal.instrument_id
            and any(span.overlaps(Span(trap.char_start, trap.char_end)) for span in spans)
        ),
    )


def _accepted(claim: Claim, field: str, value: str) -> tuple[str, ...]:
    return (value, *claim.accept.get(field, ()))


def _is_same_instrument(proposal: Proposal, claim: Claim) -> bool:
    return proposal.instrument_id in _accepted(claim, "instrument_id", claim.instrument_id)


def _areas(codes: Sequence[str]) -> frozenset[str]:
    return frozenset(GLOBAL if code == REGION else code for code in codes)


def _are_countries_right(proposal: Proposal, claim: Claim) -> bool:
    named, own = _areas(proposal.country_codes), _areas(claim.countries)
    accepted = _areas(claim.accept.get("countries", ()))
    return named <= own | accepted and (own <= named or bool(named & accepted))


def _agrees_leniently(proposal: Proposal, claim: Claim) -> bool:
    named, right = _areas(proposal.country_codes), _areas((*claim.countries, *claim.accept.get("countries", ())))
    return _is_same_instrument(proposal, claim) and bool(named) and named <= right


def _agrees_strictly(proposal: Proposal, claim: Claim) -> bool:
    """Tell whether a proposal of the same instrument and place agrees in countries, basis and families."""
    said = _said(proposal.property, proposal.value, proposal.is_negated)
    return (
        _are_countries_right(proposal, claim)
        and proposal.basis in _accepted(claim, "basis", claim.basis)
        and said.family in {right.family for right in _right_values(claim)}
        and _voice(proposal.modality) in map(_voice, _accepted(claim, "modality", claim.modality))
    )


def _is_repeat(proposal: Proposal, here: Sequence[Claim], claims: Sequence[Claim]) -> bool:
    """Tell whether a proposal without a claim of its property in its place repeats a claim of the document."""
    kind = _kind(proposal.property)
    return not any(kind in _kinds(claim) for claim in here) and any(
        _is_same_instrument(proposal, claim)
        and _are_countries_right(proposal, claim)
        and proposal.period in _accepted(claim, "period", claim.period)
        and kind in _kinds(claim)
        for claim in claims
    )


def _nearest_agreement(proposal: Proposal, here: Sequence[Claim]) -> Mapping[str, bool]:
    """Return the agreement with the claim that agrees in most fields, a core one before an optional one."""
    agreements = [(_agreement(proposal, claim), claim.mark == "core") for claim in here]
    agreements.sort(key=lambda judged: (sum(judged[0].values()), judged[1]))
    return agreements[-1][0] if agreements else {}


def _agreement(proposal: Proposal, claim: Claim) -> dict[str, bool]:
    said, right = _said(proposal.property, proposal.value, proposal.is_negated), _right_values(claim)
    agreement = {
        "countries": _are_countries_right(proposal, claim),
        "period": proposal.period in _accepted(claim, "period", claim.period),
        "basis": proposal.basis in _accepted(claim, "basis", claim.basis),
        "property": said.kind in _kinds(claim),
        "modality": proposal.modality in _accepted(claim, "modality", claim.modality),
        "negated": said.is_negated in {other.is_negated for other in right},
    }
    if agreement["property"]:
        agreement["value"] = (said.kind, said.value) in {(other.kind, other.value) for other in right}
    return agreement


# --- Scores -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Proposals right and wrong, core claims and how many of them were found. A share of nothing is None."""

    right: int
    wrong: int
    found: int
    core: int

    @property
    def precision(self) -> float | None:
        """Return the share of the proposals that are right."""
        return self.right / (self.right + self.wrong) if self.right + self.wrong else None

    @property
    def recall(self) -> float | None:
        """Return the share of the core claims that were found."""
        return self.found / self.core if self.core else None

    @property
    def f1(self) -> float | None:
        """Return the harmonic mean of precision and recall."""
        if self.precision is None or self.recall is None:
            return None
        return 2 * self.precision * self.recall / ((self.precision + self.recall) or 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """Both measures of some proposals, and the traps they fell into."""

    proposals: int
    repeats: int
    strict: Counts
    lenient: Counts
    traps_hit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """How many of how many."""

    right: int
    of: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """A reader's scores: of all proposals, without the optional ones, by instrument and by field.

    `outside` counts the proposals that were not judged, `unplaced` those whose quote stands nowhere in its file.
    """

    documents: int
    traps: int
    outside: int
    unplaced: int
    overall: Score
    without_optional: Score
    instruments: Mapping[str, Score]
    fields: Mapping[str, Share]


def score(labels: Labels, proposals_by_file: Mapping[str, Sequence[Proposal]]) -> Scores:
    """Score what a reader proposed for each labelled file; a file that is not named had no proposal."""
    return count([judge(document, proposals_by_file.get(document.file, ())) for document in labels.documents])


def count(judged: Sequence[JudgedDocument]) -> Scores:
    """Add up judged documents."""
    claims = [claim for document in judged for claim in document.document.claims]
    proposals = [proposal for document in judged for proposal in document.proposals]
    names = {claim.instrument_id for claim in claims} | {p.proposal.instrument_id for p in proposals}
    sure = [judged for judged in proposals if not judged.proposal.is_optional]
    agreements = [judged.agreement for judged in proposals if judged.agreement]
    return Scores(
        documents=len(judged),
        traps=sum(len(document.document.traps) for document in judged),
        outside=sum(document.outside for document in judged),
        unplaced=sum(not proposal.is_placed for proposal in proposals),
        overall=_score(proposals, claims, proposals),
        without_optional=_score(sure, claims, sure),
        instruments={
            name: _score(
                [judged for judged in proposals if judged.proposal.instrument_id == name],
                [claim for claim in claims if claim.instrument_id == name],
                proposals,
            )
            for name in sorted(names)
        },
        fields={
            field: Share(
                right=sum(agreement.get(field, False) for agreement in agreements),
                of=sum(field in agreement for agreement in agreements),
            )
            for field in FIELDS
        },
    )


def _score(proposals: Sequence[JudgedProposal], claims: Sequence[Claim], finders: Sequence[JudgedProposal]) -> Score:
    """Score some proposals, and some claims by whoever finds them: an accepted instrument finds those of another."""
    core = [claim for claim in claims if claim.mark == "core"]
    verdicts = Counter(judged.verdict for judged in proposals)
    lenient = sum(bool(judged.finds_leniently) for judged in proposals)
    return Score(
        proposals=len(proposals),
        repeats=verdicts[Verdict.REPEAT],
        strict=Counts(
            right=verdicts[Verdict.RIGHT],
            wrong=verdicts[Verdict.WRONG],
            found=sum(any(claim in judged.finds for judged in finders) for claim in core),
            core=len(core),
        ),
        lenient=Counts(
            right=lenient,
            wrong=len(proposals) - lenient,
            found=sum(any(claim in judged.finds_leniently for judged in finders) for claim in core),
            core=len(core),
        ),
        traps_hit=len({(trap.file, trap.char_start, trap.char_end) for judged in proposals for trap in judged.traps}),
    )


def as_dict(scores: Scores) -> dict[str, object]:
    """Return the scores for JSON: counts, and the shares rounded to four places (null for a share of nothing)."""
    return {
        "documents": scores.documents,
        "traps": scores.traps,
        "outside": scores.outside,
        "unplaced": scores.unplaced,
        "overall": _score_object(scores.overall),
        "without_optional": _score_object(scores.without_optional),
        "instruments": {name: _score_object(of_one) for name, of_one in scores.instruments.items()},
        "fields": {name: {"right": share.right, "of": share.of} for name, share in scores.fields.items()},
    }


def _score_object(of_some: Score) -> dict[str, object]:
    return {
        "proposals": of_some.proposals,
        "repeats": of_some.repeats,
        "traps_hit": of_some.traps_hit,
        "strict": _counts_object(of_some.strict),
        "lenient": _counts_object(of_some.lenient),
    }


def _counts_object(counts: Counts) -> dict[str, object]:
    shares = {"precision": counts.precision, "recall": counts.recall, "f1": counts.f1}
    return {
        "right": counts.right,
        "wrong": counts.wrong,
        "found": counts.found,
        "core": counts.core,
        **{name: None if share is None else round(share, 4) for name, share in shares.items()},
    }


def as_table(scores: Scores) -> str:
    """Return the scores as text for a terminal; "-" is a share of nothing."""
    rows = {"all proposals": scores.overall, "without optional ones": scores.without_optional, **scores.instruments}
    width = max(map(len, rows))
    measure = f"{'precision':>9} {'recall':>6} {'F1':>4}"
    lines = [
        f"{scores.documents} documents; {scores.overall.traps_hit} of {scores.traps} traps hit",
        f"{scores.outside} proposals outside of the labelled text are not judged",
        f"{scores.unplaced} proposals have a quote that is not in their file",
        "",
        f"{'':{width}}  {'strict':<21}  {'lenient':<21}  core  proposals  repeats  traps",
        f"{'':{width}}  {measure}  {measure}",
        *(f"{name:{width}}  {_score_line(row)}" for name, row in rows.items()),
        "",
        "of the proposals with a claim of their instrument in their place, right in",
    ]
    for name, share in scores.fields.items():
        lines.append(
            f"{name:{width}}  {_decimal(share.right / share.of if share.of else None):>9}  {share.right}/{share.of}"
        )
    return "\n".join(lines)


def _score_line(row: Score) -> str:
    measures = "  ".join(
        f"{_decimal(counts.precision):>9} {_decimal(counts.recall):>6} {_decimal(counts.f1):>4}"
        for counts in (row.strict, row.lenient)
    )
    return f"{measures}  {row.strict.core:>4}  {row.proposals:>9}  {row.repeats:>7}  {row.traps_hit:>5}"


def _decimal(share: float | None) -> str:
    return "-" if share is None else f"{share:.2f}"
