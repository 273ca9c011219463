"""Fixtures every test may use: the shipped codebook, its rows, and the shared evidence when it is there."""

import csv
from datetime import date
from pathlib import Path

import pytest

from reports.comparison import Row, compare_codebook
from reports.state import Clock
from sources import codebook
from sources.codebook import Codebook

SHARED = Path(__file__).parents[2] / "shared"


@pytest.fixture(scope="session")
def book() -> Codebook:
    """Return the shipped codebook."""
    return codebook.load()


@pytest.fixture(scope="session")
def clock() -> Clock:
    """Return clocks of a day after the evidence ends."""
    return Clock(as_of=date(2026, 11, 24), on=date(2026, 11, 24), vintage=date(2025, 1, 19))


@pytest.fixture(scope="session")
def rows(book: Codebook, clock: Clock) -> tuple[Row, ...]:
    """Return every row of the shipped codebook."""
    return compare_codebook(book, clock)


@pytest.fixture(scope="session")
def evidence() -> Path:
    """Return the folder of the evidence the codebook was coded from, or skip and say so: a clone does not have it."""
    folder = SHARED / "evidence"
    if not folder.is_dir():
        pytest.skip("the evidence base is not beside this checkout; the instrument files are tested without it")
    return folder


@pytest.fixture(scope="session")
def data() -> Path:
    """Return the folder of real files of the publishers, or skip and say so: a clone does not have it."""
    folder = SHARED / "data"
    if not folder.is_dir():
        pytest.skip("the publishers' real files are not beside this checkout; the recorded payloads are tested")
    return folder


def read_csv(path: Path) -> list[dict[str, str]]:
    """Return the lines of a CSV file by column."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
