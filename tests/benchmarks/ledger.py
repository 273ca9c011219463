"""How long questions to a large ledger take, and the steps of sending in it.

Run `python -m tests.benchmarks.ledger [deliveries] [repeats]`. A ledger of that many deliveries in a hundred releases
is made, all sent but those of the last release, with seven events each and the journal of their final dots; then each
question is asked anew, with the ledger opened for it as the command does. Medians in milliseconds.
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
from itertools import pairwise
from pathlib import Path

import sqlalchemy as sa

from flows.delivery import ledger as ledger_module
from flows.delivery.ledger import Ledger, Planned, State

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
LEASE = timedelta(minutes=5)
RELEASES = 100
STEPS = (State.PLANNED, State.READY, State.CLAIMED, State.DEFERRED, State.CLAIMED, State.COMMITTING, State.ACCEPTED)
LAST = "2026-W99"
READER = "reader77@example.org"


def opened(home: Path) -> Ledger:
    """Return the ledger in a folder."""
    return Ledger(f"sqlite:///{home / 'ledger.db'}", home / "ledger.journal", "benchmark", NOON)


def fill(home: Path, deliveries: int) -> None:
    """Write the deliveries as if they had been sent, and plan and freeze those of the last release."""
    members = deliveries // RELEASES
    with closing(opened(home)) as ledger, (home / "ledger.journal").open("w") as journal:
        for number in range(RELEASES - 1):
            sent = [ledger._row(planned(f"release {number}", member), NOON) for member in range(members)]
            with ledger._begin() as connection:
                later = NOON + timedelta(days=number)
                done = {"state": State.ACCEPTED, "dots": 1, "message_sha256": "f" * 64, "changed": later}
                connection.execute(sa.insert(ledger_module._DELIVERIES), [row | done for row in sent])
                steps = [
                    ledger._event(row["key"], before, after, later, "250 taken")
                    for row in sent
                    for before, after in pairwise((None, *STEPS))
                ]
                connection.execute(sa.insert(ledger_module._EVENTS), steps)
            journal.writelines(f'\n["dot", "{row["key"]}", 1]\n' for row in sent)
        items = [planned(LAST, member) for member in range(members)]
        ledger.plan(items, NOON)
        ledger.freeze({item.key: [item.key.encode(), b"shared" * 100] for item in items}, NOON)


def planned(release: str, member: int) -> Planned:
    """Return one member's delivery of a release."""
    return Planned(
        edition=release,
        report="country_GTM_es_a4_0123abcd",
        recipient=f"reader{member}@example.org",
        expires=NOON + timedelta(days=3),
        edition_id="e" * 64,
        file_sha256=f"report.pdf:{'a' * 64}",
    )


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
    # What is asked again and again is in memory anyway.
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        home = Path(folder)
        fill(home, deliveries)
        print(f"database {(home / 'ledger.db').stat().st_size >> 20} MiB", end=", ")
        print(f"journal {(home / 'ledger.journal').stat().st_size >> 20} MiB")

        def asked(question: Callable[[Ledger], object]) -> Callable[[], None]:
            def ask() -> None:
                with closing(opened(home)) as ledger:
                    question(ledger)

            return ask

        print(f"open, for the first time since they were sent: {milliseconds(asked(lambda _: None), 1):.0f} ms")
        questions: dict[str, Callable[[Ledger], object]] = {
            "open": lambda _: None,
            "the newest 200": lambda ledger: ledger.deliveries(limit=200),
            "a release, the newest 200": lambda ledger: ledger.deliveries(edition="release 12", limit=200),
            "a whole release": lambda ledger: ledger.deliveries(edition="release 12"),
            "a recipient": lambda ledger: ledger.deliveries(recipient=READER),
            "unknown": lambda ledger: ledger.deliveries(states=[State.UNKNOWN], limit=200),
            "accepted, the newest 200": lambda ledger: ledger.deliveries(states=[State.ACCEPTED], limit=200),
            "the history of one": lambda ledger: ledger.events(ledger.find(ledger.deliveries(limit=1)[0].key[:12])),
            "tally": lambda ledger: ledger.tally(LAST),
            "is it finished": lambda ledger: ledger.is_finished(LAST),
        }
        for name, question in questions.items():
            print(f"{name}: {milliseconds(asked(question), repeats):.0f} ms")
        with closing(opened(home)) as ledger:
            print(f"next due: {milliseconds(lambda: ledger.next_due(LAST), repeats):.1f} ms")
            claim = milliseconds(lambda: ledger.claim(LAST, frozenset(), NOON, LEASE), repeats)
            print(f"claim, {deliveries // RELEASES} waiting: {claim:.1f} ms")
        environment = {**os.environ, "POLICYDIFF_HOME": folder}
        command = [sys.executable, "-m", "flows.cli"]
        for words in (["--help"], ["list", "deliveries", "--to", READER], ["list", "deliveries", "--unknown"]):
            run = [*command, *words]
            times = milliseconds(lambda run=run: subprocess.run(run, env=environment, capture_output=True), 5)
            print(f"policydiff {' '.join(words)}: {times:.0f} ms")


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:3] or (100_000, 7)))
