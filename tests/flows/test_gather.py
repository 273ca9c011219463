"""The flow "gather" on a real Prefect server: red when a source failed, and what succeeded is stored all the same."""

import asyncio

import pytest
from prefect.client.orchestration import get_client

from flows import unreviewed
from flows.gather import gather_sources
from flows.settings import Settings
from sources.errors import BadInput, Fault
from sources.gathering import Outcome, SourcesFailed
from tests import make
from tests.replay.server import running

# Prefect leaves sockets to the garbage collector when its test server stops.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.mark.usefixtures("server")
def test_a_run_is_red_names_what_failed_and_stores_the_others(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("POLICYDIFF_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("POLICYDIFF_GATHER__ATTEMPTS", "1")
    monkeypatch.setenv("POLICYDIFF_SOURCES__FEEDS__BASE_URL", "http://127.0.0.1:9")
    with running() as replay:
        monkeypatch.setenv("POLICYDIFF_SOURCES__CBP_ENCOUNTERS__BASE_URL", replay.base_url("cbp_encounters"))
        with pytest.raises(SourcesFailed, match="1 of 2 sources failed:\n  feeds: ") as failure:
            asyncio.run(gather_sources(["cbp_encounters", "feeds"]))
        results = {result.source_id: result for result in failure.value.results}
        assert results["cbp_encounters"].rows == 8
        (again,) = asyncio.run(gather_sources(["cbp_encounters"]))
        assert again.outcome is Outcome.SAME
    states, tables = asyncio.run(_runs_and_tables())
    assert sorted(states) == ["COMPLETED", "FAILED"]
    assert "feeds" in tables[0]
    assert "Connection refused" in tables[0]


@pytest.mark.usefixtures("server")
def test_a_run_reads_the_new_documents_and_tells_it(tmp_path, monkeypatch, caplog):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("POLICYDIFF_HOME", str(tmp_path / "home"))
    claim = make.proposal(instrument_id="border_wall")

    def propose(document, _):
        if document.source.endswith("/1458/"):
            raise BadInput([Fault(file=document.source, path=".", found="noise", expected="speech")])
        return (claim,) if "/presidential-actions/" in document.source else ()

    monkeypatch.setattr("sources.proposals.propose", propose)
    with running() as replay:
        monkeypatch.setenv("POLICYDIFF_SOURCES__WHITE_HOUSE__BASE_URL", replay.base_url("white_house"))
        with caplog.at_level("INFO"):
            asyncio.run(gather_sources(["white_house"]))
    kept = unreviewed.kept(Settings()).proposals()
    assert {item.proposal for item in kept} == {claim}
    told = [record.message for record in caplog.records]
    assert any(message.startswith(f"{len(kept)} new claim") for message in told)


async def _runs_and_tables():
    """Return the states of the runs of the flow, and the tables it left, the oldest first."""
    async with get_client() as client:
        runs = [run for run in await client.read_flow_runs() if run.name == "gather"]
        artifacts = [a for a in await client.read_artifacts() if a.key == "gathered-sources"]
    ordered = sorted(artifacts, key=lambda artifact: artifact.created)
    return [run.state_type.value for run in runs], [artifact.data for artifact in ordered]
