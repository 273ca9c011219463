"""Adding an instrument, a section or a language is adding files: shown on a copy of the tree."""

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from babel.messages.pofile import write_po

from reports import catalog
from tests.sources.test_codebook import GOOD

ROOT = Path(__file__).parents[1]
SECTION = '''"""Section "Extra": one sentence."""

from reports.edition import Kind
from reports.sections import Section

SECTION = Section(
    id="extra",
    title="Extra",
    order=15,
    kinds=frozenset({Kind.INSTRUMENT}),
    build=lambda edition, language: len(edition.rows),
)
'''
TEMPLATE = """<section id="extra">
  <h2>{{ _("Extra") }}</h2>
  <p>{{ _("An added section with %s rows.") % view }}</p>
</section>
"""


@pytest.fixture
def tree(tmp_path):
    """Return a copy of the code, and check afterwards that no file of it was changed."""
    for package in ("flows", "reports", "sources"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    before = fingerprints(tmp_path)
    yield tmp_path
    after = fingerprints(tmp_path)
    assert {path: after[path] for path in before} == before


def fingerprints(folder):
    """Return the hash of every source file below a folder."""
    return {
        path: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.suffix in (".py", ".j2", ".css", ".yaml", ".po")
    }


def policydiff(tree, *words):
    """Run the command of a tree; return its standard output."""
    run = subprocess.run(
        [sys.executable, "-m", "flows.cli", *words], cwd=tree, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


def test_an_instrument_and_a_section_are_added_by_files_alone(tree):
    new = yaml.safe_dump(GOOD, sort_keys=False)
    (tree / "sources/instruments/a_tool.yaml").write_text(new, encoding="utf-8")
    (tree / "reports/sections/extra.py").write_text(SECTION, encoding="utf-8")
    (tree / "reports/sections/extra.html.j2").write_text(TEMPLATE, encoding="utf-8")
    made = json.loads(
        policydiff(tree, "build", "--report", "instrument", "--instrument", "a_tool", "--format", "pdf,html", "--json")
    )
    page = (tree / made["files"][1]["path"]).read_text(encoding="utf-8")
    assert "An added section with 3 rows." in page
    assert "R-9102" in page
    rows = json.loads(policydiff(tree, "diff", "--instrument", "a_tool", "--json"))["rows"]
    assert rows[0]["first"]["presence"] == "P"


def add_french(tree, words_of, curated=()):
    """Add a language by its file alone: French, with the words of another and the texts of the codebook as they are."""
    french = catalog.read(words_of)
    french.locale = "fr"
    for text in curated:
        french.add(text, f"{text} (fr)")
    with (tree / "reports/locales/fr.po").open("wb") as file:
        write_po(file, french)


def build_in_french(tree):
    """Run the command for one instrument in French; return the finished process."""
    words = ("build", "--report", "instrument", "--instrument", "remittance_tax", "--lang", "fr", "--format", "html")
    return subprocess.run(
        [sys.executable, "-m", "flows.cli", *words], cwd=tree, capture_output=True, text=True, check=False
    )


def test_a_language_is_added_by_one_file(tree, book):
    add_french(tree, words_of="es", curated=catalog.texts(book))
    assert policydiff(tree, "list", "texts", "--lang", "fr") == ""
    made = json.loads(
        policydiff(
            tree,
            *("build", "--report", "instrument", "--instrument", "remittance_tax", "--lang", "fr"),
            *("--as-of", "2026-08-31", "--format", "pdf,html", "--json"),
        )
    )
    page = (tree / made["files"][1]["path"]).read_text(encoding="utf-8")
    assert '<html lang="fr">' in page
    assert "31 de août de 2026" in page, "days come from the CLDR in the form the file gives"
    assert "Remittance tax (fr)" in page, "a text of the codebook stands in the same file"


def test_a_language_without_a_text_of_the_codebook_stops_the_build_and_names_it(tree, book):
    texts = catalog.texts(book)
    result = book.instrument("remittance_tax").searches[0].result["en"]
    add_french(tree, words_of="es", curated=[text for text in texts if text != result])
    assert result in json.loads(policydiff(tree, "list", "texts", "--lang", "fr", "--json"))["texts"]
    run = build_in_french(tree)
    assert run.returncode == 1
    assert f"reports/locales/fr.po has no translation of {result!r}" in run.stderr
    assert not list(tree.glob("out/*"))


def test_a_language_without_all_its_words_stops_the_build_and_names_the_missing_one(tree):
    add_french(tree, words_of="en")
    run = subprocess.run(
        [sys.executable, "-m", "flows.cli", "build", "--report", "brief", "--lang", "fr"],
        cwd=tree,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 1
    assert "reports/locales/fr.po has no translation of" in run.stderr
    assert not list(tree.glob("out/*.pdf"))
