"""The test server of Prefect, started once for the tests of flows and stopped after them; the command as a user has it.

The server is for tests that ask for it alone: its threads draw numbers.
"""

import gc
import io
import warnings

import pytest
from prefect.testing.utilities import prefect_test_harness

from flows import cli


@pytest.fixture(scope="package")
def server():
    """Start Prefect's test server once; it needs longer on a small machine than Prefect gives it."""
    with prefect_test_harness(server_startup_timeout=180):
        yield
    # Its sockets are left to the garbage collector, which would otherwise come by after the last test and complain.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.fixture
def run(capsys, monkeypatch, tmp_path):
    """Return a function that runs `policydiff` in an empty folder and gives exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    monkeypatch.delenv("POLICYDIFF_HOME", raising=False)

    def run(*words, stdin=b""):
        monkeypatch.setattr("sys.argv", ["policydiff", *words])
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        try:
            cli.main()
            code = 0
        except SystemExit as stop:
            code = stop.code
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run
