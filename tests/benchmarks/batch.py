"""A release of many country reports through the flow against a bare fork pool of the renderer.

Run `python -m tests.benchmarks.batch [--reports 100] [--pairs 5] [--few 10]`. The flow is `pipeline` on a Prefect
server that runs beside it, whose processor time counts. The bare pool is forked by a process that has imported the
renderer and lays out the same pages, made before: `layout`; it makes neither pages nor attachments and checks nothing.
`whole` is the same pool making each whole PDF from the evidence in memory, unchecked. The sides run in turn on all
processors. Then the flow builds `few` reports once, to compare its peak of memory.
"""

import argparse
import asyncio
import ctypes
import json
import multiprocessing
import os
import resource
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import islice, product
from pathlib import Path

from flows import settings
from flows.build import Evidence
from flows.parameters import ReportParameters
from reports import archive, publish, render
from sources.countries import PLACES
from tests.make import subscribed

DAY = "2026-11-24"
RELEASE = "2026-W48"
_PR_SET_CHILD_SUBREAPER = 36
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a side took: seconds of processor time and of wall time, the peak of one worker in MiB, what it printed."""

    cpu: float
    wall: float
    worker_mebibytes: float
    said: str


def wanted(count: int) -> list[ReportParameters]:
    """Return parameters of so many distinct country reports."""
    every = product(("letter", "a4"), ("en", "es", "pt"), PLACES)
    return [
        ReportParameters(
            report="country", countries=[country], language=language, paper=paper, as_of=DAY, formats=["pdf", "json"]
        )
        for paper, language, country in islice(every, count)
    ]


def roster(reports: Iterable[ReportParameters]) -> str:
    """Return subscriptions that ask for each of the reports once."""
    return "".join(
        subscribed(
            f"reader{number}@example.org",
            countries=one.countries,
            formats=["pdf"],
            language=one.language,
            paper=one.paper,
        )
        for number, one in enumerate(reports)
    )


@contextmanager
def prefect_server(folder: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Run a Prefect server; give its process id and the environment of what talks to it."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **os.environ,
        "PREFECT_HOME": str(folder / "prefect"),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_LOGGING_LEVEL": "WARNING",
    }
    words = ["-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    server = subprocess.Popen(
        [sys.executable, *words], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    url = f"http://127.0.0.1:{port}/api"
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(f"{url}/health").close()
                break
            except OSError:
                time.sleep(1)
        yield server.pid, {**environment, "PREFECT_API_URL": url}
    finally:
        server.send_signal(signal.SIGINT)
        server.wait()


def home_of(folder: Path, reports: list[ReportParameters]) -> dict[str, str]:
    """Make a home with a roster of its own; return the variables that name it."""
    folder.mkdir(parents=True)
    (folder / "subscriptions.toml").write_text(roster(reports), encoding="utf-8")
    return {
        "POLICYDIFF_HOME": str(folder / "home"),
        "POLICYDIFF_SUBSCRIPTIONS": str(folder / "subscriptions.toml"),
        "POLICYDIFF_MAIL__SENDER": "reports@example.org",
    }


def cost(words: list[str], environment: dict[str, str], server: int | None = None) -> Cost:
    """Run a side with Python and return its cost, with what all of its processes and the server used."""
    # What a process leaves behind becomes a child of this one, which then knows what it used.
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    others, before, served, started, peak = _children(), _used(), _used_by(server), time.perf_counter(), 0.0
    side = subprocess.Popen([sys.executable, *words], env=environment, stdout=subprocess.PIPE, text=True)
    while side.poll() is None:
        peak = max(peak, _largest_worker())
        time.sleep(0.2)
    wall = time.perf_counter() - started
    while left := _children() - others:
        for process in left:
            os.waitpid(process, 0)
    assert side.returncode == 0, words
    assert side.stdout is not None
    cpu = _used() - before + _used_by(server) - served
    return Cost(cpu=cpu, wall=wall, worker_mebibytes=peak, said=side.stdout.read())


def seconds_used() -> float:
    """Return the processor time of this process and of the children that it has waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def _used() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _used_by(process: int | None) -> float:
    if process is None:
        return 0.0
    fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _children() -> set[int]:
    return set(map(int, Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()))


def _largest_worker() -> float:
    """Return what the largest process that lays out holds, in MiB."""
    largest = 0
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if b"forkserver" in (process / "cmdline").read_bytes():
                largest = max(largest, int((process / "statm").read_text().split()[1]))
        except OSError:
            # It has ended.
            continue
    return largest * resource.getpagesize() / 2**20


def run_flow(count: int) -> None:
    """Build the release through the flow and print how many runs and tasks the server tracked for it."""
    from prefect.client.orchestration import get_client

    from flows.pipeline import pipeline

    async def run() -> None:
        state = await pipeline(RELEASE, DAY, is_gathered=False, return_state=True)
        assert state.is_completed()
        async with get_client() as client:
            tasks, runs = await client.read_task_runs(limit=200), await client.read_flow_runs(limit=200)
        of_it = [task for task in tasks if task.flow_run_id == state.state_details.flow_run_id]
        print(json.dumps({"reports": count, "tasks": len(of_it), "runs": len(runs)}))

    asyncio.run(run())


def run_bare(pages: Path) -> None:
    """Lay out every page of a folder in a fork pool on all processors."""
    import weasyprint  # noqa: F401  (what a pool that forks imports once)

    with multiprocessing.get_context("fork").Pool() as pool:
        pool.map(_lay_out, sorted(pages.glob("*.html")), chunksize=1)


def _lay_out(page: Path) -> None:
    page.with_suffix(".pdf").write_bytes(render.pdf(page.read_text(encoding="utf-8"), page.stem))


def run_whole(count: int, out: Path) -> None:
    """Make every file from the evidence in a fork pool on all processors."""
    import weasyprint  # noqa: F401  (what a pool that forks imports once)

    global _evidence, _out
    _evidence, _out = Evidence.in_force(settings.load()), out
    with multiprocessing.get_context("fork").Pool() as pool:
        pool.map(_make, wanted(count), chunksize=1)


def _make(parameters: ReportParameters) -> None:
    made = _evidence.edition(parameters, Path(), lambda _: None)
    content = archive.enclose(render.pdf(render.html(made), made.id), made)
    publish.write(_out / f"{publish.file_stem(made)}.pdf", content)


# What the forked processes of the bare pool share.
_evidence: Evidence
_out: Path


def write_pages(count: int, folder: Path) -> None:
    """Write the pages that the bare pool lays out."""
    folder.mkdir()
    evidence = Evidence.in_force(settings.load())
    for number, parameters in enumerate(wanted(count)):
        made = evidence.edition(parameters, Path(), lambda _: None)
        (folder / f"{number:04}.html").write_text(render.html(made), encoding="utf-8")


def main() -> None:
    """Compare the sides, or be one of them."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--reports", type=int, default=100)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--few", type=int, default=10)
    parser.add_argument("--side", choices=["flow", "layout", "whole"])
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    match given.side:
        case "flow":
            run_flow(given.reports)
        case "layout":
            run_bare(given.folder)
        case "whole":
            run_whole(given.reports, given.folder)
        case None:
            compare(given.reports, given.pairs, given.few)


def compare(reports: int, pairs: int, few: int) -> None:
    """Run the sides in turn and print what they took."""
    with tempfile.TemporaryDirectory() as kept, prefect_server(Path(kept)) as (server, environment):
        folder, me = Path(kept), "tests.benchmarks.batch"
        write_pages(reports, folder / "pages")

        def flow(name: str, count: int) -> Cost:
            named = {**environment, **home_of(folder / name, wanted(count))}
            return cost(["-m", me, "--side", "flow", "--reports", str(count)], named, server)

        sides: dict[str, list[Cost]] = {"flow": [], "layout": [], "whole": []}
        for pair in range(pairs):
            sides["flow"].append(flow(f"flow-{pair}", reports))
            sides["layout"].append(cost(["-m", me, "--side", "layout", "--folder", str(folder / "pages")], environment))
            words = ["-m", me, "--side", "whole", "--reports", str(reports), "--folder", str(folder / "whole")]
            sides["whole"].append(cost(words, environment))
        small = flow("few", few)
    print(f"{reports} reports, {pairs} pairs, load {os.getloadavg()[0]:.1f} at the end")
    for name, costs in sides.items():
        cpu, wall = (statistics.median(getattr(one, what) for one in costs) for what in ("cpu", "wall"))
        print(f"{name:8}{cpu:8.1f} s processor{wall:8.1f} s wall{cpu / reports:8.2f} s a report")
    for name in ("layout", "whole"):
        for what in ("cpu", "wall"):
            together = zip(sides["flow"], sides[name], strict=True)
            ratio = statistics.median(getattr(ours, what) / getattr(theirs, what) for ours, theirs in together)
            print(f"flow / {name}, {what}: {ratio:.2f}; target: 1.10")
    many = statistics.median(one.worker_mebibytes for one in sides["flow"])
    print(f"largest worker: {many:.0f} MiB; {few} reports: {small.worker_mebibytes:.0f}", end=" MiB; ")
    print(f"{many / small.worker_mebibytes:.2f}; targets: 120 MiB, 1.10")
    print(f"tracked: {sides['flow'][0].said.strip()}, {small.said.strip()}")


if __name__ == "__main__":
    main()
