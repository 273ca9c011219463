"""Reports made once for the tests that read them back."""

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import replace
from datetime import date
from itertools import product
from typing import NamedTuple

import pytest

from reports import acceptance, annex, archive, changes, edition, publish, render
from reports.edition import Edition, Kind, Request
from reports.language import languages
from reports.series import Gathered, LegalAct, Number
from sources.periods import Interval
from tests import make

REMAIN = "migrant_protection_protocols"
# What each kind of published report is about; the others are about everything.
SCOPES = {
    Kind.INSTRUMENT: {"instrument_ids": (REMAIN,)},
    Kind.COUNTRY: {"country_codes": ("MEX",)},
    # All that changed fills ninety pages, which say nothing that these do not.
    Kind.CHANGES: {"instrument_ids": ("tariffs_as_lever", "country_sanctions", "temporary_protected_status")},
}


class Report(NamedTuple):
    """A finished report: its edition, its page and the bytes of its PDF."""

    edition: Edition
    page: str
    content: bytes


def finished(made, page=None):
    """Return an edition as a finished report, or the one that another page would make of it."""
    page = page or render.html(made)
    return Report(made, page, archive.enclose(render.pdf(page, made.id), made))


def gathered():
    """Return two years of removals, one half before the first term."""
    years = [(date(2016, 7, 1), 5), (date(2017, 7, 1), 1000), (date(2018, 7, 1), 234)]
    numbers = [
        Number(
            source_id="a_source",
            measure="removals",
            country_code="MEX",
            population="",
            interval=Interval(start, start.replace(year=start.year + 1)),
            value=value,
            unit="count",
            unit_of_count="removals",
            snapshot_sha256="ab" * 32,
        )
        for start, value in years
    ]
    source = make.source_state(last_look=date(2026, 11, 20), max_age_days=31)
    return Gathered(numbers=tuple(numbers), sources=(source,))


class Shelf:
    """Finished reports of every kind in every language, as a reader gets them; each is made once, when it is asked for.

    They are laid out in two processes beside the tests, since nothing in a run takes as long.
    """

    def __init__(self, book, clock, pool):
        self.book = book
        self.clock = clock
        self.pool = pool
        self.begun: dict[tuple[Kind, str], tuple[Edition, Future[tuple[str, bytes]]]] = {}

    def __call__(self, kind, language):
        """Return the report of a kind in a language: with gathered numbers, and through its acceptance check."""
        made, future = self.begin(kind, language)
        return Report(made, *future.result())

    def begin(self, kind, language):
        """Begin to make a report, and wait for nothing."""
        if (kind, language) not in self.begun:
            request = Request(kind=kind, clock=self.clock, language=language, **SCOPES.get(kind, {}))
            since = changes.on_day(self.book, self.clock, date(2026, 1, 1)) if kind is Kind.CHANGES else None
            made = edition.make(self.book, request, gathered(), since=since)
            self.begun[kind, language] = made, self.pool.submit(_accepted, made)
        return self.begun[kind, language]

    def all(self) -> Iterator[tuple[Kind, str, Report]]:
        """Yield every kind in every language."""
        wanted = list(product(Kind, languages()))
        for kind, language in wanted:
            self.begin(kind, language)
        for kind, language in wanted:
            yield kind, language, self(kind, language)


def _accepted(made):
    _, page, content = finished(made)
    acceptance.check(content, made)
    return page, content


@pytest.fixture(scope="session")
def published(book, clock):
    """Return the shelf: `published(Kind.COUNTRY, "es")` is a finished report, made once for all tests."""
    pool = ProcessPoolExecutor(2, multiprocessing.get_context("spawn"))
    yield Shelf(book, clock, pool)
    pool.shutdown(cancel_futures=True)


@pytest.fixture(scope="session")
def annexed(book, clock):
    """Return a report in Spanish with an annex of 90 numbers and twelve legal acts, laid out in three pieces."""
    given = gathered()
    numbers = [replace(number, value=float(1000 * n + 7)) for n, number in enumerate(given.numbers * 30)]
    act = LegalAct(
        source_id="a_source",
        act_id="2025-00001",
        kind="executive_order",
        title="An order & <b>its</b> title",
        signing_date=date(2025, 1, 20),
        publication_date=None,
        president="a president",
        citation_url="https://example.org/an-order?a=1&b=2",
        instrument_ids=("travel_ban",),
        country_codes=(),
        snapshot_sha256="cd" * 32,
    )
    acts = tuple(replace(act, act_id=f"2025-{n:05d}") for n in range(1, 13))
    request = Request(kind=Kind.INSTRUMENT, clock=clock, instrument_ids=("travel_ban",), language="es", annex=True)
    made = edition.make(book, request, replace(given, numbers=tuple(numbers), acts=acts))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(annex, "PIECE_LINES", 40)
        content = publish.make(made, ["pdf"], lambda _: None).files[f"{publish.file_stem(made)}.pdf"]
    return Report(made, render.html(made), content)


@pytest.fixture(scope="session")
def country(book, clock):
    """Return a country report."""
    return finished(edition.make(book, Request(kind=Kind.COUNTRY, clock=clock, country_codes=("MEX",))))


@pytest.fixture(scope="session")
def instrument(book, clock):
    """Return a report on one instrument."""
    return finished(edition.make(book, Request(kind=Kind.INSTRUMENT, clock=clock, instrument_ids=(REMAIN,))))
