"""Tests that share what is costly stay on one processor, as `tests/conftest.py` groups them."""

import os

import pytest


def test_on_several_processors_a_test_is_known_by_its_group(request):
    if "PYTEST_XDIST_WORKER" not in os.environ:
        pytest.skip("the tests run on one processor: nothing is shared out")
    assert request.node.nodeid.endswith(f"@{request.path.as_posix()}")
