"""Reports on Prefect's task runners: the same bytes as on one process, whatever becomes of a worker."""

import asyncio
import multiprocessing
import pickle
import socket
import sys
from contextlib import closing
from dataclasses import replace
from types import SimpleNamespace

import dask
import distributed
import pytest
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId, TaskRunFilter
from prefect.runtime import flow_run

from flows import runners, settings
from flows.batch import Order, build_each, making, on_processes
from flows.build import Evidence
from flows.parameters import ReportParameters
from flows.runners import NoWorkers, WorkerUnfit, build_batch
from flows.settings import BuildSettings
from sources.countries import PLACES
from sources.errors import BadInput

pytestmark = [
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    # A worker that is killed leaves its log behind.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


@pytest.fixture
def evidence(book, tmp_path):
    """Return a function that gives the shipped evidence, with a store of a name of its own."""

    def named(name):
        return Evidence(configured=settings.load().model_copy(update={"store": str(tmp_path / name)}), book=book)

    return named


@pytest.fixture
def nowhere():
    """Return the address of a port that nobody listens on."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return f"tcp://127.0.0.1:{probe.getsockname()[1]}"


def order(country, *formats, report="country", language="en"):
    parameters = ReportParameters(
        report=report, countries=[country], language=language, as_of="2026-11-24", formats=list(formats)
    )
    name = f"{country}_{language}"
    return Order(name=name, parameters=parameters, folder=f"releases/a/{name}", editions_in="releases/a")


def files(folder):
    """Return the bytes of every file of a release by its name."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("releases/**/*.*")}


def built(orders, evidence, build, hear=lambda _: None):
    """Build in a flow on the runner that the settings name; return what was built and how many tasks were tracked."""

    @flow
    async def building() -> tuple[object, int]:
        given = evidence.configured.model_copy(update={"build": build})
        results = await asyncio.to_thread(lambda: dict(build_each(orders, evidence, hear, runners.of(given))))
        async with get_client() as client:
            wanted = FlowRunFilter(id=FlowRunFilterId(any_=[flow_run.id]))
            found = await client.read_task_runs(flow_run_filter=wanted, task_run_filter=TaskRunFilter())
        return results, len(found)

    return asyncio.run(building())


def kill_a_child_at(moment):
    """Return what listens to a build and kills a process that this one started once it hears so many are done."""

    def hear(message):
        if message.startswith(moment):
            multiprocessing.active_children()[0].kill()

    return hear


@pytest.mark.usefixtures("server")
def test_a_cluster_that_loses_a_worker_builds_the_bytes_of_one_process(evidence, tmp_path):
    # A two-page PDF in every second batch of five.
    places, heavy = list(PLACES), {0: "pdf", 5: "html", 10: "pdf", 20: "pdf", 30: "pdf"}
    orders = [
        order(place, heavy.get(20 * half + number, "csv"), "json", report="brief", language=language)
        for half, language in enumerate(("es", "pt"))
        for number, place in enumerate(places[:20])
    ]
    assert len(orders) == 40
    one = dict(build_each(orders, evidence("one"), lambda _: None, on_processes(1)))
    cluster = BuildSettings(runner="dask", workers=2)
    shared, tasks = built(orders, evidence("shared"), cluster, kill_a_child_at("5 of 40"))
    # What the lost worker had finished is found by the one that has its batch now, and not made again.
    assert {name: replace(found, is_new=True) for name, found in shared.items()} == one
    assert files(tmp_path / "shared") == files(tmp_path / "one")
    # Four batches for each worker, however many reports.
    assert tasks == 8


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize("runner", ["prefect-threads", "prefect-processes"])
def test_threads_and_processes_of_prefect_build_the_bytes_of_one_process(evidence, tmp_path, runner):
    orders = [order(place, "csv", "json") for place in ("GTM", "MEX", "COL")]
    one = dict(build_each(orders, evidence("one"), lambda _: None, on_processes(1)))
    shared, tasks = built(orders, evidence("shared"), BuildSettings(runner=runner, workers=1))
    assert shared == one
    assert files(tmp_path / "shared") == files(tmp_path / "one")
    assert tasks == 3


@pytest.mark.usefixtures("server")
def test_a_cluster_of_ray_builds_the_bytes_of_one_process(evidence, tmp_path):
    pytest.importorskip("prefect_ray", reason="the extra ray is not installed: pip install policydiff[ray]")
    orders = [order("GTM", "pdf", "json", report="brief"), *(order(place, "csv", "json") for place in ("MEX", "COL"))]
    one = dict(build_each(orders, evidence("one"), lambda _: None, on_processes(1)))
    shared, tasks = built(orders, evidence("shared"), BuildSettings(runner="ray", workers=2))
    assert shared == one
    assert files(tmp_path / "shared") == files(tmp_path / "one")
    assert tasks == 3


@pytest.mark.usefixtures("server")
def test_what_a_killed_process_of_prefect_leaves_is_built_here(evidence, caplog):
    orders = [order(place, "csv", "json") for place in ("GTM", "MEX", "COL")]
    with caplog.at_level("WARNING"):
        shared, _ = built(
            orders, evidence("shared"), BuildSettings(runner="prefect-processes", workers=1), kill_a_child_at("1 of 3")
        )
    assert [name for name, one in shared.items() if one.stopped] == []
    assert len(shared) == 3
    assert "reports 3 to 3 of 3: their worker was lost" in caplog.text


@pytest.mark.usefixtures("server")
def test_a_scheduler_that_runs_is_asked_how_many_workers_it_has(evidence):
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, protocol="tcp", dashboard_address="127.0.0.1:0"
    ) as cluster:
        there = BuildSettings(runner="dask", address=cluster.scheduler_address)
        shared, tasks = built([order("GTM", "csv", "json")], evidence("shared"), there)
    assert shared["GTM_en"].files
    assert tasks == 1


@pytest.mark.usefixtures("server")
def test_a_scheduler_that_does_not_answer_is_named(evidence, nowhere):
    with dask.config.set({"distributed.comm.timeouts.connect": "1s"}), pytest.raises(NoWorkers, match=nowhere):
        built([order("GTM", "csv", "json")], evidence("a"), BuildSettings(runner="dask", address=nowhere))


@pytest.mark.usefixtures("server")
def test_nothing_to_build_starts_no_worker(evidence, nowhere):
    assert built([], evidence("a"), BuildSettings(runner="dask", address=nowhere)) == ({}, 0)


def test_a_worker_with_other_code_is_unfit():
    with pytest.raises(WorkerUnfit, match="install the same version"):
        build_batch.fn("reports 1 to 1 of 1", pickle.dumps([]), b"", "0" * 64)


def test_a_worker_that_may_start_no_process_says_how_it_may(monkeypatch):
    monkeypatch.setattr(multiprocessing, "current_process", lambda: SimpleNamespace(daemon=True))
    with pytest.raises(WorkerUnfit, match="DASK_DISTRIBUTED__WORKER__DAEMON=False"):
        build_batch.fn("reports 1 to 1 of 1", pickle.dumps([]), b"", making())


@pytest.mark.parametrize("runner", ["dask", "ray"])
def test_a_runner_without_its_package_says_what_to_install(monkeypatch, runner):
    monkeypatch.setitem(sys.modules, f"prefect_{runner}.task_runners", None)
    given = settings.load().model_copy(update={"build": BuildSettings(runner=runner)})
    with pytest.raises(BadInput, match=rf"build\.runner.*policydiff\[{runner}\]"):
        runners.of(given)


@pytest.mark.parametrize(
    ("key", "lines"),
    [
        ("build.runner", 'runner = "threads"'),
        ("build.workers", "workers = -1"),
        ("build.address", 'runner = "dask"\naddress = "scheduler"'),
        ("build.address", 'runner = "dask"\naddress = "tcp://scheduler:port"'),
        ("build.address", 'address = "tcp://scheduler:8786"'),
        ("build.address", 'runner = "ray"\naddress = "tcp://cluster:10001"'),
        # The store in the home of this machine is none that others reach.
        ("store", 'runner = "dask"\naddress = "tcp://scheduler:8786"'),
    ],
)
def test_a_runner_that_cannot_be_is_refused_with_its_key(tmp_path, monkeypatch, key, lines):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "policydiff.toml").write_text(f"[build]\n{lines}\n", encoding="utf-8")
    with pytest.raises(BadInput, match=rf"policydiff\.toml.*\b{key}\b"):
        settings.load()


def test_a_scheduler_beside_a_store_that_is_shared_is_taken(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "policydiff.toml").write_text(
        'store = "s3://reports/store"\n[build]\nrunner = "dask"\naddress = "tls://scheduler:8786"\nworkers = 16\n',
        encoding="utf-8",
    )
    assert settings.load().build == BuildSettings(runner="dask", address="tls://scheduler:8786", workers=16)
