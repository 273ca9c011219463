"""Proposals for readers: what a machine-read claim says of an instrument in words, and as data."""

import hashlib
import json
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date

from reports.language import MANY, Language
from sources.codebook import Codebook
from sources.dates import Dated
from sources.model import Document, Proposal

_QUANTITY = "quantity"
# The scale in the language file whose words a property's values have.
_SCALES = {
    "stage": "event",
    "legal": "legal",
    "implementation": "implementation",
    "partner_response": "response",
    "litigation": "litigation",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreviewed:
    """A proposal that nobody has accepted or rejected, with the document it was read from.

    `source` is the document's path or address, `language` that of its text. `known_from` is the first day the claim
    counts as known: the last the document may have been published on, or the day it was read where it gives no date.
    """

    id: str
    proposal: Proposal
    title: str
    source: str
    language: str
    known_from: date

    @property
    def sha256(self) -> str:
        """Return the hash of all it says: its id stays the same where a rule is surer or words a doubt anew."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True, default=str).encode()).hexdigest()

    @property
    def words(self) -> frozenset[str]:
        """Return the words that a document brings into a report: none of them is the report's own."""
        said = self.proposal
        texts = (self.title, self.source, said.value, said.unit, said.unit_of_count, said.speaker, said.why)
        return frozenset(word for text in texts if text for word in text.split())


def what(proposal: Proposal, language: Language) -> str:
    """Return what is proposed: "Threatened", "Refuses", "people: 68,000"; a negated one says that it is not so."""
    name, _, measure = proposal.property.partition(":")
    if name == _QUANTITY:
        said = language.gettext("%(measure)s: %(number)s") % {
            "measure": language.name("measure", measure),
            "number": _number(proposal, language),
        }
    elif name in _SCALES:
        said = language.name(_SCALES[name], proposal.value)
    else:
        said = language.gettext("%(property)s: %(value)s") % {
            "property": language.name("property", name),
            "value": proposal.value,
        }
    return language.gettext("Said not to be so: %s") % said if proposal.is_negated else said


def time_spoken_of(proposal: Proposal, language: Language) -> str:
    """Return the period and the basis: "second term, projected"."""
    return language.gettext("%(period)s, %(basis)s") % {
        "period": language.word("period", proposal.period),
        "basis": language.word("basis", proposal.basis),
    }


def voice(proposal: Proposal, language: Language) -> str:
    """Return the modality and the speaker: "pledge, Donald Trump", "reported plan, unnamed source (a paper)"."""
    if proposal.is_named:
        form = language.gettext("%(modality)s, %(speaker)s")
    else:
        form = language.gettext("%(modality)s, unnamed source (%(speaker)s)")
    return form % {"modality": language.word("modality", proposal.modality), "speaker": proposal.speaker}


def _number(proposal: Proposal, language: Language) -> str:
    """Return the number in the language's form, or as the passage gives it where it is a range; then its unit."""
    try:
        value = float(proposal.value)
        figure = language.number(value)
    except ValueError:
        figure, value = proposal.value, MANY
    if proposal.unit is None:
        return figure
    return language.amount(figure, value, proposal.unit, proposal.unit_of_count)


# --- A document with its claims, for machines and for a terminal --------------------------------------------------


def as_object(document: Document, group: str, claims: Sequence[Proposal]) -> dict[str, object]:
    """Return a document with its claims for --json: dates as ISO 8601 writes them, None where something is not known.

    The unit of what is counted is what is counted: people, flights.
    """
    return {
        "source": document.source,
        "sha256": document.sha256,
        "title": document.title,
        "published": _iso(document.published),
        "language": document.language,
        "independence_group": group,
        "claims": [_claim_object(claim) for claim in claims],
    }


def _claim_object(claim: Proposal) -> dict[str, object]:
    return {
        "instrument_id": claim.instrument_id,
        "country_codes": list(claim.country_codes),
        "period": claim.period,
        "basis": claim.basis.value,
        "property": claim.property,
        "value": claim.value,
        "unit": _unit(claim),
        "modality": claim.modality.value,
        "speaker": claim.speaker,
        "trigger": claim.trigger,
        "demand": claim.demand,
        "negated": claim.is_negated,
        "date": _iso(claim.date),
        "quote": claim.quote,
        "char_start": claim.char_start,
        "char_end": claim.char_end,
        "rule": claim.rule,
        "confidence": claim.confidence,
        "optional": claim.is_optional,
        "why": claim.why,
    }


def _unit(claim: Proposal) -> str | None:
    return claim.unit_of_count if claim.unit == "count" else claim.unit


def _iso(when: Dated | None) -> str | None:
    return None if when is None else str(when)


def as_text(document: Document, claims: Sequence[Proposal], book: Codebook, language: Language, width: int) -> str:
    """Return a document with its claims for a terminal: a head line, then a block for each claim."""
    title = plain(document.title) or language.gettext("untitled")
    lines = [f"{plain(document.source)}: {title}, {language.when(document.published)}, {document.language}"]
    for claim in claims:
        lines += ["", *_claim_lines(claim, book, language, width)]
    if not claims:
        lines.append("  " + language.gettext("no claim"))
    return "\n".join(lines) + "\n"


def _claim_lines(claim: Proposal, book: Codebook, language: Language, width: int) -> Iterator[str]:
    name = language.text(book.instrument(claim.instrument_id).names)
    said = (time_spoken_of(claim, language), voice(claim, language), language.when(claim.date))
    texts = [
        "; ".join(said),
        language.gettext("condition: %s") % claim.trigger if claim.trigger else "",
        language.gettext("demands: %s") % claim.demand if claim.demand else "",
        f'"{claim.quote}"',
        language.gettext("%(rule)s, confidence %(confidence)s, %(start)s-%(end)s")
        % {
            "rule": claim.rule,
            "confidence": f"{claim.confidence:.2f}",
            "start": claim.char_start,
            "end": claim.char_end,
        },
        language.gettext("optional: %s") % (claim.why or language.gettext("not said")) if claim.is_optional else "",
    ]
    yield f"  {name}, {language.places(claim.country_codes)}: {plain(what(claim, language))}"
    for text in texts:
        yield from textwrap.wrap(plain(text), width, initial_indent="    ", subsequent_indent="     ")


def plain(text: str) -> str:
    """Return text from outside in one line, without characters that move a terminal's cursor or turn its writing."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in " ".join(text.split()))
