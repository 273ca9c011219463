"""Reports on Prefect's task runners: in threads or processes of this machine, or by the workers of Dask or Ray.

One tracked task builds a batch of reports and returns what was built of each, never a file: files go to the store.
Whatever runs a task, its reports are laid out in a process that it starts for them, within the limits of every build:
the renderer is not safe in threads, and what exceeds its limits must not take the worker along.

A worker is given the evidence with the orders. It needs the store, and the same tools, typefaces and code.
"""

import multiprocessing
import os
import pickle
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.task_runners import ProcessPoolTaskRunner, TaskRunner, ThreadPoolTaskRunner

from flows import settings
from flows.batch import Built, Needed, Runner, making, on_processes, packed, within_limits
from flows.build import Evidence
from flows.settings import RunnerName, Settings
from sources.errors import BadInput, Fault, PolicydiffError

# So many batches for each worker: all end at about the same time, and what Prefect costs stays small.
_BATCHES_A_WORKER = 4
_MOST_REPORTS_A_BATCH = 25


class NoWorkers(PolicydiffError):
    """No cluster answers, or none of its workers: start them, or choose another runner."""


class WorkerUnfit(PolicydiffError):
    """A worker would make other files than this machine, or may not start processes: set it up as this machine is."""


def of(given: Settings) -> Runner:
    """Return what builds reports by the settings.

    Raises BadInput if that needs a package that is not installed.
    """
    count = given.build.workers or os.cpu_count() or 1
    match given.build.runner:
        case RunnerName.PROCESSES:
            return on_processes(given.build.workers)
        case RunnerName.PREFECT_THREADS:
            return _on(lambda: ThreadPoolTaskRunner(max_workers=count), count)
        case RunnerName.PREFECT_PROCESSES:
            return _on(lambda: ProcessPoolTaskRunner(max_workers=count), count)
        case RunnerName.DASK:
            return _on_dask(given.build.address, given.build.workers)
        case RunnerName.RAY:
            return _on_ray(given.build.address, given.build.workers)


def _on(made: Callable[[], TaskRunner[Any]], count: int) -> Runner:
    """Return what builds on the workers of a task runner made anew for each release."""
    return lambda needed, evidence: _shared(needed, evidence, made(), lambda: count)


def _on_dask(address: str, count: int) -> Runner:
    """Return what builds on the workers of a Dask scheduler, or of a cluster on this machine if there is no address."""
    try:
        import dask
        from prefect_dask.task_runners import DaskTaskRunner
    except ImportError as error:
        raise _without(RunnerName.DASK) from error

    def threads(runner: DaskTaskRunner) -> int:
        try:
            found = sum(runner.client.nthreads().values())  # type: ignore[no-untyped-call]
        except OSError as error:
            raise NoWorkers(f"no Dask scheduler answers at {address}: {error}") from error
        if not found:
            raise NoWorkers(f"no worker is connected to the Dask scheduler at {address}")
        return found

    def build(needed: Sequence[Needed], evidence: Evidence) -> Iterator[tuple[str, Built]]:
        if address:
            runner = DaskTaskRunner(address=address)
            yield from _shared(needed, evidence, runner, lambda: count or threads(runner))
            return
        here = count or os.cpu_count() or 1
        # Only this run may talk to the workers, nobody else sees their page, and they may start processes.
        page = "127.0.0.1:0"
        cluster = {"n_workers": here, "threads_per_worker": 1, "dashboard_address": page, "security": True}
        with dask.config.set({"distributed.worker.daemon": False}):
            yield from _shared(needed, evidence, DaskTaskRunner(cluster_kwargs=cluster), lambda: here)

    return build


def _on_ray(address: str, count: int) -> Runner:
    """Return what builds on a Ray cluster, or on one of this machine if there is no address."""
    try:
        import ray
        from prefect_ray.task_runners import RayTaskRunner
    except ImportError as error:
        raise _without(RunnerName.RAY) from error

    def build(needed: Sequence[Needed], evidence: Evidence) -> Iterator[tuple[str, Built]]:
        if address:
            runner = RayTaskRunner(address=address)
            try:
                yield from _shared(needed, evidence, runner, lambda: count or int(ray.cluster_resources()["CPU"]))
            except ConnectionError as error:
                raise NoWorkers(f"no Ray cluster answers at {address}: {error}") from error
            return
        here = count or os.cpu_count() or 1
        # Nobody is to look at it, and it is gone with the release.
        cluster = {"num_cpus": here, "include_dashboard": False}
        yield from _shared(needed, evidence, RayTaskRunner(init_kwargs=cluster), lambda: here)

    return build


def _without(runner: RunnerName) -> BadInput:
    """Return what is wrong where a runner is wanted whose package is not installed."""
    expected = f"the extra {runner} (pip install policydiff[{runner}])"
    return BadInput([Fault(file=str(settings.FILE), path="build.runner", found=runner, expected=expected)])


def _shared(
    needed: Sequence[Needed], evidence: Evidence, task_runner: TaskRunner[Any], count: Callable[[], int]
) -> Iterator[tuple[str, Built]]:
    """Build on the workers of a task runner, a batch in each task; `count` says how many it does at once when started.

    Dask and Ray give what a worker that died had under way to another. What a runner loses for good is built here.
    """
    if not needed:
        return
    carried, made_with = packed(evidence), making()
    with task_runner as runner:
        runs = []
        for first, batch in _batches(needed, count()):
            title = f"reports {first} to {first + len(batch) - 1} of {len(needed)}"
            # As bytes, since Prefect looks through anything else for the results of other tasks.
            given = {"title": title, "needed": pickle.dumps(batch), "carried": carried, "made_with": made_with}
            runs.append((title, batch, runner.submit(build_batch, given)))
        for title, batch, run in runs:
            try:
                built = run.result()
            except BrokenProcessPool:
                get_run_logger().warning("%s: their worker was lost, and they are built here", title)
                yield from within_limits(batch, carried, 1)
            else:
                yield from built


def _batches(needed: Sequence[Needed], workers: int) -> Iterator[tuple[int, Sequence[Needed]]]:
    """Give the reports in batches, each with the number of its first report, counted from 1."""
    size = min(-(-len(needed) // (workers * _BATCHES_A_WORKER)), _MOST_REPORTS_A_BATCH)
    for start in range(0, len(needed), size):
        yield start + 1, needed[start : start + size]


# Not tried again by Prefect: the same reports end the same way, and what a lost worker leaves is seen to.
@task(name="build-batch", task_run_name="{title}", retries=0, cache_policy=NO_CACHE, persist_result=False)
def build_batch(title: str, needed: bytes, carried: bytes, made_with: str) -> list[tuple[str, Built]]:  # noqa: ARG001
    """Build reports one after another, in a process with limits that this one starts.

    `title` names the task's run, `needed` are the pickled reports, `carried` is the evidence as `packed` gives it.
    Raises WorkerUnfit if this worker would make other files than whoever ordered them, or may start no process.
    """
    if making() != made_with:
        raise WorkerUnfit("a worker has other tools, typefaces or code than the run: install the same version on both")
    if multiprocessing.current_process().daemon:
        raise WorkerUnfit("a Dask worker may start no process: start it with DASK_DISTRIBUTED__WORKER__DAEMON=False")
    return list(within_limits(pickle.loads(needed), carried, 1))
