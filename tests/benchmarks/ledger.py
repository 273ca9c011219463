"""How long questions to a large ledger take, and the steps of sending in it.

Run `python -m tests.benchmarks.ledger [deliveries] [repeats]`. A ledger of that many deliveries in ten releases is made,
all sent but those of the last release, with the journal of their final dots; then each question is asked anew, with the
ledger opened for it as the command does. Medians in milliseconds; the whole command in turn with one that does nothing.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from flows.delivery.ledger import Ledger, Planned, State

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
LEASE = timedelta(minutes=5)
RELEASES = 10
AT_ONCE = 200


def opened(home: Path) -> Ledger:
    """Return the ledger in a folder."""
    return Ledger(f"sqlite:///{home / 'ledger.db'}", home / "ledger.journal", "benchmark", NOON)


def fill(home: Path, deliveries: int) -> None:
    """Plan and freeze the deliveries, and send all but the last release as a sender does, without its waits."""
    with closing(opened(home)) as ledger:
        for release in range(RELEASES):
            items = [
                Planned(
                    edition=f"2026-W{release + 10}",
                    report="country_GTM_es_a4_0123abcd",
                    recipient=f"reader{number}@example.org",
                    expires=NOON + timedelta(days=3),
                    edition_id="e" * 64,
                    file_sha256=f"report.pdf:{'a' * 64}",
                )
                for number in range(deliveries // RELEASES)
            ]
            for first in range(0, len(items), AT_ONCE):
                some = items[first : first + AT_ONCE]
                ledger.plan(some, NOON)
                ledger.freeze({item.key: [item.key.encode(), b"shared" * 100] for item in some}, NOON)
            is_last = release == RELEASES - 1
            while not is_last and (claimed := ledger.claim(items[0].edition, frozenset(), NOON, LEASE)):
                ledger.commit(claimed.key, NOON, LEASE)
                ledger.settle(claimed.key, State.ACCEPTED, NOON + timedelta(minutes=release), "250 taken", 250)


def milliseconds(ask: Callable[[], object], repeats: int) -> float:
    """Return the median time of an action."""
    taken = []
    for _ in range(repeats):
        started = time.perf_counter()
        ask()
        taken.append(time.perf_counter() - started)
    return 1000 * statistics.median(taken)


def main(deliveries: int, repeats: int) -> None:
    """Fill a ledger and print the median of each question."""
    memory = Path("/dev/shm")
    # A disk's waits for each of the many steps would take an hour; what is asked afterwards is in memory anyway.
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        home = Path(folder)
        started = time.perf_counter()
        fill(home, deliveries)
        print(f"{deliveries} deliveries made in {time.perf_counter() - started:.0f} s")
        print(f"database {(home / 'ledger.db').stat().st_size >> 20} MiB", end=", ")
        print(f"journal {(home / 'ledger.journal').stat().st_size >> 20} MiB")

        def asked(question: Callable[[Ledger], object]) -> Callable[[], None]:
            def ask() -> None:
                with closing(opened(home)) as ledger:
                    question(ledger)

            return ask

        last, reader = f"2026-W{RELEASES + 9}", "reader77@example.org"
        questions: dict[str, Callable[[Ledger], object]] = {
            "open": lambda _: None,
            "the newest 200": lambda ledger: ledger.deliveries(limit=200),
            "a release, the newest 200": lambda ledger: ledger.deliveries(edition="2026-W12", limit=200),
            "a whole release": lambda ledger: ledger.deliveries(edition="2026-W12"),
            "a recipient": lambda ledger: ledger.deliveries(recipient=reader),
            "unknown": lambda ledger: ledger.deliveries(states=[State.UNKNOWN], limit=200),
            "accepted, the newest 200": lambda ledger: ledger.deliveries(states=[State.ACCEPTED], limit=200),
            "the history of one": lambda ledger: ledger.events(ledger.find(ledger.deliveries(limit=1)[0].key[:12])),
            "tally": lambda ledger: ledger.tally(last),
            "is it finished": lambda ledger: ledger.is_finished(last),
        }
        for name, question in questions.items():
            print(f"{name}: {milliseconds(asked(question), repeats):.0f} ms")
        with closing(opened(home)) as ledger:
            print(f"next due: {milliseconds(lambda: ledger.next_due(last), repeats):.1f} ms")
            claim = milliseconds(lambda: ledger.claim(last, frozenset(), NOON, LEASE), repeats)
            print(f"claim, {deliveries // RELEASES} waiting: {claim:.1f} ms")
        environment = {**os.environ, "POLICYDIFF_HOME": folder}
        command = [sys.executable, "-m", "flows.cli"]
        for words in (["--help"], ["list", "deliveries", "--to", reader], ["list", "deliveries", "--unknown"]):
            run = [*command, *words]
            times = milliseconds(lambda run=run: subprocess.run(run, env=environment, capture_output=True), 5)
            print(f"policydiff {' '.join(words)}: {times:.0f} ms")


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:3] or (100_000, 7)))
