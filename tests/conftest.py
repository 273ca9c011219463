"""Fixtures every test may use: the codebook and its rows; the shared evidence and a browser where they are there."""

import csv
import os
import shutil
from datetime import date
from pathlib import Path

import pytest

from reports.comparison import Row, compare_codebook
from reports.state import Clock
from sources import codebook
from sources.codebook import Codebook

SHARED = Path(__file__).parents[2] / "shared"
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")


# First, since the tests are shared out by the groups.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep together, on one processor, tests that share what is costly: those of a file, finished reports, a server."""
    for item in items:
        group = item.path.as_posix()
        if "published" in getattr(item, "fixturenames", ()):
            group = "published"
        elif item.path.parent.name == "serving":
            group = "serving"
        item.add_marker(pytest.mark.xdist_group(group))


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


@pytest.fixture(scope="module")
def chromium():
    """Return a running browser. Where there is none the tests skip and say so, but with CI set they fail."""
    # The sync interface holds an event loop for as long as it is open: one module, not the whole run.
    sync_api = pytest.importorskip("playwright.sync_api")
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        missing = "there is no Chromium to look at pages with; install it with: apt-get install chromium-headless-shell"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(missing)
    with sync_api.sync_playwright() as playwright:
        # Chromium refuses to start as root inside its own sandbox; it sees nothing but the pages made here.
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


def read_csv(path: Path) -> list[dict[str, str]]:
    """Return the lines of a CSV file by column."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
