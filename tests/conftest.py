"""Fixtures every test may use: the shipped codebook, read once, and the clocks of the tests."""

from datetime import date

import pytest

from reports.state import Clock
from sources import codebook
from sources.codebook import Codebook


@pytest.fixture(scope="session")
def book() -> Codebook:
    """Return the shipped codebook."""
    return codebook.load()


@pytest.fixture
def clock() -> Clock:
    """Return clocks of a day after the evidence ends."""
    return Clock(as_of=date(2026, 11, 24), on=date(2026, 11, 24), vintage=date(2025, 1, 19))
