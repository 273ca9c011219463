"""One country report on demand: the flow in a warm process, and the command, each against the bare renderer.

Run `python -m tests.benchmarks.on_demand [--pairs 5]`. Warm: the flow `build-report` in a process that has run it once,
on a Prefect server beside it whose processor time counts, against laying out the same page in that process. Cold: the
command `policydiff build` against a script that imports the renderer and lays out the page. The flow and the command
also compare, attach, seal and check.
"""

import argparse
import asyncio
import json
import os
import statistics
import tempfile
import time
from pathlib import Path

from flows import settings
from flows.build import Evidence
from flows.parameters import ReportParameters
from reports import render
from tests.benchmarks.batch import DAY, Cost, cost, prefect_server, seconds_used

_ME = "tests.benchmarks.on_demand"
_SCRIPT = """import sys, weasyprint
from reports import render
render.pdf(open(sys.argv[1], encoding="utf-8").read(), "0" * 64)
"""


def parameters(out: Path) -> ReportParameters:
    """Return what is asked for."""
    return ReportParameters(report="country", countries=["GTM"], as_of=DAY, formats=["pdf"], out=out)


def run_warm(folder: Path, pairs: int) -> None:
    """Print, for each pair, the seconds of the flow and of the bare renderer in this process: wall and processor."""
    from flows.build_report import build_report

    page = (folder / "page.html").read_text(encoding="utf-8")

    async def measured() -> list[dict[str, float]]:
        await build_report(parameters(folder / "warm"))
        found = []
        for _ in range(pairs):
            used, started = seconds_used(), time.perf_counter()
            await build_report(parameters(folder / "warm"))
            flow, flow_wall = seconds_used() - used, time.perf_counter() - started
            used, started = seconds_used(), time.perf_counter()
            render.pdf(page, "0" * 64)
            bare, bare_wall = seconds_used() - used, time.perf_counter() - started
            found.append({"flow": flow, "flow wall": flow_wall, "bare": bare, "bare wall": bare_wall})
        return found

    print(json.dumps(asyncio.run(measured())))


def compare(pairs: int) -> None:
    """Run the sides in turn and print what they took."""
    with tempfile.TemporaryDirectory() as kept, prefect_server(Path(kept)) as (server, environment):
        folder = Path(kept)
        made = Evidence.in_force(settings.load()).edition(parameters(folder), folder, lambda _: None)
        (folder / "page.html").write_text(render.html(made), encoding="utf-8")
        (folder / "script.py").write_text(_SCRIPT, encoding="utf-8")
        named = {**environment, "POLICYDIFF_HOME": str(folder / "home"), "PYTHONPATH": str(Path.cwd())}
        warm = cost(["-m", _ME, "--side", "warm", "--folder", kept, "--pairs", str(pairs)], named, server)
        without_server = {name: value for name, value in named.items() if name != "PREFECT_API_URL"}
        words = ["build", "--report", "country", "--country", "GTM", "--as-of", DAY, "--format", "pdf", "--out", kept]
        sides: dict[str, list[Cost]] = {"command": [], "script": []}
        for _ in range(pairs):
            sides["command"].append(cost(["-m", "flows.cli", *words], without_server))
            sides["script"].append(cost([str(folder / "script.py"), str(folder / "page.html")], without_server))
    print(f"{pairs} pairs, load {os.getloadavg()[0]:.1f} at the end")
    found = json.loads(warm.said.strip().splitlines()[-1])
    for what in ("", " wall"):
        flow, bare = (statistics.median(one[f"{side}{what}"] for one in found) for side in ("flow", "bare"))
        ratio = statistics.median(one[f"flow{what}"] / one[f"bare{what}"] for one in found)
        print(f"warm{what}: flow {flow:.2f} s, bare {bare:.2f} s, {ratio:.2f}; target: 1.25")
    for what in ("cpu", "wall"):
        command, script = (statistics.median(getattr(one, what) for one in costs) for costs in sides.values())
        ratio = statistics.median(
            getattr(ours, what) / getattr(theirs, what)
            for ours, theirs in zip(sides["command"], sides["script"], strict=True)
        )
        print(f"cold {what}: command {command:.2f} s, script {script:.2f} s, {ratio:.2f}; target: 1.30")


def main() -> None:
    """Compare the sides, or be the warm process."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--side", choices=["warm"])
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    if given.side:
        run_warm(given.folder, given.pairs)
    else:
        compare(given.pairs)


if __name__ == "__main__":
    main()
