"""Subscriptions: who gets which report, in which language and form. A TOML file, or a CSV file to import.

    allowed_domains = ["example.org"]            # optional: no mail leaves for another domain

    [[subscription]]
    address = "ana@example.org"
    name = "Ana Gómez"
    language = "es"
    report = "country"
    countries = ["GTM", "HND"]

Every mistake is named by its line and field, all at once; a file with one is not used at all.
"""

import csv
import hashlib
import io
import re
import tomllib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails

from flows import settings
from flows.delivery.ledger import address_key
from flows.parameters import Format, Language, ReportParameters, known_name
from reports.edition import Kind, Paper, canonical_json
from sources.codebook import Codebook
from sources.countries import PLACES
from sources.errors import BadInput, Fault, UnknownName
from sources.model import Existence

_LISTS = ("countries", "instruments", "classes", "formats")
_SWITCHES = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_MAGNITUDES = {str(magnitude): magnitude for magnitude in (1, 2, 3, 4)}
_TIME_ZONES = cache(available_timezones)
_STARTS = re.compile(r"^[ \t]*\[\[[ \t]*subscription[ \t]*\]\]", re.MULTILINE)


class Subscription(BaseModel):
    """One report for one recipient.

    `classes` are labels of the headline (existence.*) whose changes count for the recipient, none meaning all, and
    `minimum_magnitude` (1 to 4) leaves out smaller ones; with `only_if_changed` nothing is sent when none is left.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    address: str
    name: str = Field("", max_length=200)
    language: Language = Language("en")
    time_zone: str = "UTC"
    paper: Paper = Paper.LETTER
    report: Kind = Kind.FULL
    countries: tuple[str, ...] = ()
    instruments: tuple[str, ...] = ()
    classes: tuple[Existence, ...] = ()
    minimum_magnitude: Literal[1, 2, 3, 4] | None = None
    formats: tuple[Format, ...] = ("pdf",)
    only_if_changed: bool = False
    active: bool = True

    @field_validator("address")
    @classmethod
    def _is_address(cls, value: str) -> str:
        return settings.address(value)

    @field_validator("name")
    @classmethod
    def _is_one_line(cls, value: str) -> str:
        if not value.isprintable():
            raise ValueError("one line of printable text")
        return value

    @field_validator("time_zone")
    @classmethod
    def _is_time_zone(cls, value: str) -> str:
        if value not in _TIME_ZONES():
            raise ValueError("a time zone of the IANA database, such as America/Guatemala")
        return value

    @field_validator("countries")
    @classmethod
    def _are_places(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        try:
            codes = {known_name("country", code.upper(), PLACES) for code in value}
        except UnknownName as error:
            raise ValueError(f"codes of `policydiff list countries`: {error}") from error
        # In one order, so that whoever asks for the same gets the same file.
        return tuple(sorted(codes, key=PLACES.index))

    @field_validator("instruments")
    @classmethod
    def _are_in_order(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(sorted(set(value)))

    @field_validator("formats")
    @classmethod
    def _are_files(cls, value: tuple[Format, ...]) -> tuple[Format, ...]:
        if not value:
            raise ValueError("at least one format")
        return tuple(dict.fromkeys(value))

    @model_validator(mode="after")
    def _has_a_scope(self) -> "Subscription":
        if self.report is Kind.COUNTRY and not self.countries:
            raise ValueError('a country report needs countries, such as countries = ["GTM"]')
        if self.report is Kind.INSTRUMENT and not self.instruments:
            raise ValueError('a report on an instrument needs instruments, such as instruments = ["travel_ban"]')
        return self

    @property
    def scope(self) -> str:
        """Return what tells apart whose changes can be compared: kind, countries and instruments."""
        return canonical_json([self.report, sorted(self.countries), sorted(self.instruments)])

    @property
    def zone(self) -> ZoneInfo:
        """Return the recipient's time zone."""
        return ZoneInfo(self.time_zone)

    def parameters(self, as_of: date, since: str | None) -> ReportParameters:
        """Return what to build, formats aside: recipients with the same parameters get the same file.

        `since` is the edition to tell changes from. A first report on changes has nothing to tell them from: it is the
        whole report of its scope.
        """
        kind = self.report
        if kind is Kind.CHANGES and since is None:
            kind = Kind.COUNTRY if self.countries else Kind.FULL
        return ReportParameters(
            report=kind,
            countries=list(self.countries),
            instruments=list(self.instruments),
            language=self.language,
            paper=self.paper,
            as_of=as_of,
            # The rows as data are what the next report is compared with.
            formats=["json"],
            since=None if kind is Kind.BRIEF else since,
        )

    @property
    def report_id(self) -> str:
        """Return the name of the slice: readable, and different for whatever makes another file."""
        what = "-".join((*self.countries, *self.instruments)) or "region"
        told = [self.scope, self.language.value, self.paper]
        digest = hashlib.sha256(canonical_json(told).encode()).hexdigest()[:8]
        return f"{self.report}_{what[:60]}_{self.language.value}_{self.paper}_{digest}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Roster:
    """All subscriptions of a file; `sha256` is of its bytes, `entitled` are address and report of the active ones."""

    subscriptions: tuple[Subscription, ...]
    sha256: str
    entitled: frozenset[tuple[str, str]]

    @property
    def active(self) -> tuple[Subscription, ...]:
        """Return the subscriptions that are served."""
        return tuple(s for s in self.subscriptions if s.active)

    def entitles(self, address: str, report_id: str) -> bool:
        """Say whether an address is to get a report, now."""
        return (address_key(address), report_id) in self.entitled


def read(path: Path, book: Codebook) -> Roster:
    """Read subscriptions from a TOML or a CSV file. Raises BadInput naming every mistake by line and field."""
    try:
        content = path.read_bytes()
    except OSError as error:
        expected = "subscriptions; docs/delivery.md shows one"
        raise BadInput([Fault(file=str(path), path=".", found=str(error.strerror), expected=expected)]) from error
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput([Fault(file=path.name, path=".", found=str(error), expected="UTF-8")]) from error
    is_csv = path.suffix.lower() == ".csv"
    given, allowed, faults = _of_csv(path.name, text) if is_csv else _of_toml(path.name, text)
    if not given and not faults:
        faults.append(Fault(file=path.name, path=".", found="no subscription", expected="at least one"))
    subscriptions: list[Subscription] = []
    seen: dict[tuple[str, str], str] = {}
    for place, values in given:
        try:
            subscription = Subscription.model_validate(values)
        except ValidationError as error:
            faults += [_fault(path.name, place, detail) for detail in error.errors()]
            continue
        faults += _misfits(path.name, place, subscription, allowed, book)
        twin = seen.setdefault((address_key(subscription.address), subscription.report_id), place)
        if twin != place:
            expected = f"each report once for a recipient; it stands at {twin} too"
            faults.append(Fault(file=path.name, path=place, found=subscription.address, expected=expected))
        subscriptions.append(subscription)
    if faults:
        raise BadInput(faults)
    return Roster(
        subscriptions=tuple(subscriptions),
        sha256=hashlib.sha256(content).hexdigest(),
        entitled=frozenset((address_key(s.address), s.report_id) for s in subscriptions if s.active),
    )


def _fault(name: str, place: str, detail: ErrorDetails) -> Fault:
    field = ".".join(map(str, detail["loc"]))
    expected = detail["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
    match detail["type"]:
        case "extra_forbidden":
            found, expected = "an unknown field", f"one of {', '.join(Subscription.model_fields)}"
        case "missing":
            found, expected = "nothing", "a value"
        case "tuple_type":
            found, expected = _shown(detail["input"]), "a list"
        case _:
            # What is wrong with a subscription as a whole is what it is about.
            found = _shown(detail["input"]) if field else "none"
    return Fault(file=name, path=f"{place}, {field or 'scope'}", found=found, expected=expected)


def as_toml(roster: Roster) -> str:
    """Return a roster as the TOML file that `read` takes: what an import writes."""
    return "\n".join(_as_table(s) for s in roster.subscriptions)


def _as_table(subscription: Subscription) -> str:
    lines = ["[[subscription]]"]
    for name, value in subscription.model_dump(mode="json", exclude_defaults=True).items():
        lines.append(f"{name} = {_toml(value)}")
    return "\n".join(lines) + "\n"


def _toml(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case list() | tuple():
            return f"[{', '.join(_toml(item) for item in value)}]"
        case _:
            # A TOML basic string: printable text needs only these two escaped.
            return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'


def _of_toml(name: str, text: str) -> tuple[list[tuple[str, Any]], set[str] | None, list[Fault]]:
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadInput([Fault(file=name, path=".", found=str(error), expected="TOML")]) from error
    faults = [
        Fault(file=name, path=key, found="an unknown key", expected="allowed_domains or [[subscription]]")
        for key in content
        if key not in ("allowed_domains", "subscription")
    ]
    allowed = None
    if "allowed_domains" in content:
        allowed = _domains(content["allowed_domains"])
        if not allowed:
            found, expected = _shown(content["allowed_domains"]), 'a list of domains, such as ["example.org"]'
            faults.append(Fault(file=name, path="allowed_domains", found=found, expected=expected))
    tables = content.get("subscription", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        expected = "[[subscription]], a table for each"
        faults.append(Fault(file=name, path="subscription", found=_shown(tables), expected=expected))
        tables = []
    lines = [text.count("\n", 0, found.start()) + 1 for found in _STARTS.finditer(text)]
    # Tables written as an inline list have no line of their own.
    places = (
        [f"line {line}" for line in lines]
        if len(lines) == len(tables)
        else [f"subscription {number}" for number in range(1, len(tables) + 1)]
    )
    return list(zip(places, tables, strict=True)), allowed, faults


def _of_csv(name: str, text: str) -> tuple[list[tuple[str, Any]], None, list[Fault]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    given: list[tuple[str, Any]] = []
    faults: list[Fault] = []
    try:
        fields = next(reader, [])
        if header_faults := _header_faults(name, fields):
            # Under a header that is wrong every line would be.
            return [], None, header_faults
        for cells in reader:
            place = f"line {reader.line_num}"
            if cells and len(cells) != len(fields):
                expected = f"{len(fields)}, one for each field of line 1"
                faults.append(Fault(file=name, path=place, found=f"{len(cells)} cells", expected=expected))
            elif cells:
                # An empty cell is a field nobody gave.
                row = zip(fields, cells, strict=True)
                given.append((place, {field: _cell(field, value) for field, value in row if value}))
    except csv.Error as error:
        faults.append(Fault(file=name, path=f"line {reader.line_num}", found=str(error), expected="CSV"))
    return given, None, faults


def _header_faults(name: str, fields: Sequence[str]) -> list[Fault]:
    """Return what is wrong with the names of a CSV file's columns."""
    known = ", ".join(Subscription.model_fields)
    if not fields:
        return [Fault(file=name, path="line 1", found="nothing", expected=f"the names of fields, of {known}")]
    faults = [
        Fault(file=name, path=f"line 1, {field}", found="an unknown field", expected=f"one of {known}")
        for field in fields
        if field not in Subscription.model_fields
    ]
    return faults + [
        Fault(file=name, path=f"line 1, {field}", found=f"{count} columns", expected="one")
        for field, count in Counter(fields).items()
        if count > 1
    ]


def _cell(field: str, value: str) -> Any:
    """Return a cell as TOML would have it; what is none stays text, and is named as a mistake of its field."""
    if field in _LISTS:
        return value.split()
    if field in ("only_if_changed", "active"):
        return _SWITCHES.get(value.lower(), value)
    return _MAGNITUDES.get(value, value) if field == "minimum_magnitude" else value


def _misfits(
    name: str, place: str, subscription: Subscription, allowed: set[str] | None, book: Codebook
) -> list[Fault]:
    """Return what is well formed and yet wrong: an unknown instrument, a domain that is not allowed."""
    faults = []
    ids = [instrument.id for instrument in book.instruments]
    for instrument in subscription.instruments:
        try:
            known_name("instrument", instrument, ids)
        except UnknownName as error:
            expected = f"ids of `policydiff list instruments`: {error}"
            faults.append(Fault(file=name, path=f"{place}, instruments", found=repr(instrument), expected=expected))
    domain = address_key(subscription.address).rpartition("@")[2]
    if allowed is not None and domain not in allowed:
        expected = f"an address at {' or '.join(sorted(allowed))} (allowed_domains)"
        faults.append(Fault(file=name, path=f"{place}, address", found=subscription.address, expected=expected))
    return faults


def _domains(given: Any) -> set[str] | None:
    """Return domains in the form that addresses have here, or None for what is no list of domains."""
    try:
        return {settings.address(f"a@{domain}").rpartition("@")[2].casefold() for domain in given} or None
    except (TypeError, ValueError):
        return None


def _shown(value: object) -> str:
    return repr(value)[:200]
