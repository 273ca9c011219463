"""The HTML file in a browser: axe finds nothing in any kind and language, and the script does what it says.

Needs a Chromium on the machine; where there is none the tests skip and say so, but with CI set they fail.
"""

from datetime import date
from importlib.resources import files

import pytest

from reports import changes, edition, screen
from reports.edition import Kind, Request
from reports.language import languages
from tests.reports.conftest import SCOPES, gathered

AXE = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 360, "height": 740}
# Axe takes half a minute for the sheets of all instruments: those of a few have everything a sheet can have.
FEW = {
    "instrument_ids": ("migrant_protection_protocols", "tariffs_as_lever", "temporary_protected_status", "travel_ban")
}
# Each language is looked at in another way, so that all ways are.
LOOKS = {"en": (DESKTOP, "light"), "es": (PHONE, "dark"), "pt": (PHONE, "light")}


@pytest.fixture(scope="module")
def file_of(book, clock, tmp_path_factory):
    """Return a function that writes the HTML file of a kind, language and scope, once, and gives its path."""
    folder = tmp_path_factory.mktemp("pages")

    def of(kind, language="en", scope=None):
        scope = SCOPES.get(kind, {}) if scope is None else scope
        path = folder / f"{kind}_{language}_{len(scope.get('instrument_ids', ()))}.html"
        if not path.exists():
            request = Request(kind=kind, clock=clock, language=language, **scope)
            since = changes.on_day(book, clock, date(2026, 1, 1)) if kind is Kind.CHANGES else None
            path.write_text(screen.html(edition.make(book, request, gathered(), since=since)), encoding="utf-8")
        return path

    return of


class Sight:
    """An open page: what it asked for beside itself and what it complained of."""

    def __init__(self, browser, path, viewport=DESKTOP, scheme="light", **options):
        context = browser.new_context(
            viewport=viewport, color_scheme=scheme, reduced_motion="reduce", offline=True, **options
        )
        self.page = context.new_page()
        self.asked = []
        self.complaints = []
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.goto(path.as_uri())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.page.context.close()

    def faults(self):
        """Return what axe finds that is serious or critical, each with its first place."""
        self.page.evaluate(AXE)
        found = self.page.evaluate("axe.run({resultTypes: ['violations']})")["violations"]
        return [(f["id"], f["nodes"][0]["html"][:200]) for f in found if f["impact"] in ("serious", "critical")]

    def shown(self, selector):
        """Return the texts of what is visible."""
        return [" ".join(e.inner_text().split()) for e in self.page.locator(selector).all() if e.is_visible()]


# --- Seen by a checker ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("kind", list(Kind))
def test_axe_finds_nothing_serious_and_the_page_asks_for_nothing(chromium, file_of, kind, language):
    viewport, scheme = LOOKS[language]
    path = file_of(kind, language, FEW if kind in (Kind.FULL, Kind.CHANGES) else None)
    with Sight(chromium, path, viewport, scheme) as sight:
        assert sight.faults() == []
        assert {address for address in sight.asked if not address.startswith("data:font/")} == {path.as_uri()}
        assert sight.complaints == []
        assert sight.page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]


def test_axe_finds_what_is_wrong(chromium, file_of, tmp_path):
    text = file_of(Kind.BRIEF).read_text(encoding="utf-8")
    path = tmp_path / "wrong.html"
    path.write_text(text.replace("<main ", '<div role="img"></div><p><font color="#999999">faint</font></p><main '))
    with Sight(chromium, path) as sight:
        assert {"role-img-alt", "color-contrast"} <= {name for name, _ in sight.faults()}


def test_nothing_runs_that_the_page_did_not_bring(chromium, file_of, tmp_path):
    path = tmp_path / "altered.html"
    altered = file_of(Kind.BRIEF).read_text(encoding="utf-8").replace("</body>", "<script>document.title='x'</script>")
    path.write_text(altered, encoding="utf-8")
    with Sight(chromium, path) as sight:
        assert sight.page.title() != "x"
        assert any("Content Security Policy" in complaint for complaint in sight.complaints)


# --- Sorted and filtered --------------------------------------------------------------------------------------------


def test_a_column_sorts_within_its_groups_up_down_and_back(chromium, file_of):
    with Sight(chromium, file_of(Kind.FULL)) as sight:
        first_group = "#overview tbody:nth-of-type(1) tr:not(.family) th"
        button = sight.page.locator("#overview thead button").first
        head = sight.page.locator("#overview thead th").first
        printed = sight.shown(first_group)
        seen = []
        for order in ("ascending", "descending", "none"):
            button.focus()
            sight.page.keyboard.press("Enter")
            assert head.get_attribute("aria-sort") == order
            seen.append(sight.shown(first_group))
        assert seen == [sorted(printed, key=str.lower), sorted(printed, key=str.lower, reverse=True), printed]
        assert printed != sorted(printed, key=str.lower)
        assert sight.shown("#overview [role=status]") == ["In the order of the report."]


@pytest.mark.parametrize(("language", "ordered"), [("en", ["7", "12.5", "1,000"]), ("es", ["7", "12,5", "1.000"])])
def test_numbers_sort_as_each_language_writes_them_and_words_stand_last(chromium, file_of, tmp_path, language, ordered):
    cells = "".join(f'<tr><th scope="row">a</th><td>{number}</td></tr>' for number in ("none", *reversed(ordered)))
    table = (
        '<div class="scroll"><table id="made"><caption>Made</caption><thead><tr><th scope="col">Name</th>'
        f'<th scope="col" data-sort="number">Number</th></tr></thead><tbody>{cells}</tbody></table></div></main>'
    )
    path = tmp_path / "numbers.html"
    path.write_text(file_of(Kind.BRIEF, language).read_text(encoding="utf-8").replace("</main>", table))
    with Sight(chromium, path) as sight:
        sight.page.locator("#made button").click()
        assert sight.shown("#made td") == [*ordered, "none"]
        sight.page.locator("#made button").click()
        assert sight.shown("#made td") == [*reversed(ordered), "none"]


def test_a_table_is_filtered_by_its_words_whatever_their_accents(chromium, file_of):
    with Sight(chromium, file_of(Kind.FULL, "es")) as sight:
        rows = len(sight.shown("#overview tbody tr:not(.family)"))
        sight.page.locator("#overview input").fill("MEXICO")
        left = sight.shown("#overview tbody tr:not(.family)")
        assert 0 < len(left) < rows
        assert all("México" in row for row in left)
        assert sight.shown("#overview [role=status]") == [f"Se muestran {len(left)} de {rows}."]
        sight.page.locator("#overview input").fill("")
        assert len(sight.shown("#overview tbody tr:not(.family)")) == rows


def test_the_page_is_filtered_by_country_with_what_holds_for_all(chromium, file_of):
    with Sight(chromium, file_of(Kind.FULL)) as sight:
        sight.page.locator("select[name=place]").select_option("Dominica")
        places = ("Dominica", "Region-wide", "Worldwide")
        assert sight.shown(".matrix thead th:not(:first-child)") == ["Dominica"]
        rows = sight.shown("#levels tbody tr:not(.family) th")
        assert all(any(place in row for place in places) for row in sight.shown("#overview tbody tr:not(.family)"))
        assert not any("Dominican Republic" in row for row in rows)
        assert all(any(place in name for place in places) for name in sight.shown(".verdict h3"))
        assert sight.shown(".filtered")[0].startswith("Filtered: Dominica. Rows shown: ")
        assert sight.page.evaluate("document.documentElement.scrollWidth") <= DESKTOP["width"]


def test_an_instrument_leaves_its_own_sheet_and_a_link_to_another_brings_all_back(chromium, file_of):
    with Sight(chromium, file_of(Kind.FULL)) as sight:
        all_sheets = sight.page.locator(".sheet").count()
        sight.page.locator("select[name=instrument]").select_option("Border wall")
        assert sight.page.locator(".sheet:visible").count() == 1
        assert sight.page.locator("#border_wall").is_visible()
        sight.page.locator('.contents a[href="#travel_ban"]').click()
        assert sight.page.locator(".sheet:visible").count() == all_sheets
        assert sight.shown(".filtered") == []


# --- Without script, by keyboard, on paper ----------------------------------------------------------------------------


def test_without_script_all_is_there_and_nothing_that_does_not_work(chromium, file_of):
    with Sight(chromium, file_of(Kind.COUNTRY), PHONE, java_script_enabled=False) as sight:
        assert sight.page.locator("main tbody tr").count() == sight.page.locator("main tbody tr:visible").count()
        assert sight.page.locator(".contents a:visible").count() > 3
        assert sight.page.locator("button, input, select").locator("visible=true").count() == 0


def test_the_keyboard_reaches_the_report_and_what_scrolls(chromium, file_of):
    with Sight(chromium, file_of(Kind.COUNTRY), PHONE) as sight:
        sight.page.keyboard.press("Tab")
        assert sight.shown(":focus") == ["Skip to the report"]
        assert sight.page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
        sight.page.keyboard.press("Enter")
        assert sight.page.evaluate("document.activeElement.id") == "report"
        stops = "[...document.querySelectorAll('.scroll')].map(e => [e.tabIndex, e.scrollWidth > e.clientWidth])"
        found = sight.page.evaluate(stops)
        assert {tab == 0 for tab, scrolls in found if scrolls} == {True}
        assert {tab == 0 for tab, scrolls in found if not scrolls} == {False}


def test_a_browser_prints_the_page_of_paper_light_and_without_tools(chromium, file_of):
    with Sight(chromium, file_of(Kind.COUNTRY), scheme="dark") as sight:
        assert sight.page.evaluate("getComputedStyle(document.body).color") == "rgb(230, 233, 236)"
        sight.page.emulate_media(media="print")
        assert sight.page.evaluate("getComputedStyle(document.body).color") == "rgb(28, 33, 38)"
        for name in (".skip", ".bar", ".rail", ".foot", ".tools label"):
            assert sight.shown(name) == [], name
