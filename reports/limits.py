"""Run functions in child processes with limits of time and memory.

A page can be built so that laying it out never ends or fills the machine; a child that exceeds its limits is ended
and the parent goes on.
"""

import multiprocessing
import os
import resource
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

from sources.errors import PolicydiffError

P = ParamSpec("P")
T = TypeVar("T")

# Whether this process has limits of its own, so that what it runs needs no child.
_limited_seconds: int | None = None


class LimitExceeded(PolicydiffError):
    """A child process took more time or memory than it may; the report was not made."""


class Workers:
    """Processes that stay and work within limits: of address space, and of time for each task.

    They start from a process that has imported `preload`, and hold none of the caller's threads and locks. Once one has
    died, what is submitted next starts new ones. With `tasks_each`, one is ended and another takes its place after so
    many tasks: what a library never gives back goes with it.
    """

    def __init__(
        self, count: int, seconds: int, mebibytes: int, preload: Sequence[str], tasks_each: int | None = None
    ) -> None:
        self._count = count
        self._limits = (seconds, mebibytes)
        self._tasks_each = tasks_each
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(list(preload))
        self._pool = self._made()

    def _made(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(
            self._count, self._context, _limit_worker, self._limits, max_tasks_per_child=self._tasks_each
        )

    def submit(self, function: Callable[..., T], *arguments: object) -> Future[T]:
        """Start a task. Its future has BrokenProcessPool if a process dies first: its own or another's."""
        try:
            return self._pool.submit(_within_time, function, *arguments)
        except BrokenProcessPool:
            self.close()
            self._pool = self._made()
            return self._pool.submit(_within_time, function, *arguments)

    def close(self) -> None:
        """End the processes when they have done what they are at."""
        self._pool.shutdown(cancel_futures=True)


def run(function: Callable[P, T], seconds: int, mebibytes: int, *args: P.args, **kwargs: P.kwargs) -> T:
    """Return function(*args), computed in a child that may use so much time and address space.

    `function` and its arguments must be picklable. A process that has limits already computes it itself. Raises
    LimitExceeded, or whatever the function raised.
    """
    if _limited_seconds is not None:
        return function(*args, **kwargs)
    with _children(1, seconds, mebibytes) as pool:
        return pool.submit(function, *args, **kwargs).result(timeout=seconds)


def run_each(
    function: Callable[..., T], seconds: int, mebibytes: int, arguments: Sequence[tuple[object, ...]]
) -> list[T]:
    """Return function(*one) of each of `arguments`, in their order, computed in a child on each processor.

    All of it may take so many seconds, and each child so much address space. Raises as `run` does.
    """
    if _limited_seconds is not None:
        return [function(*one) for one in arguments]
    if not arguments:
        return []
    with _children(min(os.cpu_count() or 1, len(arguments)), seconds, mebibytes) as pool:
        return list(pool.map(function, *zip(*arguments, strict=True), timeout=seconds))


@contextmanager
def _children(count: int, seconds: int, mebibytes: int) -> Iterator[ProcessPoolExecutor]:
    """Give children with limits, and end them when one exceeds its own."""
    pool = ProcessPoolExecutor(
        count, multiprocessing.get_context("spawn"), initializer=_limit, initargs=(seconds, mebibytes)
    )
    try:
        yield pool
    except (TimeoutError, BrokenProcessPool, MemoryError) as error:
        for process in multiprocessing.active_children():
            process.kill()
        raise LimitExceeded(
            f"laying out the report took more than {seconds} s or {mebibytes} MiB, or its process was ended; "
            "choose fewer countries or instruments, or report the page that does this"
        ) from error
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _limit(seconds: int, mebibytes: int) -> None:
    _limit_worker(seconds, mebibytes)
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))


def _limit_worker(seconds: int, mebibytes: int) -> None:
    global _limited_seconds
    _limited_seconds = seconds
    threading.Thread(target=_end_with_parent, daemon=True).start()
    resource.setrlimit(resource.RLIMIT_AS, (mebibytes << 20, mebibytes << 20))


def _end_with_parent() -> None:
    """End this process when the one that it works for has died: nobody would ever ask it for anything again."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _within_time(function: Callable[..., T], *arguments: object) -> T:
    """Run one task of a worker. The signal at the limit ends the process wherever it is, in a library's C code too."""
    signal.alarm(_limited_seconds or 0)
    try:
        return function(*arguments)
    finally:
        signal.alarm(0)
