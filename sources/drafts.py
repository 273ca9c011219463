"""Drafts: a proposal as the fields of a statement, each a short text, until a person accepts it.

A draft has the names and values of an instrument file (docs/adding.md), without its nesting: `stage` is
`values: {stage: ...}` there, `trigger` the English text of the condition. Being text, the same fields serve a command's
options, a sheet and the record of a decision. The codebook's form checks them when they become a statement.
"""

import hashlib
import json
import re
import unicodedata
from collections.abc import Mapping
from datetime import date, timedelta

import pycountry

from sources.codebook import SCOPE, Addition, Codebook
from sources.countries import AREAS, GLOBAL, PLACES, REGION
from sources.dates import Dated
from sources.model import (
    BEST_TIER,
    BRIDGE_DAY,
    BRIDGE_START,
    FIRST_TERM_START,
    Basis,
    Document,
    EndedHow,
    Instrument,
    Proposal,
    Scope,
    SourceKind,
    Stage,
)
from sources.texts import one_line

Fields = Mapping[str, str]
"""The fields of a draft by name; one that is not given is not there."""

# What is said of the document rather than by it: whoever accepts may complete it.
CITATION = ("url", "publisher", "title")

_SOURCE = (*CITATION, "language", "published", "kind", "tier", "group")
_LISTS = frozenset({"countries", "other_countries", "population", "disputes"})
# Each field and its place in the form of a statement.
_PLACES: Mapping[str, tuple[str, ...]] = {
    "countries": ("countries",),
    "other_countries": ("other_countries",),
    "population": ("population",),
    "universal": ("universal",),
    "component": ("component",),
    "basis": ("basis",),
    "modality": ("modality",),
    "speaker": ("speaker",),
    "named": ("named",),
    "from": ("from",),
    "to": ("to",),
    "then": ("then",),
    "effective": ("effective",),
    "stage": ("values", "stage"),
    "ended": ("ended",),
    "legal": ("values", "legal"),
    "implementation": ("values", "implementation"),
    "level": ("values", "level"),
    **{f"scope_{dimension}": ("values", "scope", dimension) for dimension in SCOPE},
    "partner_response": ("values", "partner_response"),
    "litigation": ("values", "litigation"),
    "authority": ("values", "authority"),
    "measure": ("quantity", "measure"),
    "unit": ("quantity", "unit"),
    "unit_of_count": ("quantity", "unit_of_count"),
    "value": ("quantity", "value"),
    "low": ("quantity", "low"),
    "high": ("quantity", "high"),
    "qualifier": ("quantity", "qualifier"),
    "range": ("quantity", "range"),
    "negated": ("negated",),
    "trigger": ("trigger", "en"),
    "demand": ("demand", "en"),
    "condition_met": ("condition_met",),
    "horizon": ("horizon",),
    "speaks_of_future": ("speaks_of_future",),
    "entry": ("entry",),
    "corrects": ("corrects",),
    "disputes": ("disputes",),
    "text": ("text", "en"),
    "note": ("reviewer_note",),
}
FIELDS = ("instrument", *_PLACES, *_SOURCE)
_NAMES = {".".join(place): name for name, place in _PLACES.items()} | {f"source.{name}": name for name in _SOURCE}
# Properties whose value is one value of a statement.
_SAID_ALONE = ("stage", "ended", "legal", "implementation", "partner_response", "litigation")
_SAID_WITH_NAME = ("level", "authority", *(f"scope_{dimension}" for dimension in SCOPE))
_VALUES = frozenset({"stage", "legal", "implementation", "level", "partner_response", "litigation", "authority"})
_PAST = {
    "first": Dated(first_day=FIRST_TERM_START, last_day=BRIDGE_START - timedelta(days=1), precision="interval"),
    "bridge": Dated(first_day=BRIDGE_START, last_day=BRIDGE_DAY, precision="interval"),
}
_RANGE = re.compile(r"([\d.]+)\s*[-\u2013]\s*([\d.]+)")
_AREA_NAMES = {REGION: "Latin America and the Caribbean", GLOBAL: "no country named"}


# --- From a proposal to a draft -------------------------------------------------------------------------------------


def draft(proposal: Proposal, document: Document, book: Codebook) -> dict[str, str]:
    """Return what a proposal says as the fields of a statement.

    The instrument must be one of the codebook. What the codebook has no place for is left out: a value said of an
    observed thing that is not so, a condition in another language than English.
    """
    instrument = book.instrument(proposal.instrument_id)
    codes = [_place_of(code, instrument) for code in proposal.country_codes]
    basis = _basis(proposal)
    given = {
        "instrument": instrument.id,
        "countries": " ".join(dict.fromkeys(code for code in codes if code in PLACES)),
        "other_countries": " ".join(code for code in codes if code not in PLACES),
        "basis": basis.value,
        "modality": proposal.modality.value,
        "speaker": proposal.speaker,
        "named": "" if proposal.is_named else "false",
        **_time(proposal, document),
        **_value(proposal, basis),
        **_condition(proposal, document),
        **citation(document, book),
    }
    return {name: text for name in FIELDS if (text := one_line(given.get(name, "")))}


def _place_of(code: str, instrument: Instrument) -> str:
    """Return the place a statement speaks of: a domestic instrument has the region as its cell (ruling 2)."""
    return REGION if code == GLOBAL and instrument.scope is Scope.DOMESTIC else code


def _basis(proposal: Proposal) -> Basis:
    """Return the basis: only the second term is projected; an older plan is an intention that was observed."""
    return proposal.basis if proposal.period == "second" else Basis.OBSERVED


def _time(proposal: Proposal, document: Document) -> dict[str, str]:
    """Return when it is so: the day it was said, if that lies in the period spoken of.

    What a later text says of a period, without a day, is so at some time in it, and unknown after it: it is not
    carried into the next.
    """
    said = proposal.date or document.published
    period = _PAST.get(proposal.period)
    is_within = said is not None and period is not None and period.first_day <= said.last_day <= period.last_day
    if period is None or is_within or proposal.basis is Basis.PROJECTED:
        return {"from": str(said or "")}
    return {"from": str(period), "to": str(period.last_day + timedelta(days=1)), "then": "unknown"}


_OF_STATUS = {
    Stage.ENDED: Stage.ADOPTED,
    Stage.IN_FORCE: Stage.NONE,
    Stage.ADOPTED: Stage.NONE,
    Stage.SIGNED: Stage.NONE,
}


def _value(proposal: Proposal, basis: Basis) -> dict[str, str]:
    """Return the value of the proposal's property.

    The codebook knows "is not so" of projections; an observed stage that is not so is none on that day, and of
    any other value that is not so only the description stays. Of a protection the text tells the stage of the
    protection itself: the instrument is its ending, adopted when the protection ended and none while it runs.
    """
    name, _, measure = proposal.property.partition(":")
    if proposal.is_of_status and proposal.value in _OF_STATUS:
        return {"stage": _OF_STATUS[Stage(proposal.value)].value}
    if proposal.is_negated and basis is Basis.OBSERVED:
        is_none = name == "stage" and proposal.value not in (Stage.NONE, Stage.ENDED)
        return {"stage": Stage.NONE.value} if is_none else {"negated": "true"}
    negated = "true" if proposal.is_negated else ""
    if name == "quantity":
        number = {"measure": measure, "unit": proposal.unit or "", "unit_of_count": proposal.unit_of_count or ""}
        number["qualifier"] = proposal.qualifier or ""
        if ends := _RANGE.fullmatch(proposal.value):
            return {**number, "low": ends[1], "high": ends[2], "negated": negated}
        open_range = "not_quantified" if basis is Basis.PROJECTED else ""
        return {**number, "value": proposal.value, "range": open_range, "negated": negated}
    if name not in _VALUES:
        return {"negated": negated}
    # How it ended the passage may leave open; that a government ended it is the plainest reading of the word.
    ended = EndedHow.TERMINATED.value if proposal.value == Stage.ENDED and name == "stage" else ""
    return {name: proposal.value, "ended": ended, "negated": negated}


def _condition(proposal: Proposal, document: Document) -> dict[str, str]:
    if document.language != "en":
        return {}
    return {"trigger": proposal.trigger or "", "demand": proposal.demand or ""}


# --- The citation -----------------------------------------------------------------------------------------------------


def citation(document: Document, book: Codebook, given: Fields | None = None) -> dict[str, str]:
    """Return how a document is cited; `given` completes what it does not say of itself.

    A document read from an address carries it; a file has none until somebody gives it. The publisher is the one whom
    the codebook cites at that address, else its host.
    """
    given = given or {}
    url = given.get("url") or (document.source if re.match(r"https?://", document.source) else "")
    host = _host(url)
    cited = (s.source for instrument in book.instruments for s in instrument.statements)
    known = {(source.imprint, source.group) for source in cited if host and _host(source.url) == host}
    publisher, group = next(iter(known)) if len(known) == 1 else (host, "")
    if named := given.get("publisher"):
        publisher, group = named, group if named == publisher else ""
    return {
        "title": given.get("title") or document.title,
        "publisher": publisher,
        "url": url,
        "language": document.language,
        "published": str(document.published or "undated"),
        "kind": document.kind.value,
        "tier": str(BEST_TIER[SourceKind(document.kind)]),
        "group": group or _slug(publisher),
    }


def _host(url: str) -> str:
    return url.partition("://")[2].partition("/")[0].casefold()


def _slug(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "_", plain.casefold()).strip("_")


# --- From a draft to a statement --------------------------------------------------------------------------------------


def addition(
    identity: str,
    fields: Fields,
    proposal: Proposal,
    document: Document,
    book: Codebook,
    *,
    coder: str,
    reviewer: str | None,
    recorded: date,
) -> Addition:
    """Return a draft in the form of an instrument file, ready to be checked and laid over the codebook."""
    form: dict[str, object] = {}
    for name, place in _PLACES.items():
        if name in fields:
            _put(form, place, fields[name].replace(",", " ").split() if name in _LISTS else fields[name])
    source: dict[str, object] = {name: fields[name] for name in _SOURCE if name in fields}
    if "text" not in fields:
        form["text"] = {"en": sentence(fields, book)}
    key = hashlib.sha256(json.dumps(source, sort_keys=True).encode()).hexdigest()[:10]
    form |= {
        "id": identity,
        "source": f"document_{key}",
        "locator": f"characters {proposal.char_start} to {proposal.char_end} of the extracted text, "
        f"sha256 {hashlib.sha256(document.text.encode()).hexdigest()}",
        "quote_sha256": hashlib.sha256(proposal.quote.encode()).hexdigest(),
        "recorded": recorded.isoformat(),
        "coder": coder,
        "reviewer": reviewer,
    }
    return Addition(instrument_id=fields.get("instrument", ""), statement=form, source=source)


def _put(form: dict[str, object], place: tuple[str, ...], value: object) -> None:
    *outer, last = place
    inner = form
    for key in outer:
        nested = inner.setdefault(key, {})
        assert isinstance(nested, dict), "no field stands where others are nested"
        inner = nested
    inner[last] = value


def field_of(path: str) -> str:
    """Return the field that a place in the form of a statement belongs to: `values.stage` is `stage`."""
    plain = re.sub(r"\[\d+\]", "", path)
    return _NAMES.get(plain) or _NAMES.get(f"{plain}.en") or plain.removeprefix("source.")


def said(fields: Fields) -> str:
    """Return what a draft says of its instrument in a few plain words: "in force", "accepts", "people: 250 people"."""
    words = [_words(fields[name]) for name in _SAID_ALONE if name in fields]
    words += [f"{_words(name)} {fields[name]}" for name in _SAID_WITH_NAME if name in fields]
    if "measure" in fields:
        figure = fields.get("value") or f"{fields.get('low', '')} to {fields.get('high', '')}"
        unit = fields.get("unit_of_count") or fields.get("unit", "")
        words.append(f"{_words(fields['measure'])}: {_words(fields.get('qualifier', ''))} {figure} {_words(unit)}")
    text = " ".join((", ".join(words) or "described").split())
    return f"said not to be so: {text}" if fields.get("negated") == "true" else text


def sentence(fields: Fields, book: Codebook) -> str:
    """Return a draft as one plain line without a word of the passage but the speaker's name."""
    names = {instrument.id: instrument.names["en"] for instrument in book.instruments}
    name = names.get(fields.get("instrument", ""), "")
    places = ", ".join(place_name(code) for code in fields.get("countries", "").replace(",", " ").split())
    voice = f"{_words(fields.get('modality', ''))}, {fields.get('speaker', '')}"
    return f"{name}, {places}: {said(fields)} ({voice})."


def place_name(code: str) -> str:
    """Return the English name of a country or area; a code nobody knows stands for itself."""
    if code in AREAS:
        return _AREA_NAMES[code]
    country = pycountry.countries.get(alpha_3=code)
    return str(getattr(country, "common_name", country.name)) if country else code


def _words(value: str) -> str:
    return value.replace("_", " ")
