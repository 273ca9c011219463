"""Reports made once for the tests that read them back."""

from typing import NamedTuple

import pytest

from reports import archive, edition, render
from reports.edition import Edition, Kind, Request

REMAIN = "migrant_protection_protocols"


class Report(NamedTuple):
    """A finished report: its edition, its page and the bytes of its PDF."""

    edition: Edition
    page: str
    content: bytes


def finished(made, page=None):
    """Return an edition as a finished report, or the one that another page would make of it."""
    page = page or render.html(made)
    return Report(made, page, archive.enclose(render.pdf(page, made.id), made))


@pytest.fixture(scope="session")
def country(book, clock):
    """Return a country report."""
    return finished(edition.make(book, Request(kind=Kind.COUNTRY, clock=clock, country_codes=("MEX",))))


@pytest.fixture(scope="session")
def instrument(book, clock):
    """Return a report on one instrument."""
    return finished(edition.make(book, Request(kind=Kind.INSTRUMENT, clock=clock, instrument_ids=(REMAIN,))))
