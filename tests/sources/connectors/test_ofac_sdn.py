"""OFAC's lists: what each file is, lists that are cut off or in another layout, broken files, and the real files."""

import csv
import io
import random
import re
import zipfile
from collections import Counter
from contextlib import suppress
from xml.etree import ElementTree

import pytest

from sources import tables
from sources.connector import load
from sources.connectors import ofac_sdn
from sources.errors import SourceChanged
from sources.gathering import Outcome
from sources.snapshots import Snapshot
from tests import mutations
from tests.desk import Desk
from tests.make import RETRIEVED
from tests.replay.server import FIXTURES, running

FOLDER = FIXTURES / "ofac_sdn"
LIST = (FOLDER / "payload_list.xml").read_bytes()
TEXT = (FOLDER / "payload_sdn.csv").read_bytes()
DELTA = (FOLDER / "payload_delta.xml").read_bytes()
SPACE = "https://sanctionslistservice.ofac.treas.gov/api/PublicationPreview/exports/XML"
INTEREST = r"(VENEZUELA|NICARAGUA|CUBA)(-.+)?|GLOMAG|SDNTK|ILLICIT-DRUGS-EO14059|TCO"
NULL = b"-0- "


def parse(content, name="payload"):
    """Read bytes as the connector does."""
    return ofac_sdn.parse(Snapshot.of(content, source_id="ofac_sdn", name=name, retrieved=RETRIEVED))


def counts(parsed):
    """Return each value by measure and population, or country where there is one population."""
    return {
        (row.measure, row.country_code if row.population == "all" else row.population): int(row.value)
        for row in parsed.series.itertuples()
    }


def of_tags(entries):
    """Count entries given as number and tags by programme of interest, as the connector's description says."""
    measure = "listed_entries" if min(map(int, entries), default=0) < 9639 else "consolidated_entries"
    found = Counter()
    for tags in entries.values():
        of_interest = {tag for tag in tags if re.fullmatch(INTEREST, tag)}
        found.update((measure, population) for population in of_interest or {"other programmes"})
    return dict(found)


def are_tags(tags):
    """Say whether these look like the tags of programmes."""
    return bool(tags) and all(re.fullmatch("[A-Za-z0-9]+(?:[ -]+[A-Za-z0-9]+)*", tag) for tag in tags)


def rows_of(content, cells, key):
    """Return the rows of a text file with the csv module: no row that is not clean, and each row once."""
    lines = csv.reader(io.StringIO(content.decode("utf-8-sig").removesuffix("\x1a"), newline=""))
    good = {}
    for line in lines:
        if len(line) == cells and all(re.fullmatch("[0-9]{1,10}", line[place]) for place in key):
            good.setdefault(line[key[-1]], set()).add(tuple(line))
    return [next(iter(rows)) for rows in good.values() if len(rows) == 1]


def oracle_of_text(content):
    """Count the entries of SDN.CSV."""
    entries = {row[0]: row[3].strip().split("] [") for row in rows_of(content, 12, [0])}
    return of_tags({number: tags for number, tags in entries.items() if are_tags(tags)})


def oracle_of_list(content):
    """Count the entries of SDN.XML."""
    entries = {}
    for entry in ElementTree.fromstring(content).findall(f"{{{SPACE}}}sdnEntry"):
        number = entry.findtext(f"{{{SPACE}}}uid") or ""
        tags = tuple((tag.text or "").strip() for tag in entry.iter(f"{{{SPACE}}}program"))
        if re.fullmatch("[0-9]{1,10}", number) and are_tags(tags):
            entries.setdefault(number, set()).add(tags)
    return of_tags({number: next(iter(tags)) for number, tags in entries.items() if len(tags) == 1})


# --- Broken files -----------------------------------------------------------------------------------------------------


def test_broken_text_files_are_refused_or_read_right():
    mutations.check(load("ofac_sdn"), TEXT, mutations.of_text, oracle_of_text, counts)


def test_broken_xml_is_refused_or_read_right():
    mutations.check(load("ofac_sdn"), LIST, mutations.of_text, oracle_of_list, counts)


def test_a_file_of_addresses_that_is_broken_is_refused_or_read_right():
    content = (FOLDER / "payload_add.csv").read_bytes()

    def oracle(broken):
        rows = [row for row in rows_of(broken, 6, [0, 1]) if any(cell.strip() not in ("", "-0-") for cell in row[2:5])]
        measure = (
            "listed_addresses" if min((int(row[0]) for row in rows), default=0) < 9639 else "consolidated_addresses"
        )
        codes = {"Cuba": "CUB", "United Kingdom": "GBR", "Venezuela": "VEN", "Korea, North": "PRK"}
        return dict(Counter((measure, codes.get(row[4].strip(), "OTHER")) for row in rows))

    mutations.check(load("ofac_sdn"), content, mutations.of_text, oracle, counts, times=200)


# --- Text files -------------------------------------------------------------------------------------------------------


def test_an_entry_counts_under_each_of_its_programmes_of_interest_and_once_as_other():
    found = counts(parse(TEXT))
    assert found["listed_entries", "SDNTK"] == found["listed_entries", "ILLICIT-DRUGS-EO14059"] == 1
    assert found["listed_entries", "VENEZUELA-EO13850"] == 2
    assert found["listed_entries", "other programmes"] == 2
    withheld = {w.row for w in parse(TEXT).withheld}
    assert sum(found.values()) > len(TEXT.splitlines()) - 1 - len(withheld), "populations overlap"


@pytest.mark.parametrize(
    ("tag", "country"),
    [
        (b"VENEZUELA-EO13692", "VEN"),
        (b"NICARAGUA-NHRAA", "NIC"),
        (b"CUBA-EO14404", "CUB"),
        (b"ILLICIT-DRUGS-EO14059", "GLOBAL"),
    ],
)
def test_a_programme_of_a_country_is_of_that_country(tag, country):
    series = parse(TEXT.replace(b'"CAATSA - RUSSIA"', b'"' + tag + b'"')).series
    assert set(series.loc[series["population"] == tag.decode(), "country_code"]) == {country}


@pytest.mark.parametrize("tag", ["MADE-UP-EO99999", "CUBAN", "TCO2", "561-Related", "CAATSA - IRAN"])
def test_a_programme_that_is_not_of_interest_is_not_guessed_at(tag):
    found = counts(parse(TEXT.replace(b"CAATSA - RUSSIA", tag.encode())))
    assert found == counts(parse(TEXT))


@pytest.mark.parametrize("tag", ["Cuba", "VENEZUELA EO13850", "Nicaragua-NHRAA", "SDN-TK", "Glomag"])
def test_a_programme_of_interest_in_another_spelling_stops_the_source(tag):
    with pytest.raises(SourceChanged, match=f"unknown programme '{tag}'"):
        parse(TEXT.replace(b"CAATSA - RUSSIA", tag.encode()))


@pytest.mark.parametrize("cell", [NULL, b'""', b'"CUBA,1"', b'"[CUBA]"', '"\u0661"'.encode(), b'"CUBA] ["'])
def test_an_entry_without_a_programme_is_withheld(cell):
    parsed = parse(TEXT.replace(b'"CAATSA - RUSSIA"', cell))
    assert (9, "programmes") in {(w.row, w.column) for w in parsed.withheld}
    assert counts(parsed)["listed_entries", "other programmes"] == 1


def test_the_same_list_saved_again_with_a_heading_gives_the_same():
    again = ",".join(ofac_sdn.ENTRIES.columns).encode() + b"\r\n" + TEXT.removesuffix(b"\x1a")
    assert counts(parse(again)) == counts(parse(TEXT))
    assert [w.row for w in parse(again).withheld] == [w.row for w in parse(TEXT).withheld]


def test_lines_may_end_in_either_way():
    assert counts(parse(TEXT.replace(b"\r\n", b"\n") + b"\n")) == counts(parse(TEXT))


@pytest.mark.parametrize("end", [b"", b"\r\n", b"\x1a\r\n36", b'36,"A\x1a'])
def test_a_text_file_that_does_not_end_with_the_mark_is_cut_off(end):
    with pytest.raises(SourceChanged, match="0x1A; cut off"):
        parse(TEXT.removesuffix(b"\x1a") + end)


def test_what_is_after_an_end_mark_is_withheld_not_skipped():
    parsed = parse(TEXT + TEXT)
    assert counts(parsed) == counts(parse(TEXT))
    assert len(parsed.withheld) > len(TEXT.splitlines()) / 2


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("payload_sdn.csv", b'"individual"', b'"organisation"', "organisation"),
        ("payload_alt.csv", b'"aka"', b'"dba"', "dba"),
        ("payload_add.csv", b'"Venezuela"', b'"Atlantis"', "Atlantis"),
        ("payload_add.csv", b"Region: Crimea", b"Region: Nowhere", "Region: Nowhere"),
        ("payload_add.csv", b"36,25,", b"36,25,1,", "7 columns"),
        ("payload_add.csv", b"36,25,", b"ent_num,number,", "ent_num"),
    ],
)
def test_an_unknown_label_or_column_stops_the_source_by_name(name, old, new, said):
    content = (FOLDER / name).read_bytes()
    assert old in content
    with pytest.raises(SourceChanged, match=said):
        parse(content.replace(old, new))


def test_names_of_persons_are_not_carried():
    for path in FOLDER.glob("payload*"):
        parsed = parse(path.read_bytes())
        text = parsed.series.to_csv() + str(parsed.withheld)
        assert "DOE" not in text
        assert "INVENTED" not in text


def test_which_list_it_is_shows_in_the_numbers_of_its_entries():
    lines = (FOLDER / "payload_cons_prim.csv").read_bytes().splitlines(keepends=True)
    assert {measure for measure, _ in counts(parse(b"".join(lines)))} == {"consolidated_entries"}
    older = lines[2].replace(b"50001", b"9638")
    assert {measure for measure, _ in counts(parse(b"".join([older, *lines])))} == {"listed_entries"}
    with pytest.raises(SourceChanged, match="which list it is cannot be told"):
        parse(b"".join(lines[2:3] + lines[4:]))


def test_the_restricted_list_of_the_state_department_is_another_publishers_and_refused(data):
    content = (data / "ofac" / "state_cuba_restricted_list.csv").read_bytes()
    with pytest.raises(SourceChanged, match="9 columns"):
        parse(content)


# --- XML --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("block", [*range(260, 300), 1000, 4096])
def test_the_list_reads_the_same_wherever_its_blocks_end(block, monkeypatch):
    whole = parse(LIST)
    monkeypatch.setattr(ofac_sdn, "_BLOCK", block)
    parsed = parse(LIST)
    assert counts(parsed) == counts(whole)
    assert parsed.withheld == whole.withheld


def test_the_day_is_the_lists_own():
    series = parse(LIST).series
    assert {f"{day:%Y-%m-%d}" for day in series["start_date"]} == {"2026-01-09"}
    assert {f"{day:%Y-%m-%d}" for day in series["end_date"]} == {"2026-01-10"}


def test_the_list_before_the_change_of_namespace_reads_the_same():
    assert counts(parse(LIST.replace(SPACE.encode(), b"http://tempuri.org/sdnList.xsd"))) == counts(parse(LIST))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (SPACE, f"{SPACE}/2", "in https.*/2"),
        ("sdnList", "Sanctions", "<Sanctions>"),
        ("publshInformation", "publishInformation", "publishInformation"),
        ("Publish_Date", "PublishDate", "PublishDate"),
        ("01/09/2026", "2026-01-09", "MM/DD/YYYY"),
        ("01/09/2026", "13/09/2026", "13/09/2026"),
        ("01/09/2026", "01/\u0660\u0669/2026", "MM/DD/YYYY"),
        ("<Record_Count>6", "<Record_Count>7", "6 entries; expected 7"),
        ("<Record_Count>6", "<Record_Count>5", "more entries; expected 5"),
        ("<Record_Count>6", "<Record_Count>six", "'six'"),
        ("<Record_Count>6", "<Record_Count>1000001", "up to 1000000"),
        ("<vesselInfo>", "<vesselInfo/><shipInfo/><vesselInfo>", "shipInfo"),
        ("<program>TCO</program>", "<programme>TCO</programme>", "programme"),
        ("<program>TCO</program>", "<program>T<b>C</b>O</program>", "unknown elements"),
        ("<uid>36</uid>", "", "one uid, first"),
        ("<uid>36</uid>", "<uid>36</uid><uid>37</uid>", "one uid, first"),
        ("<programList />", "", "one programList"),
        ("<programList />", "<programList /><programList />", "one programList"),
        ("</sdnList>", "<other/></sdnList>", "other"),
        ("<sdnList ", '<!DOCTYPE sdnList [<!ENTITY a "CUBA">]><sdnList ', "document type declaration"),
        ("</sdnList>", "", "not whole XML"),
        ("TCO", "&tco;", "not whole XML"),
    ],
)
def test_a_list_in_another_layout_stops_the_source_by_name(old, new, said):
    text = LIST.decode()
    assert old in text
    with pytest.raises(SourceChanged, match=said):
        parse(text.replace(old, new).encode())


def test_an_entry_that_is_there_twice_counts_once_and_one_that_differs_not_at_all():
    entry = re.search(rb"  <sdnEntry>\s*<uid>9706<.*?</sdnEntry>\n", LIST, re.S)[0]
    for added, left in ((entry, 1), (entry.replace(b"TCO", b"CUBA"), None)):
        content = LIST.replace(b"</sdnList>", added + b"</sdnList>").replace(b"Count>6<", b"Count>7<")
        parsed = parse(content)
        assert counts(parsed).get(("listed_entries", "TCO")) == left
        assert {7} <= {w.row for w in parsed.withheld}


def test_comments_and_instructions_of_the_xml_are_no_part_of_it():
    content = LIST.replace(b"<program>TCO", b"<!-- x --><?y z?><program>T<!-- x -->CO")
    assert counts(parse(content)) == counts(parse(LIST))


def test_an_element_that_never_ends_is_refused_before_it_fills_the_memory(monkeypatch):
    monkeypatch.setattr(ofac_sdn, "_MOST_OF_ELEMENT", 1 << 18)
    filler = b"<remarks>" + b"x" * 1000 + b"</remarks>"
    content = LIST.replace(b"    <uid>9706</uid>\n", b"    <uid>9706</uid>\n" + filler * 1000)
    with pytest.raises(SourceChanged, match="too much"):
        parse(content)


def test_a_delta_says_what_was_added_removed_and_changed():
    assert counts(parse(DELTA)) == {
        ("list_changes", "added"): 2,
        ("list_changes", "removed"): 1,
        ("list_changes", "changed"): 1,
    }


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (b'"remove"', b'"delist"', "delist"),
        (b"<entity ", b"<party ", "not whole XML"),
        (b'<entity id="36" action="remove" />', b'<party id="36" />', "party"),
        (b"2026-01-13T", b"13 January 2026 T", "YYYY-MM-DD"),
        (b"publicationInfo", b"publication", "publication"),
        (b"DeltaFile/1.0", b"DeltaFile/2.0", "DeltaFile/2.0"),
    ],
)
def test_a_delta_in_another_layout_stops_the_source_by_name(old, new, said):
    assert old in DELTA
    with pytest.raises(SourceChanged, match=said):
        parse(DELTA.replace(old, new))


# --- Archives ---------------------------------------------------------------------------------------------------------


def packed(*members, compression=zipfile.ZIP_DEFLATED):
    """Return a ZIP archive."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, content in members:
            # A fixed time, so that the bytes, and the names of tests made of them, are always the same.
            archive.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), content, compression)
    return file.getvalue()


@pytest.mark.parametrize("name", sorted(path.name for path in FOLDER.glob("payload*")))
def test_an_archive_of_one_file_reads_as_the_file(name):
    content = (FOLDER / name).read_bytes()
    parsed = parse(packed((name, content)), "OFAC.ZIP")
    assert counts(parsed) == counts(parse(content))
    assert {w.file for w in parsed.withheld} <= {f"OFAC.ZIP/{name}"}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (packed(("SDN.XML", LIST), ("SDN.CSV", TEXT)), "2 files"),
        (packed(("folder/", b"")), "0 files"),
        (packed(("SDN.ZIP", packed(("SDN.XML", LIST)))), "found ZIP"),
        (packed(("SDN.XML", LIST), compression=zipfile.ZIP_BZIP2), "unusual"),
        (packed(("SDN.XML", LIST)).replace(b"SDN.XML", b"SDN.YML", 1), "broken archive"),
        (b"PK\x03\x04" + packed(("SDN.XML", LIST))[4:60], "BINARY"),
    ],
)
def test_an_archive_of_anything_else_is_refused(content, said):
    with pytest.raises(SourceChanged, match=said):
        parse(content)


def test_an_archive_that_would_unpack_to_too_much_is_not_unpacked(monkeypatch):
    monkeypatch.setattr(tables, "_MAX_UNPACKED_BYTES", len(LIST) - 1)
    with pytest.raises(SourceChanged, match="too many"):
        parse(packed(("SDN.XML", LIST)))


def test_damage_to_an_archives_directory_is_refused_by_name():
    content = packed(("SDN.XML", LIST))
    for seed in range(1000):
        chance = random.Random(seed)
        broken = bytearray(content)
        for _ in range(chance.randint(1, 3)):
            broken[len(broken) - 1 - chance.randrange(90)] = chance.randrange(256)
        with suppress(SourceChanged):
            assert parse(bytes(broken)).rows == parse(LIST).rows


def test_a_broken_archive_is_refused_or_reads_as_the_file():
    content = packed(("SDN.XML", LIST))
    for place in range(0, len(content) - 120, 7):
        broken = content[:place] + bytes([content[place] ^ 0x55]) + content[place + 1 :]
        try:
            parsed = parse(broken)
        except SourceChanged:
            continue
        assert counts(parsed) == counts(parse(LIST))


@pytest.mark.parametrize(
    "content", [b"", mutations.PAGE, b"{}", b"<?xml version='1.0'?>", b"<a/>", b"a\n", b"\x00\x01"]
)
def test_anything_else_is_refused(content):
    with pytest.raises(SourceChanged):
        parse(content)


# --- The real files ---------------------------------------------------------------------------------------------------

GOLDEN = {
    "VENEZUELA": 123,
    "VENEZUELA-EO13850": 164,
    "VENEZUELA-EO13884": 67,
    "NICARAGUA": 31,
    "NICARAGUA-NHRAA": 7,
    "CUBA": 80,
    "GLOMAG": 246,
    "SDNTK": 1_813,
}


def test_the_real_list_gives_the_golden_numbers(data):
    content = (data / "ofac" / "2021-04_sdn.csv").read_bytes()
    parsed = parse(content, "2021-04_sdn.csv")
    found = counts(parsed)
    assert {tag: found["listed_entries", tag] for tag in GOLDEN} == GOLDEN
    assert found == oracle_of_text(content)
    assert set(found) == {("listed_entries", tag) for tag in [*GOLDEN, "TCO", "other programmes"]}
    assert parsed.withheld == ()


def test_the_real_consolidated_list_is_told_from_the_other(data):
    content = (data / "ofac" / "2025-04_cons_prim.csv").read_bytes()
    parsed = parse(content)
    assert counts(parsed) == oracle_of_text(content)
    assert counts(parsed) == {
        ("consolidated_entries", "ILLICIT-DRUGS-EO14059"): 1,
        ("consolidated_entries", "VENEZUELA-EO13850"): 2,
        ("consolidated_entries", "other programmes"): 440,
    }
    assert parsed.withheld == ()


@pytest.mark.parametrize(
    ("name", "measure", "total", "some"),
    [
        ("2021-04_add.csv", "listed_addresses", 11_358, {"MEX": 1807, "VEN": 205, "CUB": 44, "PSE": 41, "OTHER": 59}),
        ("2025-04_cons_add.csv", "consolidated_addresses", 520, {"RUS": 346, "PSE": 26, "HTI": 2}),
        ("2021-04_alt.csv", "listed_aliases", 11_742, {"GLOBAL": 11_742}),
    ],
)
def test_the_other_real_files_give_their_sums(name, measure, total, some, data):
    parsed = parse((data / "ofac" / name).read_bytes())
    found = counts(parsed)
    assert {key[0] for key in found} == {measure}
    assert sum(found.values()) == total
    assert {code: found[measure, code] for code in some} == some
    assert parsed.withheld == ()


# --- Over real HTTP ---------------------------------------------------------------------------------------------------


def test_the_whole_plan_over_http_and_a_second_run_with_nothing_new(tmp_path):
    with running() as replay:
        desk = Desk(tmp_path, replay, "ofac_sdn")
        first, second = desk.gather(), desk.gather()
        signed = [path for path in replay.asked if "X-Amz-Signature" in path]
    assert (first.outcome, first.documents, first.new_documents, first.faults) == (Outcome.NEW, 1, 1, ())
    assert first.rows == len(counts(parse(LIST)))
    assert [w.row for w in first.withheld] == [5]
    assert (second.outcome, second.new_documents, second.rows) == (Outcome.SAME, 0, first.rows)
    observations = desk.observations
    with desk.store.snapshot(observations[0]) as snapshot:
        assert snapshot.content == LIST
    assert len(signed) == len(set(signed)) == 2, "a signed address is used once, and asked for anew"
    assert not any("X-Amz" in observation.url for observation in observations)
