"""The flow on a real Prefect server: the same files as without it, what it shows of them, and what it refuses."""

import asyncio
import base64
import gc
import warnings
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId, FlowRunFilter, FlowRunFilterId
from prefect.exceptions import ParameterTypeError
from prefect.states import State

from flows import build_report as flow
from flows.build import build
from flows.build_report import address, build_report
from flows.parameters import ReportParameters
from flows.settings import ServeSettings, Settings

# Prefect leaves sockets to the garbage collector when its test server stops.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture(autouse=True, scope="module")
def _tidied():
    """Collect the sockets that Prefect's client leaves, before they complain in another module."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


def brief(**others):
    """Return the parameters of a brief of one day."""
    return ReportParameters(report="brief", as_of=date(2026, 11, 24), **others)


def run(parameters):
    """Run the flow and return what it made, the run as the server knows it, and its artifacts by key."""

    async def ran():
        state: State = await build_report(parameters, return_state=True)
        wanted = state.state_details.flow_run_id
        async with get_client() as client:
            (known,) = await client.read_flow_runs(flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=[wanted])))
            left = ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[wanted]))
            artifacts = await client.read_artifacts(artifact_filter=left)
        return await state.aresult(), known, {artifact.key: artifact for artifact in artifacts}

    return asyncio.run(ran())


@pytest.fixture(scope="module")
def built(server, tmp_path_factory):  # noqa: ARG001
    """Run the flow once for a brief, in a folder of its own that the settings name."""
    folder = tmp_path_factory.mktemp("built")
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(folder)
        patched.setenv("POLICYDIFF_OUT", str(folder / "reports"))
        patched.setenv("POLICYDIFF_SERVE__FILES_URL", "https://reports.example.org/all/")
        return folder, *run(brief(formats=["pdf", "json"]))


def test_the_flow_makes_the_files_the_function_makes(built, tmp_path):
    _, published = build(brief(formats=["pdf", "json"], out=tmp_path), lambda _: None)
    _, made, _, _ = built
    assert (made.edition_id, made.pages) == (published.edition_id, 2)
    assert [file.sha256 for file in made.files] == [file.sha256 for file in published.files]
    assert [file.path.read_bytes() for file in made.files] == [file.path.read_bytes() for file in published.files]


def test_without_a_folder_reports_go_where_the_settings_say(built):
    folder, made, _, _ = built
    assert {file.path.parent for file in made.files} == {folder / "reports"}


def test_a_run_is_named_by_its_day_and_what_it_builds(built):
    _, _, known, _ = built
    assert known.name == f"{datetime.now(UTC).date()} brief region en, as of 2026-11-24"


def test_the_run_shows_its_pdf_rows_coverage_files_and_first_page(built):
    _, made, _, artifacts = built
    name = made.pdf.name
    assert sorted(artifacts) == ["report-coverage", "report-files", "report-first-page", "report-pdf", "report-rows"]
    assert artifacts["report-pdf"].data == f"[{name}](https://reports.example.org/all/{name})"
    assert artifacts["report-coverage"].data.startswith("## Two terms, instrument by instrument\n")
    assert '"Row": "R-0102"' in artifacts["report-rows"].data
    assert made.files[0].sha256 in artifacts["report-files"].data
    assert artifacts["report-first-page"].type == "image"
    picture = base64.b64decode(artifacts["report-first-page"].data.partition(",")[2], validate=True)
    assert picture.startswith(b"\x89PNG")
    assert len(picture) < 100_000
    assert {artifact.description.split()[-1] for artifact in artifacts.values()} == {made.edition_id[:12], name}


@pytest.mark.usefixtures("server")
def test_without_a_pdf_there_is_no_picture_and_no_link(tmp_path):
    _, _, artifacts = run(brief(formats=["json"], out=tmp_path))
    assert sorted(artifacts) == ["report-coverage", "report-files", "report-rows"]


@pytest.mark.usefixtures("server")
def test_parameters_that_do_not_go_together_fail_the_run_and_name_the_field(tmp_path):
    wrong = {"report": "country", "out": str(tmp_path)}
    with pytest.raises(ParameterTypeError, match=r"parameters\.countries: .*needs at least one country"):
        asyncio.run(build_report(wrong))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("files_url", "place", "expected"),
    [
        ("https://example.org", "out/a b.pdf", "https://example.org/a%20b.pdf"),
        ("https://example.org", "out/2026/a.pdf", "https://example.org/2026/a.pdf"),
        ("https://example.org", "elsewhere/a.pdf", "file:///{here}/elsewhere/a.pdf"),
        ("", "out/a b.pdf", "file:///{here}/out/a%20b.pdf"),
    ],
)
def test_a_link_leads_to_the_address_of_the_folder_of_reports_or_to_the_file(
    tmp_path, monkeypatch, files_url, place, expected
):
    monkeypatch.chdir(tmp_path)
    given = Settings(serve=ServeSettings(files_url=files_url))
    assert address(Path(place), given) == expected.format(here=str(tmp_path).lstrip("/"))


def test_a_long_scope_is_a_number_in_the_name_of_a_run(monkeypatch):
    many = [
        "MEX",
        "GTM",
        "HND",
        "SLV",
        "NIC",
        "CRI",
        "PAN",
        "CUB",
        "HTI",
        "DOM",
        "VEN",
        "COL",
        "ECU",
        "PER",
        "BOL",
        "BRA",
    ]
    # Not its attribute, which Prefect computes: what is put back would stay.
    run = SimpleNamespace(parameters={"parameters": {"countries": many, "language": "pt"}})
    monkeypatch.setattr(flow, "flow_run", run)
    assert flow._run_name() == f"{datetime.now(UTC).date()} full 16 countries 0 instruments pt"
