"""Subscriptions in both forms of file: what they mean, and every mistake by its line and field."""

import re
from pathlib import Path

import pytest

from flows.delivery import subscriptions
from flows.delivery.subscriptions import Subscription, as_toml
from reports.edition import Kind, Paper
from sources.errors import BadInput
from sources.model import Existence

ANA = 'address = "ana@example.org"\n'
WHOLE = """
allowed_domains = ["example.org", "müller.example"]

[[subscription]]
address = "ana@example.org"
name = "Ana Gómez"
language = "es"
time_zone = "America/Guatemala"
paper = "a4"
report = "country"
countries = ["HND", "gtm", "HND"]
instruments = ["travel_ban"]
classes = ["new", "discontinued"]
minimum_magnitude = 2
formats = ["pdf", "csv", "pdf"]
only_if_changed = true

[[subscription]]
address = "José@MÜLLER.example"
active = false
"""


@pytest.fixture
def read(book, tmp_path):
    """Return a function that reads a text as a file of some name."""

    def read(text, name="people.toml"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return subscriptions.read(path, book)

    return read


@pytest.fixture
def faults(read):
    """Return a function that gives the mistakes of a file, as they are told."""

    def faults(text, name="people.toml"):
        with pytest.raises(BadInput) as error:
            read(text, name)
        return [str(fault) for fault in error.value.faults]

    return faults


def one(text):
    """Return a file of one subscription with more fields, whose table begins on line 1."""
    return f"[[subscription]]\n{ANA}{text}"


# --- What they mean ---------------------------------------------------------------------------------------------


def test_every_field_is_read_and_written_in_one_form(read):
    ana, jose = read(WHOLE).subscriptions
    assert ana == Subscription(
        address="ana@example.org",
        name="Ana Gómez",
        language="es",
        time_zone="America/Guatemala",
        paper=Paper.A4,
        report=Kind.COUNTRY,
        countries=("GTM", "HND"),
        instruments=("travel_ban",),
        classes=(Existence.NEW, Existence.DISCONTINUED),
        minimum_magnitude=2,
        formats=("pdf", "csv"),
        only_if_changed=True,
    )
    assert jose == Subscription(address="José@xn--mller-kva.example", active=False)


def test_what_nobody_gave_is_the_whole_region_in_english_as_pdf(read):
    (ana,) = read(one("")).subscriptions
    assert (ana.report, ana.language, ana.paper, ana.formats) == (Kind.FULL, "en", Paper.LETTER, ("pdf",))
    assert (ana.time_zone, ana.only_if_changed, ana.active) == ("UTC", False, True)


def test_who_asks_for_the_same_asks_for_one_report(read):
    text = """
    [[subscription]]
    address = "{}@example.org"
    report = "country"
    countries = {}
    """
    roster = read(text.format("ana", '["GTM", "HND"]') + text.format("ben", '["hnd", "GTM"]'))
    ana, ben = roster.subscriptions
    assert ana.report_id == ben.report_id == "country_GTM-HND_en_letter_45ae5d6a"


@pytest.mark.parametrize(
    "other",
    [{"language": "es"}, {"paper": "a4"}, {"countries": ["HND"]}, {"report": "brief"}, {"instruments": ["travel_ban"]}],
)
def test_whatever_makes_another_file_is_another_report(other):
    plain = {"address": "ana@example.org", "report": "country", "countries": ["GTM"]}
    assert Subscription(**plain).report_id != Subscription(**{**plain, **other}).report_id


@pytest.mark.parametrize(
    "other", [{"formats": ["csv"]}, {"classes": ["new"]}, {"minimum_magnitude": 3}, {"only_if_changed": True}]
)
def test_what_only_chooses_files_or_rows_is_the_same_report(other):
    plain = {"address": "ana@example.org", "report": "country", "countries": ["GTM"]}
    assert Subscription(**plain).report_id == Subscription(**{**plain, **other}).report_id


def test_only_active_ones_are_entitled_in_whichever_case_they_are_written(read):
    roster = read(WHOLE)
    ana, jose = roster.subscriptions
    assert roster.active == (ana,)
    assert roster.entitles("ANA@Example.ORG", ana.report_id)
    assert not roster.entitles("ana@example.org", jose.report_id)
    assert not roster.entitles(jose.address, jose.report_id)


def test_a_first_report_on_changes_is_the_whole_of_its_scope():
    ana = Subscription(address="ana@example.org", report="changes", countries=["GTM"])
    assert ana.parameters(None, None).report is Kind.COUNTRY
    assert ana.parameters(None, "e" * 64).report is Kind.CHANGES
    assert Subscription(address="ana@example.org", report="changes").parameters(None, None).report is Kind.FULL


# --- CSV --------------------------------------------------------------------------------------------------------

TABLE = """address,name,report,countries,formats,minimum_magnitude,only_if_changed,active
ana@example.org,"Gómez, Ana",country,GTM hnd,pdf csv,3,yes,
ben@example.org,,full,,,,no,False
"""


@pytest.mark.parametrize("start", ["", "\ufeff"], ids=["plain", "byte order mark"])
@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["LF", "CRLF"])
def test_a_table_reads_as_the_same_subscriptions(read, start, end):
    ana, ben = read(start + TABLE.replace("\n", end), "people.csv").subscriptions
    assert ana == Subscription(
        address="ana@example.org",
        name="Gómez, Ana",
        report="country",
        countries=["GTM", "HND"],
        formats=["pdf", "csv"],
        minimum_magnitude=3,
        only_if_changed=True,
    )
    assert ben == Subscription(address="ben@example.org", active=False)


@pytest.mark.parametrize(("text", "name"), [(WHOLE, "people.toml"), (TABLE, "people.csv")])
def test_what_is_written_as_toml_reads_as_the_same(read, text, name):
    given = read(text, name)
    assert read(as_toml(given)).subscriptions == given.subscriptions


def test_names_with_marks_of_toml_come_back_as_they_were(read):
    names = [r'Ana "la \n" \\ Gómez', "'''", "# [[subscription]]", "日本 \U0001f600", 'a = "b"', "\\"]
    rows = "".join('{}@example.org,"{}"\n'.format(n, name.replace('"', '""')) for n, name in enumerate(names))
    given = read("address,name\n" + rows, "people.csv")
    assert [s.name for s in read(as_toml(given)).subscriptions] == names


# --- Mistakes ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('address = "ana"', "line 1, address: found 'ana'; expected a mail address: An email address must have an @"),
        ('address = "a@x.example\\nBcc: b@x.example"', "line 1, address: found 'a@x.example\\nBcc: b@x.example'"),
        ('address = "Ana <ana@example.org>"', "line 1, address: found 'Ana <ana@example.org>'"),
        ('address = "a@x.example, b@x.example"', "line 1, address: found 'a@x.example, b@x.example'"),
        ('address = "=?utf-8?q?a?=@x.example"', "line 1, address: found '=?utf-8?q?a?=@x.example'"),
        ("address = 5", "line 1, address: found 5; expected a valid string"),
        ('name = "a\\nb"', "line 1, name: found 'a\\nb'; expected one line of printable text"),
        ('name = "a\\u202Eb"', "line 1, name: found 'a\\u202eb'; expected one line of printable text"),
        ('language = "fr"', "line 1, language: found 'fr'; expected 'en', 'es' or 'pt'"),
        ('time_zone = "Guatemala"', "line 1, time_zone: found 'Guatemala'; expected a time zone of the IANA database"),
        ('time_zone = "../UTC"', "line 1, time_zone: found '../UTC'; expected a time zone of the IANA database"),
        ('paper = "a5"', "line 1, paper: found 'a5'; expected 'letter' or 'a4'"),
        (
            'report = "long"',
            "line 1, report: found 'long'; expected 'full', 'country', 'instrument', 'brief' or 'chang",
        ),
        ('countries = ["GTN"]', "line 1, countries: found ['GTN']; expected codes of `policydiff list countries`: unk"),
        ('countries = "GTM"', "line 1, countries: found 'GTM'; expected a list"),
        (
            'instruments = ["travl_ban"]',
            "line 1, instruments: found 'travl_ban'; expected ids of `policydiff list inst",
        ),
        ('classes = ["gone"]', "line 1, classes.0: found 'gone'; expected 'new', 'reinstated'"),
        ("minimum_magnitude = 5", "line 1, minimum_magnitude: found 5; expected 1, 2, 3 or 4"),
        ('formats = ["doc"]', "line 1, formats.0: found 'doc'; expected 'pdf', 'html'"),
        ("formats = []", "line 1, formats: found []; expected at least one format"),
        ('active = "maybe"', "line 1, active: found 'maybe'; expected a valid boolean"),
        ('only_if_changed = "maybe"', "line 1, only_if_changed: found 'maybe'; expected a valid boolean"),
        ('adress = "x"', "line 1, adress: found an unknown field; expected one of address, name, language"),
        ('report = "country"', "line 1, scope: found none; expected a country report needs countries"),
        ('report = "instrument"', "line 1, scope: found none; expected a report on an instrument needs instruments"),
        ("[subscription.more]\nx = 1", "line 1, more: found an unknown field"),
    ],
)
def test_a_wrong_field_is_named_with_its_line_and_what_was_expected(faults, line, told):
    field = line.partition(" ")[0]
    text = f"[[subscription]]\n{line}\n" if field == "address" else one(line)
    (fault,) = faults(text)
    assert fault.startswith(f"people.toml: {told}")


def test_every_mistake_of_a_file_is_named_at_once(faults):
    text = f"""allowed_domains = ["example.org"]
colour = "red"

[[subscription]]
{ANA}language = "fr"
paper = "a5"

[[subscription]]
address = "ben@elsewhere.example"

[[subscription]]
name = "Nobody"

# [[subscription]]
[[ subscription ]]
{ANA}
[[subscription]]
address = "ANA@example.org"
"""
    assert [fault.partition("; ")[0] for fault in faults(text)] == [
        "people.toml: colour: found an unknown key",
        "people.toml: line 4, language: found 'fr'",
        "people.toml: line 4, paper: found 'a5'",
        "people.toml: line 9, address: found ben@elsewhere.example",
        "people.toml: line 12, address: found nothing",
        "people.toml: line 19: found ANA@example.org",
    ]


def test_the_same_report_twice_for_one_recipient_is_a_mistake_wherever_it_stands(faults, read):
    twice = one("") + '[[subscription]]\naddress = "Ana@EXAMPLE.org"\nactive = false\n'
    (fault,) = faults(twice)
    assert fault == (
        "people.toml: line 3: found Ana@example.org; expected each report once for a recipient; it stands at line 1 too"
    )
    assert len(read(one("") + f'[[subscription]]\n{ANA}language = "es"\n').subscriptions) == 2


@pytest.mark.parametrize("given", ['"example.org"', "[]", "[5]", "5", '["no domain"]', '["@example.org"]'])
def test_allowed_domains_are_domains(faults, given):
    (fault,) = faults(f"allowed_domains = {given}\n" + one(""))
    assert fault.startswith("people.toml: allowed_domains: found ")
    assert fault.endswith('; expected a list of domains, such as ["example.org"]')


def test_a_domain_is_compared_in_its_ascii_form_and_whole(read, faults):
    assert read('allowed_domains = ["MÜLLER.example"]\n[[subscription]]\naddress = "a@müller.example"')
    (fault,) = faults('allowed_domains = ["example.org"]\n[[subscription]]\naddress = "a@evil-example.org"')
    assert "expected an address at example.org (allowed_domains)" in fault
    assert faults('allowed_domains = ["example.org"]\n[[subscription]]\naddress = "a@sub.example.org"')


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "people.toml: .: found no subscription; expected at least one"),
        ("\ufeff\n", "people.toml: .: found no subscription; expected at least one"),
        ("subscription = []", "people.toml: .: found no subscription; expected at least one"),
        (f"[subscription]\n{ANA}", "people.toml: subscription: found {'address': 'ana@example.org'}; expected [[subs"),
        ("subscription = [1]", "people.toml: subscription: found [1]; expected [[subscription]], a table for each"),
        ("[[subscription]\n", "people.toml: .: found Expected ']]' at the end of an array declaration (at line 1"),
        (b"address = '\xff'", "people.toml: .: found 'utf-8' codec can't decode byte 0xff in position 11"),
    ],
)
def test_a_file_that_is_none_is_named(faults, text, told):
    (fault,) = faults(text)
    assert fault.startswith(told)


def test_tables_in_a_list_on_one_line_are_counted_instead(faults):
    text = 'subscription = [{ address = "ana@example.org" }, { address = "b" }]'
    assert faults(text)[0].startswith("people.toml: subscription 2, address: found 'b'")


def test_a_file_that_is_not_there_is_named_with_where_one_is_shown(book, tmp_path):
    with pytest.raises(BadInput, match=r"No such file or directory; expected subscriptions; docs/delivery\.md shows"):
        subscriptions.read(tmp_path / "people.toml", book)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", ["line 1: found nothing; expected the names of fields, of address, name"]),
        ("address\n", [".: found no subscription; expected at least one"]),
        ("\n", ["line 1: found nothing"]),
        (
            "address,adress\na@example.org,b\n",
            ["line 1, adress: found an unknown field; expected one of address, name"],
        ),
        ("address;name\na@example.org;b\n", ["line 1, address;name: found an unknown field"]),
        ("address,address\na@example.org,b@example.org\n", ["line 1, address: found 2 columns; expected one"]),
        ("address,name\na@example.org\n", ["line 2: found 1 cells; expected 2, one for each field of line 1"]),
        ("address\na@example.org,b\nb\n", ["line 2: found 2 cells; expected 1, one", "line 3, address: found 'b'"]),
        ("address,name\n,Ana\n", ["line 2, address: found nothing; expected a value"]),
        ("address,countries\na@example.org,GTM;HND\n", ["line 2, countries: found ['GTM;HND']"]),
        ("address,minimum_magnitude\na@example.org,²\n", ["line 2, minimum_magnitude: found '²'; expected 1, 2, 3 or"]),
        ("address,active\na@example.org,perhaps\n", ["line 2, active: found 'perhaps'"]),
        ('address,name\na@example.org,"x\n', ["line 2: found unexpected end of data; expected CSV"]),
        ('address,name\n\n\nb,"a\nb"\n', ["line 5, name: found 'a\\nb'", "line 5, address: found 'b'"]),
        ("address\na@example.org\nA@example.org\n", ["line 3: found A@example.org; expected each report once"]),
    ],
)
def test_a_mistake_of_a_table_is_named_with_its_line(faults, text, told):
    found = faults(text, "people.csv")
    assert len(found) == len(told)
    for start in told:
        assert any(fault.startswith(f"people.csv: {start}") for fault in found), found


def test_the_examples_of_the_documentation_are_subscriptions(read):
    page = (Path(__file__).parents[3] / "docs/delivery.md").read_text(encoding="utf-8")
    examples = re.findall(r"```(toml|csv)\n(.*?)```", page, flags=re.DOTALL)
    assert [len(read(text, f"people.{kind}").subscriptions) for kind, text in examples] == [2, 2]
    for field in Subscription.model_fields:
        assert f"`{field}`" in page
