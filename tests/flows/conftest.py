"""The test server of Prefect, started once for the tests of flows and stopped after them: its threads draw numbers."""

import pytest
from prefect.testing.utilities import prefect_test_harness


@pytest.fixture(scope="package")
def server():
    """Start Prefect's test server once; it needs longer on a small machine than Prefect gives it."""
    with prefect_test_harness(server_startup_timeout=180):
        yield
