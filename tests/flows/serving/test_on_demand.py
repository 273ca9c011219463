"""A report on demand, on a real server: from its form in a browser, by its API and by the command; good and bad."""

import functools
import http.server
import json
import re
import subprocess
import sys
import threading
import time

import pytest
from playwright import sync_api

DEPLOYMENT = "build-report/on-demand"
_PATIENCE_SECONDS = 240


@pytest.fixture(scope="module")
def deployment(served):
    """Return the id of the deployment."""
    with served.client() as client:
        return client.get(f"/deployments/name/{DEPLOYMENT}").raise_for_status().json()["id"]


@pytest.fixture(scope="module")
def shelf(served):
    """Serve the folder of reports where the settings say it is found; give the paths that were asked for."""
    asked = []

    class Shelf(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            asked.append(self.path)

    handler = functools.partial(Shelf, directory=served.folder / "out")
    with http.server.ThreadingHTTPServer(("127.0.0.1", served.files_port), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield asked
        server.shutdown()
        thread.join()


def create(served, deployment, parameters):
    """Ask the server for a run and return its answer."""
    with served.client() as client:
        return client.post(f"/deployments/{deployment}/create_flow_run", json={"parameters": parameters})


def ended(served, run_id):
    """Return a run when it has ended."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    with served.client() as client:
        while time.monotonic() < deadline:
            run = client.get(f"/flow_runs/{run_id}").raise_for_status().json()
            if run["state_type"] in ("COMPLETED", "FAILED", "CRASHED", "CANCELLED"):
                return run
            time.sleep(1)
    pytest.fail(f"the run did not end; the server said: {served.said}")


def artifacts(served, run_id):
    """Return what a run left on its page, by key."""
    wanted = {"artifacts": {"flow_run_id": {"any_": [run_id]}}}
    with served.client() as client:
        found = client.post("/artifacts/filter", json=wanted).raise_for_status().json()
    return {artifact["key"]: artifact["data"] for artifact in found}


@pytest.mark.parametrize(
    ("given", "field", "reason"),
    [
        ({"report": "countri"}, "parameters.report", "'countri' is not one of ['full', 'country',"),
        ({"countries": ["MEXX"]}, "parameters.countries[0]", "'MEXX' is not one of ['REGION', 'GLOBAL', 'MEX',"),
        ({"instruments": ["travel_bans"]}, "parameters.instruments[0]", "'travel_bans' is not one of"),
        ({"language": "xx"}, "parameters.language", "'xx' is not one of ['en', 'es', 'pt']"),
        ({"annex": "perhaps"}, "parameters.annex", "'perhaps' is not of type 'boolean'"),
        ({"colour": "red"}, "parameters", "'colour' was unexpected"),
    ],
)
def test_a_bad_parameter_is_refused_by_its_name_before_a_run_is_made(served, deployment, given, field, reason):
    answer = create(served, deployment, {"parameters": given})
    assert answer.status_code == 409
    assert f"Validation failed for field '{field}'" in answer.json()["detail"]
    assert reason in answer.json()["detail"]


def test_parameters_that_do_not_go_together_fail_the_run_by_the_name_of_the_field(served, deployment):
    run = create(served, deployment, {"parameters": {"report": "country", "countries": []}}).raise_for_status().json()
    run = ended(served, run["id"])
    assert run["state_type"] == "FAILED"
    assert "parameters.countries: Value error, a country report needs at least one country" in run["state"]["message"]
    assert "report-files" not in artifacts(served, run["id"])


def test_the_command_runs_it_on_the_server(served, tmp_path):
    words = ("build", "--report", "brief", "--lang", "pt", "--format", "json", "--json", "--out", str(tmp_path / "out"))
    command = [sys.executable, "-m", "flows.cli", *words, "--as-of", "2026-11-24"]
    done = subprocess.run(command, cwd=served.folder, env=served.environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert set(told) == {"edition", "pages", "manifest", "stale_sources", "withheld_rows", "files"}
    assert [path.name for path in sorted((tmp_path / "out").iterdir())] == [
        "policy-comparison_brief_region_2026-11-24_pt_letter.json",
        "policy-comparison_brief_region_2026-11-24_pt_letter.manifest.json",
    ]
    with served.client() as client:
        named = {"flow_runs": {"name": {"like_": "brief region pt, as of 2026-11-24"}}}
        (run,) = client.post("/flow_runs/filter", json=named).raise_for_status().json()
    assert run["state_type"] == "COMPLETED"
    assert told["files"][0]["sha256"] in artifacts(served, run["id"])["report-files"]


class Pages:
    """Prefect's pages in a browser that has logged in, first the one that starts a run."""

    def __init__(self, page, served, deployment):
        self.page = page
        self.address = served.api_url.removesuffix("/api")
        page.set_default_timeout(60_000)
        page.goto(self.address)
        page.wait_for_url("**/login**")
        page.locator("input").first.fill(served.login)
        page.keyboard.press("Enter")
        page.wait_for_url("**/dashboard")
        page.goto(f"{self.address}/deployments/deployment/{deployment}/run")

    def field(self, title):
        """Return the field with a title."""
        head = f"xpath=./div[contains(@class, 'p-label__header')]//span[starts-with(normalize-space(.), '{title}')]"
        return self.page.locator(".schema-form-property").filter(has=self.page.locator(head)).last

    def choose(self, title, *words):
        """Choose from a drop-down, or several of a multi-select."""
        self.field(title).locator(".p-select-button__control").press("ArrowDown")
        for word in words:
            self.page.locator(".p-select-option").get_by_text(word, exact=True).click()
        self.page.get_by_role("heading", name="Parameters").click()

    def pick(self, title, day):
        """Pick a day."""
        self.field(title).locator(".p-date-button__control").click()
        self.page.locator("input[type=date]").fill(day)
        self.page.get_by_role("button", name="Apply").click()

    def open_artifact(self, run_id, key):
        """Open an artifact from the page of its run."""
        self.page.goto(f"{self.address}/runs/flow-run/{run_id}")
        self.page.locator(".p-tab", has_text="Artifacts").click()
        self.page.locator(".artifact-card__title", has_text=key).click()


def test_a_person_fills_the_form_starts_a_run_and_follows_the_link_to_its_pdf(served, deployment, shelf, chromium):
    context = chromium.new_context(viewport={"width": 1300, "height": 2400})
    pages = Pages(context.new_page(), served, deployment)
    page = pages.page
    for title in (
        "Report",
        "Countries",
        "Instruments",
        "Language",
        "Paper",
        "As of",
        "Valid on",
        "Projections said by",
    ):
        # The page draws the form first and its descriptions a moment later.
        described = pages.field(title).locator(".schema-form-property__description").first
        sync_api.expect(described).to_have_text(re.compile(r"\S"))
    pages.choose("Report", "country")
    pages.choose("Countries", "GTM", "BLZ")
    pages.choose("Instruments", "removal_flights")
    pages.choose("Language", "es")
    pages.choose("Paper", "a4")
    pages.pick("As of", "2026-11-24")
    with page.expect_response("**/create_flow_run") as created:
        page.get_by_role("button", name="Submit").click()
    run = ended(served, created.value.json()["id"])
    assert run["state_type"] == "COMPLETED", served.said
    assert run["name"].endswith(" country GTM-BLZ-removal_flights es, as of 2026-11-24")
    pages.open_artifact(run["id"], "report-first-page")
    picture = page.locator("img[src^='data:image/png']")
    picture.wait_for()
    assert picture.evaluate("image => image.naturalWidth") > 800
    pages.open_artifact(run["id"], "report-pdf")
    (name,) = [path.name for path in (served.folder / "out").glob("*_es_a4.pdf")]
    with context.expect_page() as opened:
        page.get_by_role("link", name=name, exact=True).click()
    # A browser without a window has no viewer: it asks for the file and keeps it.
    deadline = time.monotonic() + 30
    while not shelf and time.monotonic() < deadline:
        opened.value.wait_for_timeout(200)
    assert set(shelf) == {f"/{name}"}
    context.close()
