"""Make small records for tests: a statement, an instrument, a codebook, with everything a test does not care for."""

import hashlib
import json
from dataclasses import replace
from datetime import UTC, date, datetime

from reports.series import SourceState
from sources import dates
from sources.codebook import Codebook
from sources.model import (
    Basis,
    CitedSource,
    CountryRole,
    Document,
    Instrument,
    Modality,
    Proposal,
    Scope,
    Search,
    Side,
    SourceKind,
    Statement,
)

WORDS = {"en": "text", "es": "texto", "pt": "texto"}


def source(kind=SourceKind.NEWS, tier=2, group="press", published="2026-06-01"):
    """Return a publication; `published` None for one without a date."""
    when = dates.parse(published) if published else None
    return CitedSource(
        id="a_source",
        title="A title",
        publisher="A publisher",
        url="https://example.org/a",
        published=when,
        kind=kind,
        tier=tier,
        group=group,
    )


def statement(number, when, country="MEX", **values):
    """Return statement S-<number>, observed and reported unless said otherwise."""
    plain = {
        "id": f"S-{number:04d}",
        "instrument_id": "an_instrument",
        "text": WORDS,
        "country_codes": (country,),
        "basis": Basis.OBSERVED,
        "modality": Modality.FACT_REPORTED,
        "speaker": "a paper",
        "is_named": True,
        "holds_from": dates.parse(when),
        "source": source(),
        "locator": "page 1",
        "quote_sha256": "0" * 64,
        "recorded": date(2026, 11, 24),
        "coder": "A",
        "reviewer": "B",
    }
    return Statement(**{**plain, **values})


def claim(number, when, modality=Modality.PLEDGE, **values):
    """Return a projected statement."""
    return statement(number, when, basis=Basis.PROJECTED, modality=modality, **values)


def search(side=Side.FIRST, country="MEX", *, is_absence=True, number=1):
    """Return a recorded search."""
    return Search(
        id=f"Q-{number:03d}",
        instrument_id="an_instrument",
        country_codes=(country,),
        side=side,
        claim=WORDS,
        where=WORDS,
        query="it",
        searched=date(2026, 11, 24),
        result=WORDS,
        is_absence=is_absence,
        source_url="https://example.org/s",
        coder="A",
    )


def instrument(*statements, searches=(), **values):
    """Return an instrument with these statements, present from level 2 of its scale."""
    plain = {
        "id": "an_instrument",
        "number": 1,
        "family": "asylum",
        "names": WORDS,
        "short_names": WORDS,
        "definition": WORDS,
        "present_means": WORDS,
        "present_from": 2,
        "needs_application": False,
        "levels": (WORDS,) * 5,
        "scope": Scope.BY_COUNTRY,
        "country_role": CountryRole.PARTNER,
        "is_partner_act": False,
        "is_directed": True,
        "direction_rule": WORDS,
        "is_general": False,
        "unit_of_count": "people",
        "components": {},
        "predecessors": (),
        "successors": (),
        "aliases": {},
        "statements": tuple(statements),
        "searches": tuple(searches),
        "contradictions": (),
        "codings": (),
        "left_out": {},
    }
    return Instrument(**{**plain, **values})


def book(*instruments):
    """Return a codebook of these instruments."""
    return Codebook(instruments=instruments, version="0.1", file_sha256={i.id: "0" * 64 for i in instruments})


def renamed(given, name, number):
    """Return an instrument under another id and number."""
    return replace(given, id=name, number=number)


def document(text="Nothing of interest.", **values):
    """Return an English news document of one day."""
    plain = {
        "source": "notes/one.txt",
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
        "title": "A headline",
        "published": dates.parse("2024-11-19"),
        "language": "en",
        "text": text,
        "kind": SourceKind.NEWS,
    }
    return Document(**{**plain, **values})


def proposal(**values):
    """Return a proposal that Mexico is threatened with the instrument, quoted from the beginning of a document."""
    plain = {
        "instrument_id": "an_instrument",
        "country_codes": ("MEX",),
        "period": "second",
        "basis": Basis.PROJECTED,
        "property": "stage",
        "value": "threatened",
        "modality": Modality.THREAT_CONDITIONAL,
        "speaker": "a candidate",
        "is_named": True,
        "date": dates.parse("2024-11-19"),
        "quote": "They will see.",
        "char_start": 0,
        "char_end": 14,
        "rule": "a_rule",
        "confidence": 0.8,
    }
    return Proposal(**{**plain, **values})


def subscribed(address, report="country", countries=("GTM",), formats=("csv",), **more):
    """Return a subscription as TOML."""
    given = {"address": address, "report": report, "countries": list(countries), "formats": list(formats), **more}
    # What JSON writes of words, truths and lists is TOML too.
    told = (f"{name} = {json.dumps(value, ensure_ascii=False)}\n" for name, value in given.items())
    return "[[subscription]]\n" + "".join(told)


RETRIEVED = datetime(2026, 1, 15, 12, tzinfo=UTC)


def source_state(source_id="a_source", **values):
    """Return the state of a gathered source that was looked at in November 2026 and stays fresh for a quarter."""
    plain = {
        "title": "A table",
        "publisher": "An office",
        "url": "https://example.org/table",
        "licence": "public domain",
        "tier": 1,
        "last_look": date(2026, 11, 1),
        "max_age_days": 90,
        "rows": 3,
        "withheld": 0,
        "refused": 0,
        "snapshot_sha256": ("ab" * 32,),
    }
    return SourceState(source_id=source_id, **{**plain, **values})
