"""The flow on a real Prefect server: the same files as without it, and a failed run that says why."""

import asyncio
from datetime import date

import pytest

from flows.build import build
from flows.build_report import build_report
from flows.parameters import ReportParameters, UsageError

# Prefect leaves sockets to the garbage collector when its test server stops.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


def brief(out):
    """Return the parameters of a brief of one day."""
    return ReportParameters(report="brief", as_of=date(2026, 11, 24), out=out)


@pytest.mark.usefixtures("server")
def test_the_flow_makes_the_files_the_function_makes(tmp_path):
    paths = asyncio.run(build_report(brief(tmp_path / "flow")))
    published = build(brief(tmp_path / "direct"), lambda _: None)
    assert [path.name for path in paths] == [file.path.name for file in published.files]
    for path, file in zip(paths, published.files, strict=True):
        assert path.read_bytes() == file.path.read_bytes()


@pytest.mark.usefixtures("server")
def test_a_bad_parameter_fails_the_run_with_its_reason(tmp_path):
    with pytest.raises(UsageError, match="needs at least one country"):
        asyncio.run(build_report(ReportParameters(report="country", out=tmp_path)))
    assert not list(tmp_path.iterdir())
