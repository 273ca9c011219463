"""Parameters of a report as a person or a form gives them, checked before anything is built.

The types are those of Prefect's form too: a field with an enum is a drop-down there, a list of one a multi-select.
No `from __future__ import annotations` here: Prefect reads these types to make its form.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, WithJsonSchema, field_validator

from reports.edition import Kind, Paper, Request
from reports.language import languages
from reports.state import Clock
from sources.codebook import instrument_ids
from sources.countries import PLACES, nearest
from sources.errors import UnknownName
from sources.model import BRIDGE_DAY

Language = StrEnum("Language", {language: language for language in languages()})  # type: ignore[misc]
Country = StrEnum("Country", {code: code for code in PLACES})  # type: ignore[misc]
Instrument = StrEnum("Instrument", {name: name for name in instrument_ids()})  # type: ignore[misc]
Format = Literal["pdf", "html", "csv", "json", "xlsx", "parquet"]


# A form shows a choice between two types for what pydantic says of these, and an empty field for this.
_OptionalDay = Annotated[date | None, WithJsonSchema({"type": "string", "format": "date"})]
_OptionalText = Annotated[str | None, WithJsonSchema({"type": "string"})]


def known_name(kind: str, name: str, names: Sequence[str]) -> str:
    """Return a name that exists; UnknownName suggests the nearest ones otherwise."""
    if name in names:
        return name
    raise UnknownName(kind, name, nearest(name, list(names)))


def _country(value: object) -> object:
    """Take a code in small letters too, and suggest the nearest ones for an unknown one."""
    return _suggesting("country", value.upper(), PLACES) if isinstance(value, str) else value


def _instrument(value: object) -> object:
    """Suggest the nearest ids for an unknown one."""
    return _suggesting("instrument", value, instrument_ids()) if isinstance(value, str) else value


def _suggesting(kind: str, name: str, names: Sequence[str]) -> str:
    try:
        return known_name(kind, name, names)
    except UnknownName as error:
        # What pydantic takes as the reason why a field is wrong, so that it is named.
        raise ValueError(str(error)) from error


def _without_empty_defaults(schema: dict[str, Any]) -> None:
    """Let a form leave out what has no default of its own: the folder is that of the settings where the run works."""
    for name in ("as_of", "on", "since", "out"):
        del schema["properties"][name]["default"]


class ReportParameters(BaseModel):
    """What to build: the fields of the run form and of `policydiff build`.

    A wrong value, and values that do not go together, are refused with the name of the field.
    """

    model_config = ConfigDict(extra="forbid", validate_default=True, json_schema_extra=_without_empty_defaults)

    report: Kind = Field(
        Kind.FULL,
        title="Report",
        description="full (the region), country, instrument, changes (what changed since a day), or brief (two pages)",
    )
    countries: list[Annotated[Country, BeforeValidator(_country)]] = Field(
        [],
        title="Countries",
        description="ISO 3166-1 alpha-3 codes; none means all. A report on countries needs at least one",
    )
    instruments: list[Annotated[Instrument, BeforeValidator(_instrument)]] = Field(
        [], title="Instruments", description="none means all. A report on instruments needs at least one"
    )
    language: Language = Field(Language("en"), title="Language", description="the reader's language")
    paper: Paper = Field(Paper.LETTER, title="Paper", description="the sheet that the PDF is set on")
    as_of: _OptionalDay = Field(
        None, title="As of", description="use only what was known by this day; today if there is none"
    )
    on: _OptionalDay = Field(
        None, title="Valid on", description="the day the state is asked for; that of “as of” if there is none"
    )
    vintage: date = Field(
        BRIDGE_DAY,
        title="Projections said by",
        description=f"the last day whose statements a projection may use, {BRIDGE_DAY} at the latest",
    )
    formats: list[Format] = Field(
        ["pdf", "html", "csv", "json"], min_length=1, title="Formats", description="files to write"
    )
    out: Path = Field(
        Path("out"),
        title="Folder",
        description="where files are written on the machine that works; the one of its settings if there is none",
    )
    since: _OptionalText = Field(
        None,
        title="Changes since",
        description="say what changed since a day (YYYY-MM-DD) or an edition (its id). A report on changes needs it",
    )
    machine_read: bool = Field(
        False,
        title="Machine-read claims",
        description="show claims that nobody has reviewed, in a section of their own",
    )
    annex: bool = Field(
        False, title="Annex", description="add every gathered number and legal act in scope, line by line"
    )
    large_print: bool = Field(False, title="Large print", description="set everything in 18 point type or larger")

    # Each rule is that of one field, so that the message names it. `report` comes first and is there for the others.

    @field_validator("countries", "instruments")
    @classmethod
    def _has_its_subject(cls, value: list[str], info: ValidationInfo) -> list[str]:
        kind = info.data.get("report")
        if kind is Kind.COUNTRY and info.field_name == "countries" and not value:
            raise ValueError("a country report needs at least one country, such as GTM")
        if kind is Kind.INSTRUMENT and info.field_name == "instruments" and not value:
            raise ValueError("an instrument report needs at least one instrument, such as travel_ban")
        return value

    @field_validator("vintage")
    @classmethod
    def _is_before_the_second_term(cls, value: date) -> date:
        if value > BRIDGE_DAY:
            raise ValueError(f"{value} is after {BRIDGE_DAY}, the last day before the second term")
        return value

    @field_validator("since")
    @classmethod
    def _fits_the_report(cls, value: str | None, info: ValidationInfo) -> str | None:
        kind = info.data.get("report")
        if kind is Kind.CHANGES and not value:
            raise ValueError("a report on changes needs to know since when: a day such as 2026-11-17, or an edition")
        if kind is Kind.BRIEF and value:
            raise ValueError("a brief has no room for what changed; a report on changes says it")
        return value or None

    @field_validator("machine_read", "annex")
    @classmethod
    def _has_room(cls, value: bool, info: ValidationInfo) -> bool:
        if info.data.get("report") is Kind.BRIEF and value:
            what = "an annex" if info.field_name == "annex" else "machine-read claims"
            raise ValueError(f"a brief has no room for {what}")
        return value

    @classmethod
    def of_inputs(cls, inputs: Mapping[str, Any], formats: Sequence[str]) -> Self:
        """Return the parameters that ask again for an edition, by the inputs in its manifest (`Edition.inputs`).

        Raises pydantic's ValidationError for inputs of another form.
        """
        return cls.model_validate(
            {
                "report": inputs.get("kind"),
                **{name: inputs.get(name) for name in ("countries", "instruments", "language", "paper")},
                **{name: inputs.get(name) for name in ("as_of", "on", "vintage", "since")},
                "machine_read": "machine_read_sha256" in inputs,
                "annex": inputs.get("annex", False),
                "large_print": inputs.get("large_print", False),
                "formats": list(formats),
            }
        )

    def request(self, today: date) -> Request:
        """Return the request; without a day of its own it is as of `today`."""
        as_of = self.as_of or today
        return Request(
            kind=self.report,
            clock=Clock(as_of=as_of, on=self.on or as_of, vintage=self.vintage),
            country_codes=tuple(dict.fromkeys(country.value for country in self.countries)),
            instrument_ids=tuple(dict.fromkeys(instrument.value for instrument in self.instruments)),
            language=self.language.value,
            paper=self.paper,
            annex=self.annex,
            large_print=self.large_print,
        )
