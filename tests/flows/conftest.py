"""Prefect's test server, started once for all tests of flows."""

import pytest
from prefect.testing.utilities import prefect_test_harness


@pytest.fixture(scope="session")
def server():
    """Start Prefect's test server once; it needs longer on a small machine than Prefect gives it."""
    with prefect_test_harness(server_startup_timeout=180):
        yield
