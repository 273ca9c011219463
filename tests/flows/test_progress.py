"""A bar of progress: whole percents, at most one update a second, and always the end."""

import asyncio

import pytest
from prefect import flow, task
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId, ArtifactFilterType
from prefect.runtime import flow_run

from flows import progress
from flows.progress import Progress

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture
def shown(monkeypatch):
    """Return what was shown instead of artifacts: the percents in their order."""
    shown = []
    monkeypatch.setattr(progress, "create_progress_artifact", lambda percent, **_: shown.append(percent) or "its id")
    monkeypatch.setattr(progress, "update_progress_artifact", lambda _, percent, **__: shown.append(percent))
    return shown


def test_ten_thousand_quick_steps_are_two_updates(shown):
    bar = Progress("steps", clock=lambda: 0.0)
    for done in range(1, 10_001):
        bar(done, 10_000)
    assert shown == [0, 100]


def test_slow_steps_are_an_update_for_each_percent_and_no_more(shown):
    seconds = iter(range(10_000))
    bar = Progress("steps", clock=lambda: float(next(seconds)))
    for done in range(1, 401):
        bar(done, 400)
    assert shown == [*range(101)]


def test_more_steps_than_all_are_all(shown):
    bar = Progress("steps", clock=lambda: 0.0)
    for done in range(1, 5):
        bar(done, 2)
    assert shown == [50, 100]


def test_a_runner_that_is_counted_gives_what_it_gives(shown):
    def runner(needed, _):
        yield from ((order, "built") for order, _key in needed)

    counted = Progress("reports built", clock=lambda: 0.0).counting(runner)
    assert [*counted([("a", "1"), ("b", "2")], None)] == [("a", "built"), ("b", "built")]
    assert shown == [50, 100]


@pytest.mark.usefixtures("server")
def test_the_bar_stands_on_the_page_of_its_run():
    def work(bar):
        for done in range(1, 5):
            bar(done, 4)

    @task
    async def working():
        await asyncio.to_thread(work, Progress("steps of a task"))

    @flow
    async def long_work():
        await asyncio.to_thread(work, Progress("steps"))
        await working()
        async with get_client() as client:
            of_run = ArtifactFilterFlowRunId(any_=[flow_run.id])
            of_bars = ArtifactFilterType(any_=["progress"])
            found = await client.read_artifacts(artifact_filter=ArtifactFilter(flow_run_id=of_run, type=of_bars))
        return sorted((bar.description, float(bar.data)) for bar in found)

    assert asyncio.run(long_work()) == [("steps", 100.0), ("steps of a task", 100.0)]
