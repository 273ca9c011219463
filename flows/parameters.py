"""Parameters of a report as a person or a form gives them, checked before anything is built.

No `from __future__ import annotations` here: Prefect reads these types to make its form.
"""

from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from reports.edition import Kind, Paper, Request
from reports.language import languages
from reports.state import Clock
from sources.codebook import Codebook
from sources.countries import PLACES, nearest
from sources.errors import PolicydiffError, UnknownName
from sources.model import BRIDGE_DAY

Language = StrEnum("Language", {language: language for language in languages()})  # type: ignore[misc]
Format = Literal["pdf", "html", "csv", "json"]


class UsageError(PolicydiffError):
    """Options that do not go together: change the command."""


class ReportParameters(BaseModel):
    """What to build: the fields of the run form and of `policydiff build`."""

    model_config = ConfigDict(extra="forbid")

    report: Kind = Field(Kind.FULL, description="full (region), country, instrument, changes, or brief (two pages)")
    countries: list[str] = Field([], description="ISO 3166-1 alpha-3 codes, such as GTM; none means all")
    instruments: list[str] = Field([], description="instrument ids, such as travel_ban; none means all")
    language: Language = Field(Language("en"), description="the reader's language")
    paper: Paper = Field(Paper.LETTER, description="letter or a4")
    as_of: date | None = Field(None, description="use only what was known by this day; today if empty")
    on: date | None = Field(None, description="the day the state is asked for; as_of if empty")
    vintage: date = Field(BRIDGE_DAY, description="the last day whose statements a projection may use")
    formats: list[Format] = Field(["pdf", "html", "csv", "json"], description="files to write")
    out: Path = Field(Path("out"), description="folder to write to")
    since: str | None = Field(None, description="say what changed since a day (YYYY-MM-DD) or an edition (its id)")
    machine_read: bool = Field(False, description="show claims that nobody has reviewed, in a section of their own")

    def request(self, codebook: Codebook, today: date) -> Request:
        """Return the checked request. Raises UnknownName with the nearest names, UsageError for a bad mixture."""
        countries = [known_name("country", code.upper(), PLACES) for code in self.countries]
        ids = [instrument.id for instrument in codebook.instruments]
        instruments = [known_name("instrument", name, ids) for name in self.instruments]
        if self.report is Kind.COUNTRY and not countries:
            raise UsageError("a country report needs at least one country: --country GTM")
        if self.report is Kind.INSTRUMENT and not instruments:
            raise UsageError("an instrument report needs at least one instrument: --instrument travel_ban")
        if self.report is Kind.CHANGES and not self.since:
            raise UsageError("a report on changes needs to know since when: --since 2026-11-17, or an edition's id")
        if self.report is Kind.BRIEF and self.since:
            raise UsageError("a brief has no room for what changed: --report changes --since says it")
        if self.report is Kind.BRIEF and self.machine_read:
            raise UsageError("a brief has no room for machine-read claims: leave --machine-read out")
        as_of = self.as_of or today
        on = self.on or as_of
        if self.vintage > BRIDGE_DAY:
            raise UsageError(f"--vintage {self.vintage} is after {BRIDGE_DAY}, the last day before the second term")
        return Request(
            kind=self.report,
            clock=Clock(as_of=as_of, on=on, vintage=self.vintage),
            country_codes=tuple(dict.fromkeys(countries)),
            instrument_ids=tuple(dict.fromkeys(instruments)),
            language=self.language.value,
            paper=self.paper,
        )


def known_name(kind: str, name: str, names: Sequence[str]) -> str:
    """Return a name that exists; UnknownName suggests the nearest ones otherwise."""
    if name in names:
        return name
    raise UnknownName(kind, name, nearest(name, list(names)))
