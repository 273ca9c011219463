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
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from flows import settings
from flows.delivery.ledger import address_key
from flows.parameters import Format, Language, ReportParameters, known_name
from reports.edition import Kind, Paper, canonical_json
from sources.codebook import Codebook
from sources.countries import PLACES
from sources.errors import BadInput, Fault, UnknownName
from sources.model import Existence

_LISTS = ("countries", "instruments", "classes", "formats")
_WORDS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_STARTS = re.compile(r"^\s*\[\[\s*subscription\s*\]\]", re.MULTILINE)


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
        if value not in available_timezones():
            raise ValueError("a time zone of the IANA database, such as America/Guatemala")
        return value

    @field_validator("countries")
    @classmethod
    def _are_places(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        try:
            return tuple(dict.fromkeys(known_name("country", code.upper(), PLACES) for code in value))
        except UnknownName as error:
            raise ValueError(f"codes of `policydiff list countries`: {error}") from error

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
    given, domains, faults = _of_csv(path.name, text) if is_csv else _of_toml(path.name, text)
    subscriptions: list[Subscription] = []
    seen: dict[tuple[str, str], str] = {}
    for place, values in given:
        try:
            subscription = Subscription.model_validate(values)
        except ValidationError as error:
            faults += [
                Fault(
                    file=path.name,
                    path=f"{place}, {'.'.join(str(part) for part in detail['loc']) or 'scope'}",
                    found="an unknown field" if detail["type"] == "extra_forbidden" else _shown(detail["input"]),
                    expected=f"one of {', '.join(Subscription.model_fields)}"
                    if detail["type"] == "extra_forbidden"
                    else detail["msg"].removeprefix("Value error, ").removeprefix("Input should be "),
                )
                for detail in error.errors()
            ]
            continue
        faults += _misfits(path.name, place, subscription, domains, book)
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


def _of_toml(name: str, text: str) -> tuple[list[tuple[str, Any]], Sequence[str] | None, list[Fault]]:
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadInput([Fault(file=name, path=".", found=str(error), expected="TOML")]) from error
    faults = [
        Fault(file=name, path=key, found="an unknown key", expected="allowed_domains or [[subscription]]")
        for key in content
        if key not in ("allowed_domains", "subscription")
    ]
    domains = content.get("allowed_domains")
    if domains is not None and not (isinstance(domains, list) and all(isinstance(item, str) for item in domains)):
        expected = 'a list of domains, such as ["example.org"]'
        faults.append(Fault(file=name, path="allowed_domains", found=_shown(domains), expected=expected))
        domains = None
    tables = content.get("subscription", [])
    if not isinstance(tables, list):
        faults.append(Fault(file=name, path="subscription", found="one table", expected="[[subscription]], as a list"))
        tables = []
    lines = [text.count("\n", 0, found.start()) + 1 for found in _STARTS.finditer(text)]
    # Tables written as an inline list have no line of their own.
    places = (
        [f"line {line}" for line in lines]
        if len(lines) == len(tables)
        else [f"subscription {number}" for number in range(1, len(tables) + 1)]
    )
    return list(zip(places, tables, strict=True)), domains, faults


def _of_csv(name: str, text: str) -> tuple[list[tuple[str, Any]], Sequence[str] | None, list[Fault]]:
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    given, faults = [], []
    try:
        for row in reader:
            place = f"line {reader.line_num}"
            if None in row:
                faults.append(Fault(file=name, path=place, found="more cells than columns", expected="one for each"))
                continue
            # An empty cell is a field nobody gave.
            given.append((place, {key: _cell(key, value) for key, value in row.items() if value}))
    except csv.Error as error:
        faults.append(Fault(file=name, path=f"line {reader.line_num}", found=str(error), expected="CSV"))
    return given, None, faults


def _cell(name: str, value: str) -> Any:
    if name in _LISTS:
        return value.split()
    if name in ("only_if_changed", "active"):
        return _WORDS.get(value.lower(), value)
    return int(value) if name == "minimum_magnitude" and value.isdigit() else value


def _misfits(
    name: str, place: str, subscription: Subscription, domains: Iterable[str] | None, book: Codebook
) -> list[Fault]:
    """Return what is well formed and yet wrong: an unknown instrument, a domain that is not allowed."""
    faults = []
    ids = [instrument.id for instrument in book.instruments]
    for instrument in subscription.instruments:
        try:
            known_name("instrument", instrument, ids)
        except UnknownName as error:
            fault = Fault(file=name, path=f"{place}, instruments", found=repr(instrument), expected=str(error))
            faults.append(fault)
    domain = address_key(subscription.address).rpartition("@")[2]
    if domains is not None and domain not in {item.casefold() for item in domains}:
        expected = f"an address at {' or '.join(domains)} (allowed_domains)"
        faults.append(Fault(file=name, path=f"{place}, address", found=subscription.address, expected=expected))
    return faults


def _shown(value: object) -> str:
    return repr(value)[:200]
