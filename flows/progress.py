"""How far a long piece of work has come, as a bar on the page of its run."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import cast
from uuid import UUID

from prefect.artifacts import create_progress_artifact, update_progress_artifact

from flows.batch import Built, Needed, Runner
from flows.build import Evidence

# An update is a request to the server: many small steps share one.
_SHORTEST_SECONDS = 1.0


class Progress:
    """A bar that is told of each step and shows whole percents, at most once a second, and the end.

    It is told from the threads that work, which know the run they work for. What has no steps has no bar.
    """

    def __init__(self, what: str, clock: Callable[[], float] = time.monotonic) -> None:
        """Take what is done, in a few words, such as "sources asked"."""
        self._what = what
        self._clock = clock
        self._lock = threading.Lock()
        self._artifact: UUID | None = None
        self._shown = (0, 0.0)

    def __call__(self, done: int, of: int) -> None:
        """Show that so many of all steps are done. More than all, as where something is tried again, are all."""
        percent = min(100 * done // of, 100)
        with self._lock:
            before, at = self._shown
            now = self._clock()
            if self._artifact is None:
                # Told by name that no event loop is here, since Prefect takes the flow's for ours.
                made = create_progress_artifact(percent, description=self._what, _sync=True)  # type: ignore[call-arg]
                self._artifact = cast("UUID", made)
            elif percent > before and (percent == 100 or now - at >= _SHORTEST_SECONDS):
                update_progress_artifact(self._artifact, percent, _sync=True)  # type: ignore[call-arg]
            else:
                return
            self._shown = (percent, now)

    def counting(self, runner: Runner) -> Runner:
        """Return what builds reports as a runner does, and shows how many of them are done."""

        def build(needed: Sequence[Needed], evidence: Evidence) -> Iterator[tuple[str, Built]]:
            for number, built in enumerate(runner(needed, evidence), start=1):
                self(number, len(needed))
                yield built

        return build
