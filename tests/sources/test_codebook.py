"""Instrument files are read strictly: every mistake of every file is named at once, with place and expectation."""

from copy import deepcopy

import pytest
import yaml

from sources import codebook
from sources.errors import BadInput

WORDS = {"en": "one", "es": "uno", "pt": "um"}
GOOD = {
    "id": "a_tool",
    "number": 91,
    "family": "asylum",
    "names": WORDS,
    "short_names": WORDS,
    "definition": WORDS,
    "present_means": WORDS,
    "present_from": 2,
    "levels": [WORDS] * 5,
    "scope": "by_country",
    "country_role": "partner",
    "actor": "us",
    "direction_rule": WORDS,
    "reach": "targeted",
    "unit_of_count": "people",
    "aliases": {"en": ["a tool"], "es": ["una herramienta"], "pt": ["uma ferramenta"]},
    "sources": {
        "a_paper": {
            "title": "Title",
            "publisher": "Publisher",
            "url": "https://example.org/1",
            "published": "2024-12-01",
            "kind": "news",
            "tier": 2,
            "group": "publisher",
        }
    },
    "statements": [
        {
            "id": "S-9001",
            "text": {"en": "It began.", "es": "Empezó.", "pt": "Começou."},
            "countries": ["MEX"],
            "basis": "observed",
            "modality": "fact_reported",
            "speaker": "Publisher",
            "from": "2019-01-25",
            "values": {"stage": "in_force", "level": 2},
            "source": "a_paper",
            "locator": "page 1",
            "quote_sha256": "0" * 64,
            "recorded": "2026-11-24",
            "coder": "A",
            "reviewer": "B",
        }
    ],
    "searches": [
        {
            "id": "Q-901",
            "countries": ["MEX"],
            "side": "bridge",
            "claim": WORDS,
            "where": WORDS,
            "query": "a tool",
            "searched": "2026-11-24",
            "result": WORDS,
            "conclusion": "absent",
            "source_url": "https://example.org/2",
            "coder": "A",
        }
    ],
    "contradictions": [
        {
            "id": "C91",
            "about": WORDS,
            "values": [{"value": WORDS, "named_source": WORDS}, {"value": WORDS, "named_source": WORDS}],
            "reason": WORDS,
        }
    ],
}


def write(folder, **files):
    """Write instrument files and a changelog into a folder; return it."""
    (folder / "CHANGELOG.md").write_text("# Changelog\n\n## 0.1 (2026-11-24)\n", encoding="utf-8")
    for name, content in files.items():
        text = content if isinstance(content, str) else yaml.safe_dump(content, sort_keys=False)
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return folder


def changed(path, value):
    """Return GOOD with one value changed: `path` names keys and indexes; value None removes the key."""
    form = deepcopy(GOOD)
    place = form
    for key in path[:-1]:
        place = place[key]
    if value is None:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return form


def faults(folder, **files):
    """Return the faults of loading these files."""
    with pytest.raises(BadInput) as caught:
        codebook.load(write(folder, **files))
    return caught.value.faults


def test_a_good_file_loads(tmp_path):
    book = codebook.load(write(tmp_path, a_tool=GOOD))
    assert (book.version, [i.id for i in book.instruments]) == ("0.1", ["a_tool"])
    made = book.statements["S-9001"]
    assert (made.stage, made.level, made.properties) == ("in_force", 2, ("stage", "level"))


S = ("statements", 0)
Q = ("searches", 0)
V = ("contradictions", 0, "values", 0)
PROJECTED = {**GOOD["statements"][0], "basis": "projected", "modality": "pledge", "values": {"stage": "pledged"}}


@pytest.mark.parametrize(
    ("path", "value", "place", "found", "expected"),
    [
        (("colour",), "red", "colour", "an unknown key", "docs/adding.md"),
        ((*S, "values"), {"stge": "signed"}, "statements[0].values.stge", "an unknown key", "docs/adding.md"),
        ((*S, "source"), None, "statements[0].source", "nothing", "required"),
        ((*S, "source"), "another", "(S-9001).source", "'another'", "a key of sources"),
        ((*S, "locator"), "", "statements[0].locator", "''", "at least 1 character"),
        ((*S, "from"), "2019-02-30", "statements[0].from", "'2019-02-30'", "not in the calendar"),
        ((*S, "from"), "2024-12-02", "(S-9001).from", "after its source", "a source that can know of it"),
        ((*S, "from"), "lately", "statements[0].from", "'lately'", "a date such as"),
        ((*S, "to"), "2018-01-01", "(S-9001).to", "an end of 2018-01-01", "an end after the start"),
        ((*S, "countries"), ["USA"], "statements[0].countries[0]", "'USA'", "'MEX'"),
        ((*S, "values"), {"stage": "begun"}, "statements[0].values.stage", "'begun'", "'in_force'"),
        ((*S, "values"), {"stage": "in_force", "level": 1}, "values.level", "where the instrument is present", "2"),
        (
            (*S, "values"),
            {"stage": "none", "level": 3},
            "values.level",
            "where the instrument is absent",
            "less than 2",
        ),
        ((*S, "values"), {"stage": "ended"}, "(S-9001).ended", "None", "how it ended"),
        ((*S, "reviewer"), "A", "(S-9001).reviewer", "'A'", "somebody else"),
        ((*S, "quote_sha256"), "abc", "statements[0].quote_sha256", "'abc'", "match pattern"),
        (
            (*S, "quantity"),
            {"measure": "people", "unit": "count", "value": 5},
            "unit_of_count",
            "nothing",
            "what is counted",
        ),
        ((*S, "quantity"), {"measure": "rate", "unit": "percent"}, "quantity.value", "no number", "low and high"),
        ((*S, "universal"), True, "(S-9001).universal", "MEX", "REGION or GLOBAL"),
        ((*S, "component"), "troops", "(S-9001).component", "'troops'", "one of"),
        ((*S, "entry"), "correction", "(S-9001).corrects", "None", "the corrected id"),
        ((*S, "disputes"), ["S-9999"], "(S-9001)", "'S-9999'", "an id that exists"),
        (("names",), {"en": "one"}, "names", "{'en': 'one'}", "es, pt is missing"),
        (("levels", 3), {**WORDS, "es": "Un texto."}, "levels[3]", "'Un texto.'", "text in es ends like a sentence"),
        ((*S, "text"), {"en": "one", "pt": "um"}, "statements[0].text", "{'en': 'one'", "text in es is missing"),
        ((*S, "trigger"), {"en": "one"}, "statements[0].trigger", "{'en': 'one'}", "es, pt is missing"),
        ((*S, "demand"), {"en": "one"}, "statements[0].demand", "{'en': 'one'}", "es, pt is missing"),
        (("sources", "a_paper", "note"), {"en": "copy"}, "sources.a_paper.note", "'copy'", "es, pt is missing"),
        ((*Q, "claim"), {**WORDS, "pt": " "}, "searches[0].claim", "'pt': ' '", "text in pt is missing"),
        ((*Q, "where"), "a register", "searches[0].where", "'a register'", "a valid dictionary"),
        ((*Q, "result"), {"en": "one"}, "searches[0].result", "{'en': 'one'}", "es, pt is missing"),
        ((*V, "value"), {"en": "one"}, "contradictions[0].values[0].value", "{'en': 'one'}", "es, pt is missing"),
        ((*V, "named_source"), {"en": "one"}, "contradictions[0].values[0].named_source", "'one'", "es, pt is missing"),
        (("contradictions", 0, "about"), {"en": "one"}, "contradictions[0].about", "'one'", "es, pt is missing"),
        (("contradictions", 0, "reason"), {"es": "uno"}, "contradictions[0].reason", "'uno'", "en, pt is missing"),
        (("names",), {**WORDS, "fr": "un"}, "names", "'fr': 'un'", "fr is no language of this codebook"),
        (("names",), {**WORDS, "fr": "un"}, "names", "'fr'", "no language"),
        (("id",), "another_tool", "id", "'another_tool'", "'a_tool', the file's name"),
        (("sources", "a_paper", "tier"), 1, "sources.a_paper.tier", "1", "2 or a weaker tier"),
        (("sources", "a_paper", "url"), "paper", "sources.a_paper.url", "'paper'", "match pattern"),
        (("scope",), "domestic", "(S-9001).countries", "MEX", "the instrument is domestic"),
        (("lineage",), {"successors": ["nobody"]}, "lineage.successors", "'nobody'", "an id that exists"),
        (("statements", 0), {**PROJECTED, "from": "2025-01-20"}, "(S-9001).from", "projected", "the vintage"),
        (("statements", 0), {**PROJECTED, "from": "2025-01"}, "(S-9001).from", "may be after", "speaks_of_future"),
        (("statements", 0), {**PROJECTED, "modality": "fact_reported"}, "modality", "fact_reported", "voice of a plan"),
        (("statements", 0), {**PROJECTED, "modality": "threat_conditional"}, "trigger", "without", "both"),
        (("statements", 0), {**PROJECTED, "modality": "proposal_others"}, "values.stage", "'pledged'", "no stage"),
        (
            ("statements", 0),
            {**PROJECTED, "quantity": {"measure": "m", "unit": "percent", "value": 5}},
            "(S-9001).quantity",
            "without a range",
            "not_quantified",
        ),
    ],
)
def test_each_mistake_is_named_with_its_place(tmp_path, path, value, place, found, expected):
    named = faults(tmp_path, a_tool=changed(path, value))
    assert any(
        fault.file == "a_tool.yaml" and place in fault.path and found in fault.found and expected in fault.expected
        for fault in named
    ), named


def test_all_mistakes_of_all_files_are_reported_together(tmp_path):
    first = changed(("colour",), "red")
    second = changed((*S, "from"), "lately") | {"id": "b_tool"}
    assert {fault.file for fault in faults(tmp_path, a_tool=first, b_tool=second)} == {"a_tool.yaml", "b_tool.yaml"}


def test_ids_and_numbers_stand_once(tmp_path):
    twin = deepcopy(GOOD) | {"id": "b_tool"}
    found = [fault.found for fault in faults(tmp_path, a_tool=GOOD, b_tool=twin)]
    assert any(text.startswith("S-9001") for text in found)
    assert any(text.startswith("number 91") for text in found)


def test_a_key_that_stands_twice_is_refused_with_its_line(tmp_path):
    text = yaml.safe_dump(GOOD, sort_keys=False) + "family: border\n"
    (fault,) = faults(tmp_path, a_tool=text)
    assert "'family' stands 2 times" in fault.found
    assert fault.path.startswith("line ")


@pytest.mark.parametrize("text", ["a: [1", "\tx: 1", "- !!python/object/apply:os.system ['true']"])
def test_what_is_not_plain_yaml_is_refused(tmp_path, text):
    (fault,) = faults(tmp_path, a_tool=text)
    assert fault.expected == "valid YAML"


def test_an_empty_folder_is_refused(tmp_path):
    (fault,) = faults(tmp_path)
    assert "no *.yaml" in fault.found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("? [a]\n: b\n", "a key that is not a word"),
        ("a: \x07b\n", "control characters are not allowed"),
        ("a: !!int abc\n", "invalid literal for int"),
        ("a: !!python/object/apply:os.getcwd []\n", "could not determine a constructor for the tag"),
    ],
)
def test_yaml_that_is_more_or_less_than_words_and_lists_is_a_mistake(tmp_path, text, said):
    (tmp_path / "a_tool.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(BadInput) as refused:
        codebook.read_yaml(tmp_path / "a_tool.yaml")
    (fault,) = refused.value.faults
    assert said in fault.found
    assert fault.expected == "valid YAML"
