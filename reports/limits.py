"""Run a function in a child process with limits of time and memory.

A page can be built so that laying it out never ends or fills the machine; a child that exceeds its limits is ended
and the parent goes on.
"""

import multiprocessing
import resource
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import ParamSpec, TypeVar

from sources.errors import PolicydiffError

P = ParamSpec("P")
T = TypeVar("T")


class LimitExceeded(PolicydiffError):
    """A child process took more time or memory than it may; the report was not made."""


def run(function: Callable[P, T], seconds: int, mebibytes: int, *args: P.args, **kwargs: P.kwargs) -> T:
    """Return function(*args), computed in a child that may use so much time and address space.

    `function` and its arguments must be picklable. Raises LimitExceeded, or whatever the function raised.
    """
    pool = ProcessPoolExecutor(
        1, multiprocessing.get_context("spawn"), initializer=_limit, initargs=(seconds, mebibytes)
    )
    try:
        return pool.submit(function, *args, **kwargs).result(timeout=seconds)
    except (TimeoutError, BrokenProcessPool, MemoryError) as error:
        for process in multiprocessing.active_children():
            process.kill()
        raise LimitExceeded(
            f"laying out the report took more than {seconds} s or {mebibytes} MiB; "
            "choose fewer countries or instruments, or report the page that does this"
        ) from error
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _limit(seconds: int, mebibytes: int) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_AS, (mebibytes << 20, mebibytes << 20))
