"""A release that is run again: with nothing changed, and with evidence changed for one country.

Run `python -m tests.benchmarks.unchanged [--reports 100] [--pairs 5]`. Each pair is a full build through the flow
`pipeline`, on a Prefect server that runs beside it and whose processor time counts; the same flow again; the same
without Prefect; and once more without Prefect after one statement about Guatemala alone was put in other words. The
steps of a pair follow each other, since each needs the one before. A process of its own does each, imports and all.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
from datetime import date
from pathlib import Path

from flows import deliver, settings
from tests.benchmarks import batch
from tests.benchmarks.batch import Cost, cost, home_of, prefect_server, wanted

COUNTRY = "GTM"
_ME = "tests.benchmarks.unchanged"


def run_bare() -> None:
    """Build the release without Prefect; print how many reports were made and whether the renderer was imported."""
    told: list[str] = []
    given = settings.load()
    release = deliver.releases(given).begin(batch.RELEASE, date.fromisoformat(batch.DAY))
    deliver.build_all(given, release, told.append)
    # The first line says how many; one more follows for each.
    print(json.dumps({"built": told[0], "renderer imported": "weasyprint" in sys.modules}))


def run_changed() -> None:
    """Build the release without Prefect from evidence that says one thing about one country in other words."""
    from flows import evidence
    from tests.flows.test_batch import with_other_text

    kept = evidence.load
    evidence.load = lambda given: with_other_text(kept(given), COUNTRY)
    given = settings.load()
    release = deliver.releases(given).begin(batch.RELEASE, date.fromisoformat(batch.DAY))
    deliver.build_all(given, release, lambda _: None)
    now = deliver.releases(given).open(batch.RELEASE)
    other = [name for name, one in now.built.items() if one.edition_id != release.built[name].edition_id]
    print(json.dumps({"made anew": len(other), "about the country": sum(COUNTRY in name for name in other)}))


def compare(reports: int, pairs: int) -> None:
    """Run the steps of each pair and print what they took."""
    steps: dict[str, list[Cost]] = {"full": [], "again": [], "again without Prefect": [], "one country changed": []}
    flow = ["-m", "tests.benchmarks.batch", "--side", "flow", "--reports", str(reports)]
    with tempfile.TemporaryDirectory() as folder, prefect_server(Path(folder)) as (server, environment):
        for pair in range(pairs):
            named = {**environment, **home_of(Path(folder) / f"pair-{pair}", wanted(reports))}
            steps["full"].append(cost(flow, named, server))
            steps["again"].append(cost(flow, named, server))
            steps["again without Prefect"].append(cost(["-m", _ME, "--side", "bare"], named))
            steps["one country changed"].append(cost(["-m", _ME, "--side", "changed"], named))
    print(f"{reports} reports, {pairs} pairs, load {os.getloadavg()[0]:.1f} at the end")
    for name, costs in steps.items():
        cpu = statistics.median(one.cpu for one in costs)
        share = statistics.median(one.cpu / full.cpu for one, full in zip(costs, steps["full"], strict=True))
        print(f"{name:22}{cpu:8.2f} s processor{100 * share:8.2f} %  {costs[0].said.strip()}")
    print("targets: again 2 %, without Prefect 0.5 %")


def main() -> None:
    """Compare the steps, or be one of them."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--reports", type=int, default=100)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--side", choices=["bare", "changed"])
    given = parser.parse_args()
    match given.side:
        case "bare":
            run_bare()
        case "changed":
            run_changed()
        case None:
            compare(given.reports, given.pairs)


if __name__ == "__main__":
    main()
