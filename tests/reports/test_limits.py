"""Children with limits: what they return, in which order, and that one that exceeds them is ended."""

import operator
import os
import signal
import subprocess
import sys
import time
from concurrent.futures.process import BrokenProcessPool

import pytest

from reports import limits


def test_results_come_in_the_order_of_the_arguments():
    assert limits.run_each(operator.truediv, 20, 2048, [(number, 2) for number in range(5)]) == [0, 0.5, 1, 1.5, 2]
    assert limits.run_each(operator.truediv, 20, 2048, []) == []


def test_an_error_of_one_is_raised_and_one_that_takes_too_long_is_ended():
    with pytest.raises(ZeroDivisionError):
        limits.run_each(operator.truediv, 20, 2048, [(1, 1), (1, 0)])
    with pytest.raises(limits.LimitExceeded, match="more than 3 s"):
        limits.run_each(time.sleep, 3, 2048, [(0,), (60,)])


def test_workers_stay_and_a_dead_one_is_replaced():
    workers = limits.Workers(1, 20, 2048, ["operator"])
    try:
        first, again = (workers.submit(os.getpid).result(60) for _ in range(2))
        assert first == again
        with pytest.raises(BrokenProcessPool):
            workers.submit(os.kill, first, signal.SIGKILL).result(60)
        assert workers.submit(os.getpid).result(60) != first
    finally:
        workers.close()


def test_a_worker_that_computes_too_long_is_ended():
    workers = limits.Workers(1, 1, 2048, ["operator"])
    try:
        with pytest.raises(BrokenProcessPool):
            workers.submit(_compute_for, 30).result(60)
    finally:
        workers.close()


def test_no_alarm_is_left_over():
    workers = limits.Workers(1, 1, 2048, ["operator"])
    try:
        worker = workers.submit(os.getpid).result(60)
        time.sleep(1.2)
        assert workers.submit(os.getpid).result(60) == worker
    finally:
        workers.close()


def test_workers_end_when_the_process_they_work_for_is_killed():
    script = (
        "import os, time\nfrom reports import limits\n"
        "if __name__ == '__main__':\n"
        "    worker = limits.Workers(1, 20, 2048, ['operator']).submit(os.getpid).result(60)\n"
        "    print(worker, flush=True)\n    time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as child:
        assert int(child.stdout.readline()) != child.pid
        child.kill()
        # What it printed to is open for as long as the worker lives.
        assert child.stdout.read() == ""


def _compute_for(seconds):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        pass
