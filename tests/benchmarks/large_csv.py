"""Time and memory of reading a large CSV file strictly, against pyarrow's reader alone.

Run `python -m tests.benchmarks.large_csv [rows] [pairs]`. An invented file in CBP's layout is written to a temporary
file. Each side runs in a child process of its own, in turn, and reports its seconds, its processor time and its peak of
memory above what it had after its imports. Ours reads text as it stands, checks encoding and columns, numbers the rows
and turns one column into counts; pyarrow's guesses what each column is, with its default options
(as many threads as there are cores) and in one thread.
"""

import json
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

COLUMNS = (
    *("Fiscal Year", "Month (abbv)", "Land Border Region", "Area of Responsibility", "Demographic"),
    *("Citizenship", "Title of Authority", "Encounter Count"),
)
CHOICES = (
    ("2023", "2024", "2025", "2026 (FYTD)"),
    ("OCT", "NOV", "DEC", "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP"),
    ("Southwest Land Border", "Northern Land Border", "Other"),
    ("Rio Grande Valley Sector", "Laredo Field Office", "Miami Field Office", "Buffalo Field Office"),
    ("Single Adults", "FMUA", "Accompanied Minors", "UC / Single Minors"),
    ("GUATEMALA", "HONDURAS", "VENEZUELA", '"CHINA, PEOPLES REPUBLIC OF"', "MYANMAR (BURMA)"),
    ("Title 8", "Title 42"),
)


def write(path: Path, rows: int) -> None:
    """Write a file of so many rows, the same each time."""
    chance = random.Random(1)
    with path.open("w", encoding="utf-8") as file:
        file.write(",".join(COLUMNS) + "\n")
        for _ in range(rows):
            file.write(",".join(chance.choice(cells) for cells in CHOICES) + f",{chance.randrange(1, 20_000)}\n")


def _peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _child(side: str, path: Path) -> dict[str, float]:
    """Run one side in this process; return its seconds, its bytes above the imports and the rows it read."""
    # Both sides start from the same imports.
    import pyarrow.csv

    from sources import tables
    from sources.snapshots import Snapshot

    now = datetime(2026, 1, 15, tzinfo=UTC)
    with path.open("rb") as file:
        before, started, started_here = _peak_bytes(), time.perf_counter(), time.process_time()
        if side == "ours":
            snapshot = Snapshot(source_id="cbp_encounters", key="csv", url="", retrieved=now, sha256="", file=file)
            quarantine = tables.Quarantine(snapshot)
            frame = tables.read_csv(snapshot, {name: name for name in COLUMNS}, quarantine)
            frame = tables.numbers(frame, "Encounter Count", quarantine)
            rows, total = len(frame), float(frame["Encounter Count"].sum())
        else:
            table = pyarrow.csv.read_csv(file, pyarrow.csv.ReadOptions(use_threads=side == "pyarrow"))
            rows, total = table.num_rows, float(table["Encounter Count"].to_numpy().sum())
        seconds, processor = time.perf_counter() - started, time.process_time() - started_here
    return {"seconds": seconds, "processor": processor, "bytes": _peak_bytes() - before, "rows": rows, "total": total}


def _run(side: str, path: Path) -> dict[str, float]:
    command = [sys.executable, "-m", "tests.benchmarks.large_csv", side, str(path)]
    found: dict[str, float] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return found


def main(rows: int, pairs: int) -> None:
    """Measure both sides in turn and print their medians and ratios."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "large.csv"
        write(path, rows)
        print(f"{path.stat().st_size / 1e6:.0f} MB, {rows:,} rows, {pairs} pairs")
        runs: dict[str, list[dict[str, float]]] = {"ours": [], "pyarrow": [], "pyarrow in one thread": []}
        for _ in range(pairs):
            for side, of_side in runs.items():
                of_side.append(_run(side, path))
    if len({(run["rows"], run["total"]) for of_side in runs.values() for run in of_side}) != 1:
        raise SystemExit("the sides did not read the same")
    medians = {
        (side, name): statistics.median(run[name] for run in of_side)
        for side, of_side in runs.items()
        for name in ("seconds", "processor")
    }
    for side, of_side in runs.items():
        peak = max(run["bytes"] for run in of_side) / (1 << 20)
        print(
            f"{side:>21}: {medians[side, 'seconds']:.3f} s, {medians[side, 'processor']:.3f} s of processor, "
            f"peak {peak:.0f} MiB above imports"
        )
    for side in ("pyarrow", "pyarrow in one thread"):
        ratios = [medians["ours", name] / medians[side, name] for name in ("seconds", "processor")]
        print(f"ours / {side}: {ratios[0]:.2f} (processor {ratios[1]:.2f})")
    print("target: 1.5 x")


if __name__ == "__main__":
    given = sys.argv[1:]
    if given and not given[0].isdigit():
        print(json.dumps(_child(given[0], Path(given[1]))))
    else:
        main(int(given[0]) if given else 200_000, int(given[1]) if len(given) > 1 else 5)
