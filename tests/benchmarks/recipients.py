"""A release to thousands of recipients: plan and freeze the messages, send them to a relay on this machine.

Run `python -m tests.benchmarks.recipients [--recipients 10000] [--slices 50]`. The slices are distinct country reports
as PDF, each for as many recipients; the relay is a process of its own that takes everything. Printed are wall and
processor seconds of this process and its children for each step, the largest message and the bytes of the ledger. What
more slices cost is that of building these, times their number.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, date, datetime
from itertools import cycle, islice
from pathlib import Path

from flows import deliver, settings
from flows.delivery.dispatch import Dispatch
from flows.delivery.ledger import Ledger
from tests.benchmarks.batch import DAY, RELEASE, roster, seconds_used, wanted


def run_relay() -> None:
    """Be the relay: print the settings that use it, and stay until nobody needs it."""
    from tests.relay.serving import serving

    with serving() as relay:
        print(json.dumps(relay.environment), flush=True)
        sys.stdin.read()


def measure(recipients: int, slices: int) -> None:
    """Take the steps of a release and print what each took."""
    words = [sys.executable, "-m", "tests.benchmarks.recipients", "--side", "relay"]
    with (
        tempfile.TemporaryDirectory() as kept,
        subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as relay,
    ):
        assert relay.stdin is not None
        assert relay.stdout is not None
        home, subscriptions = Path(kept) / "home", Path(kept) / "subscriptions.toml"
        subscriptions.write_text(roster(islice(cycle(wanted(slices)), recipients)), encoding="utf-8")
        named = {"POLICYDIFF_HOME": str(home), "POLICYDIFF_SUBSCRIPTIONS": str(subscriptions)}
        os.environ.update(named | json.loads(relay.stdout.readline()))
        given = settings.load()
        release = deliver.releases(given).begin(RELEASE, date.fromisoformat(DAY))
        _step("build", slices, lambda: deliver.build_all(given, release, _quiet))
        with closing(Ledger.of(given)) as ledger:
            dispatch = Dispatch(given, ledger, deliver.releases(given), lambda: datetime.now(UTC), _quiet)
            _step("plan and freeze", recipients, lambda: dispatch.prepare(release))
            _step("prepare again", recipients, lambda: dispatch.prepare(release))
            sender = deliver.sender_of(given, ledger, dispatch, _quiet)
            _step("send", recipients, lambda: sender.run(RELEASE))
            print({str(state): count for state, count in ledger.tally(RELEASE).items()})
        size = sum(path.stat().st_size for path in home.glob("ledger*"))
        print(f"ledger {size / 2**20:.0f} MiB, {size / recipients / 1024:.1f} KiB a recipient")
        relay.stdin.close()


def _step(name: str, count: int, act: Callable[[], None]) -> None:
    used, started = seconds_used(), time.perf_counter()
    act()
    cpu, wall = seconds_used() - used, time.perf_counter() - started
    print(f"{name:16}{wall:8.1f} s wall{cpu:8.1f} s processor{1000 * wall / count:8.1f} ms each")


def _quiet(_: str) -> None:
    """Tell nobody."""


def main() -> None:
    """Measure, or be the relay."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--recipients", type=int, default=10_000)
    parser.add_argument("--slices", type=int, default=50)
    parser.add_argument("--side", choices=["relay"])
    given = parser.parse_args()
    if given.side:
        run_relay()
    else:
        measure(given.recipients, given.slices)


if __name__ == "__main__":
    main()
